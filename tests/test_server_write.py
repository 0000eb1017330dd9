"""Writes and deletions over HTTP: /write-to-online-store, /delete-from-online-store, stale rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import CONFIGURATION, Repo, Server, driver_rows
from wire import CLOCK, PUSH_DEFINITIONS, Wire

DEFINITIONS = (
    PUSH_DEFINITIONS
    + """
other_source = FileSource(
    name="other", path="data/drivers.parquet", timestamp_field="event_timestamp",
)
def view(name, entities, **more):
    keys = [entity.join_key for entity in entities]
    return FeatureView(
        name=name, entities=entities, ttl=timedelta(days=3),
        schema=[Field(name=key, dtype=Int64) for key in keys] + [Field(name="trips", dtype=Int64)],
        source=other_source, **more,
    )
car = Entity(name="car", join_keys=["car_id"])
driver_trips = view("driver_trips", [driver])
offline_trips = view("offline_trips", [driver], online=False)
pair_trips = view("pair_trips", [driver, car])
"""
)

ROW = {
    "driver_id": [1001],
    "event_timestamp": ["2024-05-10T12:30:00Z"],
    "created": ["2024-05-10T12:30:00Z"],
    "trips": [9],
    "rate": [0.5],
    "city": ["Bern"],
}


@pytest.fixture
def repo(make_repo: Callable[..., Repo]) -> Repo:
    repo = make_repo(configuration=CONFIGURATION, definitions=DEFINITIONS)
    repo.table("data/drivers.parquet", driver_rows())
    repo.ok("apply", "--skip-source-validation")
    repo.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z", "--views", "driver_stats",
            "--views", "driver_trips")  # fmt: skip
    return repo


@pytest.fixture
def server(repo: Repo) -> Iterator[Server]:
    with repo.serve(CLOCK) as running:
        yield running


def trips(server: Server, view: str = "driver_stats", **entities: int) -> tuple[Any, str]:
    """The value of `trips`, and its status."""
    body = {
        "features": [f"{view}:trips"],
        "entities": {name: [value] for name, value in (entities or {"driver_id": 1001}).items()},
    }
    status, answer = server.request("/get-online-features", body)
    assert status == 200, answer
    return answer["results"][-1]["values"][0], answer["results"][-1]["statuses"][0]


def write(server: Server, view: str = "driver_stats", **columns: Any) -> tuple[int, Any]:
    body = {"feature_view_name": view, "df": {**ROW, **columns}, "allow_registry_cache": False}
    return server.request("/write-to-online-store", body)


def test_a_write_is_seen_and_newest_wins(server: Server) -> None:
    assert write(server) == (200, None)  # Feast's body: null
    assert trips(server) == (9, "PRESENT")
    assert write(server, trips=[1], event_timestamp=["2024-05-10T12:00:00Z"]) == (200, None)
    assert trips(server) == (9, "PRESENT")
    # Another view of the same entity is not touched, and needs no push source.
    assert trips(server, "driver_trips") == (230, "PRESENT")
    assert write(server, "driver_trips", trips=[8]) == (200, None)
    assert trips(server, "driver_trips") == (8, "PRESENT")


def test_what_was_stored_and_what_was_stale(server: Server) -> None:
    wire = Wire(server)
    old = "2024-05-10T11:00:00Z"
    df = {name: [values[0], values[0]] for name, values in ROW.items() if name != "event_timestamp"}
    df = {**df, "driver_id": [1001, 1002], "event_timestamp": [ROW["event_timestamp"][0], old]}
    wire.post("/push", {"push_source_name": "pushed", "df": df})
    status, headers, body = wire.answer()
    assert (status, body) == (200, "")
    assert (headers["featly-rows-stored"], headers["featly-rows-stale"]) == ("1", "1")
    wire.post("/write-to-online-store", {"feature_view_name": "driver_trips", "df": df})
    status, headers, body = wire.answer()
    assert (status, body) == (200, "null")
    assert (headers["featly-rows-stored"], headers["featly-rows-stale"]) == ("1", "1")
    _, text = server.request("/metrics")
    counts = dict(re.findall(r"^featly_written_rows_total({.*}) (\d+)$", text, re.MULTILINE))
    assert counts == {
        '{target="pushed",outcome="stored"}': "1",
        '{target="pushed",outcome="stale"}': "1",
        '{target="driver_trips",outcome="stored"}': "1",
        '{target="driver_trips",outcome="stale"}': "1",
    }


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"feature_view_name": "driver_stat", "df": ROW}, 404, "driver_stat"),
        ({"feature_view_name": "offline_trips", "df": ROW}, 422, "online=False"),
        ({"feature_view_name": "driver_stats", "df": {**ROW, "trips": ["x"]}}, 422, "trips"),
        ({"feature_view_name": "driver_stats", "df": {}}, 422, "lack the column"),
        ({"feature_view_name": "driver_stats"}, 422, '"df" is missing'),
        ({"df": ROW}, 422, '"feature_view_name" is missing'),
        ({"feature_view_name": 1, "df": ROW}, 422, '"feature_view_name" must be'),
        (
            {"feature_view_name": "driver_stats", "df": {**ROW, "event_timestamp": [1715344200]}},
            422, "nanoseconds since 1970",
        ),
    ],
)  # fmt: skip
def test_bad_writes_change_nothing(server: Server, body: Any, status: int, says: str) -> None:
    found, answer = server.request("/write-to-online-store", body)
    assert (found, answer["status_code"]) == (status, status), answer
    assert says in answer["error"], answer
    assert trips(server) == (230, "PRESENT")


def delete(server: Server, entities: Any, **more: Any) -> tuple[int, Any]:
    return server.request("/delete-from-online-store", {"entities": entities, **more})


def test_deleted_rows_are_gone(repo: Repo) -> None:
    with repo.serve(CLOCK) as server:
        pair = {"driver_id": [1001], "car_id": [5], **{k: ROW[k] for k in ("event_timestamp",)}}
        df = {**pair, "trips": [3]}
        body = {"feature_view_name": "pair_trips", "df": df}
        assert server.request("/write-to-online-store", body) == (200, None)
        # In all online views with exactly these join keys.
        assert delete(server, {"driver_id": ["1001", 1002, 7]}) == (
            200,
            {"deleted": 4, "feature_views": {"driver_stats": 2, "driver_trips": 2}},
        )
        assert trips(server) == trips(server, "driver_trips") == (None, "NOT_FOUND")
        assert trips(server, driver_id=1003) == (232, "PRESENT")
        assert trips(server, "pair_trips", driver_id=1001, car_id=5) == (3, "PRESENT")
        # In one, and repeated.
        only = {"feature_views": ["driver_stats"]}
        assert delete(server, {"driver_id": [1003]}, **only)[1]["deleted"] == 1
        assert delete(server, {"driver_id": [1003]}, **only)[1]["deleted"] == 0
        assert trips(server, "driver_trips", driver_id=1003) == (232, "PRESENT")
        assert delete(server, {"car_id": [5], "driver_id": [1001]}, feature_views=None) == (
            200,
            {"deleted": 1, "feature_views": {"pair_trips": 1}},
        )
        assert delete(server, {"driver_id": []})[1]["deleted"] == 0
        server.process.kill()  # what was acknowledged is durable
        server.process.wait()
    with repo.serve(CLOCK) as server:
        assert trips(server) == (None, "NOT_FOUND")
        # A later row comes back as any other.
        assert write(server) == (200, None)
        assert trips(server) == (9, "PRESENT")


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, '"entities" is missing'),
        ({"entities": {}}, 422, "no column"),
        ({"entities": {"driver": [1]}}, 422, "'driver'"),
        ({"entities": {"driver_id": [1001], "x": [1]}}, 422, "exactly"),
        ({"entities": {"driver_id": [1001, "x"]}}, 422, "row 1"),
        ({"entities": {"driver_id": [1001, None]}}, 422, "row 1"),
        ({"entities": {"driver_id": [1001]}, "feature_views": ["pair_trips"]}, 422, "'car_id'"),
        ({"entities": {"driver_id": [1001]}, "feature_views": ["nothing"]}, 404, "nothing"),
        ({"entities": {"driver_id": [1001]}, "feature_views": ["offline_trips"]}, 422, "online"),
        ({"entities": {"driver_id": [1001]}, "feature_views": "driver_stats"}, 422, "a list"),
        ({"entities": {"driver_id": [1001]}, "feature_views": [1]}, 422, "a list"),
        ({"entities": {"driver_id": [1001]}, "feature_views": []}, 422, "is empty"),
    ],
)  # fmt: skip
def test_bad_deletions_change_nothing(server: Server, body: Any, status: int, says: str) -> None:
    found, answer = server.request("/delete-from-online-store", body)
    assert (found, answer["status_code"]) == (status, status), answer
    assert says in answer["error"], answer
    assert trips(server) == trips(server, "driver_trips") == (230, "PRESENT")
