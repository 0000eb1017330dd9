"""Features that come from a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, Self

from featly._functions import check_function, function_message, source_of
from featly._messages import (
    Message,
    check_flag,
    check_text,
    compact,
    duration_from_json,
    duration_to_json,
    rest_of,
    wrong_type,
)
from featly.aggregation import Aggregation
from featly.base_feature_view import check_list
from featly.data_source import DataSource, PushSource
from featly.entity import Entity
from featly.feature_view import FeatureView
from featly.field import Field
from featly.stream_source import KafkaSource
from featly.transformation import TransformationMode

__all__ = ["StreamFeatureView", "stream_feature_view"]

# Feast's default where tiling is asked for.
_HOP_SIZE = timedelta(minutes=5)


class StreamFeatureView(FeatureView):
    """Features of a stream, perhaps aggregated or made by a function.

    This version keeps stream views in the registry, where Feast finds them, and neither reads the
    stream nor serves its features: asking for them is refused by name.

    Args:
        name: The unique name of the view. `@` and `:` are reserved.
        source: A KafkaSource or a PushSource; its `batch_source` is the history.
        sink_source: Where a derived view is kept; not supported.
        entities: What the features describe.
        ttl: How old a feature may be when it is used; zero or None means any age.
        tags: Any strings to keep with the view.
        online: Whether the view can be looked up online.
        offline: Whether rows are also written to the offline store; the registry does not keep it.
        description: A human-readable description.
        owner: Who is responsible, typically an e-mail address.
        org: The part of the organization that owns the view.
        schema: The features, and join keys that need a type.
        aggregations: Aggregates over windows of time, which need a `timestamp_field`.
        mode: The language of the function.
        timestamp_field: The field by which windows are made.
        udf: The function that the rows go through.
        udf_string: Its source text.
        feature_transformation: Feast's transformation objects, which are not supported: must be
            None.
        stream_engine: Feast's; the registry does not keep it.
        enable_tiling: Whether windows are made of tiles.
        tiling_hop_size: The length of a tile; shorter than every window.
        enable_validation: Kept in the registry.
        version: `"latest"`, or the version of the definition to make active (`"v2"`).

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: As a FeatureView; or the source is no stream, aggregations have no
            timestamp_field, or a tile is not shorter than a window.
        NotImplementedError: The view is derived from other views, feature_transformation is given,
            or there is a udf and dill, which pickles it for Feast, is not installed.
    """

    _FIELDS = FeatureView._FIELDS | {
        "user_defined_function",
        "feature_transformation",
        "aggregations",
        "timestamp_field",
        "enable_tiling",
        "tiling_hop_size",
    }

    def __init__(
        self,
        *,
        name: str,
        source: DataSource,
        sink_source: DataSource | None = None,
        entities: list[Entity] | None = None,
        ttl: timedelta | None = timedelta(0),
        tags: dict[str, str] | None = None,
        online: bool = True,
        offline: bool = False,
        description: str = "",
        owner: str = "",
        org: str = "",
        schema: list[Field] | None = None,
        aggregations: list[Aggregation] | None = None,
        mode: Enum | str = TransformationMode.PYTHON,
        timestamp_field: str | None = "",
        udf: Callable[..., Any] | None = None,
        udf_string: str | None = "",
        feature_transformation: None = None,
        stream_engine: dict[str, Any] | None = None,
        enable_tiling: bool = False,
        tiling_hop_size: timedelta | None = None,
        enable_validation: bool = False,
        version: str = "latest",
    ) -> None:
        where = f"StreamFeatureView {name!r}"
        if isinstance(source, DataSource) and not isinstance(source, (KafkaSource, PushSource)):
            raise ValueError(
                f"{where}: Stream feature views need a stream source, a KafkaSource or a "
                f"PushSource, got {type(source).__name__}: {source.name} instead."
            )
        if feature_transformation is not None:
            raise NotImplementedError(
                f"{where}: feature_transformation is not supported; pass the function as udf."
            )
        self.aggregations = check_list(where, "aggregations", Aggregation, aggregations)
        self.timestamp_field = check_text(where, "timestamp_field", timestamp_field)
        if self.aggregations and not self.timestamp_field:
            raise ValueError(
                f"{where}: aggregations must have a timestamp field associated with them to "
                "perform the aggregations."
            )
        self.enable_tiling = check_flag(where, "enable_tiling", enable_tiling)
        if tiling_hop_size is not None and not isinstance(tiling_hop_size, timedelta):
            wrong_type(where, "tiling_hop_size", "a datetime.timedelta", tiling_hop_size)
        self.tiling_hop_size = tiling_hop_size
        self._check_tiles(where)
        self.udf = udf
        self.udf_string = check_text(where, "udf_string", udf_string)
        self._functions = self._functions_of(where)
        self.stream_engine = stream_engine
        super().__init__(
            name=name,
            source=source,
            sink_source=sink_source,
            schema=schema,
            entities=entities,
            ttl=ttl,
            online=online,
            offline=offline,
            description=description,
            tags=tags,
            owner=owner,
            org=org,
            mode=mode,
            enable_validation=enable_validation,
            version=version,
        )
        # Feast keeps the schema as it was given among a stream view's features, and infers no keys.
        given = {field.name for field in schema or []}
        self._schema_keys = [field for field in self.entity_columns if field.name in given]
        if entities:
            self.entity_columns = list(self._schema_keys)

    def _check_tiles(self, where: str) -> None:
        windows = [item.time_window for item in self.aggregations if item.time_window is not None]
        hop = self.tiling_hop_size or _HOP_SIZE
        if self.enable_tiling and windows and hop >= min(windows):
            raise ValueError(
                f"{where}: tiling_hop_size ({hop}) must be smaller than the minimum aggregation "
                f"time_window ({min(windows)})."
            )

    def _functions_of(self, where: str) -> Message:
        """The fields of the message that keep the function: Feast writes it twice."""
        if self.udf is None:
            return {}
        check_function(where, self.udf)
        function = function_message(self.udf, self.udf_string, "")
        if "body" not in function:
            raise NotImplementedError(
                f"{where}: Feast reads the function of a stream view out of dill's pickle, and "
                "dill is not installed: a registry with this view would stop Feast; install dill "
                "or feast in this environment."
            )
        return {
            "user_defined_function": function,
            "feature_transformation": {"user_defined_function": function},
        }

    def _message(self, *, stored: bool) -> Message:
        message = super()._message(stored=stored)
        hop = self.tiling_hop_size
        own = compact(
            features=[field.to_dict() for field in self._schema_keys + self.features],
            aggregations=[item.to_dict() for item in self.aggregations],
            timestamp_field=self.timestamp_field,
            enable_tiling=self.enable_tiling,
            tiling_hop_size=duration_to_json(hop) if hop is not None else None,
        )
        spec = rest_of(message["spec"], ("offline",)) | own | self._functions_message(stored=stored)
        return message | {"spec": spec}

    def _functions_message(self, *, stored: bool) -> Message:
        if stored or not self.udf_string:
            return self._functions
        # A pickle differs from run to run; the text does not.
        return {"user_defined_function": {"body_text": self.udf_string}}

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Self:
        """The view of a `feast.core.StreamFeatureView` in protobuf-JSON; runs no function."""
        spec = message["spec"]
        view = super().from_dict(message)
        keys = {field.name for field in view.entity_columns}
        view._schema_keys = [field for field in view.features if field.name in keys]
        view.features = [field for field in view.features if field.name not in keys]
        view.aggregations = [Aggregation.from_dict(item) for item in spec.get("aggregations", [])]
        view.timestamp_field = spec.get("timestamp_field", "")
        view.enable_tiling = spec.get("enable_tiling", False)
        hop = spec.get("tiling_hop_size")
        view.tiling_hop_size = duration_from_json(hop) if hop else None
        view.udf = None
        view.udf_string = spec.get("user_defined_function", {}).get("body_text", "")
        functions = ("user_defined_function", "feature_transformation")
        view._functions = {name: spec[name] for name in functions if name in spec}
        view.stream_engine = None
        view.projection = view._whole()
        return view

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            *super()._essentials(),
            ("aggregations", self.aggregations, []),
            ("timestamp_field", self.timestamp_field, ""),
            ("enable_tiling", self.enable_tiling, False),
            ("tiling_hop_size", self.tiling_hop_size, None),
        ]


def stream_feature_view(
    *,
    entities: list[Entity] | None = None,
    ttl: timedelta | None = None,
    tags: dict[str, str] | None = None,
    online: bool = True,
    description: str = "",
    owner: str = "",
    org: str = "",
    schema: list[Field] | None = None,
    source: DataSource,
    aggregations: list[Aggregation] | None = None,
    mode: str = "spark",
    timestamp_field: str = "",
    enable_validation: bool = False,
    version: str = "latest",
) -> Callable[[Callable[..., Any]], StreamFeatureView]:
    """Makes a StreamFeatureView of the function below it, with the function's name.

    The arguments are those of StreamFeatureView.
    """

    def decorate(function: Callable[..., Any]) -> StreamFeatureView:
        name = function.__name__
        text = source_of(f"StreamFeatureView {name!r}", function)
        # As Feast does: dill then pickles the function itself, and not where it is imported from.
        function.__module__ = "__main__"
        return StreamFeatureView(
            name=name,
            source=source,
            entities=entities,
            ttl=ttl,
            tags=tags,
            online=online,
            description=description,
            owner=owner,
            org=org,
            schema=schema,
            aggregations=aggregations,
            mode=mode,
            timestamp_field=timestamp_field,
            udf=function,
            udf_string=text,
            enable_validation=enable_validation,
            version=version,
        )

    return decorate
