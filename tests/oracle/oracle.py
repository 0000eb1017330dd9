"""The naive oracle: docs/semantics.md in the plainest Python, for tests only.

Slow on purpose. Nothing here is shared with the engines it judges. Times are integers (microseconds
since 1970 UTC), rows are dictionaries, and a missing value is None.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

NO_CREATED_TIME = -(2**63)


@dataclass
class View:
    """A feature view and all the rows of its source, file by file in path order."""

    name: str
    keys: list[str]
    features: list[str]
    ttl: int = 0  # microseconds; 0 is no limit
    event_time: str | None = "event_timestamp"
    created_time: str | None = None
    files: list[list[Row]] = field(default_factory=list)


def is_null(value: Any) -> bool:
    """NaN is null."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def clean(value: Any) -> Any:
    """A value as featly gives it: NaN as None, also inside lists."""
    if isinstance(value, list):
        return [clean(element) for element in value]
    return None if is_null(value) else value


def order(view: View, row: Row, file: int, number: int) -> tuple[int, int, int, int]:
    """Which row supersedes which: (event time, created time with null first, file, row number)."""
    event = row[view.event_time] if view.event_time else 0
    created = row[view.created_time] if view.created_time else None
    return (event, NO_CREATED_TIME if created is None else created, file, number)


def rows_of_key(view: View, key: Sequence[Any]) -> Iterable[tuple[tuple[int, int, int, int], Row]]:
    """Every usable row of one entity with its place in the order."""
    if any(is_null(part) for part in key):
        return
    for file, rows in enumerate(view.files):
        for number, row in enumerate(rows):
            if view.event_time and row[view.event_time] is None:
                continue
            if [row[name] for name in view.keys] == list(key):
                yield order(view, row, file, number), row


def as_of(view: View, key: Sequence[Any], asked: int | None) -> Row | None:
    """The row that answers at `asked`: visible, and superseding all other visible ones."""
    best: tuple[tuple[int, int, int, int], Row] | None = None
    for place, row in rows_of_key(view, key):
        if view.event_time:
            assert asked is not None
            if place[0] > asked or (view.ttl > 0 and place[0] < asked - view.ttl):
                continue
        if best is None or place > best[0]:
            best = (place, row)
    return best[1] if best else None


def training_set(views: Sequence[View], entity_rows: Sequence[Row], time: str) -> list[Row]:
    """Every entity row with `view__feature` columns added."""
    result = []
    for entity in entity_rows:
        out = dict(entity)
        for view in views:
            row = as_of(view, [entity[name] for name in view.keys], entity.get(time))
            for feature in view.features:
                out[f"{view.name}__{feature}"] = clean(row[feature]) if row else None
        result.append(out)
    return result


@dataclass
class OnlineRow:
    """What an online store holds of one (view, entity)."""

    event: int
    created: int
    values: Row


class OnlineStore:
    """The newest row of each entity of one view."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.rows: dict[tuple[Any, ...], OnlineRow] = {}

    def write(self, key: tuple[Any, ...], event: int, created: int | None, values: Row) -> bool:
        """Newest wins; an equal pair of times replaces. False for a stale row."""
        incoming = (event, NO_CREATED_TIME if created is None else created)
        stored = self.rows.get(key)
        if stored and incoming < (stored.event, stored.created):
            return False
        self.rows[key] = OnlineRow(*incoming, {f: clean(values[f]) for f in self.view.features})
        return True

    def materialize(self, start: int, end: int, run_started: int) -> None:
        """The greatest row of each entity in start <= event time <= end."""
        newest: dict[tuple[Any, ...], tuple[tuple[int, int, int, int], Row]] = {}
        for file, rows in enumerate(self.view.files):
            for number, row in enumerate(rows):
                key = tuple(row[name] for name in self.view.keys)
                if any(is_null(part) for part in key):
                    continue
                if self.view.event_time:
                    event = row[self.view.event_time]
                    if event is None or not start <= event <= end:
                        continue
                place = order(self.view, row, file, number)
                if key not in newest or place > newest[key][0]:
                    newest[key] = (place, row)
        for key, (place, row) in newest.items():
            created = None if place[1] == NO_CREATED_TIME else place[1]
            self.write(key, place[0] if self.view.event_time else run_started, created, row)

    def lookup(self, key: tuple[Any, ...], now: int) -> dict[str, tuple[Any, str, int]]:
        """feature -> (value, status, event time)."""
        stored = self.rows.get(key)
        answer: dict[str, tuple[Any, str, int]] = {}
        for feature in self.view.features:
            if stored is None:
                answer[feature] = (None, "NOT_FOUND", 0)
            elif self.view.ttl > 0 and self.view.event_time and stored.event < now - self.view.ttl:
                answer[feature] = (None, "OUTSIDE_MAX_AGE", stored.event)
            elif stored.values[feature] is None:
                answer[feature] = (None, "NULL_VALUE", stored.event)
            else:
                answer[feature] = (stored.values[feature], "PRESENT", stored.event)
        return answer
