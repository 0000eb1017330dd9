"""A user's typed program against the types of the SDK, as `mypy --strict` sees them."""

import subprocess
import sys
import textwrap

from conftest import ROOT

PROGRAM = """
import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from featly import (
    ConflictPolicy,
    Entity,
    FeatureService,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    LabelView,
    PushSource,
    RepoConfig,
    RequestSource,
    on_demand_feature_view,
)
from featly.errors import FeatureViewNotFoundException, NotFoundError
from featly.types import Array, Float64, Int64

driver = Entity(name="driver", join_keys=["driver_id"])
source = FileSource(path="data/stats.parquet", timestamp_field="ts")
stats = FeatureView(
    name="stats",
    entities=[driver],
    ttl=timedelta(days=1),
    schema=[Field(name="trips", dtype=Int64), Field(name="tags", dtype=Array(Float64))],
    source=PushSource(name="push", batch_source=source),
)


@on_demand_feature_view(
    sources=[stats, RequestSource(name="asked", schema=[Field(name="hour", dtype=Int64)])],
    schema=[Field(name="busy", dtype=Float64)],
)
def busy(inputs: object) -> object:
    return inputs


labels = LabelView(
    name="labels", entities=[driver], conflict_policy=ConflictPolicy.MAJORITY_VOTE, source=source
)
service = FeatureService(
    name="model", features=[stats[["trips"]].with_name("s"), busy, "stats:tags"]
)


def work(folder: Path) -> list[str]:
    store = FeatureStore(config=RepoConfig(project="shop", repo_path=folder))
    for change in store.apply([driver, stats, busy, labels, service]).changes:
        print(change.name)
    for view in store.materialize(datetime(2024, 1, 1), datetime(2024, 2, 1)):
        print(view.written + view.stale)
    try:
        store.delete_feature_view("other")
    except FeatureViewNotFoundException as error:
        return error.near_names
    answer = store.get_online_features(service, [{"driver_id": 1}])
    values: dict[str, list[object]] = answer.to_dict()
    statuses: list[str] = answer.statuses("trips")
    written: int = store.write_to_online_store("stats", inputs={"driver_id": [1]}).written
    later = asyncio.run(store.get_online_features_async(["stats:trips"], {"driver_id": [1]}))
    print(values, statuses, written, later.to_arrow(), issubclass(NotFoundError, LookupError))
    return [found.name for found in store.list_all_feature_views()]
"""

WRONG = {
    "Entity(name=1)": "arg-type",
    "FeatureView(name='v', ttl=3)": "arg-type",
    "FeatureStore().get_online_features('stats:trips', [{}])": "arg-type",
    "x: int = FeatureStore().list_entities()": "assignment",
}


def mypy(tmp_path, program):
    file = tmp_path / "program.py"
    file.write_text(program)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--no-error-summary"]
        + ["--ignore-missing-imports", "--cache-dir", str(tmp_path / "cache"), str(file)],
        env={"MYPYPATH": str(ROOT / "python")},
        capture_output=True,
        text=True,
    )


def test_a_typed_program_is_accepted_and_a_wrong_one_is_not(tmp_path):
    done = mypy(tmp_path, PROGRAM)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    lines = "\n".join(WRONG)
    done = mypy(tmp_path, f"from featly import Entity, FeatureStore, FeatureView\n{lines}\n")
    found = [line.partition("  [")[2].rstrip("]") for line in done.stdout.splitlines()]
    assert [code for code in found if code] == list(WRONG.values()), textwrap.indent(
        done.stdout, "  "
    )
