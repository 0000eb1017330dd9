"""Training sets against the naive oracle, on random cases."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from oracle.oracle import training_set
from random_logs import entity_rows, entity_table, plain, random_case

import featly

CASES = 500
BATCH = 20


@pytest.mark.parametrize("first", range(0, CASES, BATCH))
def test_training_sets_agree_with_the_oracle(first: int, empty_repo: Path) -> None:
    store = featly.FeatureStore(repo_path=str(empty_repo))
    cases = [random_case(seed, empty_repo / "data") for seed in range(first, first + BATCH)]
    objects: dict[str, featly.Entity] = {e.name: e for c in cases for e in c.entities}
    store.apply([*objects.values(), *(c.definition for c in cases)])
    for case in cases:
        rng = random.Random(case.seed + 1_000_000)
        rows = entity_rows(rng, case, rng.choice([0, 1, 30]))
        wanted = training_set([case.view], rows, "event_timestamp")
        references = [f"{case.view.name}:{feature}" for feature in case.view.features]
        got = store.get_historical_features(
            entity_df=entity_table(rng, case, rows), features=references, full_feature_names=True
        ).to_arrow()
        names = [f"{case.view.name}__{feature}" for feature in case.view.features]
        assert got.column_names[-len(names) :] == names, case.seed
        assert got.column("label").to_pylist() == [r["label"] for r in rows], case.seed
        for name in names:
            assert [plain(v) for v in got.column(name).to_pylist()] == [r[name] for r in wanted], (
                case.seed,
                name,
            )
