"""Features of one kind of entity that come from one source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, IntEnum
from typing import Any, Self

from featly._messages import (
    Message,
    caller_location,
    check_flag,
    check_name,
    check_strings,
    check_text,
    compact,
    duration_from_json,
    duration_to_json,
    timestamp_from_json,
    timestamp_to_json,
    wrong_type,
)
from featly._versions import parse_version
from featly.base_feature_view import (
    DUMMY_ENTITY_ID,
    DUMMY_ENTITY_NAME,
    BaseFeatureView,
    check_fields_differ,
    check_list,
    check_view_name,
    split_schema,
)
from featly.data_source import DataSource, PushSource
from featly.entity import Entity
from featly.field import Field
from featly.stream_source import StreamSource
from featly.types import String, from_value_type
from featly.value_type import ValueType

__all__ = ["FeatureView", "FeatureViewState"]

# protobuf's Duration ends there.
_MAX_TTL = timedelta(seconds=315_576_000_000)


class FeatureViewState(IntEnum):
    """How far a feature view has come, in Feast's words."""

    STATE_UNSPECIFIED = 0
    CREATED = 1
    GENERATED = 2
    MATERIALIZING = 3
    AVAILABLE_ONLINE = 4

    def can_transition_to(self, target: FeatureViewState) -> bool:
        """Whether `target` may come after this one."""
        return target in _NEXT_STATES[self]


_NEXT_STATES = {
    FeatureViewState.STATE_UNSPECIFIED: {FeatureViewState.CREATED},
    FeatureViewState.CREATED: {FeatureViewState.GENERATED},
    FeatureViewState.GENERATED: {FeatureViewState.MATERIALIZING},
    FeatureViewState.MATERIALIZING: {
        FeatureViewState.AVAILABLE_ONLINE,
        FeatureViewState.GENERATED,
    },
    FeatureViewState.AVAILABLE_ONLINE: {FeatureViewState.MATERIALIZING},
}


class FeatureView(BaseFeatureView):
    """Features that share entities, a source and a time to live.

    `view[["a", "b"]]`, `view.with_name(...)` and `view.with_join_key_map(...)` give copies to put
    in a feature service; they do not change the view and define no view of their own.

    Args:
        name: The unique name of the view. `@` and `:` are reserved.
        source: Where its rows come from; a PushSource needs a `batch_source`. A view without a
            source is written to directly.
        sink_source: Where a view derived from other views is kept; not supported.
        schema: The features, and join keys that need a type. Left out, the columns of the source
            are the features.
        entities: What the features describe; none means that there is only one row.
        ttl: How old a feature may be when it is used, both ends included; zero or None means any
            age.
        online: Whether the view can be looked up online, and is materialized.
        offline: Whether pushed and materialized rows are also written to the offline store.
        description: A human-readable description.
        tags: Any strings to keep with the view.
        owner: Who is responsible, typically an e-mail address.
        org: The part of the organization that owns the view.
        mode: The language of a transformation; kept in the registry.
        enable_validation: Kept in the registry: featly always checks the types of rows.
        version: `"latest"`, or the version of the definition to make active (`"v2"`).
        enabled: Whether the view may be used.

    Attributes:
        entities: The names of the entities.
        entity_columns: The join keys whose type is known before the source is looked at.
        features: The features, in the schema's order.
        batch_source, stream_source: The history, and the PushSource if there is one.
        projection: All features, or those chosen by `view[[...]]`.
        materialization_intervals: (start, end) in UTC of the runs recorded in the registry.
        created_timestamp, last_updated_timestamp: UTC; set when the view was read from a registry.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name is not usable, two entities share a join key, two fields share a name,
            a join key's type differs from its entity's, a field is renamed by the source's field
            mapping, a push source has no batch source, or ttl is negative.
        NotImplementedError: The view is derived from other views.
    """

    _FIELDS = frozenset(
        (
            "ttl",
            "batch_source",
            "stream_source",
            "online",
            "offline",
            "mode",
            "enable_validation",
            "org",
            "disabled",
        )
    )
    _META_FIELDS = BaseFeatureView._META_FIELDS | {"materialization_intervals"}

    def __init__(
        self,
        *,
        name: str,
        source: DataSource | None = None,
        sink_source: DataSource | None = None,
        schema: list[Field] | None = None,
        entities: list[Entity] | None = None,
        ttl: timedelta | None = timedelta(0),
        online: bool = True,
        offline: bool = False,
        description: str = "",
        tags: dict[str, str] | None = None,
        owner: str = "",
        org: str = "",
        mode: Enum | str | None = None,
        enable_validation: bool = False,
        version: str = "latest",
        enabled: bool = True,
    ) -> None:
        self._location = caller_location()
        self.name = check_name(type(self).__name__, name)
        where = f"{type(self).__name__} {name!r}"
        check_view_name(where, name)
        self.batch_source, self.stream_source = _check_source(where, source, sink_source)
        known_entities = check_list(where, "entities", Entity, entities)
        fields = check_list(where, "schema", Field, schema)
        self.entities = [entity.name for entity in known_entities] or [DUMMY_ENTITY_NAME]
        self.entity_columns, self.features = _split_schema(where, fields, known_entities)
        _check_features(where, fields, self.features, self.batch_source)
        self.ttl = check_ttl(where, ttl)
        self.online = check_flag(where, "online", online)
        self.offline = check_flag(where, "offline", offline)
        self.org = check_text(where, "org", org)
        self.mode = check_text(where, "mode", mode.value if isinstance(mode, Enum) else mode)
        self.enable_validation = check_flag(where, "enable_validation", enable_validation)
        self.version = check_text(where, "version", version) or "latest"
        parse_version(where, self.version)
        self.enabled = check_flag(where, "enabled", enabled)
        self.materialization_intervals: list[tuple[datetime, datetime]] = []
        self._set_common(where, description, tags, owner)

    @property
    def source(self) -> DataSource | None:
        """Where the rows come from: the PushSource if there is one, else the history."""
        return self.stream_source or self.batch_source

    @property
    def most_recent_end_time(self) -> datetime | None:
        """The latest time (UTC) up to which the view was materialized, or None."""
        return max((end for _, end in self.materialization_intervals), default=None)

    def with_join_key_map(self, join_key_map: dict[str, str]) -> FeatureView:
        """A copy whose join keys are found in other columns: `{"join key of the view": "column of
        entity rows"}`.

        So one view can be used twice in a service, for the origin of a trip and for its
        destination:

            locations.with_name("origin").with_join_key_map({"location_id": "origin_id"})
        """
        copied = self._copy()
        copied.projection.join_key_map = check_strings(
            f"FeatureView {self.name!r}", "join_key_map", join_key_map
        )
        return copied

    def _projection_source(self) -> DataSource | None:
        return self.batch_source

    def _message(self, *, stored: bool) -> Message:
        intervals = [
            {"start_time": timestamp_to_json(start), "end_time": timestamp_to_json(end)}
            for start, end in self.materialization_intervals
        ]
        return self._wrap(
            stored=stored,
            meta=compact(materialization_intervals=intervals),
            ttl=duration_to_json(self.ttl or timedelta(0)),
            batch_source=_embedded(self.batch_source, stored=stored),
            online=self.online,
            stream_source=_embedded(self.stream_source, stored=stored),
            offline=self.offline,
            mode=self.mode,
            enable_validation=self.enable_validation,
            version=self.version,
            org=self.org,
            disabled=not self.enabled,
        )

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Self:
        """The view of its message in the registry, `feast.core.FeatureView`, in protobuf-JSON.

        What featly has no attribute for (a Feast transformation, source views) is kept and written
        back.
        """
        spec, meta = message["spec"], message.get("meta", {})
        view = cls._read_common(message)
        view.ttl = duration_from_json(spec.get("ttl", "0s"))
        view.batch_source = _from_embedded(spec.get("batch_source"))
        view.stream_source = _from_embedded(spec.get("stream_source"))
        view.online = spec.get("online", False)
        view.offline = spec.get("offline", False)
        view.org = spec.get("org", "")
        view.mode = spec.get("mode", "")
        view.enable_validation = spec.get("enable_validation", False)
        view.enabled = not spec.get("disabled", False)
        view.materialization_intervals = [
            (timestamp_from_json(item["start_time"]), timestamp_from_json(item["end_time"]))
            for item in meta.get("materialization_intervals", [])
        ]
        view.projection = view._whole()
        return view

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("entities", self.entities, [DUMMY_ENTITY_NAME]),
            ("schema", self.schema, []),
            ("source", self.source, None),
            ("ttl", self.ttl or timedelta(0), timedelta(0)),
            ("online", self.online, True),
            ("offline", self.offline, False),
            ("org", self.org, ""),
            ("mode", self.mode, ""),
            ("enable_validation", self.enable_validation, False),
            ("version", self.version, "latest"),
            ("enabled", self.enabled, True),
            *self._common(),
        ]


def _embedded(source: DataSource | None, *, stored: bool) -> Message | None:
    return None if source is None else source._message(stored=stored)


def _from_embedded(message: Message | None) -> DataSource | None:
    return None if message is None else DataSource.from_dict(message)


def _check_source(
    where: str, source: object, sink_source: object
) -> tuple[DataSource | None, DataSource | None]:
    """(batch source, stream source) of a view's `source`."""
    derived = isinstance(source, FeatureView) or (
        isinstance(source, (list, tuple)) and any(isinstance(item, FeatureView) for item in source)
    )
    if derived or sink_source is not None:
        raise NotImplementedError(
            f"{where}: views derived from other views (a view as source, sink_source) are not "
            "supported; name the data source that holds the derived rows."
        )
    if source is None:
        return None, None
    if not isinstance(source, DataSource):
        wrong_type(where, "source", "a FileSource or a PushSource", source)
    if not isinstance(source, (PushSource, StreamSource)):
        return source, None
    if source.batch_source is None:
        raise ValueError(
            f"{where}: A batch_source needs to be specified for stream source `{source.name}`"
        )
    return source.batch_source, source


def _split_schema(
    where: str, schema: Sequence[Field], entities: Sequence[Entity]
) -> tuple[list[Field], list[Field]]:
    """(join keys of known type, features); join keys of unknown type are left to the source."""
    keys, features = split_schema(where, schema, entities)
    given = {field.name for field in keys}
    keys += [
        Field(name=entity.join_key, dtype=from_value_type(entity.value_type))
        for entity in entities
        if entity.join_key not in given and entity.value_type is not ValueType.UNKNOWN
    ]
    if not entities:
        keys = [Field(name=DUMMY_ENTITY_ID, dtype=String)]
    return keys, features


def _check_features(
    where: str, schema: Sequence[Field], features: Sequence[Field], batch_source: DataSource | None
) -> None:
    check_fields_differ(where, schema)
    mapping = batch_source.field_mapping if batch_source is not None else {}
    for field in schema:
        if field.name in mapping:
            renamed = mapping[field.name]
            raise ValueError(
                f"{where}: The field {field.name} is mapped to {renamed} for this data source. "
                f"Please either remove this field mapping or use {renamed} "
                "as the Entity or Feature name."
            )
    if sum(field.vector_index for field in features) > 1:
        raise ValueError(f"{where}: Only one vector feature is allowed per feature view.")


def check_ttl(where: str, ttl: object) -> timedelta | None:
    """Returns a time to live, which a registry must be able to hold."""
    if ttl is not None and not isinstance(ttl, timedelta):
        wrong_type(where, "ttl", "a datetime.timedelta, such as timedelta(days=1)", ttl)
    if ttl is not None and ttl < timedelta(0):
        raise ValueError(
            f"{where}: ttl is {ttl}, but must not be negative; zero or None means any age."
        )
    if ttl is not None and ttl > _MAX_TTL:
        raise ValueError(
            f"{where}: ttl is {ttl}, but a registry holds at most {_MAX_TTL.days} days (10,000 "
            "years); zero or None means any age."
        )
    return ttl
