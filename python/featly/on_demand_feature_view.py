"""Features that a function of the user makes of other features and of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from featly._functions import check_function, function_message, source_of
from featly._messages import (
    Message,
    caller_location,
    check_flag,
    check_name,
    check_text,
    rest_of,
    wrong_type,
)
from featly._versions import parse_version
from featly.aggregation import Aggregation
from featly.base_feature_view import (
    DUMMY_ENTITY_ID,
    DUMMY_ENTITY_NAME,
    BaseFeatureView,
    check_fields_differ,
    check_list,
    check_view_name,
    split_schema,
)
from featly.data_source import DataSource, RequestSource
from featly.entity import Entity
from featly.feature_view import FeatureView
from featly.feature_view_projection import FeatureViewProjection
from featly.field import Field
from featly.types import String

__all__ = ["OnDemandFeatureView", "on_demand_feature_view"]

_MODES = ("pandas", "python")
_TRACK_METRICS_TAG = "feast:track_metrics"
_INPUT_SCHEMA_SOURCE = "__input_schema__"

Source = FeatureView | FeatureViewProjection | RequestSource


class OnDemandFeatureView(BaseFeatureView):
    """Features computed when they are asked for.

    This version keeps on-demand views in the registry, where Feast finds them, and does not run
    their functions: asking for their features is refused by name. Usually made by the decorator
    `on_demand_feature_view`.

    Args:
        name: The unique name of the view. `@` and `:` are reserved.
        entities: The entities, where the features are written to the online store.
        schema: The features that the function returns.
        sources: The feature views (or choices of their features) and request sources it is given.
        input_schema: Fields that come with the request, in place of a RequestSource.
        udf: The function.
        udf_string: Its source text; by default read from its file.
        feature_transformation: Feast's transformation objects, which are not supported: must be
            None.
        mode: `"pandas"` (DataFrames) or `"python"` (dictionaries).
        description: A human-readable description.
        tags: Any strings to keep with the view.
        owner: Who is responsible, typically an e-mail address.
        org: The organization that owns the view.
        write_to_online_store: Whether the features are computed on writing.
        singleton: Whether a Python function takes one row at a time.
        track_metrics: Feast's: whether its server times the function.
        aggregations: Aggregates in place of a function.
        version: `"latest"`, or a version such as `"v2"` to pin.
        enabled: Whether the view is served.

    Attributes:
        udf: The function; None where the view came out of a registry, whose functions are not run.
        udf_string: The text of the function.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There are no sources, there is no function, or names contradict each other.
        NotImplementedError: A mode or a transformation that featly does not keep.
    """

    _FIELDS = frozenset(
        (
            "sources",
            "feature_transformation",
            "mode",
            "org",
            "write_to_online_store",
            "singleton",
            "aggregations",
            "disabled",
        )
    )

    def __init__(
        self,
        *,
        name: str,
        entities: list[Entity] | None = None,
        schema: list[Field] | None = None,
        sources: Sequence[Source] | None = None,
        input_schema: list[Field] | None = None,
        udf: Callable[..., Any] | None = None,
        udf_string: str | None = "",
        feature_transformation: None = None,
        mode: str = "pandas",
        description: str = "",
        tags: dict[str, str] | None = None,
        owner: str = "",
        org: str = "",
        write_to_online_store: bool = False,
        singleton: bool = False,
        track_metrics: bool = False,
        aggregations: list[Aggregation] | None = None,
        version: str = "latest",
        enabled: bool = True,
    ) -> None:
        self._location = caller_location()
        self.name = check_name("OnDemandFeatureView", name)
        where = f"OnDemandFeatureView {name!r}"
        check_view_name(where, name)
        if feature_transformation is not None:
            raise NotImplementedError(
                f"{where}: feature_transformation is not supported; pass the function as udf."
            )
        known_entities = check_list(where, "entities", Entity, entities)
        fields = check_list(where, "schema", Field, schema)
        check_fields_differ(where, fields)
        self.entities = [entity.name for entity in known_entities] or [DUMMY_ENTITY_NAME]
        self.entity_columns, self.features = split_schema(where, fields, known_entities)
        if not known_entities:
            self.entity_columns = [Field(name=DUMMY_ENTITY_ID, dtype=String)]
        self.mode = _check_mode(where, mode)
        self.singleton = check_flag(where, "singleton", singleton)
        if self.singleton and self.mode != "python":
            raise ValueError(
                f"{where}: Singleton mode is only supported with mode='python', but the mode is "
                f"{self.mode!r}."
            )
        self._read_sources(where, sources, input_schema)
        self.aggregations = check_list(where, "aggregations", Aggregation, aggregations)
        self.udf = udf
        self.udf_string = check_text(where, "udf_string", udf_string)
        self._transformation = self._transformation_of(where)
        self.org = check_text(where, "org", org)
        self.write_to_online_store = check_flag(
            where, "write_to_online_store", write_to_online_store
        )
        self.track_metrics = check_flag(where, "track_metrics", track_metrics)
        self.version = check_text(where, "version", version) or "latest"
        parse_version(where, self.version)
        self.enabled = check_flag(where, "enabled", enabled)
        self._set_common(where, description, tags, owner)

    def _read_sources(self, where: str, sources: object, input_schema: list[Field] | None) -> None:
        self.source_feature_view_projections: dict[str, FeatureViewProjection] = {}
        self.source_request_sources: dict[str, RequestSource] = {}
        if sources is not None and not isinstance(sources, (list, tuple)):
            wrong_type(where, "sources", "a list of feature views and request sources", sources)
        for source in sources or []:
            if isinstance(source, RequestSource):
                name = source.name
                self.source_request_sources[name] = source
            elif isinstance(source, (FeatureView, FeatureViewProjection)):
                name = source.name
                self.source_feature_view_projections[name] = (
                    source.projection if isinstance(source, FeatureView) else source
                )
            else:
                wrong_type(where, "sources", "a list of feature views and request sources", source)
            if name in self.source_request_sources and name in self.source_feature_view_projections:
                raise ValueError(
                    f"{where}: a feature view and a request source are named {name!r}."
                )
        self.input_schema = None
        if input_schema is not None:
            self.input_schema = check_list(where, "input_schema", Field, input_schema)
            request = RequestSource(name=_INPUT_SCHEMA_SOURCE + self.name, schema=self.input_schema)
            self.source_request_sources[request.name] = request
        elif not sources:
            raise ValueError(
                f"{where}: Either 'sources' or 'input_schema' must be provided for "
                "OnDemandFeatureView."
            )

    def _transformation_of(self, where: str) -> Message | None:
        if self.udf is None:
            if self.aggregations:
                return None
            raise ValueError(
                f"{where}: there is no function; pass udf, or use the decorator "
                "on_demand_feature_view."
            )
        check_function(where, self.udf)
        self.udf_string = self.udf_string or source_of(where, self.udf)
        function = function_message(self.udf, self.udf_string, self.mode)
        return {"user_defined_function": function}

    def _message(self, *, stored: bool) -> Message:
        sources: Message = {
            name: {"feature_view_projection": projection._message(stored=stored)}
            for name, projection in self.source_feature_view_projections.items()
        }
        for name, request in self.source_request_sources.items():
            sources[name] = {"request_data_source": request._inner_message(stored=stored)}
        tags = dict(self.tags)
        if self.track_metrics:
            tags[_TRACK_METRICS_TAG] = "true"
        return self._wrap(
            stored=stored,
            sources=sources,
            feature_transformation=self._transformation_message(stored=stored),
            mode=self.mode,
            tags=tags,
            org=self.org,
            write_to_online_store=self.write_to_online_store,
            singleton=self.singleton,
            aggregations=[item.to_dict() for item in self.aggregations],
            version=self.version,
            disabled=not self.enabled,
        )

    def _transformation_message(self, *, stored: bool) -> Message | None:
        function = (self._transformation or {}).get("user_defined_function")
        if stored or not function or not function.get("body_text"):
            return self._transformation
        # A pickle differs from run to run; the text does not.
        return {"user_defined_function": rest_of(function, ("body",))}

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> OnDemandFeatureView:
        """The view of a `feast.core.OnDemandFeatureView` in protobuf-JSON; runs no function."""
        spec = message["spec"]
        view = cls._read_common(message)
        view._read_stored_sources(spec.get("sources", {}))
        view._transformation = spec.get("feature_transformation")
        function = (view._transformation or {}).get("user_defined_function", {})
        view.udf = None
        view.udf_string = function.get("body_text", "")
        view.mode = spec.get("mode") or "pandas"
        view.track_metrics = view.tags.pop(_TRACK_METRICS_TAG, "") == "true"
        view.org = spec.get("org", "")
        view.write_to_online_store = spec.get("write_to_online_store", False)
        view.singleton = spec.get("singleton", False)
        view.aggregations = [Aggregation.from_dict(item) for item in spec.get("aggregations", [])]
        view.enabled = not spec.get("disabled", False)
        view.projection = view._whole()
        return view

    def _read_stored_sources(self, sources: Mapping[str, Any]) -> None:
        self.source_feature_view_projections = {}
        self.source_request_sources = {}
        self.input_schema = None
        for name, source in sources.items():
            if "feature_view_projection" in source:
                self.source_feature_view_projections[name] = FeatureViewProjection.from_dict(
                    source["feature_view_projection"]
                )
            elif "feature_view" in source:  # written before there were projections
                view = FeatureView.from_dict(source["feature_view"])
                self.source_feature_view_projections[name] = view.projection
            else:
                request = DataSource.from_dict(source["request_data_source"])
                assert isinstance(request, RequestSource)
                self.source_request_sources[name] = request
                if name.startswith(_INPUT_SCHEMA_SOURCE):
                    self.input_schema = request.schema

    def _essentials(self) -> list[tuple[str, object, object]]:
        sources = [*self.source_feature_view_projections, *self.source_request_sources]
        return [
            ("name", self.name, None),
            ("entities", self.entities, [DUMMY_ENTITY_NAME]),
            ("schema", self.schema, []),
            ("sources", sources, []),
            ("mode", self.mode, "pandas"),
            ("org", self.org, ""),
            ("write_to_online_store", self.write_to_online_store, False),
            ("singleton", self.singleton, False),
            ("track_metrics", self.track_metrics, False),
            ("aggregations", self.aggregations, []),
            ("version", self.version, "latest"),
            ("enabled", self.enabled, True),
            *self._common(),
        ]


def _check_mode(where: str, mode: object) -> str:
    text = check_text(where, "mode", getattr(mode, "value", mode)).lower()
    if text not in _MODES:
        raise NotImplementedError(
            f"{where}: mode={text!r} is not supported; it can be {' or '.join(map(repr, _MODES))}."
        )
    return text


def on_demand_feature_view(
    *,
    name: str | None = None,
    entities: list[Entity] | None = None,
    schema: list[Field],
    sources: Sequence[Source] | None = None,
    input_schema: list[Field] | None = None,
    aggregations: list[Aggregation] | None = None,
    mode: str = "pandas",
    description: str = "",
    tags: dict[str, str] | None = None,
    owner: str = "",
    org: str = "",
    write_to_online_store: bool = False,
    singleton: bool = False,
    track_metrics: bool = False,
    explode: bool = False,
    version: str = "latest",
) -> Callable[[Callable[..., Any]], OnDemandFeatureView]:
    """Makes an OnDemandFeatureView of the function below it.

    Args:
        name: The name of the view; by default that of the function.
        explode: Feast's; makes no difference.

    The others are those of OnDemandFeatureView.
    """

    def decorate(function: Callable[..., Any]) -> OnDemandFeatureView:
        title = name if name is not None else function.__name__
        text = source_of(f"OnDemandFeatureView {title!r}", function)
        # As Feast does: dill then pickles the function itself, and not where it is imported from.
        function.__module__ = "__main__"
        return OnDemandFeatureView(
            name=title,
            entities=entities,
            schema=schema,
            sources=sources,
            input_schema=input_schema,
            udf=function,
            udf_string=text,
            mode=mode,
            description=description,
            tags=tags,
            owner=owner,
            org=org,
            write_to_online_store=write_to_online_store,
            singleton=singleton,
            track_metrics=track_metrics,
            aggregations=aggregations,
            version=version,
        )

    return decorate
