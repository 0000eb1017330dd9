"""Labels that people give to entities, kept apart from features."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from featly._messages import (
    Message,
    caller_location,
    check_flag,
    check_name,
    check_text,
    duration_from_json,
    duration_to_json,
    wrong_type,
)
from featly.base_feature_view import (
    BaseFeatureView,
    check_fields_differ,
    check_list,
    check_view_name,
    split_schema,
)
from featly.data_source import DataSource, PushSource
from featly.entity import Entity
from featly.feature_view import check_ttl
from featly.field import Field
from featly.types import String, from_value_type
from featly.value_type import ValueType

__all__ = ["ConflictPolicy", "LabelView"]


class ConflictPolicy(Enum):
    """Which label counts where several people labeled one entity."""

    LAST_WRITE_WINS = "last_write_wins"
    LABELER_PRIORITY = "labeler_priority"
    MAJORITY_VOTE = "majority_vote"


class LabelView(BaseFeatureView):
    """Labels of entities, which change, beside features, which do not.

    This version keeps label views in the registry, where Feast finds them, and neither stores nor
    serves their rows: asking for their labels is refused by name.

    Args:
        name: The unique name of the view. `@` and `:` are reserved.
        source: Where the labels come from, usually a PushSource.
        schema: The labels; the join keys may be among them.
        entities: What is labeled; at least one.
        ttl: How old a label may be and still be used; zero or None is no limit.
        online: Whether the labels go to the online store.
        description: A human-readable description.
        tags: Any strings to keep with the view.
        owner: Who is responsible, typically an e-mail address.
        labeler_field: The field that says who labeled.
        conflict_policy: Which of several labels counts.
        reference_feature_view: The view whose entities are labeled.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There are no entities, or names contradict each other.
    """

    _VIEW_TYPE = "labelView"
    _FIELDS = frozenset(
        ("ttl", "source", "online", "labeler_field", "conflict_policy", "reference_feature_view")
    )

    def __init__(
        self,
        *,
        name: str,
        source: DataSource | None = None,
        schema: list[Field] | None = None,
        entities: list[Entity] | None = None,
        ttl: timedelta | None = timedelta(0),
        online: bool = True,
        description: str = "",
        tags: dict[str, str] | None = None,
        owner: str = "",
        labeler_field: str = "labeler",
        conflict_policy: ConflictPolicy = ConflictPolicy.LAST_WRITE_WINS,
        reference_feature_view: str | None = None,
    ) -> None:
        self._location = caller_location()
        self.name = check_name("LabelView", name)
        where = f"LabelView {name!r}"
        check_view_name(where, name)
        if source is not None and not isinstance(source, DataSource):
            wrong_type(where, "source", "a data source, such as a PushSource", source)
        if not isinstance(conflict_policy, ConflictPolicy):
            wrong_type(where, "conflict_policy", "a ConflictPolicy", conflict_policy)
        self.source = source
        known_entities = check_list(where, "entities", Entity, entities)
        if not known_entities:
            raise ValueError(f"{where}: Label view has no entities.")
        fields = check_list(where, "schema", Field, schema)
        check_fields_differ(where, fields)
        self.entities = [entity.name for entity in known_entities]
        self.entity_columns, self.features = split_schema(where, fields, known_entities)
        given = {field.name for field in self.entity_columns}
        # As Feast does: a key that neither schema nor entity gives a type is text.
        self.entity_columns += [
            Field(name=entity.join_key, dtype=_key_type(entity))
            for entity in known_entities
            if entity.join_key not in given
        ]
        self.ttl = check_ttl(where, ttl)
        self.online = check_flag(where, "online", online)
        self.labeler_field = check_text(where, "labeler_field", labeler_field)
        self.conflict_policy = conflict_policy
        self.reference_feature_view = check_text(
            where, "reference_feature_view", reference_feature_view
        )
        self.version = "latest"
        self._set_common(where, description, tags, owner)

    @property
    def batch_source(self) -> DataSource | None:
        """The history of the labels."""
        return self.source.batch_source if isinstance(self.source, PushSource) else self.source

    @property
    def stream_source(self) -> DataSource | None:
        """The source as a PushSource; None where it is not one."""
        return self.source if isinstance(self.source, PushSource) else None

    def _projection_source(self) -> DataSource | None:
        return self.batch_source

    def _message(self, *, stored: bool) -> Message:
        policy = self.conflict_policy
        return self._wrap(
            stored=stored,
            ttl=duration_to_json(self.ttl) if self.ttl is not None else None,
            source=self.source._message(stored=stored) if self.source is not None else None,
            online=self.online,
            labeler_field=self.labeler_field,
            conflict_policy=policy.name if policy is not ConflictPolicy.LAST_WRITE_WINS else None,
            reference_feature_view=self.reference_feature_view,
        )

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> LabelView:
        """The view of a `feast.core.LabelView` in protobuf-JSON."""
        spec = message["spec"]
        view = cls._read_common(message)
        view.ttl = duration_from_json(spec.get("ttl", "0s"))
        view.source = DataSource.from_dict(spec["source"]) if "source" in spec else None
        view.online = spec.get("online", False)
        view.labeler_field = spec.get("labeler_field") or "labeler"
        view.conflict_policy = ConflictPolicy[spec.get("conflict_policy", "LAST_WRITE_WINS")]
        view.reference_feature_view = spec.get("reference_feature_view", "")
        view.projection = view._whole()
        return view

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("entities", self.entities, []),
            ("schema", self.schema, []),
            ("source", self.source, None),
            ("ttl", self.ttl or timedelta(0), timedelta(0)),
            ("online", self.online, True),
            ("labeler_field", self.labeler_field, "labeler"),
            ("conflict_policy", self.conflict_policy, ConflictPolicy.LAST_WRITE_WINS),
            ("reference_feature_view", self.reference_feature_view, ""),
            *self._common(),
        ]


def _key_type(entity: Entity) -> Any:
    if entity.value_type is ValueType.UNKNOWN:
        return String
    return from_value_type(entity.value_type)
