"""Makes tests/data/feast_sqlite: an online store and registry written by Feast 0.67 itself.

Run by hand with a Python that has feast==0.67.0, in UTC (its times are the local ones):
    TZ=UTC python tests/data/feast_sqlite/make.py tests/data/feast_sqlite
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource
from feast.repo_config import RepoConfig
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, String, UnixTimestamp
from feast.value_type import ValueType

NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)

FEATURES = {
    "i32": (Int32, [-2147483648, 7, None]),
    "i64": (Int64, [1234567890123, -1, None]),
    "f32": (Float32, [0.3, -1.5, None]),
    "f64": (Float64, [0.1, 1e300, None]),
    "flag": (Bool, [True, False, None]),
    "text": (String, ["tëxt", "", None]),
    "raw": (Bytes, [b"\x00\xff", b"", None]),
    "seen": (UnixTimestamp, [NOON, NOON - timedelta(days=20000), None]),
    "numbers": (Array(Int64), [[1, 2, 3], [], None]),
    "words": (Array(String), [["a", "b"], [], None]),
    "rates": (Array(Float32), [[0.5, 0.25], [], None]),
}


def main(folder: Path) -> None:
    frame = pd.DataFrame(
        {
            "city": ["Oslo", "Łódź", "Rome"],
            "driver_id": [1001, 1002, 1003],
            "event_timestamp": [NOON, NOON - timedelta(seconds=1), NOON - timedelta(hours=1)],
            "created": [NOON + timedelta(seconds=5)] * 3,
            **{name: pd.Series(values, dtype=object) for name, (_, values) in FEATURES.items()},
        }
    )
    os.chdir(folder)
    for name in ("online.db", "registry.db"):
        Path(name).unlink(missing_ok=True)
    config = RepoConfig(
        project="shop",
        provider="local",
        registry="registry.db",
        repo_path=Path("."),
        online_store={"type": "sqlite", "path": "online.db"},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    source = FileSource(
        name="golden_source",
        path="data/golden.parquet",
        timestamp_field="event_timestamp",
        created_timestamp_column="created",
    )
    driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
    city = Entity(name="city", join_keys=["city"], value_type=ValueType.STRING)
    view = FeatureView(
        name="golden",
        entities=[driver, city],
        ttl=timedelta(days=3),
        schema=[
            Field(name="driver_id", dtype=Int64),
            Field(name="city", dtype=String),
            *(Field(name=name, dtype=dtype) for name, (dtype, _) in FEATURES.items()),
        ],
        source=source,
    )
    store.apply([driver, city, source, view])
    store.write_to_online_store("golden", df=frame, allow_registry_cache=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
