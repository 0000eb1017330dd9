"""The definition classes: what they check, what messages they make, and that nothing gets lost."""

import copy
import inspect
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

import featly
from featly import (
    DataSource,
    Entity,
    FeatureService,
    FeatureView,
    FeatureViewProjection,
    Field,
    FileFormat,
    FileSource,
    ParquetFormat,
    Project,
    PushSource,
    ValueType,
    types,
)
from featly._messages import (
    duration_from_json,
    duration_to_json,
    timestamp_from_json,
    timestamp_to_json,
)
from featly.types import Array, Float64, Int32, Int64, Set, String, Struct, from_value_type

FILE_CLASS = "feast.infra.offline_stores.file_source.FileSource"
PUSH_CLASS = "feast.data_source.PushSource"


def driver(**arguments):
    return Entity(**{"name": "driver", "join_keys": ["driver_id"], **arguments})


def trips(**arguments):
    return FileSource(**{"path": "data/trips.parquet", "timestamp_field": "ts", **arguments})


def stats(**arguments):
    schema = [Field(name="rating", dtype=Float64), Field(name="trips", dtype=Int64)]
    return FeatureView(
        **{
            "name": "stats",
            "entities": [driver()],
            "source": trips(),
            "schema": schema,
            "ttl": timedelta(hours=1),
            **arguments,
        }
    )


# --- the package -------------------------------------------------------------------------------


def test_the_package_tells_its_version():
    assert featly.__version__ == (ROOT / "VERSION").read_text().strip()
    with pytest.raises(AttributeError, match="module 'featly' has no attribute 'nonsense'"):
        featly.nonsense  # noqa: B018


def test_importing_loads_nothing_but_the_standard_library():
    script = (
        "import sys; before = set(sys.modules); import featly\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    root = Path(featly.__file__).parents[1]
    output = subprocess.run(
        [sys.executable, "-S", "-c", script], env={"PYTHONPATH": str(root)}, capture_output=True
    )
    assert output.stdout.decode().strip() == "['featly']", output.stderr.decode()


# Feast 0.67's arguments, in its order, with its defaults ("..." where there is none).
SIGNATURES = {
    Entity: {
        "name": ...,
        "join_keys": None,
        "value_type": None,
        "description": "",
        "tags": None,
        "owner": "",
    },
    Field: {
        "name": ...,
        "dtype": ...,
        "description": "",
        "tags": None,
        "vector_index": False,
        "vector_length": 0,
        "vector_search_metric": None,
    },
    FileSource: {
        "path": ...,
        "name": "",
        "event_timestamp_column": "",
        "file_format": None,
        "created_timestamp_column": "",
        "field_mapping": None,
        "s3_endpoint_override": None,
        "description": "",
        "tags": None,
        "owner": "",
        "timestamp_field": "",
        "connection_ref": None,
    },
    PushSource: {"name": ..., "batch_source": None, "description": "", "tags": None, "owner": ""},
    FeatureView: {
        "name": ...,
        "source": None,
        "sink_source": None,
        "schema": None,
        "entities": None,
        "ttl": timedelta(0),
        "online": True,
        "offline": False,
        "description": "",
        "tags": None,
        "owner": "",
        "org": "",
        "mode": None,
        "enable_validation": False,
        "version": "latest",
        "enabled": True,
    },
    FeatureService: {
        "name": ...,
        "features": ...,
        "tags": None,
        "description": "",
        "owner": "",
        "logging_config": None,
        "precompute_online": False,
    },
    Project: {
        "name": ...,
        "description": "",
        "tags": None,
        "owner": "",
        "created_timestamp": None,
        "last_updated_timestamp": None,
    },
}


@pytest.mark.parametrize("cls", SIGNATURES, ids=lambda cls: cls.__name__)
def test_constructors_take_feasts_arguments(cls):
    parameters = inspect.signature(cls).parameters.values()
    assert all(item.kind is inspect.Parameter.KEYWORD_ONLY for item in parameters)
    found = {
        item.name: ... if item.default is inspect.Parameter.empty else item.default
        for item in parameters
    }
    assert found == SIGNATURES[cls]
    assert list(found) == list(SIGNATURES[cls])


# --- messages ----------------------------------------------------------------------------------


def test_entity_message():
    assert Entity(name="driver").to_dict() == {
        "spec": {"name": "driver", "join_key": "driver"},
        "meta": {},
    }
    full = driver(value_type=ValueType.INT64, description="d", tags={"a": "b"}, owner="o")
    assert full.to_dict()["spec"] == {
        "name": "driver",
        "value_type": "INT64",
        "description": "d",
        "join_key": "driver_id",
        "tags": {"a": "b"},
        "owner": "o",
    }


def test_file_source_message():
    source = trips(
        name="trips",
        created_timestamp_column="created",
        field_mapping={"a": "b"},
        file_format=ParquetFormat(),
    )
    assert source.to_dict() == {
        "name": "trips",
        "type": "BATCH_FILE",
        "data_source_class_type": FILE_CLASS,
        "field_mapping": {"a": "b"},
        "timestamp_field": "ts",
        "created_timestamp_column": "created",
        "file_options": {"file_format": {"parquet_format": {}}, "uri": "data/trips.parquet"},
    }
    assert trips().name == "data/trips.parquet"
    assert "timestamp_field" not in FileSource(path="zones.csv").to_dict()


def without_class(source):
    """As Feast writes a source inside a push source or a projection."""
    message = source.to_dict()
    del message["data_source_class_type"]
    return message


def test_push_source_message_shows_the_columns_of_its_history():
    batch = trips(created_timestamp_column="created")
    message = PushSource(name="push", batch_source=batch).to_dict()
    assert message == {
        "name": "push",
        "type": "PUSH_SOURCE",
        "data_source_class_type": PUSH_CLASS,
        "batch_source": without_class(batch),
        "timestamp_field": "ts",
        "created_timestamp_column": "created",
    }
    assert "batch_source" not in PushSource(name="push").to_dict()


def test_feature_view_message():
    push = PushSource(name="push", batch_source=trips())
    view = stats(source=push, entities=[driver(value_type=ValueType.INT64)], tags={"a": "b"})
    assert view.to_dict() == {
        "spec": {
            "name": "stats",
            "entities": ["driver"],
            "features": [
                {"name": "rating", "value_type": "DOUBLE"},
                {"name": "trips", "value_type": "INT64"},
            ],
            "tags": {"a": "b"},
            "ttl": "3600s",
            "batch_source": trips().to_dict(),
            "stream_source": push.to_dict(),
            "online": True,
            "entity_columns": [{"name": "driver_id", "value_type": "INT64"}],
            "version": "latest",
        },
        "meta": {},
    }
    assert FeatureView.from_dict(view.to_dict()).source == push


def test_time_to_live_is_always_in_the_message():
    for ttl in (None, timedelta(0)):
        assert stats(ttl=ttl).to_dict()["spec"]["ttl"] == "0s"
    assert stats(ttl=None) == stats(ttl=timedelta(0))


def test_disabled_view():
    message = stats(enabled=False, online=False).to_dict()
    assert message["spec"]["disabled"] is True
    assert "online" not in message["spec"]
    assert not FeatureView.from_dict(message).enabled


def test_join_keys_are_not_features():
    typed = Field(name="driver_id", dtype=Int32)
    view = stats(schema=[Field(name="a", dtype=Int64), typed])
    assert view.entity_columns == [typed]
    assert [field.name for field in view.features] == ["a"]
    assert view.join_keys == ["driver_id"]
    assert [field.name for field in view.schema] == ["driver_id", "a"]


def test_join_keys_take_the_type_of_their_entity():
    customer = Entity(name="customer", value_type=ValueType.STRING)
    view = stats(entities=[driver(), customer])
    assert view.entities == ["driver", "customer"]
    # The type of driver_id is found in the source when the view is applied.
    assert view.entity_columns == [Field(name="customer", dtype=String)]


def test_view_without_entities_has_the_dummy_entity():
    view = stats(entities=[])
    assert view.entities == ["__dummy"]
    assert view.entity_columns == [Field(name="__dummy_id", dtype=String)]
    assert [field.name for field in view.schema] == ["rating", "trips"]


def test_service_message():
    view = stats()
    service = FeatureService(name="tips", features=[view, view[["trips"]].with_name("latest")])
    whole, chosen = service.to_dict()["spec"]["features"]
    assert whole == {
        "feature_view_name": "stats",
        "feature_columns": [
            {"name": "rating", "value_type": "DOUBLE"},
            {"name": "trips", "value_type": "INT64"},
        ],
        "batch_source": without_class(trips()),
        "view_type": "featureView",
    }
    assert chosen["feature_view_name_alias"] == "latest"
    assert [column["name"] for column in chosen["feature_columns"]] == ["trips"]


def test_a_projection_shows_the_created_column_as_feasts_does():
    view = stats(source=trips(created_timestamp_column="made"))
    (projection,) = FeatureService(name="s", features=[view]).to_dict()["spec"]["features"]
    assert projection["timestamp_field"] == projection["created_timestamp_column"] == "made"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("stats", {"feature_view_name": "stats"}),
        ("stats:a", {"feature_view_name": "stats", "feature_columns": [{"name": "a"}]}),
        ("stats@v2", {"feature_view_name": "stats", "version_tag": 2}),
        ("stats@latest", {"feature_view_name": "stats"}),
        (
            "stats@V0:a",
            {"feature_view_name": "stats", "feature_columns": [{"name": "a"}], "version_tag": 0},
        ),
    ],
)
def test_references_are_left_to_be_resolved(reference, expected):
    service = FeatureService(name="s", features=[reference])
    assert service.to_dict()["spec"]["features"] == [{**expected, "view_type": "featureView"}]
    assert FeatureService.from_dict(service.to_dict()) == service


def test_features_of_a_view_without_schema_are_left_to_be_resolved():
    view = stats(schema=None)
    (projection,) = FeatureService(name="s", features=[view[["b", "a"]]]).feature_view_projections
    assert projection.to_dict()["feature_columns"] == [{"name": "b"}, {"name": "a"}]
    assert FeatureViewProjection.from_dict(projection.to_dict()) == projection


def test_pinned_version_reaches_the_service():
    (projection,) = FeatureService(
        name="s", features=[stats(version="version3")]
    ).feature_view_projections
    assert projection.version_tag == 3
    assert projection.name_to_use() == "stats@v3"


# --- choices of features -----------------------------------------------------------------------


def test_choices_do_not_change_the_view():
    view = stats()
    chosen = view[["trips", "rating"]].with_name("origin").with_join_key_map({"driver_id": "id"})
    assert [field.name for field in chosen.projection.features] == ["trips", "rating"]
    assert chosen.projection.name_to_use() == "origin"
    assert chosen.projection.join_key_map == {"driver_id": "id"}
    assert chosen != view
    assert view == stats()
    assert chosen.to_dict() == view.to_dict()


def test_choices_remember_the_view_that_is_the_definition():
    view = stats()
    assert view[["trips"]].with_name("a")._original is view
    assert view._original is None


# --- equality, copies, printing ----------------------------------------------------------------

DEFINITIONS = [
    Project(name="demo", description="d", tags={"a": "b"}, owner="o"),
    driver(value_type=ValueType.INT64, tags={"a": "b"}),
    trips(name="n", field_mapping={"a": "b"}, file_format=ParquetFormat(), description="d"),
    FileSource(path="zones.csv"),
    PushSource(name="push", batch_source=trips(), owner="o"),
    PushSource(name="push"),
    stats(source=PushSource(name="push", batch_source=trips()), offline=True, org="ads"),
    stats(name="bare", source=None, schema=None, entities=None, online=False, enabled=False),
    stats(ttl=timedelta(microseconds=1), mode="pandas", enable_validation=True, version="v2"),
    FeatureService(name="s", features=[stats(), "other:a"], precompute_online=True, owner="o"),
]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda item: type(item).__name__)
def test_round_trip(definition):
    again = type(definition).from_dict(copy.deepcopy(definition.to_dict()))
    assert type(again) is type(definition)
    assert again.to_dict() == definition.to_dict()
    assert again == definition
    assert hash(again) == hash(definition)
    assert repr(again) == repr(definition)
    assert pickle.loads(pickle.dumps(definition)) == definition


def test_equality_ignores_what_the_registry_adds():
    message = stats().to_dict()
    message["spec"]["project"] = "demo"
    message["meta"] = {
        "created_timestamp": "2024-01-31T00:00:00Z",
        "last_updated_timestamp": "2024-01-31T00:00:00.123456Z",
        "materialization_intervals": [
            {"start_time": "2024-01-01T00:00:00Z", "end_time": "2024-01-02T00:00:00Z"}
        ],
        "version_id": "x",
    }
    message["spec"]["batch_source"]["meta"] = {"created_timestamp": "2024-01-31T00:00:00Z"}
    stored = FeatureView.from_dict(message)
    assert stored == stats()
    assert stored.to_dict() == message
    assert stored.created_timestamp == datetime(2024, 1, 31, tzinfo=UTC)
    assert stored.most_recent_end_time == datetime(2024, 1, 2, tzinfo=UTC)
    assert stats().most_recent_end_time is None


@pytest.mark.parametrize(
    "other",
    [
        stats(name="other"),
        stats(ttl=timedelta(hours=2)),
        stats(source=trips(path="b.parquet")),
        stats(source=PushSource(name="push", batch_source=trips())),
        stats(entities=[driver(value_type=ValueType.INT64)]),
        stats(schema=[Field(name="rating", dtype=Float64)]),
        stats(tags={"a": "b"}),
        stats(online=False),
        driver(),
        None,
    ],
)
def test_unequal(other):
    assert stats() != other


def test_nothing_of_another_systems_definitions_is_lost():
    kafka = {
        "name": "clicks",
        "type": "STREAM_KAFKA",
        "data_source_class_type": "feast.data_source.KafkaSource",
        "timestamp_field": "ts",
        "kafka_options": {"topic": "clicks", "watermark_delay_threshold": "60s"},
        "meta": {"created_timestamp": "2024-01-31T00:00:00Z", "latestEventTimestamp": "x"},
    }
    source = DataSource.from_dict(kafka)
    assert source.to_dict() == kafka
    assert source.source_type == "STREAM_KAFKA"
    assert "clicks" in repr(source)
    assert source != DataSource.from_dict({**kafka, "kafka_options": {"topic": "other"}})
    view = {
        "spec": {
            "name": "v",
            "entities": ["driver"],
            "ttl": "0s",
            "stream_source": kafka,
            "source_views": [{"name": "w"}],
            "feature_transformation": {"user_defined_function": {"body": "AAEC"}},
            "version": "latest",
        },
        "meta": {"state": "AVAILABLE_ONLINE", "current_version_number": 3},
    }
    assert FeatureView.from_dict(view).to_dict() == view
    delta = {"delta_format": {}}
    assert FileFormat.from_dict(delta).to_dict() == delta
    assert FileFormat.from_dict(None) is None


def test_printing_leaves_out_defaults():
    assert repr(Entity(name="driver")) == "Entity(name='driver')"
    assert repr(trips()) == "FileSource(path='data/trips.parquet', timestamp_field='ts')"
    assert repr(Field(name="a", dtype=Array(Int64))) == "Field(name='a', dtype=Array(Int64))"
    assert "created" not in repr(stats())


def test_definitions_sort_by_name():
    assert sorted([Entity(name="b"), Entity(name="a")])[0].name == "a"


def test_location_is_the_line_that_constructs():
    line = inspect.currentframe().f_lineno + 1
    entity = Entity(
        name="driver",
    )
    assert entity._location == (__file__, line)


# --- types -------------------------------------------------------------------------------------


def all_types():
    return [
        item
        for item in vars(types).values()
        if isinstance(item, types.PrimitiveFeastType) and item is not types.Invalid
    ]


def collections():
    made = []
    for base in all_types():
        for collection in (Array, Set):
            try:
                made.append(collection(base))
            except ValueError as error:
                assert str(base) in str(error)
    return made


NESTED = [
    Array(Array(Int32)),
    Array(Set(String)),
    Set(Array(Float64)),
    Array(Array(Array(Int64))),
    Struct({"street": String, "number": Int32}),
    Array(Struct({"a": Struct({"b": Int64}), "c": Array(String)})),
]


@pytest.mark.parametrize("dtype", all_types() + collections() + NESTED, ids=str)
def test_every_type_survives_the_registry(dtype):
    field = Field(name="f", dtype=dtype, description="d", tags={"mine": "1"})
    again = Field.from_dict(field.to_dict())
    assert again == field
    assert again.dtype == dtype
    assert again.tags == {"mine": "1"}


def test_numbers_of_value_types_are_feasts():
    assert len(all_types()) == 17
    assert ValueType.DOUBLE.value == 5 and ValueType.FLOAT.value == 6
    assert Float64.to_value_type() is ValueType.DOUBLE
    assert types.Float32.to_value_type() is ValueType.FLOAT
    assert types.UnixTimestamp.to_value_type().value == 8
    assert Array(String).to_value_type().value == 12
    assert Set(types.Uuid).to_value_type().value == 40
    assert types.ZonedTimestamp.to_value_type().value == 48


def test_types_without_a_name_in_the_protobuf_enum_are_numbers():
    assert Field(name="f", dtype=types.PdfBytes).to_dict()["value_type"] == 30
    assert Field(name="f", dtype=types.ImageBytes).to_dict()["value_type"] == 31


def test_type_equality():
    assert Array(Int64) == Array(Int64) != Set(Int64)
    assert Array(Int64) != Array(Int32)
    assert Struct({"a": Int64}) == Struct({"a": Int64}) != Struct({"a": Int32})
    assert hash(Array(Int64)) == hash(Array(Int64))
    assert from_value_type(ValueType.INT64_LIST) == Array(Int64)


# --- times -------------------------------------------------------------------------------------


@given(st.timedeltas())
def test_durations_survive(value):
    assert duration_from_json(duration_to_json(value)) == value


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive(value):
    assert timestamp_from_json(timestamp_to_json(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2024, 1, 31, 12), "2024-01-31T12:00:00Z"),
        (datetime(2024, 1, 31, 12, tzinfo=timezone(timedelta(hours=2))), "2024-01-31T10:00:00Z"),
        (datetime(2024, 1, 31, 12, 0, 0, 1, tzinfo=UTC), "2024-01-31T12:00:00.000001Z"),
    ],
)
def test_time_text(value, text):
    assert timestamp_to_json(value) == text


def test_digits_as_protobuf_prints_them():
    assert duration_from_json("1.500s") == timedelta(seconds=1.5)
    assert duration_from_json("-0.000000001s") == timedelta(0)
    time = timestamp_from_json("2024-01-31T12:00:00.123456789Z")
    assert time == datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Entity(name=""), ValueError, "name is empty"),
        (lambda: Entity(name=3), TypeError, "name must be a string, but is 3 (int)"),
        (lambda: Entity(name="e", join_keys=["a", "b"]), ValueError, "single join key"),
        (lambda: Entity(name="e", join_keys="a"), TypeError, "a list of one column name"),
        (lambda: Entity(name="e", value_type=Int64), TypeError, "ValueType.INT64"),
        (lambda: Entity(name="e", tags={"a": 1}), TypeError, "from strings to strings"),
        (lambda: Project(name="_a"), ValueError, "alphanumerical"),
        (lambda: Project(name="a b"), ValueError, "alphanumerical"),
        (lambda: Project(name="a", created_timestamp=3), TypeError, "a datetime"),
        (lambda: Field(name="f", dtype=ValueType.INT64), TypeError, "a type of featly.types"),
        (lambda: Field(name="f", dtype=Int64, vector_index=1), TypeError, "True or False"),
        (lambda: Array(int), TypeError, "such as Int64"),
        (lambda: Array(types.ZonedTimestamp), ValueError, "ZonedTimestamp cannot be an element"),
        (lambda: Set(types.Map), ValueError, "Set(Map) is not a type"),
        (lambda: Struct({}), ValueError, "at least one field"),
        (lambda: from_value_type(ValueType.NULL), ValueError, "Could not convert value type"),
        (lambda: DataSource(name="d"), TypeError, "make a FileSource"),
        (lambda: FileSource(path=""), ValueError, "path is empty"),
        (lambda: FileSource(path=Path("x")), TypeError, "path must be a string"),
        (lambda: trips(created_timestamp_column="ts"), ValueError, "the same column"),
        (lambda: trips(file_format="parquet"), TypeError, "ParquetFormat()"),
        (lambda: trips(connection_ref=object()), NotImplementedError, "connection_ref"),
        (lambda: trips(field_mapping={"a": 1}), TypeError, "field_mapping"),
        (lambda: PushSource(name="p", batch_source="x"), TypeError, "a data source"),
        (lambda: stats(name="a:b"), ValueError, "must not contain ':'"),
        (lambda: stats(name="a@b"), ValueError, "must not contain '@'"),
        (lambda: stats(entities=["driver"]), TypeError, "a list of Entity objects"),
        (lambda: stats(entities=driver()), TypeError, "a list of Entity objects"),
        (lambda: stats(schema=["a"]), TypeError, "a list of Field objects"),
        (lambda: stats(entities=[driver(), driver(name="d2")]), ValueError, "share a join key"),
        (lambda: stats(source="x.parquet"), TypeError, "a FileSource or a PushSource"),
        (lambda: stats(source=PushSource(name="p")), ValueError, "batch_source needs"),
        (lambda: stats(source=stats()), NotImplementedError, "derived from other views"),
        (lambda: stats(source=[stats()]), NotImplementedError, "derived from other views"),
        (lambda: stats(sink_source=trips()), NotImplementedError, "sink_source"),
        (lambda: stats(ttl=60), TypeError, "timedelta"),
        (lambda: stats(ttl=timedelta(-1)), ValueError, "must not be negative"),
        (lambda: stats(version="2"), ValueError, "Invalid version string '2'"),
        (lambda: stats(online="yes"), TypeError, "True or False"),
        (lambda: stats()["trips"], TypeError, 'view[["a", "b"]]'),
        (lambda: stats()[["nothing"]], ValueError, "It has rating, trips."),
        (lambda: stats().with_name(""), ValueError, "name is empty"),
        (lambda: stats().with_join_key_map({"a": 1}), TypeError, "join_key_map"),
        (
            lambda: stats(schema=[Field(name="a", dtype=Int64), Field(name="a", dtype=Int64)]),
            ValueError,
            "two fields named 'a'",
        ),
        (
            lambda: stats(
                entities=[driver(value_type=ValueType.INT64)],
                schema=[Field(name="driver_id", dtype=String)],
            ),
            ValueError,
            "does not match the type String",
        ),
        (
            lambda: stats(source=trips(field_mapping={"rating": "score"})),
            ValueError,
            "The field rating is mapped to score",
        ),
        (
            lambda: stats(
                schema=[
                    Field(name=name, dtype=Array(Float64), vector_index=True, vector_length=2)
                    for name in ("a", "b")
                ]
            ),
            ValueError,
            "Only one vector feature",
        ),
        (lambda: FeatureService(name="s", features=stats()), TypeError, "a list of feature views"),
        (lambda: FeatureService(name="s", features=[3]), TypeError, "'view:feature'"),
        (lambda: FeatureService(name="s", features=["v:"]), ValueError, "not a feature reference"),
        (lambda: FeatureService(name="s", features=["v@x:a"]), ValueError, "Invalid version"),
        (
            lambda: FeatureService(name="s", features=[], logging_config=object()),
            TypeError,
            "logging_config",
        ),
        (
            lambda: Field.from_dict({"name": "f", "value_type": 99}),
            ValueError,
            "does not know",
        ),
    ],
)
def test_errors_say_what_is_wrong(make, error, text):
    with pytest.raises(error) as caught:
        make()
    assert text in str(caught.value)


def test_old_name_of_the_timestamp_field():
    with pytest.warns(DeprecationWarning, match="timestamp_field"):
        assert FileSource(path="x", event_timestamp_column="ts").timestamp_field == "ts"
    with pytest.warns(DeprecationWarning), pytest.raises(ValueError, match="they mean the same"):
        FileSource(path="x", event_timestamp_column="a", timestamp_field="b")
