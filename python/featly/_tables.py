"""Between the tables of users and Arrow."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from featly.errors import InvalidError, NotSupportedError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_CONVERSION_ERRORS = (pa.ArrowException, OverflowError, TypeError, ValueError)


def to_micros(argument: str, value: object) -> int:
    """Microseconds since 1970 UTC of a datetime, exactly; one without a time zone is UTC."""
    if not isinstance(value, datetime):
        raise TypeError(f"{argument} must be a datetime, but is {value!r} ({type(value).__name__})")
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return (value - _EPOCH) // _MICROSECOND


def to_datetime(micros: int) -> datetime:
    """The moment in UTC of microseconds since 1970."""
    return _EPOCH + micros * _MICROSECOND


def to_table(argument: str, data: object) -> pa.Table:
    """A user's table as Arrow: pandas, pyarrow, Polars or anything with `__arrow_c_stream__`.

    Only pandas' columns are copied where their layout differs from Arrow's.
    """
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _from_pandas(argument, data)
    if hasattr(data, "__arrow_c_stream__"):
        try:
            return pa.table(data)
        except (pa.ArrowException, TypeError) as error:
            kind = type(data).__name__
            raise InvalidError(f"{argument}: the {kind} is not a table: {error}") from None
    if isinstance(data, str):
        raise NotSupportedError(
            f"{argument}: SQL is not supported by the local offline store; pass a table (pandas, "
            "pyarrow, Polars or anything with __arrow_c_stream__)"
        )
    raise TypeError(
        f"{argument} must be a table (pandas, pyarrow, Polars or anything with "
        f"__arrow_c_stream__), but is a {type(data).__name__}"
    )


def _from_pandas(argument: str, frame: Any) -> pa.Table:
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except _CONVERSION_ERRORS as error:
        # pyarrow appends which column it is.
        detail = "; ".join(str(part) for part in error.args)
        raise InvalidError(f"{argument}: a column cannot be converted to Arrow: {detail}") from None
    return table.replace_schema_metadata(None)


def value_type_of(field: pa.Field) -> str:
    """The value type that the core names in a column's metadata; "" for columns of the user's."""
    metadata: dict[bytes, bytes] = field.metadata or {}
    return metadata.get(b"featly.type", b"").decode()


def to_pandas(table: pa.Table, objects: Mapping[str, list[Any]] | None = None) -> pd.DataFrame:
    """A table as a DataFrame in which integers with nulls do not become floats.

    Times in UTC are given their zone by pandas, which needs no time zone database for it: Arrow
    would look UTC up in one.

    Args:
        objects: The values of the columns that are of Python's objects, by the column's name.
    """
    import pandas as pd

    objects = objects or {}
    names, rows = table.column_names, pd.RangeIndex(table.num_rows)
    table = table.drop_columns(list(objects))
    nullable = {
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
    }
    with_nulls, in_utc = [], []
    for index, field in enumerate(table.schema):
        if field.type in nullable and table.column(index).null_count:
            with_nulls.append(field.name)
        elif pa.types.is_timestamp(field.type) and field.type.tz == "UTC":
            in_utc.append(field.name)
            naive = table.column(index).cast(pa.timestamp(field.type.unit))
            table = table.set_column(index, field.name, naive)
    if not with_nulls:
        frame = table.to_pandas()
    else:
        integers = table.select(with_nulls).to_pandas(types_mapper=nullable.get)
        others = table.drop_columns(with_nulls).to_pandas()
        frame = pd.concat([others, integers], axis=1)[table.column_names]
    for name in in_utc:
        frame[name] = frame[name].dt.tz_localize("UTC")
    if not objects:
        return frame
    columns = {name: frame[name] for name in frame.columns} | {
        name: pd.Series(values, rows, dtype=object) for name, values in objects.items()
    }
    return pd.DataFrame({name: columns[name] for name in names}, rows)


def to_polars(table: pa.Table) -> pl.DataFrame:
    """A table as a Polars DataFrame."""
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def entity_rows_table(entity_rows: object) -> pa.Table:
    """The rows of a lookup, a list of dictionaries or a dictionary of lists, as Arrow."""
    rows = 0
    if isinstance(entity_rows, Mapping):
        return columns_table("entity_rows", entity_rows)
    if isinstance(entity_rows, Sequence) and not isinstance(entity_rows, (str, bytes)):
        if not entity_rows:
            raise InvalidError(
                "entity_rows is an empty list, which does not tell the join keys; for an answer "
                "without rows pass a dictionary of empty lists, such as {'driver_id': []}"
            )
        columns = _columns_of(entity_rows)
        rows = len(entity_rows)
    else:
        raise TypeError(
            "entity_rows must be a list of dictionaries, such as [{'driver_id': 1001}], or a "
            f"dictionary of lists, but is a {type(entity_rows).__name__}"
        )
    if not columns:
        # Views without entities are asked with rows that have no columns.
        return pa.table({"": pa.nulls(rows)}).select([])
    return _table_of("entity_rows", columns)


def columns_table(argument: str, given: Mapping[Any, Any]) -> pa.Table:
    """A dictionary of lists, one a column, as Arrow."""
    columns = {name: _values(argument, name, values) for name, values in given.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise InvalidError(f"{argument}: the columns must be of one length, but {found}")
    return _table_of(argument, columns)


def _table_of(argument: str, columns: Mapping[Any, list[Any]]) -> pa.Table:
    return pa.table({name: _array(argument, name, values) for name, values in columns.items()})


def _values(argument: str, name: object, values: object) -> list[Any]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(
            f"{argument}[{name!r}] must be a list of values, but is {values!r} "
            f"({type(values).__name__})"
        )
    return list(values)


def _columns_of(rows: Sequence[Any]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise TypeError(
                f"entity_rows[{number}] must be a dictionary, but is {row!r} ({type(row).__name__})"
            )
        if number == 0:
            columns = {name: [] for name in row}
        if row.keys() != columns.keys():
            raise InvalidError(
                f"entity_rows[{number}] has the keys {list(row)}, but entity_rows[0] has "
                f"{list(columns)}; every row must have the same"
            )
        for name, value in row.items():
            columns[name].append(value)
    return columns


def _array(argument: str, name: object, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except _CONVERSION_ERRORS as error:
        kinds = sorted({type(value).__name__ for value in values})
        raise InvalidError(
            f"{argument}: the values of {name!r} are no column of one type; they are of "
            f"{', '.join(kinds)}: {error}"
        ) from None
