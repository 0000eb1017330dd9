"""The online stores through the program: the same answers from each, and Feast's own files."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from conftest import DEFINITIONS, ROOT, Repo, driver_rows

CLOCK = "--test-clock=2024-05-10T13:00:00Z"
STORES = {
    "lmdb": "online_store: {type: lmdb}\n",
    "sqlite": "online_store: {type: sqlite, path: data/online_store.db}\n",
}
PUSHING = DEFINITIONS.replace("import Entity,", "import Entity, PushSource,").replace(
    "source=source,", 'source=PushSource(name="pushed", batch_source=source),'
)
MORE = """
from definitions import driver, source
from featly import FeatureView, Field
from featly.types import Float64

rates = FeatureView(
    name="rates", entities=[driver], schema=[Field(name="rate", dtype=Float64)], source=source,
)
"""
GOLDEN = ROOT / "tests" / "data" / "feast_sqlite"


def configured(make_repo: Callable[..., Repo], store: str, name: str = "repo") -> Repo:
    repo = make_repo(
        configuration="project: shop\nregistry: data/registry.db\n" + STORES[store],
        definitions=PUSHING,
        name=name,
    )
    repo.write("more.py", MORE)
    repo.table("data/drivers.parquet", driver_rows())
    return repo


def told(text: str) -> str:
    """What was printed, without how long it took."""
    return re.sub(r"in \d+(\.\d+)? (µs|ms|s)\b", "in T", text)


def lookup(repo: Repo) -> Any:
    asked = ["-e", "driver_id=1001", "-e", "driver_id=77", "-f", "driver_stats:trips"]
    asked += ["-f", "driver_stats:city", "-f", "rates:rate", "--full-feature-names"]
    return repo.ok(CLOCK, "get-online-features", *asked, "--output", "json").json()


def a_day(repo: Repo) -> list[Any]:
    """Everything that is done with a store, and what each step said."""
    said: list[Any] = [told(repo.ok("apply").out)]
    materialize = ("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    said += [told(repo.ok(*materialize).out), lookup(repo), told(repo.ok(*materialize).out)]
    pushed: dict[str, list[Any]] = {
        "driver_id": [1001, 77],
        "trips": [9007199254740993, None],
        "rate": [0.125, 1e300],
        "city": ["Łódź", None],
        "created": ["2024-05-10T12:31:00Z", "2024-05-10T12:31:00Z"],
        "event_timestamp": ["2024-05-10T12:30:00Z", "2024-05-10T12:30:00Z"],
    }
    body = {
        "feature_service": "driver_service",
        "entities": {"driver_id": [1001, 1002, 77, 78, "1003"]},
    }
    with repo.serve(CLOCK) as server:
        said.append(server.request("/health"))
        said.append(server.request("/get-online-features", body))
        said.append(server.request("/push", {"push_source_name": "pushed", "df": pushed}))
        said.append(server.request("/get-online-features", body))
        # An older row does not replace a newer one.
        older = {**pushed, "event_timestamp": ["2024-05-10T11:00:00Z"] * 2, "trips": [1, 2]}
        said.append(server.request("/push", {"push_source_name": "pushed", "df": older}))
        said.append(server.request("/get-online-features", body))
        # Many at once.
        many = {"feature_service": "driver_service", "entities": {"driver_id": [*range(900, 1100)]}}
        said.append(server.request("/get-online-features", many))
        # A feature that comes while the server runs is not in older rows.
        repo.write(
            "definitions.py",
            PUSHING.replace(
                'Field(name="city", dtype=String),',
                'Field(name="city", dtype=String), Field(name="rides", dtype=Int64),',
            ),
        )
        repo.table(
            "data/drivers.parquet",
            driver_rows().append_column("rides", [[7] * driver_rows().num_rows]),
        )
        said.append(told(repo.ok("apply").out))
    said.append(lookup(repo))
    added = ["-e", "driver_id=1002", "-f", "driver_stats:rides", "-f", "driver_stats:trips"]
    said.append(repo.ok(CLOCK, "get-online-features", *added, "--output", "json").json())
    # A view that goes and comes again begins empty.
    (repo.path / "more.py").unlink()
    said.append(told(repo.ok("apply").out))
    repo.write("more.py", MORE)
    said += [told(repo.ok("apply").out), lookup(repo)]
    said.append(told(repo.ok(*materialize).out))
    said.append(lookup(repo))
    said.append(told(repo.ok("teardown").out))
    said.append(sorted(repo.files()))
    return said


def test_both_stores_give_the_same_answers(make_repo: Callable[..., Repo]) -> None:
    days = {store: a_day(configured(make_repo, store, name=store)) for store in STORES}
    for step, (lmdb, sqlite) in enumerate(zip(days["lmdb"], days["sqlite"], strict=True)):
        assert lmdb == sqlite, f"step {step}"
    looked_up = days["sqlite"][7]
    assert looked_up[0] == 200
    assert looked_up[1]["results"][1]["values"][:3] == [0.125, 0.23, 1e300]
    assert looked_up[1]["results"][2]["statuses"] == [
        "PRESENT", "PRESENT", "NULL_VALUE", "NOT_FOUND", "PRESENT",
    ]  # fmt: skip
    assert looked_up[1]["results"][2]["values"][0] == 9007199254740993


@pytest.mark.parametrize("option", ["online_store: sqlite\n", "online_store: {type: sqlite}\n"])
def test_the_default_file_is_feasts(make_repo: Callable[..., Repo], option: str) -> None:
    repo = make_repo(configuration="project: shop\n" + option, definitions=DEFINITIONS)
    repo.table("data/drivers.parquet", driver_rows())
    repo.ok("apply")
    repo.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    database = sqlite3.connect(repo.path / "data" / "online.db")
    rows = database.execute("SELECT feature_name, value_text, event_ts FROM shop_driver_stats")
    assert sorted(rows)[:1] == [("city", "city 1001", 1715342400)]
    database.close()


@pytest.mark.parametrize("store", STORES)
def test_the_clock_set_back(make_repo: Callable[..., Repo], store: str) -> None:
    """Rows from what is now the future are served, and newest still wins."""
    repo = configured(make_repo, store)
    clock = repo.write("clock", "2024-05-10T13:00:00Z")
    repo.ok("apply")
    repo.ok(f"--test-clock=@{clock}", "materialize-incremental", "2024-05-10T12:00:00Z")
    body = {"features": ["driver_stats:trips"], "entities": {"driver_id": [1001]}}
    row = {"driver_id": [1001], "rate": [0.5], "city": ["x"], "created": ["2024-05-10T06:00:00Z"]}
    with repo.serve(f"--test-clock=@{clock}") as server:
        before = server.request("/get-online-features", body)
        clock.write_text("2024-05-10T06:00:00Z")
        assert server.request("/get-online-features", body) == before
        assert before[1]["results"][1]["values"] == [230]
        for time, trips in (("2024-05-10T06:00:00Z", 1), ("2024-05-10T12:00:01Z", 2)):
            pushed = {**row, "event_timestamp": [time], "trips": [trips]}
            sent = server.request("/push", {"push_source_name": "pushed", "df": pushed})
            assert sent[0] == 200, sent
            _, answer = server.request("/get-online-features", body)
            assert answer["results"][1]["values"] == [230 if trips == 1 else 2]
        repo.ok(f"--test-clock=@{clock}", "materialize-incremental", "2024-05-10T12:00:00Z")
        _, answer = server.request("/get-online-features", body)
        assert answer["results"][1]["values"] == [2]


def test_trouble_with_the_file(
    make_repo: Callable[..., Repo], obeying_permissions: list[str]
) -> None:
    repo = configured(make_repo, "sqlite")
    file = repo.path / "data" / "online_store.db"
    file.write_text("no database\n" * 100)
    error = repo.fails("apply")
    assert "not an SQLite database" in error and str(file) in error
    file.unlink()
    repo.ok("apply")
    materialize = ("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    repo.ok(*materialize)
    # Read-only: lookups go on, writes say why not.
    repo.prefix = obeying_permissions
    file.chmod(0o444)
    assert lookup(repo)
    assert "read-only" in repo.fails(*materialize)
    file.chmod(0o644)
    file.parent.chmod(0o555)
    try:
        assert lookup(repo)
        assert "the folder is read-only" in repo.fails(*materialize)
    finally:
        file.parent.chmod(0o755)
    # Held by another program: said after the time that Feast waits too.
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "locked by another process" in repo.fails(*materialize)
    assert lookup(repo)
    other.execute("ROLLBACK")
    other.close()
    repo.ok(*materialize)


def test_a_store_of_feasts_own_is_read(make_repo: Callable[..., Repo]) -> None:
    """What Feast 0.67 wrote (tests/data/feast_sqlite/make.py), looked up with its registry."""
    repo = make_repo(
        configuration="project: shop\nregistry: registry.db\n"
        "online_store: {type: sqlite, path: online.db}\n"
    )
    for name in ("registry.db", "online.db"):
        shutil.copy(GOLDEN / name, repo.path / name)
    names = ["i32", "i64", "f32", "f64", "flag", "text", "raw", "seen", "numbers", "words", "rates"]
    body = {
        "features": [f"golden:{name}" for name in names],
        "entities": {
            "driver_id": [1001, 1002, 1003, 1004],
            "city": ["Oslo", "Łódź", "Rome", "Oslo"],
        },
    }
    with repo.serve(CLOCK) as server:
        status, answer = server.request("/get-online-features", body)
    assert status == 200, answer
    found = dict(zip(answer["metadata"]["feature_names"], answer["results"], strict=True))
    values = {name: found[name]["values"] for name in names}
    assert values == {
        "i32": [-2147483648, 7, None, None],
        "i64": [1234567890123, -1, None, None],
        "f32": [0.30000001192092896, -1.5, None, None],
        "f64": [0.1, 1e300, None, None],
        "flag": [True, False, None, None],
        "text": ["tëxt", "", None, None],
        "raw": ["AP8=", "", None, None],
        "seen": [1715342400, -12657600, None, None],
        "numbers": [[1, 2, 3], [], None, None],
        "words": [["a", "b"], [], None, None],
        "rates": [[0.5, 0.25], [], None, None],
    }
    for name in names:
        assert found[name]["statuses"] == ["PRESENT", "PRESENT", "NULL_VALUE", "NOT_FOUND"]
        assert found[name]["event_timestamps"] == [
            "2024-05-10T12:00:00Z", "2024-05-10T11:59:59Z", "2024-05-10T11:00:00Z",
            "1970-01-01T00:00:00Z",
        ]  # fmt: skip


def golden_rows() -> pa.Table:
    """The rows of make.py."""
    seconds = pa.timestamp("s", "UTC")
    noon = 1715342400
    return pa.table(
        {
            "driver_id": [1001, 1002, 1003],
            "city": ["Oslo", "Łódź", "Rome"],
            "event_timestamp": pa.array([noon, noon - 1, noon - 3600], seconds),
            "created": pa.array([noon + 5] * 3, seconds),
            "i32": pa.array([-2147483648, 7, None], pa.int32()),
            "i64": pa.array([1234567890123, -1, None], pa.int64()),
            "f32": pa.array([0.3, -1.5, None], pa.float32()),
            "f64": pa.array([0.1, 1e300, None], pa.float64()),
            "flag": pa.array([True, False, None]),
            "text": pa.array(["tëxt", "", None]),
            "raw": pa.array([b"\x00\xff", b"", None], pa.binary()),
            "seen": pa.array([noon, noon - 20000 * 86400, None], seconds),
            "numbers": pa.array([[1, 2, 3], [], None], pa.list_(pa.int64())),
            "words": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
            "rates": pa.array([[0.5, 0.25], [], None], pa.list_(pa.float32())),
        }
    )


def test_what_featly_writes_is_what_feast_wrote(make_repo: Callable[..., Repo]) -> None:
    """The same rows, pushed through featly into an empty copy of Feast's tables: byte for byte."""
    repo = make_repo(
        configuration="project: shop\nregistry: registry.db\n"
        "online_store: {type: sqlite, path: online.db}\n"
    )
    for name in ("registry.db", "online.db"):
        shutil.copy(GOLDEN / name, repo.path / name)
    select = (
        "SELECT entity_key, feature_name, value, value_text, vector_value, event_ts, created_ts "
        "FROM shop_golden ORDER BY entity_key, feature_name"
    )
    database = sqlite3.connect(repo.path / "online.db", isolation_level=None)
    feasts = database.execute(select).fetchall()
    layout = "SELECT sql FROM sqlite_master WHERE tbl_name = 'shop_golden' AND sql NOT NULL"
    tables = database.execute(layout).fetchall()
    assert len(feasts) == 33
    database.execute("DROP TABLE shop_golden")
    repo.table("data/golden.parquet", golden_rows())
    repo.ok(CLOCK, "materialize", "2024-05-10", "2024-05-11")
    # Feast writes a null UnixTimestamp as the least integer; no value at all is null for both.
    no_time = bytes.fromhex("40" + "80" * 9 + "01")
    expected = [(*row[:2], b"" if row[2] == no_time else row[2], *row[3:]) for row in feasts]
    assert database.execute(select).fetchall() == expected
    written = database.execute(layout).fetchall()
    assert [re.sub(r"\s+", " ", sql) for (sql,) in written] == [
        re.sub(r"\s+", " ", sql) for (sql,) in tables
    ]
    database.close()
