"""What feature views of every kind share."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from featly._messages import Definition, Message, check_name, wrong_type
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

View = TypeVar("View", bound="BaseFeatureView")


class BaseFeatureView(Definition):
    """Named features. Make a `FeatureView`, an `OnDemandFeatureView` or a `LabelView`.

    Attributes:
        features: The features, in order.
        projection: What a feature service that names the view asks of it.
    """

    # The kind of view in Feast's projections, and its message in the registry's JSON.
    _VIEW_TYPE = "featureView"

    features: list[Field]
    projection: FeatureViewProjection
    version: str
    # A copy made for a feature service remembers the view it was made from, which is the
    # definition.
    _original: Any = None

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


def fields_from(columns: Sequence[Mapping[str, Any]]) -> list[Field]:
    """The fields of a message's `FeatureSpecV2`s."""
    return [Field.from_dict(dict(column)) for column in columns]


def fields_to(fields: Sequence[Field]) -> list[Message]:
    """The `FeatureSpecV2`s of fields."""
    return [field.to_dict() for field in fields]
