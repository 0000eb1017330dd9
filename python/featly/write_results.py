"""What materializing and pushing did."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from featly._tables import to_datetime


@dataclass(frozen=True)
class MaterializedView:
    """What materializing one view did.

    Attributes:
        feature_view: The name of the view.
        start, end: The range of event times, both ends included; UTC.
        rows: The rows of the source in the range.
        entities: The distinct entities among them.
        written: The rows that are now in the online store.
        stale: The rows that are not, because the store had newer ones.
        source_range: The first and the last event time (UTC) of the source where the range held no
            rows; None where it held some, or the source is empty.
    """

    feature_view: str
    start: datetime
    end: datetime
    rows: int
    entities: int
    written: int
    stale: int
    source_range: tuple[datetime, datetime] | None


class PushResult(NamedTuple):
    """How many rows a push wrote, and how many it did not because the store had newer ones.

    Counted for each view that the push source feeds.
    """

    written: int
    stale: int


def materialized_view(
    view: str,
    start: int,
    end: int,
    rows: int,
    entities: int,
    written: int,
    stale: int,
    source_range: tuple[int, int] | None,
) -> MaterializedView:
    """What the core says it did for a view; times are microseconds since 1970."""
    return MaterializedView(
        feature_view=view,
        start=to_datetime(start),
        end=to_datetime(end),
        rows=rows,
        entities=entities,
        written=written,
        stale=stale,
        source_range=(to_datetime(source_range[0]), to_datetime(source_range[1]))
        if source_range
        else None,
    )


def warn_if_nothing(result: MaterializedView) -> None:
    """Says so where a range held no rows, or was materialized before."""
    view = f"feature view {result.feature_view!r}"
    if result.start > result.end:
        warnings.warn(
            f"{view}: it is materialized up to {result.start.isoformat()} already, after the end "
            f"that was asked for, {result.end.isoformat()}; nothing was done",
            stacklevel=4,
        )
    elif not result.rows and result.source_range is not None:
        first, last = result.source_range
        warnings.warn(
            f"{view}: the source has no rows between {result.start.isoformat()} and "
            f"{result.end.isoformat()}; it has rows from {first.isoformat()} to "
            f"{last.isoformat()}",
            stacklevel=4,
        )
