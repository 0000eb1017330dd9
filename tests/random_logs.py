"""Random views, sources and entity rows for the oracle tests, small enough to hit every edge often.

Times come from a handful of instants, so that ties, TTL edges and equal created times are the rule.
Each case is fixed by its seed.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from oracle.oracle import Row, View

import featly
from featly import types

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
SPAN = 20  # instants; a step is not a whole second, so that rounding errors show
STEP = 1_500_001


def instant(n: int) -> int:
    """The n-th instant, in microseconds."""
    return START + n * STEP


FEATURE_TYPES: dict[str, tuple[Any, pa.DataType]] = {
    "int64": (types.Int64, pa.int64()),
    "int32": (types.Int32, pa.int32()),
    "float64": (types.Float64, pa.float64()),
    "float32": (types.Float32, pa.float32()),
    "bool": (types.Bool, pa.bool_()),
    "string": (types.String, pa.string()),
    "bytes": (types.Bytes, pa.binary()),
    "timestamp": (types.UnixTimestamp, pa.timestamp("us", "UTC")),
    "int64s": (types.Array(types.Int64), pa.list_(pa.int64())),
    "strings": (types.Array(types.String), pa.list_(pa.string())),
}
KEY_TYPES: dict[str, tuple[Any, pa.DataType]] = {
    "int64": (types.Int64, pa.int64()),
    "int32": (types.Int32, pa.int32()),
    "string": (types.String, pa.string()),
}


@dataclass
class Case:
    """A view with its source on disk, as featly and as the oracle see it."""

    seed: int
    view: View
    definition: featly.FeatureView
    entities: list[featly.Entity]
    key_types: dict[str, str]
    key_values: list[tuple[Any, ...]] = field(default_factory=list)


def random_value(rng: random.Random, kind: str) -> Any:
    return None if rng.random() < 0.15 else RANDOM_VALUES[kind](rng)


def random_list(rng: random.Random, kind: str) -> list[Any]:
    return [random_value(rng, kind) for _ in range(rng.randrange(3))]


RANDOM_VALUES: dict[str, Callable[[random.Random], Any]] = {
    "int64": lambda r: r.choice([0, -1, 2**53 + 1, -(2**63), 2**63 - 1, r.randrange(1000)]),
    "int32": lambda r: r.choice([0, -(2**31), 2**31 - 1, r.randrange(1000)]),
    "float64": lambda r: r.choice([0.1, -0.0, float("nan"), float("inf"), 1e300, r.random()]),
    "float32": lambda r: r.choice([0.5, -2.25, float("nan"), float(r.randrange(100))]),
    "bool": lambda r: r.random() < 0.5,
    "string": lambda r: r.choice(["", "é", "a\x00b", "".join(r.choices(string.printable, k=9))]),
    "bytes": lambda r: r.choice([b"", b"\xff\x00", r.randbytes(7)]),
    "timestamp": lambda r: instant(r.randrange(SPAN)),
    "int64s": lambda r: random_list(r, "int64"),
    "strings": lambda r: random_list(r, "string"),
}


def time_array(rng: random.Random, micros: list[int | None], *, label: bool) -> pa.Array:
    """Times in a random unit and zone that mean `micros` after featly's rounding."""
    zone = rng.choice([None, "UTC", "America/New_York"])
    if rng.random() < 0.4:
        # Features round up and labels down, so the digits below a microsecond must not matter.
        nanos = [
            None if m is None else m * 1000 + (1 if label else -1) * rng.randrange(1000)
            for m in micros
        ]
        return pa.array(nanos, pa.int64()).cast(pa.timestamp("ns", zone))
    return pa.array(micros, pa.int64()).cast(pa.timestamp("us", zone))


def random_key(rng: random.Random, kind: str) -> Any:
    if kind == "string":
        return rng.choice(["a", "b", "", "é", "1"])
    return rng.choice([1, 2, 3, -1, 2**31 - 1])


def source_table(
    rng: random.Random, view: View, rows: list[Row], schema: dict[str, Any], renamed: dict[str, str]
) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for name, arrow_type in schema.items():
        values = [row[name] for row in rows]
        if name in (view.event_time, view.created_time):
            array = time_array(rng, values, label=False)
        else:
            array = pa.array(values, arrow_type)
        columns[renamed.get(name, name)] = array
    names = list(columns)
    rng.shuffle(names)
    return pa.table({name: columns[name] for name in names})


def random_case(seed: int, folder: Path) -> Case:
    """Makes one view `view_<seed>` with its source below `folder`."""
    rng = random.Random(seed)
    name = f"view_{seed}"
    key_types = {f"key_{i}": rng.choice(list(KEY_TYPES)) for i in range(rng.choice([1, 1, 2]))}
    if rng.random() < 0.05:
        key_types = {}
    feature_types = {f"f{i}": rng.choice(list(FEATURE_TYPES)) for i in range(rng.randrange(1, 5))}
    has_time = rng.random() < 0.9
    view = View(
        name=name,
        keys=list(key_types),
        features=list(feature_types),
        ttl=rng.choice([0, STEP, 3 * STEP, 7 * SECOND]) if has_time else 0,
        event_time="event_timestamp" if has_time else None,
        created_time=rng.choice([None, "created"]),
    )
    schema: dict[str, Any] = {k: KEY_TYPES[t][1] for k, t in key_types.items()}
    schema |= {f: FEATURE_TYPES[t][1] for f, t in feature_types.items()}
    times = [n for n in (view.event_time, view.created_time) if n]
    schema |= {n: None for n in times}
    for _ in range(rng.randrange(1, 4)):
        rows = []
        for _ in range(rng.choice([0, 1, 12, 40])):
            row: Row = {
                k: None if rng.random() < 0.05 else random_key(rng, t) for k, t in key_types.items()
            }
            row |= {f: random_value(rng, t) for f, t in feature_types.items()}
            row |= {n: None if rng.random() < 0.1 else instant(rng.randrange(SPAN)) for n in times}
            rows.append(row)
        view.files.append(rows)
    renamed = {}
    if rng.random() < 0.3:
        renamed = {n: f"src_{n}" for n in [*feature_types, *key_types] if rng.random() < 0.5}
    path = folder / f"source_{seed}"
    path.mkdir(parents=True)
    for number, rows in enumerate(view.files):
        table = source_table(rng, view, rows, schema, renamed)
        pq.write_table(table, path / f"part-{number}.parquet", row_group_size=rng.choice([3, 1000]))
    entities = [featly.Entity(name=f"{k}_{t}", join_keys=[k]) for k, t in key_types.items()]
    fields = [featly.Field(name=k, dtype=KEY_TYPES[t][0]) for k, t in key_types.items()]
    fields += [featly.Field(name=f, dtype=FEATURE_TYPES[t][0]) for f, t in feature_types.items()]
    source = featly.FileSource(
        name=f"source_{seed}",
        path=str(path),
        timestamp_field=view.event_time or "",
        created_timestamp_column=view.created_time or "",
        field_mapping={v: k for k, v in renamed.items()},
    )
    definition = featly.FeatureView(
        name=name,
        entities=entities,
        schema=fields,
        source=source,
        ttl=timedelta(microseconds=view.ttl),
    )
    case = Case(seed, view, definition, entities, key_types)
    kinds = list(key_types.values())
    case.key_values = sorted({tuple(random_key(rng, t) for t in kinds) for _ in range(12)}, key=str)
    return case


def entity_rows(rng: random.Random, case: Case, count: int) -> list[Row]:
    """Random questions: keys that exist, keys that do not, null keys, duplicates, any instant."""
    rows: list[Row] = []
    for number in range(count):
        if rows and rng.random() < 0.1:
            rows.append(dict(rng.choice(rows), label=number))
            continue
        row: Row = {
            k: None if rng.random() < 0.05 else random_key(rng, t)
            for k, t in case.key_types.items()
        }
        row["event_timestamp"] = instant(rng.randrange(-2, SPAN + 2)) + rng.choice([0, 0, -1, 1])
        row["label"] = number
        rows.append(row)
    return rows


def entity_table(rng: random.Random, case: Case, rows: list[Row]) -> pa.Table:
    columns: dict[str, pa.Array] = {
        k: pa.array([r[k] for r in rows], KEY_TYPES[t][1]) for k, t in case.key_types.items()
    }
    columns["event_timestamp"] = time_array(rng, [r["event_timestamp"] for r in rows], label=True)
    columns["label"] = pa.array([r["label"] for r in rows], pa.int64())
    return pa.table(columns)


def plain(value: Any) -> Any:
    """An answer's value as the oracle has it: times as microseconds."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if hasattr(value, "timestamp"):
        seconds = int(value.replace(microsecond=0).timestamp())
        return seconds * SECOND + value.microsecond
    return value
