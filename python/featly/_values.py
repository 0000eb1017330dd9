"""Python's values of Arrow's columns: one home, so that lookups and training sets have the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from featly._tables import value_type_of

# From what Arrow holds to what Python has for it, by the value type or that of an element. SQLite
# in Feast's layout keeps a null item of a list as the empty text, which is no UUID or decimal.
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "UUID": lambda text: UUID(text) if text else None,
    "TIME_UUID": lambda text: UUID(text) if text else None,
    "DECIMAL": lambda text: Decimal(text) if text else None,
    "JSON": json.loads,
    "MAP": json.loads,
    "MAP_LIST": json.loads,
    "SCALAR_MAP": lambda text: {key: value for key, value in json.loads(text)},
}


def is_plain(field: pa.Field) -> bool:
    """Whether pandas has a type of its own for a column, so that no value becomes an object."""
    return not pa.types.is_nested(field.type) and value_type_of(field) not in _CONVERSIONS


def python_values(
    column: pa.ChunkedArray, value_type: str, shaped: pa.ChunkedArray | None = None
) -> list[Any]:
    """What Python has for the values of a column; None for nulls.

    Args:
        shaped: The JSON of the same values, where there is one: it knows the zones of times, and
            which texts inside structs and nested lists are maps.
    """
    values = to_pylist(column)
    if shaped is not None and value_type == "ZONED_TIMESTAMP":
        return [_in_zone(*pair) for pair in zip(values, shaped.to_pylist(), strict=True)]
    if shaped is not None and pa.types.is_nested(column.type):
        shapes = _converted(shaped.to_pylist(), json.loads)
        return [_with_maps(*pair) for pair in zip(values, shapes, strict=True)]
    if value_type in _CONVERSIONS:
        return _converted(values, _CONVERSIONS[value_type])
    kind, _, collection = value_type.rpartition("_")
    convert = _CONVERSIONS.get(kind)
    if collection == "SET" and kind != "VALUE":  # lists have no place in a set of Python
        return _converted(values, lambda items: set(_converted(items, convert)))
    if collection == "LIST" and convert is not None:
        return _converted(values, lambda items: _converted(items, convert))
    return values


def training_objects(table: pa.Table) -> dict[str, list[Any]]:
    """The values of those columns of a training set that pandas would not show as a lookup does.

    Lists are numpy arrays, as pandas makes them; lists of numbers and texts are left to it, since
    that takes no object for each item, but where it would make floats of integers.
    """
    objects: dict[str, list[Any]] = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        value_type = value_type_of(field)
        if not value_type:  # the user's own column
            left = not _pandas_loses_digits(column)
        elif value_type.endswith("_LIST") and _is_list(field.type):
            item = field.type.value_type
            converted = value_type.removesuffix("_LIST") in _CONVERSIONS
            left = not (converted or pa.types.is_nested(item) or pa.types.is_timestamp(item))
            left = left and not _pandas_loses_digits(column)
        else:
            left = is_plain(field)
        if left:
            continue
        values = python_values(column, value_type)
        as_arrays = _is_list(field.type) and not value_type.endswith("_SET")
        objects[field.name] = _converted(values, _to_numpy) if as_arrays else values
    return objects


def to_pylist(column: pa.ChunkedArray) -> list[Any]:
    """Python's values of a column; times are datetimes of `datetime.UTC`.

    Arrow would look UTC up in the time zone database, which small images do not have.
    """
    kind = column.type
    naive = _without_utc(kind)
    if naive == kind:
        plain: list[Any] = column.to_pylist()
        return plain
    return [_with_utc(value, kind) for value in column.cast(naive).to_pylist()]


def _without_utc(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit) if kind.tz == "UTC" else kind
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_utc(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_utc(field.type)) for field in kind])
    return kind


def _with_utc(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        return value.replace(tzinfo=UTC) if kind.tz == "UTC" else value
    if pa.types.is_list(kind):
        return [_with_utc(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: _with_utc(value[field.name], field.type) for field in kind}
    return value


def _in_zone(moment: datetime | None, text: str | None) -> datetime | None:
    """A moment in the zone of its ISO 8601 text, which has whole seconds."""
    if moment is None or text is None:
        return None
    return moment.astimezone(datetime.fromisoformat(json.loads(text)).tzinfo)


def _with_maps(value: Any, shaped: Any) -> Any:
    """A value in which the JSON texts of maps are dictionaries, as in its JSON."""
    if isinstance(value, dict):
        shapes = shaped or {}
        return {name: _with_maps(item, shapes.get(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_maps(*pair) for pair in zip(value, shaped, strict=True)]
    return shaped if isinstance(value, str) and isinstance(shaped, (dict, list)) else value


def _pandas_loses_digits(column: pa.ChunkedArray) -> bool:
    """Whether pandas would make floats of the integers inside lists, structs or maps."""
    if _is_list(column.type) and not pa.types.is_nested(column.type.value_type):
        integers = pa.types.is_integer(column.type.value_type)
        return bool(integers and pc.list_flatten(column).null_count)
    return pa.types.is_nested(column.type) and _has_integers(column.type)


def _is_list(kind: pa.DataType) -> bool:
    """Of any of Arrow's layouts: users' columns have them all."""
    large, fixed = pa.types.is_large_list(kind), pa.types.is_fixed_size_list(kind)
    return bool(pa.types.is_list(kind) or large or fixed)


def _has_integers(kind: pa.DataType) -> bool:
    inner = [kind.field(index).type for index in range(kind.num_fields)]
    return pa.types.is_integer(kind) or any(_has_integers(each) for each in inner)


def _to_numpy(items: list[Any]) -> Any:
    import numpy as np

    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _converted(values: list[Any], convert: Callable[[Any], Any] | None) -> list[Any]:
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]
