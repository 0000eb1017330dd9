"""The whole job through the SDK."""

import asyncio
import inspect
import io
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import featly
from featly import (
    ConflictPolicy,
    Entity,
    FeatureService,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    LabelView,
    PushMode,
    PushSource,
    RepoConfig,
    RequestSource,
    ValueType,
    on_demand_feature_view,
)
from featly._progress import terminal_progress
from featly.errors import (
    ConfigurationError,
    ConflictError,
    DataSourceObjectNotFoundException,
    DefinitionError,
    EntityNotFoundException,
    FeatureServiceNotFoundException,
    FeatureViewNotFoundException,
    InvalidError,
    NotFoundError,
    NotSupportedError,
    OnDemandFeatureViewNotFoundException,
    UsageError,
)
from featly.registry_diff import Change
from featly.types import Array, Bytes, Float64, Int32, Int64, String, UnixTimestamp

BIG = 2**53 + 1
DAY = datetime(2024, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = "2024-01-11T00:00:00Z"


def write_source(repo):
    (repo / "data").mkdir(exist_ok=True)
    pq.write_table(
        pa.table(
            {
                "driver_id": pa.array([1001, 1001, 1002], pa.int64()),
                "event_timestamp": pa.array([DAY, DAY + HOUR, DAY], pa.timestamp("us", "UTC")),
                "trips": pa.array([1, BIG, None], pa.int64()),
                "rating": pa.array([0.5, 4.5, float("nan")], pa.float64()),
                "city": pa.array(["Oslo", "Bergen", "Oslo"]),
                "seen": pa.array([DAY, DAY + HOUR, None], pa.timestamp("us", "UTC")),
                "tags": pa.array([["a"], ["b", None], []], pa.list_(pa.string())),
                "raw": pa.array([b"\x00", b"\xff", b""], pa.binary()),
            }
        ),
        repo / "data" / "stats.parquet",
    )


driver = Entity(name="driver", join_keys=["driver_id"], tags={"team": "rides"})
source = FileSource(name="stats_file", path="data/stats.parquet", timestamp_field="event_timestamp")
pushed = PushSource(name="stats_push", batch_source=source)
stats = FeatureView(
    name="stats",
    entities=[driver],
    ttl=timedelta(days=2),
    schema=[
        Field(name="driver_id", dtype=Int64),
        Field(name="trips", dtype=Int64),
        Field(name="rating", dtype=Float64),
        Field(name="city", dtype=String),
        Field(name="seen", dtype=UnixTimestamp),
        Field(name="tags", dtype=Array(String)),
        Field(name="raw", dtype=Bytes),
    ],
    source=pushed,
    tags={"team": "rides"},
)
tips = FeatureService(name="tips", features=[stats[["trips", "city"]]])
OBJECTS = [driver, stats, tips]


@pytest.fixture
def repo(empty_repo):
    write_source(empty_repo)
    return empty_repo


@pytest.fixture
def store(repo):
    store = FeatureStore(repo_path=repo, _test_clock=NOW)
    store.apply(OBJECTS)
    return store


def names(objects):
    return sorted(obj.name for obj in objects)


# --- opening ------------------------------------------------------------------------------------


FEAST_SIGNATURES = {
    "apply": [
        ("objects", inspect.Parameter.empty),
        ("objects_to_delete", None),
        ("partial", True),
        ("skip_feature_view_validation", False),
        ("no_promote", False),
    ],
    "plan": [
        ("desired_repo_contents", inspect.Parameter.empty),
        ("skip_feature_view_validation", False),
        ("progress_ctx", None),
    ],
    "materialize": [
        ("start_date", inspect.Parameter.empty),
        ("end_date", inspect.Parameter.empty),
        ("feature_views", None),
        ("disable_event_timestamp", False),
        ("full_feature_names", False),
        ("version", None),
        ("force", False),
        ("run_async", False),
    ],
    "materialize_incremental": [
        ("end_date", inspect.Parameter.empty),
        ("feature_views", None),
        ("full_feature_names", False),
        ("version", None),
        ("force", False),
        ("run_async", False),
    ],
    "push": [
        ("push_source_name", inspect.Parameter.empty),
        ("df", inspect.Parameter.empty),
        ("allow_registry_cache", True),
        ("to", PushMode.ONLINE),
        ("transform_on_write", True),
    ],
    "get_historical_features": [
        ("entity_df", None),
        ("features", []),
        ("full_feature_names", False),
        ("start_date", None),
        ("end_date", None),
        ("filter_by_created_timestamp", False),
    ],
    "get_online_features": [
        ("features", inspect.Parameter.empty),
        ("entity_rows", inspect.Parameter.empty),
        ("full_feature_names", False),
        ("include_feature_view_version_metadata", False),
    ],
}


@pytest.mark.parametrize("method", FEAST_SIGNATURES)
def test_methods_take_what_feasts_take(method):
    parameters = list(inspect.signature(getattr(FeatureStore, method)).parameters.values())[1:]
    assert [(p.name, p.default) for p in parameters] == FEAST_SIGNATURES[method]


def test_importing_featly_loads_neither_arrow_nor_the_core():
    code = (
        "import sys, featly; "
        "heavy = {'pyarrow', 'pandas', 'numpy', 'featly._core'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "from featly import FeatureStore; "
        "assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules; "
        "assert FeatureStore is featly.FeatureStore"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'FeatureShop'"):
        _ = featly.FeatureShop


def test_opening(repo, tmp_path, monkeypatch):
    assert FeatureStore(repo).project == "shop"
    assert FeatureStore(str(repo)).repo_path == repo
    monkeypatch.chdir(repo)
    assert FeatureStore().repo_path == repo
    other = tmp_path / "other.yaml"
    other.write_text("project: other\nprovider: local\n")
    assert FeatureStore(repo_path=repo, fs_yaml_file=other).project == "other"
    with pytest.raises(TypeError, match="RepoConfig"):
        FeatureStore(config={"project": "shop"})
    with pytest.raises(ConfigurationError, match=r"feature_store\.yaml"):
        FeatureStore(repo_path=tmp_path / "nowhere")


def test_opening_with_a_config(repo, monkeypatch):
    config = RepoConfig(
        project="other",
        registry="data/other.db",
        repo_path=repo,
        online_store={"type": "lmdb", "path": Path("data/other.lmdb")},
        featly={"threads": 1},
    )
    store = FeatureStore(config=config, _test_clock=NOW)
    assert (store.project, store.repo_path) == ("other", repo)
    store.apply(OBJECTS)
    store.materialize(DAY, DAY)
    assert (repo / "data" / "other.db").exists()
    assert (repo / "data" / "other.lmdb").exists()
    assert "other" in repr(config)
    monkeypatch.chdir(repo)
    assert FeatureStore(config=RepoConfig(project="here")).repo_path == repo
    with pytest.raises(UsageError, match="repo_path"):
        FeatureStore(repo, config=config)
    with pytest.raises(ConfigurationError, match="onlinestore.*did you mean .online_store"):
        FeatureStore(config=RepoConfig(project="shop", onlinestore="lmdb"))
    with pytest.raises(NotSupportedError, match="remote"):
        FeatureStore(config=RepoConfig(project="shop", registry="s3://bucket/registry.db"))
    with pytest.raises(TypeError, match="online_store"):
        FeatureStore(config=RepoConfig(project="shop", online_store=object()))


# --- definitions --------------------------------------------------------------------------------


def test_apply_knows_one_version_of_a_view(store):
    with pytest.raises(NotSupportedError, match="no_promote"):
        store.apply(OBJECTS, no_promote=True)


def test_apply_says_what_it_changed(repo):
    store = FeatureStore(repo_path=repo)
    diff = store.apply(OBJECTS)
    assert {(change.change, change.kind, change.name) for change in diff.changes} >= {
        ("create", "entity", "driver"),
        ("create", "data_source", "stats_file"),
        ("create", "data_source", "stats_push"),
        ("create", "feature_view", "stats"),
        ("create", "feature_service", "tips"),
    }
    assert "create feature view stats" in str(diff)
    again = store.apply(OBJECTS)
    assert not again
    assert str(again) == "No changes"


def test_apply_takes_one_object_and_keeps_the_others(store):
    diff = store.apply(Entity(name="driver", join_keys=["driver_id"], description="who drives"))
    assert [(change.change, change.name) for change in diff.changes] == [("update", "driver")]
    assert diff.changes[0].details
    assert names(store.list_feature_views()) == ["stats"]
    assert store.get_entity("driver").description == "who drives"


def test_an_update_says_what_differs(store):
    view = store.get_feature_view("stats")
    view.ttl = timedelta(hours=1)
    view.tags = {"team": "food", "tier": "1"}
    view.features[0] = Field(name="trips", dtype=Int32)
    for described in (view.batch_source, view.stream_source.batch_source):
        described.description = "one row a trip"
    changes = {change.name: change for change in store.plan([driver, view, tips]).changes}
    assert {change.change for change in changes.values()} == {"update"}
    assert changes["stats_file"].kind == "data_source"
    text = "\n".join(changes["stats"].details)
    assert "ttl: 172800s -> 3600s" in text
    assert 'tags.team: "rides" -> "food"' in text
    assert "tags.tier: added" in text
    assert "trips" in text
    assert "INT32" in text


def test_what_is_registered_comes_back_and_may_be_applied_again(store):
    view = store.get_feature_view("stats")
    assert view.features == stats.features
    assert view.ttl == stats.ttl
    assert view.created_timestamp == datetime(2024, 1, 11, tzinfo=UTC)
    assert store.get_data_source("stats_file").path == "data/stats.parquet"
    assert store.get_data_source("stats_push").batch_source.name == "stats_file"
    service = store.get_feature_service("tips")
    assert [field.name for field in service.feature_view_projections[0].features] == [
        "trips",
        "city",
    ]
    assert not store.apply([view, store.get_entity("driver"), service])


def test_lists(store):
    assert names(store.list_entities()) == ["driver"]
    assert names(store.list_entities(tags={"team": "rides"})) == ["driver"]
    assert store.list_entities(tags={"team": "food"}) == []
    assert names(store.list_data_sources()) == ["stats_file", "stats_push"]
    assert names(store.list_feature_views(tags={"team": "rides"})) == ["stats"]
    assert names(store.list_batch_feature_views()) == ["stats"]
    assert names(store.list_all_feature_views()) == ["stats"]
    assert names(store.list_feature_services()) == ["tips"]
    assert names(store.list_projects()) == ["shop"]
    assert store.get_project().name == "shop"
    store.refresh_registry()


@pytest.mark.parametrize(
    ("method", "name", "near"),
    [
        ("get_entity", "drivers", "driver"),
        ("get_data_source", "stats_fil", "stats_file"),
        ("get_feature_view", "stat", "stats"),
        ("get_feature_service", "tip", "tips"),
        ("get_project", "shops", "shop"),
    ],
)
def test_a_wrong_name_is_answered_with_near_ones(store, method, name, near):
    with pytest.raises(NotFoundError, match=name) as caught:
        getattr(store, method)(name)
    assert caught.value.subject == name
    assert near in caught.value.near_names
    assert caught.value.kind == "not_found"


def test_apply_deletes_what_it_is_told_to(store):
    with pytest.raises(ConflictError, match="feature service 'tips' uses it"):
        store.apply([], objects_to_delete=[stats], partial=False)
    with pytest.raises(ConflictError, match="entity 'driver' cannot be deleted"):
        store.apply([], objects_to_delete=[driver], partial=False)
    with pytest.raises(InvalidError, match="to be applied and to be deleted"):
        store.apply([tips], objects_to_delete=[tips])
    with pytest.raises(NotFoundError, match="'others' cannot be deleted"):
        store.apply([], objects_to_delete=[Entity(name="others")])
    assert names(store.list_feature_services()) == ["tips"]

    store.materialize(DAY, DAY + HOUR)
    diff = store.apply([], objects_to_delete=[stats, tips, tips], partial=False)
    assert diff.changes == (
        Change("delete", "feature_service", "tips"),
        Change("delete", "feature_view", "stats"),
    )
    assert store.list_feature_views() == []
    assert names(store.list_entities()) == ["driver"]

    # The rows went with the view: the view of that name applied later is a new one.
    store.apply(OBJECTS)
    answer = store.get_online_features(["stats:trips"], [{"driver_id": 1001}])
    assert answer.statuses("trips") == ["NOT_FOUND"]


def test_deleting_by_name(store):
    for delete, name, error in [
        (store.delete_feature_view, "stat", FeatureViewNotFoundException),
        (store.delete_feature_service, "tip", FeatureServiceNotFoundException),
        (store.delete_entity, "drive", EntityNotFoundException),
        (store.delete_data_source, "stats_fil", DataSourceObjectNotFoundException),
    ]:
        with pytest.raises(error, match="not registered") as caught:
            delete(name)
        assert caught.value.near_names
    for delete, name in [
        (store.delete_feature_view, "stats"),
        (store.delete_entity, "driver"),
        (store.delete_data_source, "stats_file"),
    ]:
        with pytest.raises(ConflictError, match="uses it"):
            delete(name)
    store.materialize(DAY, DAY)
    store.delete_feature_service("tips")
    store.delete_feature_view("stats")
    store.delete_data_source("stats_push")
    store.delete_data_source("stats_file")
    store.delete_entity("driver")
    assert store.list_entities() == store.list_data_sources() == store.list_feature_views() == []
    store.apply(OBJECTS)
    answer = store.get_online_features(["stats:city"], [{"driver_id": 1001}])
    assert answer.statuses("city") == ["NOT_FOUND"]


def test_on_demand_and_label_views_are_kept_and_refused_by_name(store):
    asked = RequestSource(name="now", schema=[Field(name="h", dtype=Int64)])

    @on_demand_feature_view(
        sources=[stats[["trips"]], asked],
        schema=[Field(name="busy", dtype=Float64)],
        mode="python",
    )
    def made(inputs):
        return {"busy": [trips / 2 for trips in inputs["trips"]]}

    labels = LabelView(
        name="labels",
        entities=[driver],
        schema=[Field(name="good", dtype=Int64), Field(name="labeler", dtype=String)],
        source=PushSource(
            name="label_push", batch_source=FileSource(path="labels.csv", timestamp_field="ts")
        ),
        conflict_policy=ConflictPolicy.MAJORITY_VOTE,
    )
    both = FeatureService(name="both", features=[stats[["city"]], made, labels])
    by_name = FeatureService(name="by_name", features=["made:busy", "labels"])
    assert store.apply([made, labels, both, by_name])
    assert not store.apply([made, labels, both, by_name])
    assert store.list_on_demand_feature_views() == [made]
    assert store.list_label_views() == [labels]
    assert names(store.list_all_feature_views()) == ["labels", "made", "stats"]
    assert store.get_on_demand_feature_view("made").udf_string == made.udf_string
    assert store.get_label_view("labels").conflict_policy is ConflictPolicy.MAJORITY_VOTE
    assert store.get_data_source("now").schema == [Field(name="h", dtype=Int64)]
    busy, labeled = store.get_feature_service("by_name").feature_view_projections
    assert [(field.name, field.dtype) for field in busy.features] == [("busy", Float64)]
    assert [field.name for field in labeled.features] == ["good", "labeler"]
    rows = [{"driver_id": 1001}]
    for features, view in [(both, "made"), (["labels:good"], "labels"), (by_name, "made")]:
        with pytest.raises(NotSupportedError, match=f"'{view}'"):
            store.get_online_features(features, rows)
        with pytest.raises(NotSupportedError, match=f"'{view}'"):
            store.get_historical_features(pa.table(entity_rows()), features)
    with pytest.raises(NotSupportedError, match="'labels'"):
        store.write_to_online_store("labels", inputs={"driver_id": [1]})
    with pytest.raises(OnDemandFeatureViewNotFoundException):
        store.get_on_demand_feature_view("mad")
    with pytest.raises(ConflictError, match="on-demand feature view 'made' uses it"):
        store.apply([], [tips, both, by_name, stats])
    store.apply([], [both, by_name])
    store.delete_feature_view("made")
    store.delete_feature_view("labels")
    assert names(store.list_all_feature_views()) == ["stats"]


def test_apply_says_which_timestamp_field_it_found(store):
    plain = FileSource(name="plain", path="data/plain.csv")
    (store.repo_path / "data" / "plain.csv").write_text(
        "driver_id,seen_at,x\n1,2024-01-10T00:00:00Z,2\n"
    )
    view = FeatureView(name="plain", entities=[driver], source=plain)
    sentence = "data source 'plain': timestamp_field is 'seen_at', its only column of times"
    assert store.plan([*OBJECTS, view]).inferred == (sentence,)
    diff = store.apply([view, FeatureService(name="all", features=[view])])
    assert diff.inferred == (sentence,)
    assert diff.to_string().splitlines()[0] == sentence
    (projection,) = store.get_feature_service("all").feature_view_projections
    assert projection.batch_source.timestamp_field == "seen_at"


def test_plan_is_of_everything_and_changes_nothing(store):
    assert not store.plan(OBJECTS)
    other = Entity(name="rider", join_keys=["rider_id"])
    diff = store.plan(([driver, other], [stats]))
    assert [(change.change, change.name) for change in diff.changes] == [
        ("create", "rider"),
        ("delete", "tips"),
    ]
    assert names(store.list_entities()) == ["driver"]
    assert names(store.list_feature_services()) == ["tips"]


def test_definitions_that_make_no_sense(store):
    unknown = FeatureView(
        name="other",
        entities=[Entity(name="rider", join_keys=["rider_id"])],
        schema=[Field(name="trips", dtype=Int64)],
        source=source,
    )
    with pytest.raises(DefinitionError, match="rider") as caught:
        store.apply(unknown)
    assert caught.value.file.endswith("test_feature_store.py")
    assert caught.value.line == unknown._location[1]
    with pytest.raises(DefinitionError):
        store.apply([Entity(name="a", join_keys=["x"]), Entity(name="a", join_keys=["y"])])
    with pytest.raises(TypeError, match=r"objects must be definitions .* holds 'driver' \(str\)"):
        store.apply(["driver"])


def test_a_schema_comes_from_the_source_unless_it_may_not_be_opened(store):
    inferred = FeatureView(name="inferred", entities=[driver], source=source)
    with pytest.raises(DefinitionError, match="inferred"):
        store.apply(inferred, skip_feature_view_validation=True)
    store.apply(inferred)
    fields = {field.name: field.dtype for field in store.get_feature_view("inferred").features}
    assert fields["trips"] == Int64
    assert fields["tags"] == Array(String)


# --- training sets ------------------------------------------------------------------------------


def entity_rows():
    return {
        "driver_id": [1001, 1002, 1001, 7],
        "event_timestamp": [DAY, DAY + HOUR, DAY + HOUR, DAY],
        "label": ["a", "b", "c", "d"],
    }


@pytest.mark.parametrize("make", [pa.table, pd.DataFrame, pl.DataFrame])
def test_a_training_set_from_any_table(store, make):
    job = store.get_historical_features(make(entity_rows()), ["stats:trips", "stats:city"])
    assert not job.full_feature_names
    table = job.to_arrow()
    assert table.column_names == ["driver_id", "event_timestamp", "label", "trips", "city"]
    assert table.column("label").to_pylist() == ["a", "b", "c", "d"]
    assert table.column("trips").to_pylist() == [1, None, BIG, None]
    assert table.column("city").to_pylist() == ["Oslo", "Oslo", "Bergen", None]
    frame = job.to_df()
    assert list(frame.columns) == table.column_names
    assert frame["trips"].tolist()[2] == BIG
    assert str(frame["trips"].dtype) == "Int64"
    with pytest.raises(NotSupportedError, match="timeout=5"):
        job.to_df(timeout=5)
    with pytest.raises(NotSupportedError, match="validation_reference"):
        job.to_arrow("reference")


def test_a_training_set_for_a_service_with_full_names(store):
    entity_df = pd.DataFrame({"driver_id": [1001], "event_timestamp": [datetime(2024, 1, 10, 1)]})
    job = store.get_historical_features(entity_df, tips, full_feature_names=True)
    assert job.full_feature_names
    frame = job.to_df()
    assert list(frame.columns)[2:] == ["stats__trips", "stats__city"]
    assert frame["stats__city"].tolist() == ["Bergen"]


def test_a_training_set_that_cannot_be_made(store):
    entity_df = pa.table(entity_rows())
    with pytest.raises(NotFoundError) as caught:
        store.get_historical_features(entity_df, ["stat:trips"])
    assert "stats" in caught.value.near_names
    with pytest.raises(NotFoundError, match="nothing"):
        store.get_historical_features(entity_df, FeatureService(name="nothing", features=[stats]))
    with pytest.raises(InvalidError):
        store.get_historical_features(entity_df)
    with pytest.raises(TypeError, match="features must be a list of strings"):
        store.get_historical_features(entity_df, "stats:trips")
    with pytest.raises(NotSupportedError, match="entity_df"):
        store.get_historical_features(features=["stats:trips"], start_date=DAY, end_date=DAY)
    with pytest.raises(NotSupportedError, match="filter_by_created_timestamp"):
        store.get_historical_features(entity_df, ["stats:trips"], filter_by_created_timestamp=True)
    with pytest.raises(InvalidError, match="driver_id"):
        store.get_historical_features(
            entity_df.drop_columns("driver_id"), ["stats:trips"]
        ).to_arrow()
    with pytest.raises(InvalidError, match="event_timestamp"):
        text = entity_df.drop_columns("event_timestamp").append_column(
            "event_timestamp", pa.array(["2024-01-10"] * 4)
        )
        store.get_historical_features(text, ["stats:trips"]).to_arrow()


# --- the online store ---------------------------------------------------------------------------


EVERYTHING = [f"stats:{name}" for name in ("trips", "rating", "city", "seen", "tags", "raw")]


def test_materialize_and_look_up(store):
    (done,) = store.materialize(DAY.replace(tzinfo=None), DAY + HOUR)
    assert (done.feature_view, done.rows, done.entities) == ("stats", 3, 2)
    assert (done.written, done.stale, done.source_range) == (2, 0, None)
    assert (done.start, done.end) == (DAY, DAY + HOUR)
    answer = store.get_online_features(
        EVERYTHING, [{"driver_id": 1001}, {"driver_id": 1002}, {"driver_id": 7}]
    )
    assert answer.to_dict() == {
        "driver_id": [1001, 1002, 7],
        "trips": [BIG, None, None],
        "rating": [4.5, None, None],
        "city": ["Bergen", "Oslo", None],
        "seen": [DAY + HOUR, None, None],
        "tags": [["b", None], [], None],
        "raw": [b"\xff", b"", None],
    }
    assert answer.statuses("trips") == ["PRESENT", "NULL_VALUE", "NOT_FOUND"]
    assert answer.statuses("rating") == ["PRESENT", "NULL_VALUE", "NOT_FOUND"]
    assert answer.statuses("driver_id") == ["PRESENT"] * 3
    hour = int((DAY + HOUR).timestamp())
    stamped = answer.to_dict(include_event_timestamps=True)
    assert stamped["trips__ts"] == [hour, hour - 3600, 0]
    assert stamped["driver_id__ts"] == [0, 0, 0]
    assert answer.to_df()["trips"].tolist()[0] == BIG
    assert answer.to_arrow().schema.field("seen").type == pa.timestamp("us", "UTC")
    assert answer.to_dict()["seen"][0].tzinfo is UTC
    with pytest.raises(NotSupportedError, match="include_feature_view_version_metadata"):
        store.get_online_features(EVERYTHING, [{"driver_id": 7}], False, True)


def test_times_need_no_time_zone_database():
    code = (
        "import sys; sys.modules['tzdata'] = None\n"
        "from datetime import UTC, datetime\n"
        "import pyarrow as pa\n"
        "from featly.online_response import OnlineResponse\n"
        "day = datetime(2024, 1, 10, tzinfo=UTC)\n"
        "time = pa.timestamp('us', 'UTC')\n"
        "columns = {'a': pa.array([day, None], time)}\n"
        "columns['b'] = pa.array([[day, None], None], pa.list_(time))\n"
        "table = pa.table(columns)\n"
        "response = OnlineResponse(table, table, table)\n"
        "answer = response.to_dict()\n"
        "assert answer == {'a': [day, None], 'b': [[day, None], None]}, answer\n"
        "frame = response.to_df()\n"
        "assert str(frame['a'].dtype) == 'datetime64[us, UTC]', frame.dtypes\n"
        "assert frame['a'][0] == day\n"
    )
    environment = {**os.environ, "PYTHONTZPATH": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_join_keys_come_back_as_they_were_asked(store):
    rider = Entity(name="rider", join_keys=["rider_id"], value_type=ValueType.STRING)
    pairs = FeatureView(
        name="pairs",
        entities=[driver, rider],
        schema=[Field(name="driver_id", dtype=Int64), Field(name="x", dtype=Int64)],
        source=FileSource(path="data/pairs.csv", timestamp_field="ts"),
    )
    (store.repo_path / "data" / "pairs.csv").write_text(
        "driver_id,rider_id,ts,x\n1,a,2024-01-10T00:00:00Z,2\n"
    )
    store.apply([rider, pairs])
    rows = {"rider_id": ["a"], "note": [5], "driver_id": ["1001"]}
    answer = store.get_online_features(["stats:city"], rows)
    assert list(answer.to_dict().items())[:2] == [("rider_id", ["a"]), ("driver_id", [1001])]
    assert list(answer.to_dict()) == ["rider_id", "driver_id", "city"]


def test_lookups_by_columns_service_and_text(store):
    store.materialize(DAY, DAY + HOUR)
    wanted = {"driver_id": [1001], "stats__trips": [BIG], "stats__city": ["Bergen"]}
    for key in (1001, "1001", 1001.0):
        rows = {"driver_id": [key]}
        answer = store.get_online_features(tips, rows, full_feature_names=True).to_dict()
        assert {name: answer[name] for name in list(wanted)[1:]} == dict(list(wanted.items())[1:])
    nobody = store.get_online_features(tips, {"driver_id": []})
    assert nobody.to_dict() == {"driver_id": [], "trips": [], "city": []}
    with pytest.raises(InvalidError, match="driver_id"):
        store.get_online_features(tips, [{"driver_id": "abc"}])
    with pytest.raises(InvalidError, match="driver_id"):
        store.get_online_features(tips, [{"driver_id": None}])
    with pytest.raises(InvalidError, match="driver_id"):
        store.get_online_features(tips, [{"rider_id": 1}])
    with pytest.raises(NotFoundError) as caught:
        store.get_online_features(["stats:trip"], [{"driver_id": 1001}])
    assert "trips" in caught.value.near_names


def test_rows_grow_old(repo):
    FeatureStore(repo_path=repo).apply(OBJECTS)
    clock = repo / "clock"
    clock.write_text(NOW)
    store = FeatureStore(repo_path=repo, _test_clock=f"@{clock}")
    store.materialize(DAY, DAY + HOUR)
    rows = [{"driver_id": 1001}, {"driver_id": 1002}]
    clock.write_text((DAY + timedelta(days=2)).isoformat())
    assert store.get_online_features(["stats:city"], rows).statuses("city") == ["PRESENT"] * 2
    clock.write_text((DAY + timedelta(days=2, microseconds=1)).isoformat())
    answer = store.get_online_features(["stats:city"], rows)
    assert answer.statuses("city") == ["PRESENT", "OUTSIDE_MAX_AGE"]
    assert answer.to_dict(include_event_timestamps=True)["city__ts"][1] == int(DAY.timestamp())


def test_a_view_without_entities(store, repo):
    pq.write_table(
        pa.table({"rate": pa.array([1.5], pa.float64()), "event_timestamp": pa.array([DAY])}),
        repo / "data" / "rate.parquet",
    )
    rates = FeatureView(
        name="rates",
        schema=[Field(name="rate", dtype=Float64)],
        source=FileSource(path="data/rate.parquet", timestamp_field="event_timestamp"),
    )
    store.apply(rates)
    assert names(store.list_entities()) == ["driver"]
    store.materialize(DAY, DAY)
    answer = store.get_online_features(["rates:rate"], [{}, {}])
    assert answer.to_dict() == {"rate": [1.5, 1.5]}
    both = store.get_online_features(["rates:rate", "stats:city"], [{"driver_id": 1002}])
    assert both.to_dict() == {"driver_id": [1002], "rate": [1.5], "city": ["Oslo"]}


def test_materialize_incremental_goes_on_where_it_ended(store):
    (first,) = store.materialize_incremental(DAY)
    assert (first.start, first.end, first.written) == (
        datetime(2024, 1, 9, tzinfo=UTC),
        DAY,
        2,
    )
    (second,) = store.materialize_incremental(DAY + HOUR, feature_views=["stats"])
    assert (second.start, second.end, second.written) == (DAY, DAY + HOUR, 2)
    assert store.get_feature_view("stats").most_recent_end_time == DAY + HOUR


def test_materialize_incremental_says_that_there_is_nothing_to_do(store):
    store.materialize(DAY, DAY + HOUR)
    with pytest.warns(UserWarning, match="up to 2024-01-10T01:00:00.00:00 already") as caught:
        (done,) = store.materialize_incremental(DAY)
    assert done.rows == 0
    assert caught[0].filename == __file__


def test_progress_is_drawn_on_a_terminal(store, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    store.materialize(DAY, DAY + HOUR)
    assert terminal.getvalue().endswith("\r\033[K")  # cleared at the end
    draw = terminal_progress()
    draw("stats: reading", 500, 1000)
    assert "stats: reading  [===============               ] 50%  500 rows" in terminal.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert terminal_progress() is None


def test_what_progress_raises_stops_the_work(store):
    def fail(phase, done, total):
        raise RuntimeError("closed")

    with pytest.raises(RuntimeError, match="closed"):
        store._project_core().materialize(0, 2**60, [], fail)


def test_an_empty_range_warns_with_what_the_source_holds(store):
    with pytest.warns(UserWarning, match="2024-01-10T00:00:00.*2024-01-10T01:00:00") as caught:
        (done,) = store.materialize(datetime(2025, 1, 1), datetime(2025, 2, 1))
    assert caught[0].filename == __file__
    assert done.source_range == (DAY, DAY + HOUR)


def test_all_there_is_is_materialized(store):
    (done,) = store.materialize(datetime(2025, 1, 1), DAY, disable_event_timestamp=True)
    assert (done.start, done.end) == (datetime(1970, 1, 1, tzinfo=UTC), datetime.fromisoformat(NOW))
    # As the same range by its ends.
    (again,) = store.materialize(datetime(1970, 1, 1), datetime.fromisoformat(NOW))
    assert (again.rows, again.entities) == (done.rows, done.entities)
    assert done.rows > 0


def test_materialize_refuses(store):
    with pytest.raises(NotFoundError) as caught:
        store.materialize(DAY, DAY, feature_views=["stat"])
    assert "stats" in caught.value.near_names
    with pytest.raises(InvalidError):
        store.materialize(DAY, DAY - HOUR)
    with pytest.raises(NotSupportedError, match="version='v2'"):
        store.materialize(DAY, DAY, version="v2")
    with pytest.raises(TypeError, match="feature_views must be a list of strings"):
        store.materialize(DAY, DAY, feature_views="stats")


def pushed_rows(**columns):
    rows = {
        "driver_id": [1001],
        "event_timestamp": [DAY + 2 * HOUR],
        "trips": [5],
        "rating": [1.0],
        "city": ["Moss"],
        "seen": [DAY],
        "tags": [["x"]],
        "raw": [b"r"],
    }
    return rows | columns


@pytest.mark.parametrize("make", [pa.table, pd.DataFrame, pl.DataFrame])
def test_push(store, make):
    store.materialize(DAY, DAY + HOUR)
    assert store.push("stats_push", make(pushed_rows())) == (1, 0)
    assert store.push("stats_push", make(pushed_rows(event_timestamp=[DAY]))) == (0, 1)
    answer = store.get_online_features(["stats:city", "stats:tags"], [{"driver_id": 1001}])
    assert answer.to_dict() == {"driver_id": [1001], "city": ["Moss"], "tags": [["x"]]}


def test_writing_to_one_view(store):
    assert store.write_to_online_store("stats", pa.table(pushed_rows())) == (1, 0)
    assert store.write_to_online_store("stats", inputs=pushed_rows()) == (1, 0)
    with pytest.raises(FeatureViewNotFoundException) as caught:
        store.write_to_online_store("stat", pa.table(pushed_rows()))
    assert caught.value.near_names == ["stats"]
    with pytest.raises(UsageError, match="pass one"):
        store.write_to_online_store("stats")
    with pytest.raises(UsageError, match="pass one"):
        store.write_to_online_store("stats", pa.table(pushed_rows()), inputs=pushed_rows())
    with pytest.raises(InvalidError, match="one length"):
        store.write_to_online_store("stats", inputs={"driver_id": [1], "trips": []})


def test_the_event_loop_goes_on(store):
    async def work():
        await store.initialize()
        pushed, written = await asyncio.gather(
            store.push_async("stats_push", pa.table(pushed_rows())),
            store.write_to_online_store_async("stats", pa.table(pushed_rows())),
        )
        answers = await asyncio.gather(
            *(
                store.get_online_features_async(["stats:city"], [{"driver_id": 1001}])
                for _ in range(20)
            )
        )
        await store.close()
        return pushed, written, answers

    pushed, written, answers = asyncio.run(work())
    assert pushed.written == written.written == 1
    assert {tuple(answer.statuses("city")) for answer in answers} == {("PRESENT",)}


def test_notebooks_show_what_is_there(store):
    store.materialize(DAY, DAY + HOUR)
    answer = store.get_online_features(["stats:city"], {"driver_id": list(range(1000, 1030))})
    job = store.get_historical_features(pa.table(entity_rows()), ["stats:city"])
    odd = Entity(name="a<b", description="x & y")
    shown = {
        "store": (store, ["FeatureStore", "shop", "stats_file, stats_push"]),
        "view": (stats, ["FeatureView", "stats", "Int64", "trips", "rides"]),
        "entity": (odd, ["a&lt;b", "x &amp; y"]),
        "answer": (answer, ["30 rows", "Bergen", "NOT_FOUND", "and 10 more rows"]),
        "job": (job, ["RetrievalJob", "stats:city", "nothing is read yet"]),
        "diff": (store.plan(OBJECTS[:2]), ["delete", "feature service", "tips"]),
    }
    for obj, texts in shown.values():
        html = obj._repr_html_()
        ElementTree.fromstring(html)  # it is well-formed
        for text in texts:
            assert text in html
    assert "RetrievalJob(" in repr(job)


def test_polars(store):
    store.materialize(DAY, DAY + HOUR)
    answer = store.get_online_features(EVERYTHING, [{"driver_id": 1001}])
    frame = answer.to_polars()
    assert isinstance(frame, pl.DataFrame)
    assert frame["trips"].to_list() == [BIG]
    training = store.get_historical_features(pa.table(entity_rows()), ["stats:city"]).to_polars()
    assert isinstance(training, pl.DataFrame)
    assert (
        training["city"].to_list()
        == store.get_historical_features(pa.table(entity_rows()), ["stats:city"])
        .to_arrow()["city"]
        .to_pylist()
    )


def test_push_refuses(store):
    rows = pushed_rows()
    with pytest.raises(NotFoundError) as caught:
        store.push("stats_pus", pa.table(rows))
    assert "stats_push" in caught.value.near_names
    with pytest.raises(InvalidError, match="city"):
        store.push("stats_push", pa.table(rows).drop_columns("city"))
    with pytest.raises(InvalidError, match="trips"):
        store.push("stats_push", pa.table(pushed_rows(trips=["many"])))
    with pytest.raises(
        InvalidError, match="row 0 of the pushed rows has a null in the join key column 'driver_id'"
    ):
        store.push("stats_push", pa.table(pushed_rows(driver_id=pa.nulls(1, pa.int64()))))
    with pytest.raises(NotSupportedError, match="online store only"):
        store.push("stats_push", pa.table(rows), to=PushMode.ONLINE_AND_OFFLINE)


def test_ctrl_c_stops_the_work(store, repo):
    # Enough rows for the work to be under way; it may end first, and the interrupt is raised still.
    rows = 2_000_000
    keys = pa.array(range(rows), pa.int64())
    times = pa.array([DAY] * 1, pa.timestamp("us", "UTC")).take(pa.array([0] * rows))
    pq.write_table(
        pa.table({"driver_id": keys, "event_timestamp": times, "n": keys}),
        repo / "data" / "many.parquet",
    )
    many = FileSource(path="data/many.parquet", timestamp_field="event_timestamp")
    store.apply(FeatureView(name="many", entities=[driver], source=many))
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    # What is started in the background of a shell ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            for _ in range(1000):
                store.materialize(DAY, DAY, feature_views=["many"])
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    # What was interrupted is repeated.
    (done,) = store.materialize(DAY, DAY, feature_views=["many"])
    assert done.written + done.stale == rows
    assert store.get_online_features(["many:n"], [{"driver_id": 7}]).to_dict()["n"] == [7]


def test_teardown_removes_the_project(store, repo):
    store.materialize(DAY, DAY + HOUR)
    store.teardown()
    assert store.list_feature_views() == []
    assert (repo / "data" / "stats.parquet").exists()
    store.apply(OBJECTS)
    answer = store.get_online_features(["stats:city"], [{"driver_id": 1001}])
    assert answer.statuses("city") == ["NOT_FOUND"]


# --- threads and processes ----------------------------------------------------------------------


def test_a_forked_child_opens_the_store_anew(store):
    store.materialize(DAY, DAY + HOUR)
    ask = ["stats:trips"], [{"driver_id": 1001}]
    assert store.get_online_features(*ask).to_dict()["trips"] == [BIG]
    child = os.fork()
    if child == 0:
        done = 1
        try:
            answer = store.get_online_features(*ask).to_dict()["trips"]
            table = store.get_historical_features(pa.table(entity_rows()), EVERYTHING).to_arrow()
            pushed = store.push("stats_push", pa.table(pushed_rows()))
            done = 0 if (answer, table.num_rows, pushed) == ([BIG], 4, (1, 0)) else 2
        finally:
            os._exit(done)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.get_online_features(*ask).to_dict()["trips"] == [5]


def test_many_threads_use_one_store(store):
    store.materialize(DAY, DAY + HOUR)
    failures = []

    def work(number):
        try:
            for step in range(20):
                at = DAY + timedelta(hours=3, seconds=20 * number + step)
                key = 5000 + number
                store.push(
                    "stats_push",
                    pa.table(pushed_rows(driver_id=[key], trips=[step], event_timestamp=[at])),
                )
                answer = store.get_online_features(
                    ["stats:trips"], {"driver_id": [key, 1001]}
                ).to_dict()
                assert answer["trips"] == [step, BIG]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
