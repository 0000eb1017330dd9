"""A training set that is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from featly._feast_names import FeastNames
from featly._html import heading, page, table
from featly._tables import to_pandas, to_polars
from featly._values import training_objects
from featly.errors import NotSupportedError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["RetrievalJob", "RetrievalMetadata"]


@dataclass
class RetrievalMetadata:
    """What a training set was asked for.

    Attributes:
        features: References such as `"view:feature"`, those of a feature service too.
        keys: The columns of the entity table, but for its time.
        min_event_timestamp, max_event_timestamp: The range of its times, in UTC; None without any.
    """

    features: list[str]
    keys: list[str]
    min_event_timestamp: datetime | None = None
    max_event_timestamp: datetime | None = None


def _event_time_column(entities: pa.Table) -> str | None:
    """The column that the core takes for the rows' times: `event_timestamp`, or the only one."""
    if "event_timestamp" in entities.column_names:
        return "event_timestamp"
    times = [field.name for field in entities.schema if pa.types.is_temporal(field.type)]
    return times[0] if len(times) == 1 else None


def _range(times: pa.ChunkedArray) -> tuple[datetime | None, datetime | None]:
    if not pa.types.is_temporal(times.type):
        return None, None
    # Without a zone, so that no time zone database is asked.
    ends = pc.min_max(times.cast(pa.timestamp("us"), safe=False)).as_py()
    low, high = ends["min"], ends["max"]
    return low and low.replace(tzinfo=UTC), high and high.replace(tzinfo=UTC)


class RetrievalJob(FeastNames):
    """What `FeatureStore.get_historical_features` gives.

    Nothing is read until `to_arrow` or `to_df` is called; each call reads the sources anew. Holds
    the entity table. May be used by several threads at once.
    """

    def __init__(
        self,
        run: Callable[[], pa.Table],
        full_feature_names: bool,
        entities: pa.Table,
        asked: Sequence[str],
        references: Callable[[], list[str]],
    ) -> None:
        self._run = run
        self._full_feature_names = full_feature_names
        self._entities = entities
        self._asked = tuple(asked)
        self._references = references

    @property
    def full_feature_names(self) -> bool:
        """Whether features are named `view__feature`."""
        return self._full_feature_names

    @property
    def metadata(self) -> RetrievalMetadata:
        """What was asked for: Feast's object, made of the entity table at each call."""
        time = _event_time_column(self._entities)
        names = self._entities.column_names
        low, high = (None, None) if time is None else _range(self._entities.column(time))
        return RetrievalMetadata(
            features=self._references(),
            keys=[name for name in names if name != time],
            min_event_timestamp=low,
            max_event_timestamp=high,
        )

    @property
    def on_demand_feature_views(self) -> list[Any]:
        """Feast's: the on-demand views asked for; none, since their features are refused."""
        return []

    def supports_remote_storage_export(self) -> bool:
        """Feast's: False, the training set is made in this process."""
        return False

    def to_arrow(self, validation_reference: None = None, timeout: None = None) -> pa.Table:
        """Makes the training set.

        Args:
            validation_reference: Not supported: must be None.
            timeout: Not supported: must be None. Ctrl-C stops the work.

        Returns:
            Every entity row once, in the order given, with all of its columns unchanged; then a
            column for each feature in the order asked for, of its own type (times are
            timestamp[us, UTC]), null where no row answers.

        Raises:
            InvalidError: The entity table lacks a join key or its time, or they have types that
                cannot be used; a source lacks a column or has another type than the view says.
            FeatlyError: A source cannot be read.
            KeyboardInterrupt: Ctrl-C was pressed; the work has stopped.
            NotSupportedError: An argument is given.

        Cost: reads the columns and the row groups of the sources that the entity rows' times need,
        on all processors; memory grows with the entity rows, not with the sources.
        """
        given = {"validation_reference": validation_reference, "timeout": timeout}
        for name, value in given.items():
            if value is not None:
                raise NotSupportedError(f"a training set with {name}={value!r} is not supported")
        return self._run()

    def to_df(self, validation_reference: None = None, timeout: None = None) -> pd.DataFrame:
        """Makes the training set as a pandas DataFrame; needs pandas.

        The values are those of `OnlineResponse.to_df`. Integers keep their digits: a column of
        integers with missing values has pandas' nullable Int32 or Int64 type. Times are
        datetime64[us, UTC]. Sets, the dictionaries of maps and structs, `uuid.UUID`,
        `decimal.Decimal` and what JSON holds are objects, each made anew; `to_arrow` makes none.
        Lists are numpy arrays: of objects where pandas has no type for the items, or where one of
        integers is null.
        """
        table = self.to_arrow(validation_reference, timeout)
        return to_pandas(table, training_objects(table))

    def to_polars(self, validation_reference: None = None, timeout: None = None) -> pl.DataFrame:
        """Makes the training set as a Polars DataFrame, where possible without copying.

        As `to_arrow`; needs Polars.
        """
        return to_polars(self.to_arrow(validation_reference, timeout))

    def __repr__(self) -> str:
        return f"RetrievalJob({self._entities.num_rows} entity rows: {', '.join(self._asked)})"

    def _repr_html_(self) -> str:
        return page(
            heading(
                "RetrievalJob", f"{self._entities.num_rows:,} entity rows", "nothing is read yet"
            ),
            table(("asked for",), [(feature,) for feature in self._asked]),
        )
