"""Runs over several views of which some cannot be materialized."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Repo, driver_rows

from featly import FeatureStore
from featly.errors import NotFoundError

DEFINITIONS = """
from datetime import timedelta
from featly import Entity, FeatureView, Field, FileSource
from featly.types import Int64

driver = Entity(name="driver", join_keys=["driver_id"])

def view(name):
    return FeatureView(
        name=name, entities=[driver], ttl=timedelta(days=3),
        schema=[Field(name="driver_id", dtype=Int64), Field(name="trips", dtype=Int64)],
        source=FileSource(
            name=name, path=f"data/{name}.parquet", timestamp_field="event_timestamp"
        ),
    )

gone, lacking, sound = view("gone"), view("lacking"), view("sound")
"""
CLOCK = "--test-clock=2024-05-10T13:00:00Z"
RANGE = ["materialize", "2024-05-01", "2024-05-10T12:00:00Z"]
INCREMENTAL = [CLOCK, "materialize-incremental", "2024-05-10T12:00:00Z"]


@pytest.fixture
def repo(make_repo: Callable[..., Repo]) -> Repo:
    """The sources of two of three views went bad after the apply."""
    repo = make_repo(definitions=DEFINITIONS)
    for name in ("gone", "lacking", "sound"):
        repo.table(f"data/{name}.parquet", driver_rows())
    repo.ok("apply")
    (repo.path / "data" / "gone.parquet").unlink()
    repo.table("data/lacking.parquet", driver_rows().drop(["trips"]))
    return repo


def served(repo: Repo, view: str) -> object:
    command = [CLOCK, "get-online-features", "-e", "driver_id=1001", "-f", f"{view}:trips"]
    return repo.ok(*command, "--output", "json").json()["trips"]


@pytest.mark.parametrize("command", [RANGE, INCREMENTAL], ids=["range", "incremental"])
def test_the_other_views_are_materialized(repo: Repo, command: list[str]) -> None:
    ran = repo.run(*command)
    assert ran.code == 1
    assert "sound: 120 rows" in ran.out
    first, second, last = ran.err.splitlines()
    assert first.startswith("error: materialize 'gone': ") and "data/gone.parquet" in first
    assert second.startswith("error: materialize 'lacking': ") and "trips" in second
    assert last == "error: 2 of 3 feature views could not be materialized: 'gone', 'lacking'"
    assert served(repo, "sound") == [230]
    assert served(repo, "gone") == [None]
    # What failed has no run recorded, so the next one begins where this one did.
    repo.table("data/gone.parquet", driver_rows())
    repo.table("data/lacking.parquet", driver_rows())
    again = repo.ok(*INCREMENTAL).out
    for name in ("gone", "lacking"):
        assert f"{name}: 120 rows from 2024-05-07T13:00:00Z" in again
    assert "sound: 120 rows from 2024-05-07" not in again


def test_json_has_what_was_done(repo: Repo) -> None:
    ran = repo.run(*RANGE, "--output", "json")
    assert ran.code == 1
    assert [view["feature_view"] for view in ran.json()] == ["sound"]


def test_one_view_alone_says_it_once(repo: Repo) -> None:
    said = repo.fails(*RANGE, "--views", "gone")
    assert len(said.splitlines()) == 1 and "materialize 'gone'" in said


def test_a_refresh_drops_nothing_of_a_view_that_fails(repo: Repo) -> None:
    for name in ("gone", "lacking"):
        repo.table(f"data/{name}.parquet", driver_rows())
    repo.ok(*RANGE)
    (repo.path / "data" / "gone.parquet").unlink()
    repo.table("data/sound.parquet", driver_rows(drivers=1))
    ran = repo.run(*RANGE, "--full-refresh")
    assert ran.code == 1
    assert "materialize 'gone' (nothing was dropped)" in ran.err
    assert served(repo, "gone") == [230]
    command = [CLOCK, "get-online-features", "-e", "driver_id=1002", "-f", "sound:trips"]
    assert repo.ok(*command, "--output", "json").json()["trips"] == [None]


def test_the_sdk_raises_once_the_others_are_done(repo: Repo) -> None:
    store = FeatureStore(repo_path=Path(repo.path))
    with pytest.raises(NotFoundError) as raised:
        store.materialize(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 10, 12, tzinfo=UTC))
    said = str(raised.value)
    assert said.startswith("2 of 3 feature views could not be materialized: 'gone', 'lacking': ")
    assert "gone.parquet" in said
    assert served(repo, "sound") == [230]


def test_a_run_that_cannot_begin_makes_no_store(make_repo: Callable[..., Repo]) -> None:
    for store in ("lmdb", "sqlite"):
        configuration = f"project: shop\nonline_store: {{type: {store}, path: data/online}}\n"
        repo = make_repo(configuration=configuration, name=store)
        assert "no online feature view" in repo.fails(*RANGE)
        assert not (repo.path / "data" / "online").exists()
