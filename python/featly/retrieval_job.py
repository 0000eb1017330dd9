"""A training set that is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from featly._html import heading, page, table
from featly._tables import to_pandas, to_polars
from featly.errors import NotSupportedError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["RetrievalJob"]


class RetrievalJob:
    """What `FeatureStore.get_historical_features` gives.

    Nothing is read until `to_arrow` or `to_df` is called; each call reads the sources anew. Holds
    the entity table. May be used by several threads at once.
    """

    def __init__(
        self,
        run: Callable[[], pa.Table],
        full_feature_names: bool,
        entity_rows: int = 0,
        features: Sequence[str] = (),
    ) -> None:
        self._run = run
        self._full_feature_names = full_feature_names
        self._entity_rows = entity_rows
        self._features = tuple(features)

    @property
    def full_feature_names(self) -> bool:
        """Whether features are named `view__feature`."""
        return self._full_feature_names

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

        As `to_arrow`. Integers keep their digits: a column of integers with missing values has
        pandas' nullable Int32 or Int64 type. Times are datetime64[us, UTC].
        """
        return to_pandas(self.to_arrow(validation_reference, timeout))

    def to_polars(self, validation_reference: None = None, timeout: None = None) -> pl.DataFrame:
        """Makes the training set as a Polars DataFrame, where possible without copying.

        As `to_arrow`; needs Polars.
        """
        return to_polars(self.to_arrow(validation_reference, timeout))

    def __repr__(self) -> str:
        return f"RetrievalJob({self._entity_rows} entity rows: {', '.join(self._features)})"

    def _repr_html_(self) -> str:
        return page(
            heading("RetrievalJob", f"{self._entity_rows:,} entity rows", "nothing is read yet"),
            table(("asked for",), [(feature,) for feature in self._features]),
        )
