"""What feature views of every kind share."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from featly._messages import (
    Definition,
    Message,
    check_name,
    check_strings,
    check_text,
    compact,
    rest_of,
    wrong_type,
)
from featly.data_source import DataSource
from featly.entity import Entity
from featly.feature_view_projection import FeatureViewProjection
from featly.field import Field
from featly.types import from_value_type
from featly.value_type import ValueType

__all__ = ["BaseFeatureView"]

DUMMY_ENTITY_NAME = "__dummy"
DUMMY_ENTITY_ID = "__dummy_id"
"""The entity of views without entities, and its join key, in registries and stores as Feast's."""

_COMMON_FIELDS = frozenset(
    ("name", "entities", "entity_columns", "features", "description", "tags", "owner", "version")
)

View = TypeVar("View", bound="BaseFeatureView")


class BaseFeatureView(Definition):
    """Named features. Make a `FeatureView`, an `OnDemandFeatureView` or a `LabelView`.

    Attributes:
        features: The features, in order.
        projection: What a feature service that names the view asks of it.
    """

    # The kind of view in Feast's projections, and the fields of its spec and meta in the registry
    # that the class has attributes for; the rest is kept and written back.
    _VIEW_TYPE = "featureView"
    _FIELDS: frozenset[str] = frozenset()
    _META_FIELDS: frozenset[str] = frozenset(("created_timestamp", "last_updated_timestamp"))

    entities: list[str]
    entity_columns: list[Field]
    features: list[Field]
    projection: FeatureViewProjection
    version: str
    # A copy made for a feature service remembers the view it was made from, which is the
    # definition.
    _original: Any = None

    def _set_common(
        self, where: str, description: str, tags: dict[str, str] | None, owner: str
    ) -> None:
        """What the constructors of all views end with, once the features are known."""
        self.description = check_text(where, "description", description)
        self.tags = check_strings(where, "tags", tags)
        self.owner = check_text(where, "owner", owner)
        self.created_timestamp = None
        self.last_updated_timestamp = None
        self._rest: Message = {}
        self._rest_of_meta: Message = {}
        self.projection = self._whole()

    @classmethod
    def _read_common(cls: type[View], message: Mapping[str, Any]) -> View:
        """A view with what the messages of all views have, and without a projection yet."""
        spec, meta = message["spec"], message.get("meta", {})
        view = cls.__new__(cls)
        view.name = spec["name"]
        view.entities = list(spec.get("entities", []))
        view.entity_columns = [Field.from_dict(dict(it)) for it in spec.get("entity_columns", [])]
        view.features = [Field.from_dict(dict(it)) for it in spec.get("features", [])]
        view.description = spec.get("description", "")
        view.tags = dict(spec.get("tags", {}))
        view.owner = spec.get("owner", "")
        view.version = spec.get("version") or "latest"
        view._read_times(meta)
        view._rest = rest_of(spec, _COMMON_FIELDS | cls._FIELDS)
        view._rest_of_meta = rest_of(meta, cls._META_FIELDS)
        return view

    def _wrap(self, *, stored: bool, meta: Message | None = None, **spec: Any) -> Message:
        """The message of a view: what all views have, and its own `spec`, which counts first."""
        common: Message = {
            "name": self.name,
            "entities": list(self.entities),
            "entity_columns": [field.to_dict() for field in self.entity_columns],
            "features": [field.to_dict() for field in self.features],
            "description": self.description,
            "tags": dict(self.tags),
            "owner": self.owner,
        }
        fields = compact(**(common | spec))
        if not stored:
            return {"spec": fields | rest_of(self._rest, ("project",))}
        return {
            "spec": fields | self._rest,
            "meta": self._times() | (meta or {}) | self._rest_of_meta,
        }

    @property
    def schema(self) -> list[Field]:
        """The join keys whose type is known, then the features."""
        keys = [field for field in self.entity_columns if field.name != DUMMY_ENTITY_ID]
        return keys + self.features

    @property
    def join_keys(self) -> list[str]:
        """The join keys whose type is known; all of them once the view was applied."""
        return [field.name for field in self.entity_columns]

    def __getitem__(self: View, features: list[str]) -> View:
        """A copy with only these features, in this order: `view[["a", "b"]]`."""
        where = f"{type(self).__name__} {self.name!r}"
        if not isinstance(features, list) or not all(isinstance(item, str) for item in features):
            wrong_type(
                where, "the choice of features", 'a list of names, as in view[["a", "b"]]', features
            )
        chosen = self._copy()
        if not self.features:
            chosen.projection.desired_features = list(features)
            return chosen
        by_name = {field.name: field for field in self.features}
        for feature in features:
            if feature not in by_name:
                raise ValueError(
                    f"{where}: Feature {feature} does not exist in this feature view. "
                    f"It has {', '.join(by_name)}."
                )
        chosen.projection.features = [by_name[feature] for feature in features]
        return chosen

    def with_name(self: View, name: str) -> View:
        """A copy that goes by another name in results and in full feature names."""
        copied = self._copy()
        where = f"{type(self).__name__} {self.name!r}"
        copied.projection.name_alias = check_name(f"{where}: with_name", name)
        return copied

    def _copy(self: View) -> View:
        copied = copy.copy(self)
        copied.projection = copy.copy(self.projection)
        copied._original = self._original or self
        return copied

    def _projection_source(self) -> DataSource | None:
        """The history that a projection of the view shows."""
        return None

    def _whole(self) -> FeatureViewProjection:
        source = self._projection_source()
        return FeatureViewProjection(
            name=self.name,
            name_alias=None,
            desired_features=[],
            features=self.features,
            # Feast's projections have the created column here; they are compared, not read.
            timestamp_field=(source.created_timestamp_column or None) if source else None,
            date_partition_column=(source.date_partition_column or None) if source else None,
            created_timestamp_column=(source.created_timestamp_column or None) if source else None,
            batch_source=source,
            view_type=self._VIEW_TYPE,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseFeatureView):
            return NotImplemented
        return self.projection == other.projection and super().__eq__(other) is True

    __hash__ = Definition.__hash__


def check_view_name(where: str, name: str) -> None:
    """Raises where a name holds what feature references need."""
    for character, use in (
        ("@", "versions ('view@v2:feature')"),
        (":", "feature references ('view:feature')"),
    ):
        if character in name:
            raise ValueError(
                f"{where}: the name must not contain {character!r}, which is reserved for {use}."
            )


def check_list(where: str, argument: str, kind: type[Any], value: object) -> list[Any]:
    """Returns a list of definitions of a kind; None counts as the empty one."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        wrong_type(where, argument, f"a list of {kind.__name__} objects", value)
    for item in value:
        if not isinstance(item, kind):
            wrong_type(where, argument, f"a list of {kind.__name__} objects", item)
    return list(value)


def check_fields_differ(where: str, fields: Sequence[Field]) -> None:
    """Raises where two fields have one name."""
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise ValueError(f"{where}: the schema has two fields named {field.name!r}.")
        seen.add(field.name)


def split_schema(
    where: str, schema: Sequence[Field], entities: Sequence[Entity]
) -> tuple[list[Field], list[Field]]:
    """(the join keys among the fields, the features); the types of the keys are checked."""
    by_key: dict[str, Entity] = {}
    for entity in entities:
        if entity.join_key in by_key:
            raise ValueError(
                f"{where}: A feature view should not have entities that share a join key, but "
                f"{by_key[entity.join_key].name!r} and {entity.name!r} "
                f"are both identified by {entity.join_key!r}."
            )
        by_key[entity.join_key] = entity
    keys = [field for field in schema if field.name in by_key]
    for field in keys:
        declared = by_key[field.name]
        if (
            declared.value_type is not ValueType.UNKNOWN
            and from_value_type(declared.value_type) != field.dtype
        ):
            raise ValueError(
                f"{where}: Entity {declared.name} has type {declared.value_type}, "
                f"which does not match the type {field.dtype} of the field {field.name!r}."
            )
    return keys, [field for field in schema if field.name not in by_key]
