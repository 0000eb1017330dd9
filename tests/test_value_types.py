"""Every kind of value through the whole program: a source, a training set, the online store, HTTP
and the SDK."""

from __future__ import annotations

import csv
import decimal
import io
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import CONFIGURATION, Repo

CLOCK = "--test-clock=2024-05-11T00:00:00Z"
NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)
A, B = "12345678-9abc-def0-1234-56789abcdef0", "ffffffff-ffff-ffff-ffff-ffffffffffff"
TIME = pa.timestamp("us", "UTC")

# (feature, dtype, column, what a training set has, what HTTP has, what to_dict has)
Kind = tuple[str, str, pa.Array, Any, Any, Any]
MAP = pa.map_(pa.string(), pa.string())
STRUCT = pa.struct([("w", pa.int32()), ("h", pa.list_(pa.float64()))])
KINDS: list[Kind] = [
    ("id", "Uuid", pa.array([uuid.UUID(A).bytes], pa.binary(16)), A, A, uuid.UUID(A)),
    ("id_text", "TimeUuid", pa.array([A.upper()]), A, A, uuid.UUID(A)),
    ("ids", "Array(Uuid)", pa.array([[B, A]]), [B, A], [B, A], [uuid.UUID(B), uuid.UUID(A)]),
    ("id_set", "Set(Uuid)", pa.array([[A, A]]), [A], [A], {uuid.UUID(A)}),
    (
        "price",
        "Decimal",
        pa.array([decimal.Decimal("1.50")], pa.decimal128(10, 2)),
        "1.50",
        "1.50",
        decimal.Decimal("1.50"),
    ),
    (
        "prices",
        "Array(Decimal)",
        pa.array([[decimal.Decimal("1.5"), None]], pa.list_(pa.decimal256(50, 1))),
        ["1.5", None],
        ["1.5", None],
        [decimal.Decimal("1.5"), None],
    ),
    ("image", "ImageBytes", pa.array([b"\x00cd"]), b"\x00cd", "AGNk", b"\x00cd"),
    ("pdf", "PdfBytes", pa.array([b"cd"]), b"cd", "Y2Q=", b"cd"),
    ("tags", "Set(String)", pa.array([["b", "a", "b", None]]), ["b", "a"], ["b", "a"], {"a", "b"}),
    ("sizes", "Set(Int64)", pa.array([[2**53 + 1, 1, 1]]), [2**53 + 1, 1], [2**53 + 1, 1],
     {2**53 + 1, 1}),
    ("json", "Json", pa.array(['{"a": [1, 2.0]}']), '{"a": [1, 2.0]}', '{"a": [1, 2.0]}',
     {"a": [1, 2.0]}),
    ("jsons", "Array(Json)", pa.array([['"x"', "3"]]), ['"x"', "3"], ['"x"', "3"], ["x", 3]),
    ("map", "Map", pa.array([[("b", "x"), ("a", None)]], MAP), '{"a":null,"b":"x"}',
     {"a": None, "b": "x"}, {"a": None, "b": "x"}),
    ("maps", "Array(Map)", pa.array([[[("b", "x")], []]], pa.list_(MAP)), '[{"b":"x"},{}]',
     [{"b": "x"}, {}], [{"b": "x"}, {}]),
    ("mixed", "Map", pa.array(['{"n": 1, "x": 0.5, "t": "1", "l": [1, "a"], "m": {"k": true}}']),
     '{"l":[1,"a"],"m":{"k":true},"n":1,"t":"1","x":0.5}',
     {"l": [1, "a"], "m": {"k": True}, "n": 1, "t": "1", "x": 0.5},
     {"l": [1, "a"], "m": {"k": True}, "n": 1, "t": "1", "x": 0.5}),
    ("counts", "Map", pa.array([[("b", 2), ("a", 2**53 + 1)]], pa.map_(pa.string(), pa.int64())),
     '{"a":9007199254740993,"b":2}', {"a": 2**53 + 1, "b": 2}, {"a": 2**53 + 1, "b": 2}),
    ("box", 'Struct({"w": Int32, "h": Array(Float64)})',
     pa.array([{"w": 2, "h": [0.5, 1]}], STRUCT),
     {"w": 2, "h": [0.5, 1.0]}, {"h": [0.5, 1.0], "w": 2}, {"h": [0.5, 1.0], "w": 2}),
    ("boxes", 'Array(Struct({"w": Int32}))',
     pa.array([[{"w": 2}, {"w": None}]], pa.list_(pa.struct([("w", pa.int32())]))),
     [{"w": 2}, {"w": None}], [{"w": 2}, {"w": None}], [{"w": 2}, {"w": None}]),
    ("grid", "Array(Array(Int32))", pa.array([[[1, 2], [], None]], pa.list_(pa.list_(pa.int32()))),
     [[1, 2], [], None], [[1, 2], [], None], [[1, 2], [], None]),
    ("cells", "Set(Array(Int64))", pa.array([[[1], [2], [1]]]), [[1], [2]], [[1], [2]],
     [[1], [2]]),
    ("codes", "ScalarMap", pa.array([[(2, "x")]], pa.map_(pa.int64(), pa.string())), '[[2,"x"]]',
     [[2, "x"]], {2: "x"}),
    ("seen", "ZonedTimestamp", pa.array([NOON], pa.timestamp("ms", "+02:00")), NOON,
     "2024-05-10T14:00:00+02:00", NOON),
    ("nested", "Json", pa.array(["null"]), "null", "null", None),
]  # fmt: skip
HEAD = """
from featly import Entity, FeatureView, Field, FileSource, PushSource
from featly.types import *

thing = Entity(name="thing", join_keys=["key"])
things = FeatureView(
    name="things", entities=[thing],
    schema=[Field(name="key", dtype=String), FIELDS],
    source=PushSource(name="pushed", batch_source=FileSource(
        name="file", path="data/things.parquet", timestamp_field="at")),
)
"""


def definitions(kinds: list[Kind]) -> str:
    fields = ", ".join(f"Field(name={name!r}, dtype={dtype})" for name, dtype, *_ in kinds)
    return HEAD.replace("FIELDS", fields)


def source(kinds: list[Kind]) -> pa.Table:
    """The entity "1" with every value, and "2" with nulls alone."""
    columns: dict[str, Any] = {"key": ["1", "2"], "at": pa.array([NOON, NOON], TIME)}
    for name, _, column, *_ in kinds:
        columns[name] = pa.concat_arrays([column, pa.nulls(1, column.type)])
    return pa.table(columns)


@pytest.fixture
def things(make_repo: Any) -> Repo:
    repo: Repo = make_repo(CONFIGURATION, definitions(KINDS))
    repo.table("data/things.parquet", source(KINDS))
    repo.ok("apply")
    return repo


@pytest.fixture
def loaded(things: Repo) -> Repo:
    things.ok("materialize", "2024-05-01", "2024-05-11", CLOCK)
    return things


ALL = [word for name, *_ in KINDS for word in ("--features", f"things:{name}")]


def test_training_sets_have_them_typed(things: Repo) -> None:
    things.table("rows.parquet", {"key": ["1", "2"], "event_timestamp": pa.array([NOON] * 2, TIME)})
    things.ok("training-set", "--entities", "rows.parquet", *ALL, "--out", "out.parquet")
    made = pq.read_table(things.path / "out.parquet")
    for name, _, _, offline, *_ in KINDS:
        assert made.column(name).to_pylist() == [offline, None], name
    assert made.schema.field("box").type == STRUCT
    assert made.schema.field("map").type == pa.string()
    assert made.schema.field("seen").type == TIME

    things.ok("training-set", "--entities", "rows.parquet", *ALL, "--out", "out.csv")
    first, second = csv.DictReader(io.StringIO((things.path / "out.csv").read_text()))
    assert first["box"] == '{"w":2,"h":[0.5,1.0]}'
    assert (first["tags"], first["map"], first["image"]) == (
        '["b","a"]',
        '{"a":null,"b":"x"}',
        "AGNk",
    )
    assert (second["box"], second["tags"]) == ("", "")


def test_http_prints_them_as_feast(loaded: Repo) -> None:
    features = [f"things:{name}" for name, *_ in KINDS]
    with loaded.serve(CLOCK) as server:
        status, answer = server.request(
            "/get-online-features", {"features": features, "entities": {"key": ["1", 2]}}
        )
    assert status == 200, answer
    results = dict(zip(answer["metadata"]["feature_names"], answer["results"], strict=True))
    for name, *_, online, _ in KINDS:
        assert results[name]["values"] == [online, None], name
        assert results[name]["statuses"] == ["PRESENT", "NULL_VALUE"], name


def test_the_sdk_has_pythons_own(loaded: Repo) -> None:
    from featly import FeatureStore

    store = FeatureStore(repo_path=str(loaded.path))
    features = [f"things:{name}" for name, *_ in KINDS]
    response = store.get_online_features(features, [{"key": 1}, {"key": 2}])
    values = response.to_dict()
    for name, *_, python in KINDS:
        assert values[name] == [python, None], name
    assert values["seen"][0].utcoffset() == timedelta(hours=2)
    assert response.to_arrow().schema.field("box").type == STRUCT
    # A DataFrame has the same, where pandas has no type of its own for it.
    frame = response.to_df(include_event_timestamps=True)
    assert list(frame.columns) == list(response.to_dict(include_event_timestamps=True))
    for name, *_, python in KINDS:
        value, missing = frame[name]
        if name == "seen":
            assert str(frame[name].dtype) == "datetime64[us, UTC]" and value == python
            continue
        assert (value, type(value)) == (python, type(python)), name
        assert missing is None, name
    assert frame["key"].tolist() == values["key"]


def test_a_map_is_the_same_in_training_as_in_serving(loaded: Repo) -> None:
    from featly import FeatureStore

    store = FeatureStore(repo_path=str(loaded.path))
    names = [name for name, dtype, *_ in KINDS if dtype in ("Map", "Array(Map)")]
    features = [f"things:{name}" for name in names]
    rows = pa.table({"key": ["1", "2"], "event_timestamp": pa.array([NOON] * 2, TIME)})
    training = store.get_historical_features(rows, features).to_df()
    response = store.get_online_features(features, [{"key": 1}, {"key": 2}])
    served = response.to_df()
    for name in names:
        expected = response.to_dict()[name]
        assert list(training[name]) == list(served[name]) == expected, name
        assert expected[0] is not None and expected[1] is None


def test_what_one_pushes_comes_back(things: Repo) -> None:
    pushed = {
        "key": ["9"],
        "at": ["2024-05-10T13:00:00Z"],
        **{name: [online] for name, *_, online, _ in KINDS},
        "json": [{"deep": [1, {"x": None}]}],
        "seen": ["2024-05-10T14:00:00.5-07:00"],
        "tags": [["b", "a", "b"]],
        "price": [7],
    }
    names = [name for name, *_ in KINDS]
    with things.serve(CLOCK) as server:
        status, answer = server.request("/push", {"push_source_name": "pushed", "df": pushed})
        assert status == 200, answer
        _, answer = server.request(
            "/get-online-features",
            {"features": [f"things:{name}" for name in names], "entities": {"key": ["9"]}},
        )
        found = {
            name: result["values"][0]
            for name, result in zip(
                answer["metadata"]["feature_names"], answer["results"], strict=True
            )
        }
        wanted = {name: online for name, *_, online, _ in KINDS}
        wanted |= {
            "key": "9",
            "json": '{"deep":[1,{"x":null}]}',
            "seen": "2024-05-10T14:00:00-07:00",
            "tags": ["b", "a"],
            "price": "7",
        }
        assert found == wanted
        for name, value, words in [
            ("id", "abc", "is not a UUID"),
            ("price", 1.5, "found 1.5, wanted the text of a decimal number or an integer"),
            ("json", "{", "is not JSON"),
            ("box", {"w": "x"}, "field 'w': found \"x\", declared as int32"),
            ("box", [1], "found a list, wanted an object"),
            ("map", "x", "the text is not JSON"),
            ("seen", "noon", "is not an ISO 8601 time"),
            ("tags", {"a": 1}, "found an object"),
            ("codes", [["x", 1]], "as a key of a SCALAR_MAP"),
        ]:
            bad = {**pushed, name: [value]}
            status, answer = server.request("/push", {"push_source_name": "pushed", "df": bad})
            assert status == 422 and words in answer["error"], (name, status, answer)


def test_schemas_are_inferred_from_columns(make_repo: Any) -> None:
    repo: Repo = make_repo(
        CONFIGURATION, HEAD.replace('    schema=[Field(name="key", dtype=String), FIELDS],\n', "")
    )
    kinds = [
        kind for kind in KINDS if kind[0] in ("price", "prices", "map", "box", "grid", "codes")
    ]
    repo.table("data/things.parquet", source(kinds))
    repo.ok("apply")
    described = repo.ok("feature-views", "describe", "things").out
    for value_type in ("DECIMAL", "DECIMAL_LIST", "MAP", "STRUCT", "VALUE_LIST", "SCALAR_MAP"):
        assert value_type in described, described
    repo.table("rows.parquet", {"key": ["1"], "event_timestamp": pa.array([NOON], TIME)})
    features = [word for name, *_ in kinds for word in ("--features", f"things:{name}")]
    repo.ok("training-set", "--entities", "rows.parquet", *features, "--out", "out.parquet")
    made = pq.read_table(repo.path / "out.parquet")
    for name, _, _, offline, *_ in kinds:
        assert made.column(name).to_pylist() == [offline], name
    assert made.schema.field("box").type == STRUCT


def test_keys_of_bytes_are_base64_on_the_command_line(make_repo: Any) -> None:
    repo: Repo = make_repo(
        CONFIGURATION, definitions(KINDS[:1]).replace("dtype=String", "dtype=Bytes")
    )
    repo.table(
        "data/things.parquet",
        {"key": pa.array([b"cd"]), "at": pa.array([NOON], TIME), "id": pa.array([A])},
    )
    repo.ok("apply")
    repo.ok("materialize", "2024-05-01", "2024-05-11", CLOCK)
    lookup = ("get-online-features", "--features", "things:id", "--output", "json", CLOCK)
    assert repo.ok(*lookup, "-e", "key=Y2Q=").json()["id"] == [A]
    assert "wanted base64 text (BYTES)" in repo.fails(*lookup, "-e", "key=c!")


def test_integers_that_pandas_made_floats_are_explained_at_apply(make_repo: Any) -> None:
    kind = ("trips", "Int64", pa.array([1.0]), None, None, None)
    repo: Repo = make_repo(CONFIGURATION, definitions([kind]))
    repo.table("data/things.parquet", source([kind]))
    said = repo.fails("apply")
    assert "feature 'trips' is INT64" in said and 'astype("Int64")' in said


def test_zones_and_offsets(make_repo: Any) -> None:
    texts = [
        "2024-07-02T03:04:05+02:00[Europe/Paris]",
        "2024-07-02T03:04:05-07:00",
        "2024-07-02T03:04:05Z",
        "2024-07-02 03:04:05",
    ]
    printed = [
        "2024-07-02T03:04:05+02:00",
        "2024-07-02T03:04:05-07:00",
        "2024-07-02T03:04:05+00:00",
        "2024-07-02T03:04:05+00:00",
    ]
    kind = ("seen", "ZonedTimestamp", pa.array(texts), None, None, None)
    repo: Repo = make_repo(CONFIGURATION, definitions([kind]))
    keys = ["a", "b", "c", "d"]
    repo.table(
        "data/things.parquet", {"key": keys, "at": pa.array([NOON] * 4, TIME), "seen": texts}
    )
    repo.ok("apply")
    repo.ok("materialize", "2024-05-01", "2024-05-11", CLOCK)
    entities = [word for key in keys for word in ("-e", f"key={key}")]
    found = repo.ok(
        "get-online-features", "--features", "things:seen", *entities, "--output", "json"
    )
    assert found.json()["seen"] == printed
    assert datetime.fromisoformat(printed[1]).tzinfo == timezone(-timedelta(hours=7))
