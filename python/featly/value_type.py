"""The value types as the registry and the wire number them."""

from __future__ import annotations

from enum import Enum

__all__ = ["ValueType"]


class ValueType(Enum):
    """The type of a value in the registry, numbered as in Feast's `feast.types.ValueType.Enum`.

    Definitions use the friendlier names of `featly.types` (`Int64`, `Array(String)`); this enum is
    what an `Entity` takes and what the registry stores.
    """

    UNKNOWN = 0
    BYTES = 1
    STRING = 2
    INT32 = 3
    INT64 = 4
    DOUBLE = 5
    FLOAT = 6
    BOOL = 7
    UNIX_TIMESTAMP = 8
    BYTES_LIST = 11
    STRING_LIST = 12
    INT32_LIST = 13
    INT64_LIST = 14
    DOUBLE_LIST = 15
    FLOAT_LIST = 16
    BOOL_LIST = 17
    UNIX_TIMESTAMP_LIST = 18
    NULL = 19
    MAP = 20
    MAP_LIST = 21
    BYTES_SET = 22
    STRING_SET = 23
    INT32_SET = 24
    INT64_SET = 25
    DOUBLE_SET = 26
    FLOAT_SET = 27
    BOOL_SET = 28
    UNIX_TIMESTAMP_SET = 29
    PDF_BYTES = 30
    IMAGE_BYTES = 31
    JSON = 32
    JSON_LIST = 33
    STRUCT = 34
    STRUCT_LIST = 35
    UUID = 36
    TIME_UUID = 37
    UUID_LIST = 38
    TIME_UUID_LIST = 39
    UUID_SET = 40
    TIME_UUID_SET = 41
    VALUE_LIST = 42
    VALUE_SET = 43
    DECIMAL = 44
    DECIMAL_LIST = 45
    DECIMAL_SET = 46
    SCALAR_MAP = 47
    ZONED_TIMESTAMP = 48


# The protobuf enum calls number 0 INVALID and has no names for 30 and 31, which Feast stores as
# bare numbers.
_JSON_NAMES: dict[ValueType, str | int] = {
    ValueType.UNKNOWN: "INVALID",
    ValueType.PDF_BYTES: 30,
    ValueType.IMAGE_BYTES: 31,
}


def value_type_to_json(value: ValueType) -> str | int:
    """The enum value as protobuf's JSON mapping writes it."""
    return _JSON_NAMES.get(value, value.name)


def value_type_from_json(value: str | int | None) -> ValueType:
    """The value type of a JSON enum value; None (the field is absent) is UNKNOWN."""
    if value is None or value == "INVALID":
        return ValueType.UNKNOWN
    try:
        return ValueType(value) if isinstance(value, int) else ValueType[value]
    except (KeyError, ValueError):
        raise ValueError(
            f"The registry holds the value type {value!r}, "
            "which this version of featly does not know."
        ) from None
