"""Bad input: what is said, with which exit code, and that nothing is lost."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import DEFINITIONS, NOON, ROOT, Repo, driver_rows

MakeRepo = Callable[..., Repo]
TIME = pa.timestamp("us", "UTC")


def says(text: str, *parts: str) -> None:
    for part in parts:
        assert part in text, f"{part!r} is not in: {text}"


@contextmanager
def unchanged(repo: Repo) -> Iterator[None]:
    before = repo.files()
    yield
    assert repo.files() == before


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["aply"], ["'aply' is no command", "did you mean 'apply'?"]),
        ([], ["which command?"]),
        (["entities", "lst"], ["'lst' is no command of featly entities", "'list'"]),
        (["materialize", "2024-01-01"], ["END_TS"]),
        (["serve", "--port", "http"], ["--port"]),
        (["version", "--nonsense"], ["--nonsense"]),
    ],
)
def test_wrong_usage(arguments: list[str], parts: list[str]) -> None:
    says(Repo(ROOT).fails(*arguments, code=2), *parts, "--help")


def test_usage_found_while_running(applied: Repo) -> None:
    bad = applied.fails("get-online-features", "-e", "1001", "-f", "driver_stats:trips", code=2)
    says(bad, "'1001'", "driver_id=1001")
    out = applied.fails(
        "training-set",
        "--entities",
        "x.parquet",
        "-f",
        "driver_stats:trips",
        "--out",
        "t.xlsx",
        code=2,
    )
    says(out, "t.xlsx", ".parquet, .csv or .arrow")
    says(applied.fails("feature-views", "list", "--tags", "team", code=2), "KEY:VALUE")


def test_times_of_ranges(applied: Repo) -> None:
    says(applied.fails("materialize", "yesterday", "2024-01-01"), "yesterday")
    backwards = applied.fails("materialize", "2024-02-01", "2024-01-01")
    says(backwards, "2024-02-01T00:00:00Z", "2024-01-01T00:00:00Z")


# --- feature_store.yaml ---------------------------------------------------------------------------


def test_no_configuration(tmp_path: Path) -> None:
    says(Repo(tmp_path).fails("apply"), "feature_store.yaml", "featly init", "-c")
    says(Repo(tmp_path).fails("-c", tmp_path / "none", "apply"), "none")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("project: [shop\n", ["feature_store.yaml:"]),
        ("projekt: shop\n", ["feature_store.yaml:1", "'projekt'", "did you mean 'project'"]),
        ("project: shop\nproject: other\n", ["feature_store.yaml:2", "project"]),
        ("registry: data/registry.db\n", ["'project' is missing"]),
        ("project: _shop\n", ["feature_store.yaml:1", "'_shop'"]),
        ("project: shop\nonline_store: {type: redis}\n", ["feature_store.yaml:2", "redis", "lmdb"]),
        ("project: shop\nonline_store: {type: rediss}\n", ["'rediss'", "did you mean 'redis'"]),
        ("project: shop\noffline_store: {type: bigquery}\n", ["bigquery", "not built yet", "dask"]),
        ("project: shop\nregistry: {registry_type: sql, path: x}\n", ["sql", "not built yet"]),
        ("project: shop\nregistry: s3://bucket/registry.db\n", ["s3://...", "not built yet"]),
        ("project: shop\nfeatly: {memory: 1GB}\n", ["'memory'", "did you mean 'memory_limit'"]),
        ("project: shop\nfeatly: {memory_limit: lots}\n", ["memory_limit", "'lots'", "512MB"]),
        (
            "project: shop\nentity_key_serialization_version: 1\n",
            ["entity_key_serialization_version"],
        ),
    ],
)
def test_malformed_configuration(make_repo: MakeRepo, text: str, parts: list[str]) -> None:
    says(make_repo(configuration=text, definitions=DEFINITIONS).fails("apply"), *parts)


def test_feasts_store_is_not_passed_over(make_repo: MakeRepo) -> None:
    repo = make_repo(configuration="project: shop\n", definitions="")
    repo.write("data/online.db", "SQLite format 3")
    with unchanged(repo):
        says(repo.fails("apply"), "data/online.db", "online_store")
    repo.write("feature_store.yaml", "project: shop\nonline_store: {type: lmdb}\n")
    repo.ok("apply")


def test_a_repository_without_an_online_store(drivers: Repo) -> None:
    drivers.write("feature_store.yaml", "project: shop\nonline_store: null\n")
    drivers.ok("apply")
    says(drivers.fails("materialize", "2024-01-01", "2024-06-01"), "online_store: null")
    assert not (drivers.path / "data" / "online.lmdb").exists()


# --- definitions ----------------------------------------------------------------------------------


def test_a_python_file_that_raises(drivers: Repo) -> None:
    drivers.write("broken.py", "def f():\n    return 1 / 0\n\nf()\n")
    with unchanged(drivers):
        error = drivers.fails("apply")
    says(error, "ZeroDivisionError: division by zero", "broken.py", "line 4", "return 1 / 0")
    assert "importlib" not in error and "_compile" not in error


def test_a_syntax_error_in_a_python_file(drivers: Repo) -> None:
    drivers.write("broken.py", "x = 1\ny = = 2\n")
    says(drivers.fails("plan"), "SyntaxError", "broken.py:2")


def test_no_interpreter(drivers: Repo) -> None:
    drivers.environment["FEATLY_PYTHON"] = "/nowhere/python3"
    says(drivers.fails("apply"), "FEATLY_PYTHON", "/nowhere/python3")


def test_a_python_that_ends_early(drivers: Repo) -> None:
    drivers.write("broken.py", "import os\nprint('so long', flush=True)\nos._exit(3)\n")
    ran = drivers.run("apply")
    assert ran.code == 1 and "so long" in ran.out
    says(ran.err, "exit code 3")


def test_two_objects_of_one_name(drivers: Repo) -> None:
    drivers.write(
        "more.py",
        "from featly import Entity\n\nagain = Entity(name='driver', join_keys=['other_id'])\n",
    )
    with unchanged(drivers):
        says(drivers.fails("apply"), "'driver'", "more.py:3", "definitions.py")


def test_an_unknown_entity(make_repo: MakeRepo) -> None:
    repo = make_repo(
        definitions=DEFINITIONS.replace(
            "entities=[driver]",
            "entities=[Entity(name='drivr', join_keys=['driver_id'])]",
        )
    )
    repo.table("data/drivers.parquet", driver_rows())
    says(repo.fails("apply"), "driver_stats", "'drivr'", "did you mean 'driver'", "definitions.py:")


def test_a_source_that_is_not_there(make_repo: MakeRepo) -> None:
    repo = make_repo(definitions=DEFINITIONS)
    says(repo.fails("apply"), "driver_stats", "data/drivers.parquet", "definitions.py:")
    repo.ok("apply", "--skip-source-validation")


def test_a_source_that_lacks_a_column(drivers: Repo) -> None:
    rows = driver_rows()
    drivers.table(
        "data/drivers.parquet",
        rows.rename_columns([c.replace("rate", "rates") for c in rows.column_names]),
    )
    with unchanged(drivers):
        error = drivers.fails("apply")
    says(error, "driver_stats", "'rate'", "did you mean 'rates'", "definitions.py:")


@pytest.mark.parametrize("schema", [True, False])
def test_a_wrong_timestamp_field_is_called_by_its_name(drivers: Repo, schema: bool) -> None:
    text = DEFINITIONS.replace('"event_timestamp"', '"event_time"')
    if not schema:
        text = re.sub(r"    schema=\[.*?\n    \],\n", "", text, flags=re.S)
        text = text.replace('driver_stats[["rate", "trips"]]', "driver_stats")
    drivers.write("definitions.py", text)
    error = drivers.fails("apply")
    says(error, "data/drivers.parquet", "no column 'event_time' (timestamp_field)")
    says(error, "it has: 'driver_id', 'event_timestamp'", "did you mean 'event_timestamp'?")
    assert "reserved" not in error


def test_a_field_mapping_of_no_column(drivers: Repo) -> None:
    mapped = 'timestamp_field="event_timestamp", field_mapping={"rte": "rate"}, '
    text = DEFINITIONS.replace('timestamp_field="event_timestamp", ', mapped)
    drivers.write("definitions.py", text)
    error = drivers.fails("apply")
    says(error, "no column 'rte' (mapped to 'rate' by its field_mapping)", "did you mean 'rate'?")


def test_a_source_of_a_header_alone(drivers: Repo) -> None:
    drivers.write("data/drivers.csv", "driver_id,event_timestamp,created,trips,rate,city\n")
    drivers.write("definitions.py", DEFINITIONS.replace("drivers.parquet", "drivers.csv"))
    drivers.ok("apply")  # everything is declared
    text = DEFINITIONS.replace('        Field(name="driver_id", dtype=Int64),\n', "")
    assert text != DEFINITIONS
    drivers.write("definitions.py", text.replace("drivers.parquet", "drivers.csv"))
    says(
        drivers.fails("apply"), "data/drivers.csv", "no rows", "join key 'driver_id'", "value_type"
    )


def test_a_ttl_of_all_time(drivers: Repo) -> None:
    drivers.write("definitions.py", DEFINITIONS.replace("timedelta(days=3)", "timedelta.max"))
    says(drivers.fails("apply"), "'driver_stats'", "ttl", "10,000 years", "definitions.py:")


def test_two_sources_of_one_file_have_each_their_mapping(drivers: Repo) -> None:
    drivers.write(
        "more.py",
        """
        from featly import FeatureView, Field, FileSource
        from featly.types import Float64
        from definitions import driver
        other = FileSource(name="other", path="data/drivers.parquet",
            timestamp_field="event_timestamp", created_timestamp_column="created",
            field_mapping={"rate": "share"})
        shares = FeatureView(name="shares", entities=[driver], source=other,
            schema=[Field(name="share", dtype=Float64)])
        """,
    )
    drivers.ok("apply")


def test_a_source_with_another_type(drivers: Repo) -> None:
    rows = driver_rows()
    texts = pa.array([str(value) for value in rows.column("trips").to_pylist()])
    drivers.table("data/drivers.parquet", rows.set_column(3, "trips", texts))
    says(drivers.fails("apply"), "driver_stats", "'trips'", "string", "INT64", "definitions.py:")


def test_a_service_with_an_unknown_feature(drivers: Repo) -> None:
    service = "FeatureService(name='s', features=[driver_stats[['ratio']]])"
    drivers.write(
        "more.py",
        f"from featly import FeatureService\nfrom definitions import driver_stats\ns = {service}\n",
    )
    says(drivers.fails("apply"), "ratio", "driver_stats")


# --- files ----------------------------------------------------------------------------------------


def training_set(repo: Repo, entities: str, *features: str) -> str:
    error = repo.fails(
        "training-set", "--entities", entities, "--out", "t.parquet",
        "--features", *(features or ("driver_stats:trips",)),
    )  # fmt: skip
    assert not (repo.path / "t.parquet").exists()
    assert list(repo.path.glob("*.tmp-*")) == []
    return error


def test_entities_without_the_key(applied: Repo) -> None:
    applied.table("e.parquet", {"driver": [1001], "event_timestamp": pa.array([NOON], TIME)})
    error = training_set(applied, "e.parquet")
    says(error, "e.parquet", "driver_id", "did you mean 'driver'")
    says(error, "its columns: 'driver', 'event_timestamp'")


def test_entities_with_a_key_of_another_type(applied: Repo) -> None:
    applied.table("e.parquet", {"driver_id": ["x"], "event_timestamp": pa.array([NOON], TIME)})
    says(training_set(applied, "e.parquet"), "e.parquet", "driver_id", "x", "INT64")


def test_entities_without_a_timestamp(applied: Repo) -> None:
    applied.table("e.parquet", {"driver_id": [1001]})
    error = training_set(applied, "e.parquet")
    says(error, "e.parquet", "event_timestamp", "its columns: 'driver_id'")


def test_entities_with_times_as_text(applied: Repo) -> None:
    applied.table("e.parquet", {"driver_id": [1001], "event_timestamp": ["2024-05-10 12:00:00"]})
    says(training_set(applied, "e.parquet"), "event_timestamp", "string", "to_datetime")


def test_entities_with_null_times(applied: Repo) -> None:
    applied.table(
        "e.parquet", {"driver_id": [1001, 1002], "event_timestamp": pa.array([NOON, None], TIME)}
    )
    says(training_set(applied, "e.parquet"), "event_timestamp", "empty", "row 1")


def test_entities_in_other_time_zones(applied: Repo) -> None:
    naive = pa.array([NOON.replace(tzinfo=None)], pa.timestamp("us"))
    zoned = pa.array([NOON], pa.timestamp("us", "America/New_York"))
    found = []
    for name, times in (("naive", naive), ("zoned", zoned)):
        applied.table(f"{name}.parquet", {"driver_id": [1001], "event_timestamp": times})
        command = ["get-historical-features", "-d", f"{name}.parquet", "-f", "driver_stats:trips"]
        found.append(applied.ok(*command, "--output", "json").json()[0]["trips"])
    assert found == [230, 230]


def test_an_empty_file_of_entities(applied: Repo) -> None:
    applied.write("e.parquet", "")
    says(training_set(applied, "e.parquet"), "e.parquet", "empty")
    applied.write("e.csv", "")
    says(training_set(applied, "e.csv"), "e.csv", "empty")


def test_no_file_of_entities(applied: Repo) -> None:
    says(training_set(applied, "nothing.parquet"), "nothing.parquet")


def test_a_truncated_parquet_file(applied: Repo) -> None:
    path = applied.path / "data" / "drivers.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    entities = {"driver_id": [1001], "event_timestamp": pa.array([NOON], TIME)}
    applied.table("e.parquet", entities)
    says(training_set(applied, "e.parquet"), "drivers.parquet", "truncated")
    with unchanged(applied):
        says(
            applied.fails("materialize", "2024-05-01", "2024-06-01"),
            "drivers.parquet",
            "driver_stats",
        )
        says(applied.fails("apply"), "drivers.parquet", "driver_stats")


def test_unknown_features(applied: Repo) -> None:
    applied.table("e.parquet", {"driver_id": [1001], "event_timestamp": pa.array([NOON], TIME)})
    says(training_set(applied, "e.parquet", "driver_stats:trip"), "trip", "did you mean 'trips'")
    says(training_set(applied, "e.parquet", "driver_stat:trips"), "did you mean 'driver_stats'")
    says(training_set(applied, "e.parquet", "trips"), "'trips'", "view:feature")
    service = applied.fails(
        "get-online-features", "-e", "driver_id=1", "--feature-service", "driver_servce"
    )
    says(service, "driver_servce", "did you mean 'driver_service'")


def test_lookup_of_something_else_than_a_number(loaded: Repo) -> None:
    error = loaded.fails("get-online-features", "-e", "driver_id=abc", "-f", "driver_stats:trips")
    says(error, "driver_id", "abc")
    error = loaded.fails("get-online-features", "-e", "driver=1001", "-f", "driver_stats:trips")
    says(error, "driver_id")


def test_views_that_cannot_be_materialized(applied: Repo) -> None:
    unknown = applied.fails("materialize", "2024-05-01", "2024-06-01", "--views", "driver_stat")
    says(unknown, "driver_stat", "did you mean 'driver_stats'")


def test_a_foreign_registry_file(drivers: Repo) -> None:
    drivers.write("data/registry.db", "This is somebody's diary.\n" * 40)
    with unchanged(drivers):
        says(drivers.fails("apply"), "data/registry.db", "not a Feast registry")
        says(drivers.fails("entities", "list"), "data/registry.db")
        says(drivers.fails("teardown"), "data/registry.db")


def test_a_read_only_folder(drivers: Repo, obeying_permissions: list[str]) -> None:
    drivers.prefix = obeying_permissions
    data = drivers.path / "data"
    data.chmod(0o555)
    try:
        with unchanged(drivers):
            says(drivers.fails("apply"), "data", "denied")
    finally:
        data.chmod(0o755)
    drivers.ok("apply")
    drivers.table("e.parquet", {"driver_id": [1001], "event_timestamp": pa.array([NOON], TIME)})
    drivers.path.chmod(0o555)
    try:
        says(training_set(drivers, "e.parquet"), "t.parquet", "denied")
        says(drivers.fails("init", "new"), "new", "denied")
    finally:
        drivers.path.chmod(0o755)


def test_a_store_that_may_only_be_read(loaded: Repo, obeying_permissions: list[str]) -> None:
    loaded.prefix = obeying_permissions
    for path in (loaded.path / "data" / "online.lmdb").iterdir():
        path.chmod(0o444)
    error = loaded.fails("get-online-features", "-e", "driver_id=1001", "-f", "driver_stats:trips")
    says(error, "online.lmdb", "denied", "lock file", "let this user write")


def test_the_port_is_in_use(applied: Repo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        says(applied.fails("serve", "--port", port), str(port), "127.0.0.1", "in use")
    says(applied.fails("serve", "--host", "256.1.1.1", "--port", "0"), "256.1.1.1")


def test_an_output_folder_that_is_not_there(applied: Repo) -> None:
    applied.table("e.parquet", {"driver_id": [1001], "event_timestamp": pa.array([NOON], TIME)})
    error = applied.fails(
        "training-set",
        "--entities",
        "e.parquet",
        "-f",
        "driver_stats:trips",
        "--out",
        "no/t.parquet",
    )
    says(error, "no/t.parquet", "No such file")


def test_csv_holds_lists_as_json(make_repo: MakeRepo) -> None:
    repo = make_repo(
        definitions=DEFINITIONS.replace("Int64, String", "Array, Int64, String").replace(
            "dtype=String", "dtype=Array(Int64)"
        )
    )
    rows = driver_rows()
    lists = pa.array([[1, 2]] * rows.num_rows, pa.list_(pa.int64()))
    repo.table("data/drivers.parquet", rows.set_column(5, "city", lists))
    repo.ok("apply")
    repo.table("e.parquet", {"driver_id": [1001], "event_timestamp": pa.array([NOON], TIME)})
    command = ["training-set", "--entities", "e.parquet", "-f", "driver_stats:city", "--out"]
    repo.ok(*command, "t.csv")
    assert (repo.path / "t.csv").read_text().splitlines()[1].endswith(',"[1,2]"')


# --- interrupted work -----------------------------------------------------------------------------


def interrupted_training_set(repo: Repo, rows: int) -> int:
    """The exit code of a training set that was interrupted as soon as it wrote."""
    times = [NOON - timedelta(seconds=i % 3600) for i in range(rows)]
    repo.table("e.parquet", {"driver_id": [1001] * rows, "event_timestamp": pa.array(times, TIME)})
    process = subprocess.Popen(
        repo.command(
            "training-set", "--entities", "e.parquet", "-f", "driver_stats:trips", "--out", "t.csv"
        ),
        cwd=repo.path,
        env=repo.child_environment(),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None and not any(repo.path.glob("t.csv*")):
        pass
    process.send_signal(signal.SIGINT)
    return process.wait(timeout=60)


def test_an_interrupted_training_set_leaves_nothing(applied: Repo) -> None:
    for rows in [300_000, 1_000_000, 3_000_000]:  # the smallest may end before its signal comes
        code = interrupted_training_set(applied, rows)
        if code != 0:
            break
        (applied.path / "t.csv").unlink()
    assert code == 130
    assert not re.search(r"t\.csv", " ".join(p.name for p in applied.path.iterdir()))
