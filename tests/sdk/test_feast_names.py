"""What Feast's classes have and featly's lack is said by name, in the guide too."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from conftest import ROOT

from featly import (
    Aggregation,
    BatchFeatureView,
    Entity,
    FeatureService,
    FeatureStore,
    FeatureView,
    Field,
    FileLoggingDestination,
    FileSource,
    KafkaSource,
    KinesisSource,
    LabelView,
    LoggingConfig,
    OnDemandFeatureView,
    Project,
    PushSource,
    RepoConfig,
    RequestSource,
    StreamFeatureView,
)
from featly._feast_names import ELSEWHERE, LACKING
from featly.data_format import JsonFormat
from featly.errors import (
    FeatlyError,
    FeatureNameCollisionError,
    FeatureViewNotFoundException,
    InvalidError,
    NotInFeatlyError,
    NotSupportedError,
)
from featly.permission import Permission
from featly.types import Int64

FEASTS = json.loads((ROOT / "tests" / "data" / "feast_names.json").read_text())["classes"]
GUIDE = ROOT / "docs" / "guides" / "from-feast.md"

driver = Entity(name="driver", join_keys=["driver_id"])
source = FileSource(name="rows", path="rows.csv", timestamp_field="ts")
stream = KafkaSource(
    name="stream",
    timestamp_field="ts",
    message_format=JsonFormat("x int"),
    batch_source=source,
)
fields = [Field(name="driver_id", dtype=Int64), Field(name="trips", dtype=Int64)]
stats = FeatureView(name="stats", entities=[driver], schema=fields, source=source)
others = FeatureView(name="others", entities=[driver], schema=fields, source=source)
on_demand = OnDemandFeatureView(
    name="double",
    sources=[stats],
    schema=[Field(name="twice", dtype=Int64)],
    udf=lambda rows: rows,
    udf_string="def double(rows): return rows",
)
labels = LabelView(
    name="labels",
    entities=[driver],
    schema=[Field(name="good", dtype=Int64)],
    source=PushSource(name="pushed_labels", batch_source=source),
)
service = FeatureService(name="model", features=[stats])
clashing = FeatureService(name="clashing", features=[stats, others])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repo")
    (folder / "rows.csv").write_text("driver_id,trips,ts\n1,7,2024-05-10T12:00:00Z\n")
    (folder / "feature_store.yaml").write_text("project: shop\nregistry: data/registry.db\n")
    store = FeatureStore(folder)
    store.apply([driver, stats, others, on_demand, labels, service, clashing])
    return folder


@pytest.fixture
def store(folder):
    return FeatureStore(folder)


def entity_rows():
    times = [datetime(2024, 5, 11, tzinfo=UTC), datetime(2024, 5, 12, tzinfo=UTC)]
    return pa.table({"driver_id": [1, 2], "event_timestamp": times, "label": [0, 1]})


def samples(store):
    """An object of each class that Feast has too."""
    return {
        "FeatureStore": store,
        "RetrievalJob": store.get_historical_features(entity_rows(), ["stats:trips"]),
        "OnlineResponse": store.get_online_features(["stats:trips"], [{"driver_id": 1}]),
        "Entity": driver,
        "FeatureView": stats,
        "OnDemandFeatureView": on_demand,
        "LabelView": labels,
        "FeatureService": service,
        "Field": fields[0],
        "FileSource": source,
        "PushSource": labels.source,
        "RequestSource": RequestSource(name="asked", schema=fields),
        "Project": Project(name="shop"),
        "RepoConfig": store.config,
        "Aggregation": Aggregation(column="trips", function="sum", time_window=timedelta(days=1)),
        "FeatureViewProjection": stats.projection,
        "RegistryDiff": store.plan([driver]),
        "BatchFeatureView": BatchFeatureView(name="nightly", source=source),
        "KafkaSource": stream,
        "KinesisSource": KinesisSource(
            name="clicks", region="eu", stream_name="clicks", record_format=JsonFormat("x int")
        ),
        "StreamFeatureView": StreamFeatureView(name="now", source=stream),
        "Permission": Permission(name="everything"),
        "LoggingConfig": LoggingConfig(destination=FileLoggingDestination(path="logs")),
    }


@pytest.mark.parametrize("kind", sorted(FEASTS))
def test_what_feast_has_is_there_or_refused_by_name(store, kind):
    sample = samples(store)[kind]
    for name in FEASTS[kind]:
        if hasattr(sample, name) or (kind, name) in UNSET_SETTINGS:
            continue
        with pytest.raises(NotInFeatlyError) as refused:
            getattr(sample, name)
        assert str(refused.value).startswith(f"{kind}.{name} is Feast's, and not in this version")
        assert isinstance(refused.value, (NotSupportedError, AttributeError))


# Keys of feature_store.yaml that this repository does not set.
UNSET_SETTINGS = {
    ("RepoConfig", name)
    for name in FEASTS["RepoConfig"]
    if not name.endswith("_config") and name != "write_to_path"
}


def test_what_is_refused_is_feasts_and_not_there(store):
    instances = samples(store).values()
    for kind, names, instead in LACKING:
        assert instead
        mine = [one for one in instances if kind in {cls.__name__ for cls in type(one).__mro__}]
        assert mine, kind
        for name in names.split():
            assert any(name in FEASTS[type(one).__name__] for one in mine), (kind, name)
            assert not any(hasattr(one, name) for one in mine), (kind, name)


def test_classes_refuse_by_name_too():
    with pytest.raises(NotInFeatlyError, match="FeatureView.from_proto is Feast's.*from_dict"):
        FeatureView.from_proto(None)
    assert not hasattr(FeatureStore, "registry")
    with pytest.raises(NotSupportedError, match="embedding_provider"):
        FeatureStore(embedding_provider=1)


def test_names_that_are_not_feasts_say_where_it_is(store):
    said = r"FeatureStore\.delete_from_online_store is not in .*POST /delete-from-online-store"
    for one in (store, FeatureStore):
        with pytest.raises(NotInFeatlyError, match=said):
            one.delete_from_online_store  # noqa: B018
        assert not hasattr(one, "delete_from_online_store")
    for kind, name in ELSEWHERE:
        assert name not in FEASTS[kind] and f"`{kind}.{name}`" in GUIDE.read_text()


def test_another_name_is_an_attribute_error(store):
    for sample in samples(store).values():
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'") as error:
            sample.nonsense  # noqa: B018
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
            type(sample).nonsense  # noqa: B018
        assert not isinstance(error.value, FeatlyError)


def test_the_guide_prints_the_table():
    _, _, after = GUIDE.read_text().partition("| class | names | instead |\n|---|---|---|\n")
    shown = after.partition("\n\n")[0].splitlines()
    assert shown == [
        f"| `{kind}` | {', '.join(f'`{name}`' for name in names.split())} | {instead} |"
        for kind, names, instead in LACKING
    ]


# --- what is there ------------------------------------------------------------------------------


def test_the_settings_that_count(store, folder):
    config = store.config
    assert (config.project, config.provider, config.repo_path) == ("shop", "local", folder)
    assert config.registry["path"] == str(folder / "data" / "registry.db")
    assert config.online_store["type"] == "lmdb"
    assert config.entity_key_serialization_version == 3
    same = FeatureStore(config=config)
    assert same.config == config
    assert [view.name for view in same.list_feature_views()] == ["stats", "others"]
    asked = FeatureStore(config=RepoConfig(project="shop", repo_path=folder, flags={"x": True}))
    assert asked.config.project == "shop"
    limited = RepoConfig(
        project="shop", repo_path=folder, featly={"memory_limit": "2GB", "threads": 3}
    )
    settings = FeatureStore(config=limited).config.featly
    assert (settings["memory_limit"], settings["threads"]) == (2 << 30, 3)


def test_a_view_of_any_kind(store):
    for view in (stats, on_demand, labels):
        found = store.get_any_feature_view(view.name)
        assert (type(found), found.name) == (type(view), view.name)
    with pytest.raises(FeatureViewNotFoundException) as error:
        store.get_any_feature_view("stat")
    assert error.value.near_names == ["stats"]


def test_views_are_disabled_and_enabled(store):
    store.disable_feature_view("stats")
    assert not store.get_feature_view("stats").enabled
    with pytest.raises(FeatlyError, match="disabled"):
        store.get_online_features(["stats:trips"], [{"driver_id": 1}])
    store.enable_feature_view("stats")
    assert store.get_feature_view("stats").enabled
    store.get_online_features(["stats:trips"], [{"driver_id": 1}])
    with pytest.raises(FeatureViewNotFoundException):
        store.disable_feature_view("nothing")
    with pytest.raises(NotSupportedError, match="LabelView 'labels'"):
        store.disable_feature_view("labels")


@pytest.mark.parametrize("asked", [["stats:trips"], service])
def test_what_a_training_set_was_asked_for(store, asked):
    job = store.get_historical_features(entity_rows(), asked)
    metadata = job.metadata
    assert metadata.features == ["stats:trips"]
    assert metadata.keys == ["driver_id", "label"]
    assert metadata.min_event_timestamp == datetime(2024, 5, 11, tzinfo=UTC)
    assert metadata.max_event_timestamp == datetime(2024, 5, 12, tzinfo=UTC)
    assert job.on_demand_feature_views == []
    assert not job.supports_remote_storage_export()


@pytest.mark.parametrize("asked", [["stats:trips", "others:trips"], clashing])
def test_features_of_one_name(store, asked):
    for ask in (
        lambda: store.get_historical_features(entity_rows(), asked),
        lambda: store.get_online_features(asked, [{"driver_id": 1}]),
    ):
        with pytest.raises(
            FeatureNameCollisionError, match="would both be called 'trips'"
        ) as error:
            ask()
        assert isinstance(error.value, InvalidError)
        assert error.value.subject == "trips"
    store.get_online_features(asked, [{"driver_id": 1}], full_feature_names=True)
