"""The main job on the real program: from definitions to a training set and online features."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from conftest import DEFINITIONS, NOON, ROOT, Repo, driver_rows, on_a_terminal

CLOCK = "--test-clock=2024-05-10T13:00:00Z"
TIME = pa.timestamp("us", "UTC")


def entity_rows(repo: Repo) -> Path:
    return repo.table(
        "orders.parquet",
        {
            "order": ["a", "b", "c", "d"],
            "driver_id": [1001, 1002, 9999, 1001],
            "event_timestamp": pa.array(
                [NOON, NOON - timedelta(minutes=90), NOON, NOON - timedelta(days=2)], TIME
            ),
        },
    )


def test_version() -> None:
    ran = Repo(ROOT).ok("version")
    assert ran.out == f"featly {(ROOT / 'VERSION').read_text().strip()}\n"
    assert Repo(ROOT).ok("version", "--output", "json").json().keys() == {"version"}


def test_apply_says_what_it_did_and_does_it_once(drivers: Repo) -> None:
    planned = drivers.ok("plan").out
    assert "Will create feature view driver_stats\n" in planned
    assert not (drivers.path / "data" / "registry.db").exists()
    done = drivers.ok("apply").out
    assert done == planned.replace("Will create", "Created")
    for line in ("entity driver", "data source driver_source", "feature service driver_service"):
        assert f"Created {line}\n" in done
    before = drivers.files()
    assert drivers.ok("apply").out == "No changes\n"
    assert drivers.ok("plan").out == "No changes\n"
    assert drivers.files() == before


def test_apply_updates_and_deletes(loaded: Repo) -> None:
    changed = DEFINITIONS.replace("days=3", "days=5").replace("driver_service", "other_service")
    loaded.write("definitions.py", changed)
    planned = loaded.ok("plan").out
    done = loaded.ok("apply").out
    assert done == planned.replace("Will create", "Created").replace(
        "Will update", "Updated"
    ).replace("Will delete", "Deleted")
    assert re.search(r"Updated feature view driver_stats\n    .*ttl", done)
    assert "Created feature service other_service\n" in done
    assert "Deleted feature service driver_service\n" in done
    # The rows and the memory of what was materialized are kept.
    found = loaded.ok(
        CLOCK, "get-online-features", "-e", "driver_id=1001", "-f", "driver_stats:trips"
    )
    assert "230" in found.out
    loaded.write("definitions.py", "")
    assert "Deleted feature view driver_stats\n" in loaded.ok("apply", "--yes").out
    assert loaded.ok("feature-views", "list").out.splitlines()[1:] == []
    missing = loaded.fails(
        "get-online-features", "-e", "driver_id=1001", "-f", "driver_stats:trips"
    )
    assert "driver_stats" in missing


def test_apply_as_json(drivers: Repo) -> None:
    changes = drivers.ok("apply", "--output", "json").json()
    assert {
        "change": "create",
        "kind": "feature_view",
        "name": "driver_stats",
        "details": [],
    } in changes
    assert drivers.ok("apply", "--output", "json").json() == []


def test_a_dropped_view_does_not_come_back(loaded: Repo) -> None:
    loaded.write("definitions.py", "")
    loaded.ok("apply", "--yes")
    loaded.write("definitions.py", DEFINITIONS)
    loaded.ok("apply")
    found = loaded.ok(
        CLOCK, "get-online-features", "-e", "driver_id=1001", "-f", "driver_stats:trips"
    )
    assert "NOT_FOUND" in found.out


def test_schema_and_key_types_come_from_the_source(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo(
        definitions="""
        from datetime import timedelta
        from featly import Entity, FeatureService, FeatureView, FileSource
        driver = Entity(name="driver", join_keys=["driver_id"])
        source = FileSource(
            name="s", path="data/drivers.parquet", timestamp_field="event_timestamp",
            created_timestamp_column="created", field_mapping={"rate": "conv_rate"},
        )
        stats = FeatureView(name="stats", entities=[driver], ttl=timedelta(0), source=source)
        service = FeatureService(name="service", features=[stats])
        """
    )
    repo.table("data/drivers.parquet", driver_rows())
    repo.ok("apply")
    view = repo.ok("feature-views", "describe", "stats", "--output", "json").json()
    assert [(f["name"], f["valueType"]) for f in view["spec"]["features"]] == [
        ("trips", "INT64"),
        ("conv_rate", "DOUBLE"),
        ("city", "STRING"),
    ]
    assert [(f["name"], f["valueType"]) for f in view["spec"]["entityColumns"]] == [
        ("driver_id", "INT64")
    ]
    service = repo.ok("feature-services", "describe", "service", "--output", "json").json()
    assert [f["name"] for f in service["spec"]["features"][0]["featureColumns"]] == [
        "trips",
        "conv_rate",
        "city",
    ]
    assert repo.ok("apply").out == "No changes\n"


def test_apply_tells_which_column_it_takes_for_the_event_time(drivers: Repo) -> None:
    field = 'timestamp_field="event_timestamp", '
    assert field in DEFINITIONS
    drivers.write("definitions.py", DEFINITIONS.replace(field, ""))
    note = (
        "Inferred data source 'driver_source': timestamp_field is 'event_timestamp', "
        "its only column of times\n"
    )
    assert drivers.ok("plan").out.startswith(note)
    assert drivers.ok("apply").out.startswith(note)
    source = drivers.ok("data-sources", "describe", "driver_source", "--output", "json").json()
    assert source["timestampField"] == "event_timestamp"
    assert drivers.ok("apply").out == note + "No changes\n"
    text = DEFINITIONS.replace(field, "").replace('created_timestamp_column="created",', "")
    drivers.write("definitions.py", text)
    refused = drivers.fails("apply")
    assert "'event_timestamp', 'created'" in refused and "definitions.py:" in refused


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".arrow"])
def test_training_set(applied: Repo, suffix: str) -> None:
    entity_rows(applied)
    out = applied.path / f"training{suffix}"
    ran = applied.ok(
        "training-set", "--entities", "orders.parquet",
        "--features", "driver_stats:trips", "driver_stats:city", "--out", out.name,
    )  # fmt: skip
    assert re.match(
        r"Wrote 4 rows with 5 columns to training\.\w+ in .* \(120 source rows read\)\n", ran.out
    )
    expected = [
        ("a", 1001, 230, "city 1001"),
        ("b", 1002, 211, "city 1002"),
        ("c", 9999, None, None),
        ("d", 1001, None, None),
    ]
    if suffix == ".csv":
        rows = list(csv.DictReader(out.open()))
        found = [
            (
                r["order"],
                int(r["driver_id"]),
                int(r["trips"]) if r["trips"] else None,
                r["city"] or None,
            )
            for r in rows
        ]
    else:
        table = pq.read_table(out) if suffix == ".parquet" else pa.ipc.open_file(out).read_all()
        assert table.column_names == ["order", "driver_id", "event_timestamp", "trips", "city"]
        found = [(r["order"], r["driver_id"], r["trips"], r["city"]) for r in table.to_pylist()]
    assert found == expected
    assert [p.name for p in applied.path.glob("*.tmp-*")] == []


def test_training_set_of_a_service_with_full_names(applied: Repo) -> None:
    entity_rows(applied)
    applied.ok(
        "training-set", "--entities", "orders.parquet", "--feature-service", "driver_service",
        "--full-feature-names", "--out", "t.parquet", "--threads", "2", "--memory-limit", "64MB",
    )  # fmt: skip
    names = pq.read_schema(applied.path / "t.parquet").names
    assert names == [
        "order",
        "driver_id",
        "event_timestamp",
        "driver_stats__rate",
        "driver_stats__trips",
    ]


def test_get_historical_features_prints(applied: Repo) -> None:
    entity_rows(applied)
    command = ["get-historical-features", "-d", "orders.parquet", "-f", "driver_stats:trips"]
    assert applied.ok(*command).out.splitlines()[1].split() == [
        "a",
        "1001",
        "2024-05-10T12:00:00Z",
        "230",
    ]
    rows = applied.ok(*command, "--output", "json").json()
    assert [row["trips"] for row in rows] == [230, 211, None, None]
    assert rows[0]["event_timestamp"] == "2024-05-10T12:00:00Z"


def test_materialize_and_look_up(applied: Repo) -> None:
    ran = applied.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    assert re.search(
        r"driver_stats: 120 rows from 2024-05-01T00:00:00Z to 2024-05-10T12:00:00Z, "
        r"5 entities, 5 written\n",
        ran.out,
    )
    command = [CLOCK, "get-online-features", "-e", "driver_id=1001", "-e", "driver_id=77"]
    ran = applied.ok(*command, "-f", "driver_stats:trips", "-f", "driver_stats:city")
    assert [line.split("  ") for line in ran.out.splitlines()][1][0] == "1001"
    assert "230" in ran.out.splitlines()[1]
    assert ran.out.splitlines()[2].count("null (NOT_FOUND)") == 2
    found = applied.ok(*command, "--feature-service", "driver_service", "--output", "json").json()
    assert found == {"driver_id": [1001, 77], "rate": [0.23, None], "trips": [230, None]}
    late = ["--test-clock=2024-05-20", *command[1:], "-f", "driver_stats:trips"]
    assert "null (OUTSIDE_MAX_AGE)" in applied.ok(*late).out


def test_materialize_again_changes_nothing(loaded: Repo) -> None:
    registry = loaded.ok("registry-dump").json()
    (view,) = registry["featureViews"]
    assert len(view["meta"]["materializationIntervals"]) == 1
    loaded.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    (view,) = loaded.ok("registry-dump").json()["featureViews"]
    assert len(view["meta"]["materializationIntervals"]) == 1


def test_an_empty_range_says_what_the_source_holds(applied: Repo) -> None:
    out = applied.ok("materialize", "2020-01-01", "2020-02-01").out
    assert "no rows from 2020-01-01T00:00:00Z to 2020-02-01T00:00:00Z" in out
    assert "the source holds rows from 2024-05-09T13:00:00Z to 2024-05-10T12:00:00Z" in out


def test_materialize_incremental(applied: Repo) -> None:
    # Without an earlier run it begins at now - ttl; then at the end of the last run.
    first = applied.ok(CLOCK, "materialize-incremental", "2024-05-10T00:00:00Z").out
    assert "rows from 2024-05-07T13:00:00Z to 2024-05-10T00:00:00Z" in first
    second = applied.ok(CLOCK, "materialize-incremental", "2024-05-10T12:00:00Z").out
    assert "rows from 2024-05-10T00:00:00Z to 2024-05-10T12:00:00Z" in second
    third = applied.ok(CLOCK, "materialize-incremental", "2024-05-10T06:00:00Z").out
    assert "already materialized up to 2024-05-10T12:00:00Z" in third
    chosen = applied.ok(
        CLOCK,
        "materialize-incremental",
        "2024-05-10T12:00:00Z",
        "-v",
        "driver_stats",
        "--output",
        "json",
    )
    assert [view["feature_view"] for view in chosen.json()] == ["driver_stats"]


def test_listings(applied: Repo) -> None:
    assert applied.ok("entities", "list").out.splitlines()[1].split()[0] == "driver"
    assert "driver_stats:rate, driver_stats:trips" in applied.ok("feature-services", "list").out
    assert "data/drivers.parquet" in applied.ok("data-sources", "list").out
    assert "driver_stats" in applied.ok("feature-views", "list", "--tags", "team:rides").out
    assert "driver_stats" not in applied.ok("feature-views", "list", "--tags", "team:other").out
    assert [
        v["spec"]["name"] for v in applied.ok("feature-views", "list", "--output", "json").json()
    ] == ["driver_stats"]
    described = applied.ok("feature-views", "describe", "driver_stats").out
    assert "  name: driver_stats\n" in described and "  ttl: 259200s\n" in described
    unknown = applied.fails("feature-views", "describe", "driver_stat")
    assert "driver_stat" in unknown and "did you mean" in unknown and "driver_stats" in unknown


def test_registry_dump_is_json(applied: Repo) -> None:
    registry = applied.ok("registry-dump").json()
    assert [p["spec"]["name"] for p in registry["projects"]] == ["shop"]


def test_teardown_leaves_the_definitions_and_data(loaded: Repo) -> None:
    loaded.ok("teardown")
    left = set(loaded.files())
    assert left == {"feature_store.yaml", "definitions.py", "data/drivers.parquet"}
    loaded.ok("apply")


def test_serve(loaded: Repo) -> None:
    with loaded.serve(CLOCK) as server:
        assert server.request("/health")[0] == 200
        status, answer = server.request(
            "/get-online-features",
            {"features": ["driver_stats:trips"], "entities": {"driver_id": [1001, 77]}},
        )
        assert status == 200
        assert answer["metadata"]["feature_names"] == ["driver_id", "trips"]
        assert answer["results"][1]["values"] == [230, None]
        assert answer["results"][1]["statuses"] == ["PRESENT", "NOT_FOUND"]
        # Loaded while it serves: seen by the next request.
        loaded.table("data/drivers.parquet", driver_rows(end=NOON + timedelta(hours=1)))
        loaded.ok("materialize", "2024-05-01", "2024-05-10T13:00:00Z")
        status, answer = server.request(
            "/get-online-features",
            {"features": ["driver_stats:trips"], "entities": {"driver_id": [1001]}},
        )
        assert answer["results"][1]["event_timestamps"] == ["2024-05-10T13:00:00Z"]


def test_chdir_and_configuration_file(applied: Repo) -> None:
    outside = Repo(applied.path.parent)
    assert "driver" in outside.ok("-c", applied.path, "entities", "list").out
    assert "driver" in outside.ok("entities", "list", "-c", applied.path).out
    applied.write("other.yaml", "project: other\nregistry: data/registry.db\n")
    assert applied.ok("-f", "other.yaml", "entities", "list").out.splitlines()[1:] == []


def test_init_makes_a_repository_that_runs(tmp_path: Path) -> None:
    outside = Repo(tmp_path)
    out = outside.ok("--test-clock=2024-05-10T13:30:00Z", "init", "my-shop").out
    assert "featly apply" in out
    repo = Repo(tmp_path / "my-shop")
    steps = re.findall(r"^  featly (.*?)(?:\s+#.*)?$", out.replace("\\\n", ""), re.MULTILINE)
    assert [step.split()[0] for step in steps] == [
        "apply",
        "training-set",
        "materialize-incremental",
        "get-online-features",
        "serve",
    ]
    for step in steps[:-1]:
        ran = repo.ok("--test-clock=2024-05-10T13:30:00Z", *step.split("#")[0].split())
    assert "NOT_FOUND" not in ran.out and "1001" in ran.out
    assert pq.read_table(repo.path / "training.parquet").column("conv_rate").null_count == 0
    assert "exists already" in outside.fails("init", "my-shop")


def test_init_of_a_name_that_shell_or_yaml_read_otherwise(tmp_path: Path) -> None:
    outside = Repo(tmp_path)
    for name in ("a b", "it's", "1", "$HOME"):
        out = outside.ok("init", name).out
        (cd,) = re.findall(r"^  (cd .*)$", out, re.MULTILINE)
        assert shlex.split(cd) == ["cd", name]
        Repo(tmp_path / name).ok("apply")


def test_two_projects_share_a_registry_and_a_store(loaded: Repo) -> None:
    other = loaded.write("other.yaml", "project: other\nregistry: data/registry.db\n")
    loaded.ok("-f", other, "apply")
    loaded.ok("-f", other, "teardown")
    found = loaded.ok(
        CLOCK, "get-online-features", "-e", "driver_id=1001", "-f", "driver_stats:trips"
    )
    assert "230" in found.out


def test_help_names_every_command() -> None:
    text = Repo(ROOT).ok("--help").out
    for command in (
        "init", "plan", "apply", "materialize", "materialize-incremental", "training-set",
        "get-historical-features", "get-online-features", "serve", "feature-views", "entities",
        "feature-services", "data-sources", "registry-dump", "teardown", "version", "doctor",
        "features", "projects", "delete", "completion", "man", "configuration",
    ):  # fmt: skip
        assert f"  {command} " in text, command
    assert "test-clock" not in text


def test_long_work_shows_progress_on_a_terminal(applied: Repo) -> None:
    applied.environment["NO_COLOR"] = ""
    code, said = on_a_terminal(applied, "", "materialize", "2024-05-01", "2024-05-11")
    assert code == 0
    assert re.search(r"\r\x1b\[Kdriver_stats: \w+  \[[= ]{30}\] +\d+%  \d+ rows", said), said
    assert said.endswith("\r\x1b[K")  # nothing of it stays
    _, said = on_a_terminal(
        applied, "", "training-set", "--entities", entity_rows(applied), "-f",
        "driver_stats:trips", "--out", "t.csv",
    )  # fmt: skip
    assert "t.csv: writing" in said
    applied.environment["NO_COLOR"] = "1"
    assert on_a_terminal(applied, "", "materialize", "2024-05-01", "2024-05-11") == (0, "\r\n")
