"""A column of a feature view: its name and its type."""

from __future__ import annotations

import json

from featly._feast_names import FeastNames
from featly._messages import (
    Message,
    check_flag,
    check_name,
    check_strings,
    check_text,
    compact,
    wrong_type,
)
from featly.types import (
    Array,
    ComplexFeastType,
    FeastType,
    PrimitiveFeastType,
    Set,
    Struct,
    from_value_type,
)
from featly.value_type import ValueType, value_type_from_json, value_type_to_json

__all__ = ["Field"]

# Feast keeps what a value type cannot say in these two tags.
_STRUCT_TAG = "feast:struct_schema"
_NESTED_TAG = "feast:nested_inner_type"


class Field(FeastNames):
    """A named, typed column: a feature, or the join key of an entity.

    Args:
        name: The name of the column, after the source's field mapping.
        dtype: A type of `featly.types`, such as `Int64` or `Array(String)`.
        description: A human-readable description.
        tags: Any strings to keep with the field.
        vector_index: Whether the field is indexed for vector search. Kept in the registry; featly
            does not search.
        vector_length: The number of elements of an indexed vector.
        vector_search_metric: The metric of an indexed vector, such as `"cosine"`.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name is empty.
    """

    def __init__(
        self,
        *,
        name: str,
        dtype: FeastType,
        description: str = "",
        tags: dict[str, str] | None = None,
        vector_index: bool = False,
        vector_length: int = 0,
        vector_search_metric: str | None = None,
    ) -> None:
        self.name = check_name("Field", name)
        owner = f"Field {name!r}"
        if not isinstance(dtype, (PrimitiveFeastType, ComplexFeastType)):
            wrong_type(owner, "dtype", "a type of featly.types, such as Int64", dtype)
        if not isinstance(vector_length, int):
            wrong_type(owner, "vector_length", "a number", vector_length)
        self.dtype = dtype
        self.description = check_text(owner, "description", description)
        self.tags = check_strings(owner, "tags", tags)
        self.vector_index = check_flag(owner, "vector_index", vector_index)
        self.vector_length = vector_length
        self.vector_search_metric = (
            check_text(owner, "vector_search_metric", vector_search_metric) or None
        )

    def to_dict(self) -> Message:
        """The protobuf-JSON dictionary of this field's `FeatureSpecV2`."""
        tags = dict(self.tags)
        inner = self.dtype.base_type if isinstance(self.dtype, (Array, Set)) else None
        struct = self.dtype if isinstance(self.dtype, Struct) else inner
        if isinstance(struct, Struct):
            tags[_STRUCT_TAG] = json.dumps(
                {name: _type_to_text(item) for name, item in struct.fields.items()}
            )
        elif isinstance(inner, (Array, Set)):
            tags[_NESTED_TAG] = _type_to_text(self.dtype)
        return compact(
            name=self.name,
            value_type=value_type_to_json(self.dtype.to_value_type()),
            tags=tags,
            description=self.description,
            vector_index=self.vector_index,
            vector_search_metric=self.vector_search_metric,
            vector_length=self.vector_length,
        )

    @classmethod
    def from_dict(cls, message: Message) -> Field:
        """The field of a `FeatureSpecV2` in protobuf-JSON."""
        tags = dict(message.get("tags", {}))
        struct, nested = tags.pop(_STRUCT_TAG, None), tags.pop(_NESTED_TAG, None)
        value_type = value_type_from_json(message.get("value_type"))
        dtype = from_value_type(value_type)
        if struct is not None and value_type in (ValueType.STRUCT, ValueType.STRUCT_LIST):
            inner = Struct(
                {name: _type_from_text(text) for name, text in json.loads(struct).items()}
            )
            dtype = inner if value_type is ValueType.STRUCT else Array(inner)
        elif nested is not None and value_type in (ValueType.VALUE_LIST, ValueType.VALUE_SET):
            dtype = _type_from_text(nested)
        return cls(
            name=message["name"],
            dtype=dtype,
            description=message.get("description", ""),
            tags=tags,
            vector_index=message.get("vector_index", False),
            vector_length=message.get("vector_length", 0),
            vector_search_metric=message.get("vector_search_metric"),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Field):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.dtype))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Field):
            return NotImplemented
        return self.name < other.name

    def __repr__(self) -> str:
        optional = [
            ("description", self.description, ""),
            ("tags", self.tags, {}),
            ("vector_index", self.vector_index, False),
            ("vector_length", self.vector_length, 0),
            ("vector_search_metric", self.vector_search_metric, None),
        ]
        rest = "".join(
            f", {name}={value!r}" for name, value, default in optional if value != default
        )
        return f"Field(name={self.name!r}, dtype={self.dtype}{rest})"


def _type_to_text(dtype: FeastType) -> str:
    if isinstance(dtype, PrimitiveFeastType):
        return dtype.name
    if isinstance(dtype, Struct):
        return json.dumps(
            {"__struct__": {name: _type_to_text(item) for name, item in dtype.fields.items()}}
        )
    if isinstance(dtype, (Array, Set)):
        return f"{type(dtype).__name__}({_type_to_text(dtype.base_type)})"
    raise TypeError(f"{dtype!r} is not a type of featly.types.")


def _type_from_text(text: str) -> FeastType:
    for collection in (Array, Set):
        opening = collection.__name__ + "("
        if text.startswith(opening) and text.endswith(")"):
            return collection(_type_from_text(text[len(opening) : -1]))
    if text.startswith("{"):
        fields = json.loads(text)["__struct__"]
        return Struct({name: _type_from_text(item) for name, item in fields.items()})
    if text not in PrimitiveFeastType.__members__:
        raise ValueError(
            f"The registry holds the type {text!r}, which this version of featly does not know."
        )
    return PrimitiveFeastType[text]
