"""Training equals serving: the value of a training set at t is the value a lookup gives at t.

Everything up to t is materialized, then the same keys are asked offline and online; the naive
oracle judges both, and the statuses.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from oracle.oracle import OnlineStore, as_of, clean
from random_logs import KEY_TYPES, SPAN, Case, instant, plain, random_case

import featly

LOGS = 200
BATCH = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_datetime(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def check_log(store: featly.FeatureStore, case: Case, clock: Path) -> int:
    """Compares every feature of every key at a few times; returns the number of values compared."""
    rng = random.Random(case.seed + 2_000_000)
    references = [f"{case.view.name}:{feature}" for feature in case.view.features]
    judge = OnlineStore(case.view)
    compared = 0
    for moment in sorted(rng.sample(range(-1, SPAN + 1), 3)):
        now = instant(moment)
        clock.write_text(as_datetime(now).isoformat())
        start = instant(-1000)
        store.materialize(as_datetime(start), as_datetime(now), feature_views=[case.view.name])
        judge.materialize(start, now, run_started=now)
        keys = {
            name: pa.array([k[i] for k in case.key_values], KEY_TYPES[kind][1])
            for i, (name, kind) in enumerate(case.key_types.items())
        }
        times = pa.array([now] * len(case.key_values), pa.int64()).cast(pa.timestamp("us", "UTC"))
        offline = store.get_historical_features(
            entity_df=pa.table({**keys, "event_timestamp": times}), features=references
        ).to_arrow()
        online = store.get_online_features(
            features=references,
            entity_rows=[dict(zip(case.key_types, key, strict=True)) for key in case.key_values],
        )
        values = online.to_arrow()
        for feature in case.view.features:
            trained = [plain(v) for v in offline.column(feature).to_pylist()]
            served = [plain(v) for v in values.column(feature).to_pylist()]
            assert served == trained, (case.seed, moment, feature)
            for key, value, status in zip(
                case.key_values, served, online.statuses(feature), strict=True
            ):
                row = as_of(case.view, key, now)
                wanted, wanted_status, _ = judge.lookup(key, now)[feature]
                assert wanted == (clean(row[feature]) if row else None), "the oracle disagrees"
                assert (value, status) == (wanted, wanted_status), (case.seed, moment, key)
                compared += 1
    return compared


@pytest.mark.filterwarnings("ignore:.*the source has no rows between:UserWarning")
@pytest.mark.parametrize("first", range(0, LOGS, BATCH))
def test_a_lookup_gives_what_training_saw(first: int, empty_repo: Path, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text(as_datetime(instant(0)).isoformat())
    store = featly.FeatureStore(repo_path=str(empty_repo), _test_clock=f"@{clock}")
    cases = [
        random_case(seed, empty_repo / "data")
        for seed in range(10_000 + first, 10_000 + first + BATCH)
    ]
    keyed = [case for case in cases if case.key_types]
    objects: dict[str, featly.Entity] = {e.name: e for c in keyed for e in c.entities}
    store.apply([*objects.values(), *(c.definition for c in keyed)])
    assert sum(check_log(store, case, clock) for case in keyed) > 0
