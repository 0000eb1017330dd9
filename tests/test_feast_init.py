"""The repository that Feast 0.67's `feast init` makes works with every command, as it is.

tests/data/feast_init holds it with what Feast wrote and answered; its README says how.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Repo

GOLDEN = ROOT / "tests" / "data" / "feast_init"
NOW = "2026-11-21T12:00:00Z"
CLOCK = f"--test-clock={NOW}"
VIEW = "driver_hourly_stats"
DRIVERS = [1001, 1002, 1003, 1004, 1005, 7]


@pytest.fixture
def feasts(tmp_path: Path) -> Repo:
    """What `feast init` makes, and nothing that Feast wrote."""
    repo = Repo(tmp_path / "feature_repo")
    shutil.copytree(
        GOLDEN, repo.path, ignore=shutil.ignore_patterns("written_*", "answers.json", "README.md")
    )
    return repo


@pytest.fixture
def answers() -> dict[str, list[Any]]:
    answered: dict[str, list[Any]] = json.loads((GOLDEN / "answers.json").read_text())
    return answered


def features_of(answers: dict[str, list[Any]]) -> list[str]:
    return [name for name in answers if name != "driver_id" and not name.endswith("__ts")]


def as_sdk_gives(name: str, value: Any) -> Any:
    """JSON is text over HTTP, as in `feast serve`, and an object in Feast's SDK."""
    return json.loads(value) if name == "driver_config" and value is not None else value


def check_served(repo: Repo, answers: dict[str, list[Any]]) -> None:
    names = features_of(answers)
    with repo.serve(CLOCK) as server:
        status, body = server.request(
            "/get-online-features",
            {"features": [f"{VIEW}:{name}" for name in names], "entities": {"driver_id": DRIVERS}},
        )
        assert status == 200, body
        assert body["metadata"]["feature_names"] == ["driver_id", *names]
        for name, column in zip(["driver_id", *names], body["results"], strict=True):
            assert [as_sdk_gives(name, value) for value in column["values"]] == answers[name], name
            if name != "driver_id":
                known = ["PRESENT" if value is not None else "NOT_FOUND" for value in answers[name]]
                assert column["statuses"] == known, name

        status, body = server.request(
            "/get-online-features",
            {"feature_service": "driver_activity_v1", "entities": {"driver_id": [1001]}},
        )
        assert status == 501
        assert "transformed_conv_rate" in body["error"]


def test_what_feast_init_makes_is_applied_materialized_and_served(
    feasts: Repo, answers: dict[str, list[Any]]
) -> None:
    created = feasts.ok("apply").out
    for kind, name in [
        ("feature view", VIEW),
        ("feature view", f"{VIEW}_fresh"),
        ("on-demand feature view", "transformed_conv_rate"),
        ("label view", "driver_quality_labels"),
        ("feature service", "driver_activity_v3"),
    ]:
        assert f"Created {kind} {name}\n" in created
    assert feasts.ok("plan").out == "No changes\n"
    listed = feasts.ok("feature-views", "list").out
    assert "transformed_conv_rate" in listed
    feasts.ok(CLOCK, "materialize", "2026-11-01T00:00:00", NOW)
    check_served(feasts, answers)


def test_what_feast_wrote_is_served(feasts: Repo, answers: dict[str, list[Any]]) -> None:
    for name in ("registry.db", "online_store.db"):
        shutil.copy(GOLDEN / f"written_{name}", feasts.path / "data" / name)
    check_served(feasts, answers)
    # Nor has featly's apply anything to do with what Feast had done, or forgets its runs.
    assert "feature view" not in feasts.ok("apply").out.replace("on-demand feature view", "")
    views = feasts.ok("registry-dump").json()["featureViews"]
    runs = [view["meta"]["materializationIntervals"] for view in views]
    assert [len(intervals) for intervals in runs] == [1, 1]
    check_served(feasts, answers)


def test_a_training_set_of_what_feast_init_makes(
    feasts: Repo, answers: dict[str, list[Any]]
) -> None:
    feasts.ok("apply")
    names = features_of(answers)
    now = pa.array([NOW.rstrip("Z")] * len(DRIVERS)).cast(pa.timestamp("us")).cast(
        pa.timestamp("us", "UTC")
    )  # fmt: skip
    feasts.table("orders.parquet", {"driver_id": DRIVERS, "event_timestamp": now})
    command = ["training-set", "--entities", "orders.parquet", "--out", "training.parquet"]
    feasts.ok(*command, *(f for name in names for f in ("-f", f"{VIEW}:{name}")))
    training = pq.read_table(feasts.path / "training.parquet").to_pylist()
    for row, number in enumerate(DRIVERS):
        assert training[row]["driver_id"] == number
        for name in ("conv_rate", "acc_rate", "avg_daily_trips"):
            assert training[row][name] == answers[name][row]
    assert "transformed_conv_rate" in feasts.fails(
        "training-set", "--entities", "orders.parquet", "--feature-service", "driver_activity_v1",
        "--out", "t.parquet",
    )  # fmt: skip
