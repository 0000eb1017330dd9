"""Python's values of a training set and of a lookup are the same, in either online store."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from conftest import Repo

CLOCK = "--test-clock=2024-05-11T00:00:00Z"
AT = datetime(2024, 5, 10, 12, tzinfo=UTC)
SEEN = AT + timedelta(microseconds=123456)
BIG = 2**60 + 1
ID = "12345678-9abc-def0-1234-56789abcdef0"
TIME = pa.timestamp("us", "UTC")
STRUCT = pa.struct(
    [("n", pa.int64()), ("t", TIME), ("x", pa.float64()), ("b", pa.binary()), ("m", pa.string())]
)
BOX = {"n": BIG, "t": AT, "x": math.inf, "b": b"\xff", "m": None}
EMPTY = dict.fromkeys(BOX)

# (feature, dtype, column of two rows, what Python has for them)
KINDS: list[tuple[str, str, pa.Array, list[Any]]] = [
    ("longs", "Array(Int64)", pa.array([[BIG], [1, BIG]]), [[BIG], [1, BIG]]),
    ("grid", "Array(Array(Int64))", pa.array([[[BIG, 1]], [[None, BIG]]]),
     [[[BIG, 1]], [[None, BIG]]]),
    ("box", 'Struct({"n": Int64, "t": UnixTimestamp, "x": Float64, "b": Bytes, "m": String})',
     pa.array([BOX, EMPTY], STRUCT), [BOX, EMPTY]),
    ("boxes", 'Array(Struct({"n": Int64}))',
     pa.array([[{"n": BIG}], [{"n": None}]]), [[{"n": BIG}], [{"n": None}]]),
    ("rates", "Array(Float64)", pa.array([[math.inf], []]), [[math.inf], []]),
    ("grid_of_rates", "Array(Array(Float64))", pa.array([[[-math.inf]], []]),
     [[[-math.inf]], []]),
    ("times", "Array(UnixTimestamp)", pa.array([[AT], [AT, AT]], pa.list_(TIME)),
     [[AT], [AT, AT]]),
    ("tags", "Set(String)", pa.array([["b", "a"], []], pa.list_(pa.string())), [{"a", "b"}, set()]),
    ("price", "Decimal", pa.array(["1.50", None]), [Decimal("1.50"), None]),
    ("prices", "Array(Decimal)", pa.array([["1.50"], []], pa.list_(pa.string())),
     [[Decimal("1.50")], []]),
    ("id", "Uuid", pa.array([ID, None]), [UUID(ID), None]),
    ("ids", "Array(Uuid)", pa.array([[ID], []], pa.list_(pa.string())), [[UUID(ID)], []]),
    ("json", "Json", pa.array(['{"a": [1]}', None]), [{"a": [1]}, None]),
    ("codes", "ScalarMap", pa.array([[(2, "x")], None], pa.map_(pa.int64(), pa.string())),
     [{2: "x"}, None]),
]  # fmt: skip
ZONED = ("seen", "ZonedTimestamp", pa.array([SEEN, None], pa.timestamp("us", "+02:00")), None)

HEAD = """
from featly import Entity, FeatureView, Field, FileSource
from featly.types import *

thing = Entity(name="thing", join_keys=["key"])
things = FeatureView(
    name="things", entities=[thing],
    schema=[Field(name="key", dtype=Int64), FIELDS],
    source=FileSource(name="file", path="data/things.parquet", timestamp_field="at"),
)
"""
KEYS = [{"key": 1}, {"key": 2}]


def loaded(make_repo: Any, kinds: list[Any], store: str) -> Repo:
    fields = ", ".join(f"Field(name={name!r}, dtype={dtype})" for name, dtype, *_ in kinds)
    configuration = f"project: p\nregistry: data/registry.db\nonline_store: {{type: {store}}}\n"
    repo: Repo = make_repo(configuration, HEAD.replace("FIELDS", fields))
    columns = {name: column for name, _, column, _ in kinds}
    repo.table("data/things.parquet", {"key": [1, 2], "at": pa.array([AT, AT], TIME), **columns})
    repo.ok("apply")
    repo.ok("materialize", "2024-05-01", "2024-05-11", CLOCK)
    return repo


def answers(repo: Repo, names: list[str]) -> tuple[Any, Any]:
    """The DataFrame of a training set, and the lookup's response."""
    from featly import FeatureStore

    store = FeatureStore(repo_path=str(repo.path))
    features = [f"things:{name}" for name in names]
    rows = pa.table({"key": [1, 2], "event_timestamp": pa.array([AT, AT], TIME)})
    training = store.get_historical_features(rows, features).to_df()
    return training, store.get_online_features(features, KEYS)


def listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("store", ["lmdb", "sqlite"])
def test_training_has_the_values_of_serving(make_repo: Any, store: str) -> None:
    repo = loaded(make_repo, [*KINDS, ZONED], store)
    training, response = answers(repo, [*(name for name, *_ in KINDS), "seen"])
    served, values = response.to_df(), response.to_dict()
    for name, _, _, expected in KINDS:
        assert values[name] == expected, name
        assert list(served[name]) == expected, name
        assert [listed(value) for value in training[name]] == expected, name
    assert values["box"][0]["t"].tzinfo is UTC and values["times"][0][0].tzinfo is UTC

    stored = AT if store == "sqlite" else SEEN  # whole seconds in Feast's layout
    assert values["seen"] == [stored, None]
    assert values["seen"][0].utcoffset() == timedelta(hours=2)
    assert training["seen"].dtype == served["seen"].dtype == "datetime64[us, UTC]"
    assert (training["seen"][0], served["seen"][0]) == (SEEN, stored)
    assert training["seen"].isna().tolist() == served["seen"].isna().tolist() == [False, True]


def test_lists_of_integers_with_a_null_keep_their_digits(make_repo: Any) -> None:
    kinds = [
        ("longs", "Array(Int64)", pa.array([[BIG], [None, BIG]]), None),
        ("ints", "Array(Int64)", pa.array([[BIG], [BIG, 1]]), None),
        ("flags", "Array(Bool)", pa.array([[True], [None]]), None),
    ]
    training, _ = answers(loaded(make_repo, kinds, "lmdb"), [name for name, *_ in kinds])
    assert [value.tolist() for value in training["longs"]] == [[BIG], [None, BIG]]
    assert [value.tolist() for value in training["flags"]] == [[True], [None]]
    assert [value.dtype for value in training["ints"]] == [np.int64, np.int64]


@pytest.mark.parametrize("store", ["lmdb", "sqlite"])
def test_a_null_inside_a_list_of_objects_is_none(make_repo: Any, store: str) -> None:
    kinds = [
        (name, f"Array({dtype})", pa.array([[text, None], None]), [[value, None], None])
        for name, dtype, text, value in [
            ("prices", "Decimal", "1.5", Decimal("1.5")),
            ("ids", "Uuid", ID, UUID(ID)),
            ("time_ids", "TimeUuid", ID, UUID(ID)),
            ("jsons", "Json", "[1]", [1]),
        ]
    ]
    training, response = answers(loaded(make_repo, kinds, store), [name for name, *_ in kinds])
    for name, _, _, expected in kinds:
        assert response.to_dict()[name] == expected, name
        assert list(response.to_df()[name]) == expected, name
        assert [listed(value) for value in training[name]] == expected, name
