"""The things that features describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featly._messages import (
    Definition,
    Message,
    caller_location,
    check_name,
    check_strings,
    check_text,
    compact,
    rest_of,
    wrong_type,
)
from featly.value_type import ValueType, value_type_from_json, value_type_to_json

__all__ = ["Entity"]

_SPEC_FIELDS = ("name", "value_type", "description", "join_key", "tags", "owner")


class Entity(Definition):
    """A kind of thing that features describe, such as a driver, and the column that identifies one.

    Args:
        name: The unique name of the entity.
        join_keys: The column that identifies one of these things; at most one, by default the name.
            Views keyed by several columns name several entities.
        value_type: The type of the join key. Without it, a view's schema or its source decides.
        description: A human-readable description.
        tags: Any strings to keep with the entity.
        owner: Who is responsible, typically an e-mail address.

    Attributes:
        join_key: The one join key.
        created_timestamp, last_updated_timestamp: UTC; set when the entity was read from a
            registry.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name is empty, or there is more than one join key.
    """

    join_key: str
    value_type: ValueType

    def __init__(
        self,
        *,
        name: str,
        join_keys: list[str] | None = None,
        value_type: ValueType | None = None,
        description: str = "",
        tags: dict[str, str] | None = None,
        owner: str = "",
    ) -> None:
        self._location = caller_location()
        self.name = check_name("Entity", name)
        where = f"Entity {name!r}"
        if join_keys is not None and not (
            isinstance(join_keys, (list, tuple))
            and all(isinstance(key, str) and key for key in join_keys)
        ):
            wrong_type(where, "join_keys", "a list of one column name", join_keys)
        if join_keys and len(join_keys) > 1:
            raise ValueError(
                f"{where}: an entity may only have a single join key, but has {list(join_keys)}. "
                "Define an entity for each key and name all of them in the feature view."
            )
        if value_type is not None and not isinstance(value_type, ValueType):
            wrong_type(where, "value_type", "a ValueType, such as ValueType.INT64", value_type)
        self.join_key = join_keys[0] if join_keys else name
        self.value_type = value_type if value_type is not None else ValueType.UNKNOWN
        self.description = check_text(where, "description", description)
        self.tags = check_strings(where, "tags", tags)
        self.owner = check_text(where, "owner", owner)
        self.created_timestamp = None
        self.last_updated_timestamp = None
        self._rest: Message = {}

    def _message(self, *, stored: bool) -> Message:
        value_type = (
            value_type_to_json(self.value_type)
            if self.value_type is not ValueType.UNKNOWN
            else None
        )
        spec = compact(
            name=self.name,
            value_type=value_type,
            description=self.description,
            join_key=self.join_key,
            tags=dict(self.tags),
            owner=self.owner,
        )
        return {"spec": spec | self._rest, "meta": self._times()} if stored else {"spec": spec}

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Entity:
        """The entity of a `feast.core.Entity` in protobuf-JSON."""
        spec = message["spec"]
        entity = cls(
            name=spec["name"],
            join_keys=[spec["join_key"]] if spec.get("join_key") else None,
            value_type=value_type_from_json(spec.get("value_type")),
            description=spec.get("description", ""),
            tags=spec.get("tags"),
            owner=spec.get("owner", ""),
        )
        entity._location = None
        entity._rest = rest_of(spec, _SPEC_FIELDS)
        entity._read_times(message.get("meta", {}))
        return entity

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("join_keys", [self.join_key], [self.name]),
            ("value_type", self.value_type, ValueType.UNKNOWN),
            *self._common(),
        ]
