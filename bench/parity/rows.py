"""Random rows for the drivers of `feast init`, and what a lookup must answer from them."""

from __future__ import annotations

import json
import math
import random
import string
import struct
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

FEATURES = (
    "conv_rate",
    "acc_rate",
    "avg_daily_trips",
    "driver_metadata",
    "driver_config",
    "driver_profile",
)
# The views of `feast init` keep a row for a day; rows are either clearly younger or clearly older.
TTL = timedelta(days=1)
OLD = timedelta(days=2)
EPOCH = "1970-01-01T00:00:00Z"

_FLOATS = [
    *(0.0, -0.0, 1.0, 16777216.0, 1e16, 1e15, 9.999e-5, 1e-4),
    *(1e-45, 1.1754943508222875e-38, 3.4028234663852886e38, -3.4028234663852886e38),
    *(float("inf"), float("-inf"), float("nan")),
]
_TEXTS = [
    "",
    " ",
    "null",
    "é",
    "e\u0301",
    "日本",
    "🚕",
    "tab\tline\n",
    "\x01",
    "1001",
    '"',
    "\\",
    "</x>",
]
# Feast turns an integer column with nulls into doubles when it materializes: these stay exact.
EXACT = 2**53


@dataclass(frozen=True)
class Row:
    """One row of the source."""

    driver_id: int
    event_timestamp: datetime
    created: datetime
    values: dict[str, Any]


def random_rows(numbers: random.Random, entities: int, now: datetime, integers: int) -> list[Row]:
    """Rows of so many drivers, a third of them with earlier rows too, in random order.

    No integer is larger than `integers`.
    """
    keys = {0, -1, 1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63)}
    while len(keys) < entities:
        keys.add(numbers.choice([numbers.randrange(10_000), numbers.randrange(-(2**63), 2**63)]))
    rows = []
    for key in sorted(keys)[:entities]:
        oldest = timedelta(hours=20)
        if numbers.random() < 0.2:  # all of this driver's rows are past the TTL
            now_of_driver, oldest = now - OLD, timedelta(days=30)
        else:
            now_of_driver = now - timedelta(minutes=1)
        times = set()
        for _ in range(numbers.choice([1, 1, 2, 3])):
            age = timedelta(microseconds=numbers.randrange(int(oldest / timedelta(microseconds=1))))
            times.add((now_of_driver - age).replace(microsecond=numbers.choice([0, 250_000, 1])))
        # The store holds whole seconds; two rows of one second are a matter of their order there.
        seconds = {time.replace(microsecond=0): time for time in times}
        rows += [random_row(numbers, key, time, integers) for time in seconds.values()]
    numbers.shuffle(rows)
    return rows


def random_row(numbers: random.Random, key: int, time: datetime, integers: int) -> Row:
    values = {
        "conv_rate": _or_null(numbers, _random_float(numbers)),
        "acc_rate": _or_null(numbers, _random_float(numbers)),
        "avg_daily_trips": _or_null(numbers, _random_integer(numbers, integers)),
        "driver_metadata": _or_null(
            numbers, {"vehicle_type": _random_text(numbers), "rating": _random_text(numbers)}
        ),
        "driver_config": _or_null(numbers, _random_json(numbers)),
        "driver_profile": _or_null(
            numbers, {"name": _random_text(numbers), "age": _random_text(numbers)}
        ),
    }
    return Row(key, time, time + timedelta(seconds=numbers.randrange(60)), values)


def _or_null(numbers: random.Random, value: Any) -> Any:
    return None if numbers.random() < 0.1 else value


def _random_float(numbers: random.Random) -> float:
    of_any_bits: float
    (of_any_bits,) = struct.unpack("<f", numbers.getrandbits(32).to_bytes(4, "little"))
    chosen = numbers.choice([*[numbers.random()] * 2, of_any_bits, numbers.choice(_FLOATS)])
    single: float
    (single,) = struct.unpack("<f", struct.pack("<f", chosen))
    return single


def _random_integer(numbers: random.Random, largest: int) -> int:
    if numbers.random() < 0.1:
        return numbers.choice([0, 1, -1, largest - 1, largest, 1 - largest])
    return numbers.choice([numbers.randrange(1000), numbers.randrange(-largest, largest)])


def _random_text(numbers: random.Random) -> str:
    if numbers.random() < 0.2:
        return numbers.choice(_TEXTS)
    return "".join(numbers.choices(string.printable + "äß€", k=numbers.randrange(30)))


def _random_json(numbers: random.Random) -> str:
    document = {
        "max_distance_km": numbers.randrange(1000),
        "preferred_zones": [_random_text(numbers) for _ in range(numbers.randrange(3))],
        "deep": [None, True, {"x": numbers.random()}],
    }
    kinds = [document, [], {}, _random_text(numbers), numbers.random(), False]
    chosen = document if numbers.random() < 0.7 else numbers.choice(kinds)
    return json.dumps(chosen, ensure_ascii=numbers.random() < 0.5)


def source_table(rows: list[Row]) -> pa.Table:
    """The rows as the file of `feast init` has them."""
    of_texts = lambda *names: pa.struct([(name, pa.string()) for name in names])  # noqa: E731
    types = {
        "conv_rate": pa.float32(),
        "acc_rate": pa.float32(),
        "avg_daily_trips": pa.int64(),
        "driver_metadata": of_texts("vehicle_type", "rating"),
        "driver_config": pa.string(),
        "driver_profile": of_texts("name", "age"),
    }
    columns = {
        "event_timestamp": pa.array(
            [row.event_timestamp for row in rows], pa.timestamp("us", "UTC")
        ),
        "driver_id": pa.array([row.driver_id for row in rows], pa.int64()),
        "created": pa.array([row.created.replace(tzinfo=None) for row in rows], pa.timestamp("us")),
    }
    for name, dtype in types.items():
        columns[name] = pa.array([row.values[name] for row in rows], dtype)
    return pa.table(columns)


def finite(row: Row) -> Row:
    """The row with null where JSON has no number to push."""
    values = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.values.items()
    }
    return replace(row, values=values)


def pushed_columns(rows: list[Row]) -> dict[str, list[Any]]:
    """The rows as the `df` of a push."""
    columns: dict[str, list[Any]] = {
        "driver_id": [row.driver_id for row in rows],
        "event_timestamp": [row.event_timestamp.isoformat() for row in rows],
        "created": [row.created.isoformat() for row in rows],
    }
    for name in FEATURES:
        columns[name] = [row.values[name] for row in rows]
    return columns


@dataclass(frozen=True)
class Cell:
    """What is to be answered for one feature of one driver."""

    value: Any  # as JSON's text or its object; None is null
    event_timestamp: str
    known: bool  # whether there is a row
    old: bool  # whether the row is past the TTL


def expected(rows: list[Row], now: datetime) -> dict[int, dict[str, Cell]]:
    """The newest row of each driver, feature by feature."""
    newest: dict[int, Row] = {}
    for row in rows:
        held = newest.get(row.driver_id)
        if held is None or row.event_timestamp > held.event_timestamp:
            newest[row.driver_id] = row
    return {
        key: {
            name: Cell(
                _in_json(row.values[name]),
                row.event_timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                True,
                now - row.event_timestamp > TTL,
            )
            for name in FEATURES
        }
        for key, row in newest.items()
    }


UNKNOWN = Cell(None, EPOCH, False, False)


def _in_json(value: Any) -> Any:
    """A value as `parse` reads it from an answer: numbers are their text."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return Number(repr(value))
    return Number(str(value)) if isinstance(value, int) else value


class Number(str):
    """A number's digits as they stand in JSON; not equal to a text of the same digits."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and str(self) == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def parse(body: bytes) -> Any:
    """An answer, its numbers kept digit by digit."""
    return json.loads(body, parse_int=Number, parse_float=Number)
