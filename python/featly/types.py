"""The types of fields: `Int64`, `Array(String)`, `Struct({...})`, ... with the names and the
meaning of `feast.types`. What values each takes and gives is in docs/semantics.md.
"""

from __future__ import annotations

from enum import Enum

from featly.value_type import ValueType

__all__ = [
    "Array",
    "Bool",
    "Bytes",
    "ComplexFeastType",
    "Decimal",
    "FeastType",
    "Float32",
    "Float64",
    "ImageBytes",
    "Int32",
    "Int64",
    "Invalid",
    "Json",
    "Map",
    "PdfBytes",
    "PrimitiveFeastType",
    "ScalarMap",
    "Set",
    "String",
    "Struct",
    "TimeUuid",
    "UnixTimestamp",
    "Uuid",
    "ZonedTimestamp",
    "from_value_type",
]


class PrimitiveFeastType(Enum):
    """A type that is not made of other types. Use the module's names: `Int64`, `String`, ..."""

    INVALID = 0
    BYTES = 1
    STRING = 2
    INT32 = 3
    INT64 = 4
    FLOAT64 = 5
    FLOAT32 = 6
    BOOL = 7
    UNIX_TIMESTAMP = 8
    PDF_BYTES = 9
    IMAGE_BYTES = 10
    MAP = 11
    JSON = 12
    UUID = 13
    TIME_UUID = 14
    DECIMAL = 15
    SCALAR_MAP = 16
    ZONED_TIMESTAMP = 17

    def to_value_type(self) -> ValueType:
        """The registry's value type of this type."""
        return ValueType[_RENAMED.get(self.name, self.name)]

    def __str__(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))

    __repr__ = __str__


_RENAMED = {"INVALID": "UNKNOWN", "FLOAT64": "DOUBLE", "FLOAT32": "FLOAT"}

Invalid = PrimitiveFeastType.INVALID
Bytes = PrimitiveFeastType.BYTES
PdfBytes = PrimitiveFeastType.PDF_BYTES
ImageBytes = PrimitiveFeastType.IMAGE_BYTES
String = PrimitiveFeastType.STRING
Bool = PrimitiveFeastType.BOOL
Int32 = PrimitiveFeastType.INT32
Int64 = PrimitiveFeastType.INT64
Float32 = PrimitiveFeastType.FLOAT32
Float64 = PrimitiveFeastType.FLOAT64
UnixTimestamp = PrimitiveFeastType.UNIX_TIMESTAMP
"""A moment in UTC: microseconds in rows and offline, epoch seconds in JSON and protobuf."""
Map = PrimitiveFeastType.MAP
Json = PrimitiveFeastType.JSON
Uuid = PrimitiveFeastType.UUID
TimeUuid = PrimitiveFeastType.TIME_UUID
Decimal = PrimitiveFeastType.DECIMAL
ScalarMap = PrimitiveFeastType.SCALAR_MAP
ZonedTimestamp = PrimitiveFeastType.ZONED_TIMESTAMP


class ComplexFeastType:
    """The base of the types that are made of other types."""

    def to_value_type(self) -> ValueType:
        """The registry's value type of this type."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(self)


FeastType = PrimitiveFeastType | ComplexFeastType


class _Collection(ComplexFeastType):
    """What `Array` and `Set` share: an element type, and a value type named after it."""

    _suffix = ""
    _nested = ValueType.UNKNOWN

    def __init__(self, base_type: FeastType) -> None:
        self.base_type = base_type
        self._value_type = self._find_value_type()

    def _find_value_type(self) -> ValueType:
        base = self.base_type
        if isinstance(base, _Collection):
            return self._nested
        if not isinstance(base, (PrimitiveFeastType, Struct)):
            raise TypeError(
                f"{type(self).__name__} takes a type of featly.types, such as Int64, but was given "
                f"{base!r} ({type(base).__name__})."
            )
        name = base.to_value_type().name + self._suffix
        if name not in ValueType.__members__:
            raise ValueError(
                f"{type(self).__name__}({base}) is not a type: {base} cannot be an element."
            )
        return ValueType[name]

    def to_value_type(self) -> ValueType:
        """The registry's value type of this type."""
        return self._value_type

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Collection):
            return NotImplemented
        return type(self) is type(other) and self.base_type == other.base_type

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.base_type))

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.base_type})"


class Array(_Collection):
    """A list of values of one type, in order: `Array(Int64)`.

    Raises:
        TypeError: The element is not a type.
        ValueError: There is no array of that type (`Array(ZonedTimestamp)`).
    """

    _suffix = "_LIST"
    _nested = ValueType.VALUE_LIST


class Set(_Collection):
    """A list of distinct values of one type, whose order is not kept: `Set(String)`.

    Raises:
        TypeError: The element is not a type.
        ValueError: There is no set of that type (`Set(Map)`).
    """

    _suffix = "_SET"
    _nested = ValueType.VALUE_SET


class Struct(ComplexFeastType):
    """Named values, each with its own type: `Struct({"street": String, "number": Int32})`.

    Raises:
        ValueError: There are no fields.
    """

    def __init__(self, fields: dict[str, FeastType]) -> None:
        if not fields:
            raise ValueError("Struct must have at least one field.")
        self.fields = dict(fields)

    def to_value_type(self) -> ValueType:
        """The registry's value type of this type."""
        return ValueType.STRUCT

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Struct):
            return NotImplemented
        return self.fields == other.fields

    def __hash__(self) -> int:
        return hash(("Struct", tuple(sorted(self.fields))))

    def __str__(self) -> str:
        return (
            "Struct({" + ", ".join(f"{name!r}: {item}" for name, item in self.fields.items()) + "})"
        )


def _simple_types() -> dict[ValueType, FeastType]:
    types: dict[ValueType, FeastType] = {item.to_value_type(): item for item in PrimitiveFeastType}
    for item in PrimitiveFeastType:
        for collection in (Array, Set):
            if item.to_value_type().name + collection._suffix in ValueType.__members__:
                made = collection(item)
                types[made.to_value_type()] = made
    return types


_BY_VALUE_TYPE = _simple_types()


def from_value_type(value_type: ValueType) -> FeastType:
    """The type that a registry's value type stands for.

    The value types of structs and nested collections do not say what is inside (a field's tags do),
    so they give a placeholder with strings inside, as Feast's do.

    Raises:
        ValueError: No type has that value type (`NULL`).
    """
    if value_type in _BY_VALUE_TYPE:
        return _BY_VALUE_TYPE[value_type]
    placeholders: dict[ValueType, FeastType] = {
        ValueType.STRUCT: Struct({"_value": String}),
        ValueType.STRUCT_LIST: Array(Struct({"_value": String})),
        ValueType.VALUE_LIST: Array(Array(String)),
        ValueType.VALUE_SET: Set(Array(String)),
    }
    if value_type not in placeholders:
        raise ValueError(f"Could not convert value type {value_type} to FeastType.")
    return placeholders[value_type]
