"""The answer of a lookup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from featly._feast_names import FeastNames
from featly._html import MAX_ROWS, heading, page, table
from featly._tables import to_pandas, to_polars, value_type_of
from featly._values import is_plain, python_values, to_pylist
from featly.base_feature_view import DUMMY_ENTITY_ID
from featly.errors import NotFoundError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["OnlineResponse"]

TIMESTAMP_POSTFIX = "__ts"
"""What a feature's name ends with where it names the feature's event time."""

_STATUS_NAMES = ("INVALID", "PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE")


class OnlineResponse(FeastNames):
    """The values of features, with a status and an event time for each.

    Immutable, and may be shared between threads. Columns are the join keys as they were asked for,
    then the features in the order of the request; rows are those of the request. The values are
    kept as Arrow and turned into Python objects by the call that asks for them.
    """

    def __init__(
        self,
        values: pa.Table,
        statuses: pa.Table,
        event_times: pa.Table,
        shaped: pa.Table | None = None,
    ) -> None:
        """For `FeatureStore`: `shaped` is the JSON of columns such as maps; a column's metadata
        `featly.type` names its value type."""
        kept = [name for name in values.column_names if name != DUMMY_ENTITY_ID]
        self._values = values.select(kept)
        self._statuses = statuses.select(kept)
        self._event_times = event_times.select(kept)
        self._shaped = shaped

    def to_dict(self, include_event_timestamps: bool = False) -> dict[str, list[Any]]:
        """One list of Python values for each column; a value that is not there is None.

        Values are what Feast's are: sets of Python, `uuid.UUID`, `decimal.Decimal`, dictionaries of
        maps and structs, what JSON holds, datetimes in UTC or in the zone they were given in.

        Args:
            include_event_timestamps: Whether each column is followed by `<column>__ts`, the event
                times in whole seconds since 1970 UTC (0 where there is none, and for join keys).
        """
        result: dict[str, list[Any]] = {}
        for name in self._values.column_names:
            result[name] = self._python_values(name)
            if include_event_timestamps:
                result[name + TIMESTAMP_POSTFIX] = self._seconds(name).to_pylist()
        return result

    def to_arrow(self, include_event_timestamps: bool = False) -> pa.Table:
        """The columns as Arrow, each of its feature's own type; the values are not copied.

        Args:
            include_event_timestamps: As in `to_dict`; these columns are int64.
        """
        if not include_event_timestamps:
            return self._values
        columns: dict[str, pa.ChunkedArray] = {}
        for name in self._values.column_names:
            columns[name] = self._values.column(name)
            columns[name + TIMESTAMP_POSTFIX] = self._seconds(name)
        return pa.table(columns)

    def to_df(self, include_event_timestamps: bool = False) -> pd.DataFrame:
        """The columns as a pandas DataFrame; needs pandas.

        Numbers, texts, bytes and times have pandas' own types. Integers keep their digits: a column
        of integers with missing values has the nullable Int32 or Int64 type. Times are
        datetime64[us, UTC], those with a zone of their own too, as in a training set. All else is
        the objects of `to_dict`: lists, sets, dictionaries, `uuid.UUID`, `decimal.Decimal`.

        Args:
            include_event_timestamps: As in `to_dict`; these columns are int64.
        """
        table = self.to_arrow(include_event_timestamps)
        objects = {
            field.name: self._python_values(field.name)
            for field in self._values.schema
            if not is_plain(field)
        }
        return to_pandas(table, objects)

    def to_polars(self, include_event_timestamps: bool = False) -> pl.DataFrame:
        """The columns as a Polars DataFrame, where possible without copying; needs Polars.

        Args:
            include_event_timestamps: As in `to_dict`; these columns are int64.
        """
        return to_polars(self.to_arrow(include_event_timestamps))

    def statuses(self, feature_name: str) -> list[str]:
        """How each value of a column came about, row by row.

        `PRESENT` is a value, `NULL_VALUE` a stored null, `NOT_FOUND` no stored row (or one from
        before the feature was added), `OUTSIDE_MAX_AGE` a row older than the view's TTL. Join keys
        are `PRESENT`.

        Args:
            feature_name: A column of this response, as in `to_dict`.

        Raises:
            NotFoundError: There is no such column.
        """
        if feature_name not in self._statuses.column_names:
            raise NotFoundError(
                f"the response has no column {feature_name!r}; "
                f"it has {', '.join(self._statuses.column_names)}"
            )
        return [_STATUS_NAMES[status] for status in self._statuses.column(feature_name).to_pylist()]

    def _python_values(self, name: str) -> list[Any]:
        shaped = self._shaped
        return python_values(
            self._values.column(name),
            value_type_of(self._values.schema.field(name)),
            shaped.column(name) if shaped is not None and name in shaped.column_names else None,
        )

    def _seconds(self, name: str) -> pa.ChunkedArray:
        # Without a zone, so that no time zone database is asked; the whole second below.
        times = self._event_times.column(name).cast(pa.int64()).cast(pa.timestamp("us"))
        return pc.floor_temporal(times, unit="second").cast(pa.timestamp("s")).cast(pa.int64())

    def __repr__(self) -> str:
        columns = ", ".join(self._values.column_names)
        return f"OnlineResponse({self._values.num_rows} rows: {columns})"

    def _repr_html_(self) -> str:
        names = self._values.column_names
        shown = self._values.slice(0, MAX_ROWS)
        columns = []
        for name in names:
            values = to_pylist(shown.column(name))
            statuses = self.statuses(name)[:MAX_ROWS]
            columns.append(
                [
                    value if status == "PRESENT" else status
                    for value, status in zip(values, statuses, strict=True)
                ]
            )
        rows = self._values.num_rows
        return page(
            heading("OnlineResponse", f"{rows:,} rows"),
            table(names, zip(*columns, strict=True), rows - MAX_ROWS),
        )
