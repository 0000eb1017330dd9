"""The feature server on the real program: HTTP as clients and proxies speak it, well and badly."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import CONFIGURATION, DEFINITIONS, Repo, Server, driver_rows
from wire import CLOCK, LOOKUP, PUSH_DEFINITIONS, Wire


@pytest.fixture
def pushing(make_repo: Callable[..., Repo]) -> Repo:
    """The drivers' repository with a push source and small limits, materialized."""
    configuration = CONFIGURATION + (
        "featly:\n  server:\n    max_body_size: 100KB\n    idle_timeout_seconds: 1\n"
    )
    repo = make_repo(configuration=configuration, definitions=PUSH_DEFINITIONS)
    repo.table("data/drivers.parquet", driver_rows())
    repo.ok("apply")
    repo.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    return repo


@pytest.fixture
def server(loaded: Repo) -> Iterator[Server]:
    with loaded.serve(CLOCK) as running:
        yield running


@pytest.fixture
def push_server(pushing: Repo) -> Iterator[Server]:
    with pushing.serve(CLOCK) as running:
        yield running


def test_the_answer_is_feasts_to_the_byte(server: Server) -> None:
    wire = Wire(server)
    body = {
        "full_feature_names": True,
        "entities": {"unknown": ["a", "b", "c"], "driver_id": [1001, "1002", 9999.0]},
        "features": ["driver_stats:trips", "driver_stats:city"],
    }
    wire.post("/get-online-features", body, "Content-Type: application/x-www-form-urlencoded\r\n")
    while not wire.received.endswith(b"}}"):
        wire._fill()
    head, _, text = wire.received.partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    epoch, noon = '"1970-01-01T00:00:00Z"', '"2024-05-10T12:00:00Z"'
    tail = (
        f'"statuses":["PRESENT","PRESENT","NOT_FOUND"],"event_timestamps":[{noon},{noon},{epoch}]}}'
    )
    assert text.decode() == (
        '{"results":[{"values":[1001,1002,9999],"statuses":["PRESENT","PRESENT","PRESENT"],'
        f'"event_timestamps":[{epoch},{epoch},{epoch}]}},'
        f'{{"values":[230,231,null],{tail},{{"values":["city 1001","city 1002",null],{tail}],'
        '"metadata":{"feature_names":["driver_id","driver_stats__trips","driver_stats__city"]}}'
    )


def test_service_and_view_metadata(server: Server) -> None:
    body = {"feature_service": "driver_service", "entities": {"driver_id": [1003]}}
    status, answer = server.request("/get-online-features", body)
    assert (status, answer["metadata"]) == (200, {"feature_names": ["driver_id", "rate", "trips"]})
    asked = {**body, "include_feature_view_version_metadata": True}
    _, answer = server.request("/get-online-features", asked)
    assert [view["name"] for view in answer["metadata"]["feature_view_metadata"]] == [
        "driver_stats"
    ]


def test_no_rows_are_an_answer(server: Server) -> None:
    status, answer = server.request(
        "/get-online-features", {**LOOKUP, "entities": {"driver_id": []}}
    )
    assert status == 200
    assert [column["values"] for column in answer["results"]] == [[], []]


@pytest.mark.parametrize(
    ("body", "status", "kind", "says", "near"),
    [
        (
            {**LOOKUP, "features": ["driver_stat:trips"]},
            404, "not_found", "driver_stat", "driver_stats",
        ),
        ({**LOOKUP, "features": ["driver_stats:trip"]}, 404, "not_found", "trip", "trips"),
        (
            {"feature_service": "driver_servic", "entities": {"driver_id": [1]}},
            404, "not_found", "driver_servic", "driver_service",
        ),
        ({**LOOKUP, "features": ["trips"]}, 422, "invalid", "trips", None),
        ({"entities": {"driver_id": [1]}}, 422, "invalid", "feature", None),
        ({"features": ["driver_stats:trips"]}, 422, "invalid", '"entities" is missing', None),
        ({**LOOKUP, "entities": {}}, 422, "invalid", "entities", None),
        ({**LOOKUP, "entities": {"driver": [1]}}, 422, "invalid", '"driver_id"', "driver"),
        ({**LOOKUP, "entities": {"driver_id": ["abc"]}}, 422, "invalid", "driver_id', row 0", None),
        ({**LOOKUP, "entities": {"driver_id": [1, None]}}, 422, "invalid", "row 1", None),
        ({**LOOKUP, "entities": {"driver_id": [1, 1.5]}}, 422, "invalid", "row 1", None),
        ({**LOOKUP, "entities": {"driver_id": [[1]]}}, 422, "invalid", "a list", None),
        ({**LOOKUP, "entities": {"driver_id": 1}}, 422, "invalid", '"entities.driver_id"', None),
        ({**LOOKUP, "entities": [1]}, 422, "invalid", '"entities" must be', None),
        ({**LOOKUP, "features": "a:b"}, 422, "invalid", '"features" must be', None),
        ({**LOOKUP, "full_feature_names": "yes"}, 422, "invalid", "true or false", None),
        ([LOOKUP], 422, "invalid", "must be a JSON object, found a list", None),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(
    server: Server, body: Any, status: int, kind: str, says: str, near: str | None
) -> None:
    found, answer = server.request("/get-online-features", body)
    assert (found, answer["kind"], answer["status_code"]) == (status, kind, status), answer
    assert says in answer["error"]
    if near:
        assert near in answer["near"]


def test_unequal_columns_are_both_named(server: Server) -> None:
    body = {**LOOKUP, "entities": {"driver_id": [1, 2, 3], "customer": [1, 2]}}
    status, answer = server.request("/get-online-features", body)
    assert status == 422
    assert '"driver_id" has 3' in answer["error"] and '"customer" has 2' in answer["error"]


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b'{"features": ["a:b"],\n "entities": {"x": [1,]}}', 2, 23),
        (b'{"features": tru}', 1, 14),
        (b'{"entities": {}} x', 1, 18),
        (b'{"entities"', 1, 12),
        (b"", 1, 1),
        (b"\xff", 1, 1),
        (b'{"a": "\xc3\x28"}', 1, 8),
        (b"[1", 1, 3),
        (b'{"entities": [1]', 1, 17),
    ],
)
def test_malformed_json_has_a_position(server: Server, raw: bytes, line: int, column: int) -> None:
    wire = Wire(server)
    for path in ("/get-online-features", "/push", "/delete-from-online-store"):
        wire.post(path, raw)
        status, _, answer = wire.answer()
        assert (status, answer["kind"]) == (400, "malformed"), answer
        assert (answer["line"], answer["column"]) == (line, column), answer
        assert f"line {line}, column {column}" in answer["error"]


def test_duplicate_keys_are_malformed(server: Server) -> None:
    for raw in (
        b'{"entities": {"driver_id": [1]}, "entities": {"driver_id": [2]}}',
        b'{"entities": {"driver_id": [1], "driver_id": [2, 3]}, "features": ["a:b"]}',
    ):
        status, answer = server.request("/get-online-features", raw=raw)
        assert (status, answer["kind"]) == (400, "malformed")
        assert "twice" in answer["error"]


def test_deep_nesting_is_refused(server: Server) -> None:
    status, answer = server.request("/get-online-features", raw=b"[" * 100_000)
    assert status in (400, 422), answer


def test_routes(server: Server) -> None:
    status, answer = server.request("/get-online-feature", LOOKUP)
    assert (status, answer["near"]) == (404, ["/get-online-features"])
    wire = Wire(server)
    wire.send(b"GET /push HTTP/1.1\r\nHost: x\r\n\r\n")
    status, headers, answer = wire.answer()
    assert (status, headers["allow"]) == (405, "POST")
    assert "POST" in answer["error"]
    wire.send(
        b"HEAD /health?x=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert wire.answer()[0] == 200
    assert wire.answer()[::2] == (200, "")


def test_openapi_lists_every_route(server: Server) -> None:
    status, document = server.request("/openapi.json")
    assert status == 200
    assert document["openapi"].startswith("3.")
    assert {(path, method) for path, item in document["paths"].items() for method in item} == {
        ("/get-online-features", "post"),
        ("/push", "post"),
        ("/write-to-online-store", "post"),
        ("/delete-from-online-store", "post"),
        ("/docs", "get"),
        ("/health", "get"),
        ("/metrics", "get"),
        ("/openapi.json", "get"),
    }
    lookup = document["paths"]["/get-online-features"]["post"]
    schema = lookup["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["entities"]
    assert {"200", "400", "404", "408", "413", "422", "500", "501", "503"} == set(
        lookup["responses"]
    )


def test_metrics_count_over_all_workers(loaded: Repo) -> None:
    with loaded.serve(CLOCK, "--workers", "2") as server:
        for _ in range(4):  # connections go to the workers in turn
            entities = {"driver_id": [1001, 9999]}
            assert (
                server.request("/get-online-features", {**LOOKUP, "entities": entities})[0] == 200
            )
        assert server.request("/get-online-features", raw=b"{")[0] == 400
        _, text = server.request("/metrics")
    values = dict(re.findall(r"^(\w+(?:{.*})?) (\S+)$", text, re.MULTILINE))
    total = 'feast_feature_server_request_total{endpoint="/get-online-features",status="%s"}'
    assert (values[total % "success"], values[total % "error"]) == ("4", "1")
    assert values["feast_online_features_request_total"] == "4"
    assert values["feast_online_features_entity_count_sum"] == "8"
    statuses = 'feast_online_features_status_total{feature_view="driver_stats",status="%s"}'
    assert (values[statuses % "present"], values[statuses % "not_found"]) == ("4", "4")
    assert (
        values['feast_feature_freshness_seconds{feature_view="driver_stats",project="shop"}']
        == "3600"
    )


def test_keep_alive_and_pipelining(server: Server) -> None:
    wire = Wire(server)
    body = json.dumps(LOOKUP).encode()
    one = (
        b"POST /get-online-features HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    wire.send(one * 200 + one[:-7])
    for _ in range(200):
        status, headers, answer = wire.answer()
        assert (status, "connection" in headers) == (200, False)
        assert answer["results"][1]["values"] == [230]
    wire.send(one[-7:])
    assert wire.answer()[0] == 200
    # A request may come byte by byte, and its body in chunks.
    head = b"POST /get-online-features HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for byte in head + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n":
        wire.send(bytes([byte]))
    assert wire.answer()[2]["results"][1]["values"] == [230]
    wire.post("/get-online-features", LOOKUP, "Connection: close\r\n")
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert wire.closed()


def test_http_1_0(server: Server) -> None:
    wire = Wire(server)
    wire.send(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert wire.answer()[1]["connection"] == "keep-alive"
    wire.send(b"GET /health HTTP/1.0\r\n\r\n")
    assert wire.answer()[1]["connection"] == "close"
    assert wire.closed()


def test_large_answers_arrive_whole(server: Server) -> None:
    ids = [1001 + i % 5 for i in range(50_000)]
    body = {"features": ["driver_stats:trips", "driver_stats:city"], "entities": {"driver_id": ids}}
    wire = Wire(server)
    for _ in range(2):  # pipelined: the second waits for the first to be taken
        wire.post("/get-online-features", body)
    for _ in range(2):
        status, _, answer = wire.answer()
        assert status == 200
        assert answer["results"][1]["values"] == [230 + i % 5 for i in range(50_000)]


def test_not_http(server: Server) -> None:
    wire = Wire(server)
    wire.send(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
    status, headers, answer = wire.answer()
    assert (status, answer["kind"], headers["connection"]) == (400, "malformed", "close")


def test_header_limit(server: Server) -> None:
    wire = Wire(server)
    wire.send(b"GET /health HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n")
    status, headers, answer = wire.answer()
    assert (status, answer["kind"], headers["connection"]) == (431, "too_large", "close")


def test_body_limit(push_server: Server) -> None:
    big = {**LOOKUP, "entities": {"driver_id": list(range(100_000))}}
    wire = Wire(push_server)
    wire.post("/get-online-features", big)
    status, headers, answer = wire.answer()
    assert (status, answer["kind"], headers["connection"]) == (413, "too_large", "close")
    assert "100000" in answer["error"] or "102400" in answer["error"]
    wire = Wire(push_server)
    wire.send(b"POST /push HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    wire.send(b"40000\r\n")
    assert wire.answer()[0] == 413


def test_expect_continue(push_server: Server) -> None:
    wire = Wire(push_server)
    body = json.dumps(LOOKUP).encode()
    head = (
        "POST /get-online-features HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
    )
    wire.send(f"{head}{len(body)}\r\n\r\n".encode())
    assert wire.answer()[0] == 100
    wire.send(body)
    assert wire.answer()[0] == 200
    wire.send(f"{head}{1 << 30}\r\n\r\n".encode())
    assert wire.answer()[0] == 413


def test_idle_connections_are_closed(push_server: Server) -> None:
    wire = Wire(push_server)
    wire.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.answer()[0] == 200
    assert wire.closed()


def rows(**columns: Any) -> dict[str, Any]:
    df = {
        "driver_id": [1001],
        "event_timestamp": ["2024-05-10T12:30:00Z"],
        "created": ["2024-05-10T12:30:00+00:00"],
        "trips": [9007199254740993],
        "rate": [0.1],
        "city": ['Zürich \\ "x"'],
    }
    return {"push_source_name": "pushed", "df": {**df, **columns}}


def without_rate() -> dict[str, Any]:
    return {name: values for name, values in rows()["df"].items() if name != "rate"}


def values(server: Server, driver: int = 1001) -> list[Any]:
    features = ["driver_stats:trips", "driver_stats:rate", "driver_stats:city"]
    status, answer = server.request(
        "/get-online-features", {"features": features, "entities": {"driver_id": [driver]}}
    )
    assert status == 200
    return [column["values"][0] for column in answer["results"]]


def test_push_is_seen_and_newest_wins(push_server: Server) -> None:
    assert push_server.request("/push", rows()) == (200, "")
    assert values(push_server) == [1001, 9007199254740993, 0.1, 'Zürich \\ "x"']
    older = rows(trips=[1], event_timestamp=["2024-05-10T12:29:59Z"])
    assert push_server.request("/push", older) == (200, "")
    assert values(push_server)[1] == 9007199254740993
    # Integers are nanoseconds, as Feast reads them; extra columns and fields are passed over.
    newer = rows(
        trips=["7"], rate=[None], event_timestamp=[1715344260000000000], extra=[{"a": [1]}]
    )
    newer = {"df": newer["df"], "push_source_name": "pushed", "to": "online", "x": {"df": {}}}
    assert push_server.request("/push", newer) == (200, "")
    assert values(push_server) == [1001, 7, None, 'Zürich \\ "x"']


def test_a_push_without_rows_writes_nothing(push_server: Server) -> None:
    before = values(push_server)
    df: dict[str, Any] = {name: [] for name in rows()["df"]}
    assert push_server.request("/push", {"push_source_name": "pushed", "df": df}) == (200, "")
    assert values(push_server) == before


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({**rows(), "push_source_name": "pushd"}, 404, "pushd"),
        ({**rows(), "to": "offline"}, 501, '"offline"'),
        ({**rows(), "to": "online_and_offline"}, 501, '"online_and_offline"'),
        ({**rows(), "to": "both"}, 422, '"both"'),
        (rows(trips=["many"]), 422, "trips"),
        (rows(trips=[1.5]), 422, "trips"),
        (rows(rate=["x"]), 422, "rate"),
        (rows(city=[1]), 422, "city"),
        (rows(city=[{"a": 1}]), 422, "city"),
        (rows(event_timestamp=["yesterday"]), 422, "event_timestamp"),
        (rows(event_timestamp=[None]), 422, "event_timestamp"),
        (rows(event_timestamp=[1700000000]), 422, "1970-01-01T00:00:01.700Z"),
        (rows(created=[1700000000000]), 422, "'created', row 0"),
        ({"push_source_name": "pushed", "df": {}}, 422, "lack the column"),
        ({"push_source_name": "pushed", "df": {"trips": []}}, 422, "lack the column"),
        (rows(driver_id=[None]), 422, "join key"),
        (rows(driver_id=["abc"]), 422, "driver_id"),
        (rows(trips=[1, 2]), 422, '"trips" has 2'),
        (rows(trips=5), 422, '"df.trips"'),
        ({"push_source_name": "pushed"}, 422, '"df" is missing'),
        ({"df": {}}, 422, '"push_source_name" is missing'),
        ({"push_source_name": "pushed", "df": [1]}, 422, '"df" must be'),
        ({"push_source_name": "pushed", "df": without_rate()}, 422, "'rate'"),
    ],
)  # fmt: skip
def test_bad_pushes_change_nothing(push_server: Server, body: Any, status: int, says: str) -> None:
    before = values(push_server)
    found, answer = push_server.request("/push", body)
    assert (found, answer["status_code"]) == (status, status), answer
    assert says in answer["error"], answer
    assert values(push_server) == before


def test_a_registry_change_is_served(loaded: Repo) -> None:
    with loaded.serve(CLOCK) as server:
        body = {"feature_service": "late", "entities": {"driver_id": [1001]}}
        assert server.request("/get-online-features", body)[0] == 404
        loaded.write(
            "definitions.py",
            DEFINITIONS
            + 'late = FeatureService(name="late", features=[driver_stats[["trips"]]])\n',
        )
        loaded.ok("apply")
        for _ in range(100_000):  # until the server has looked again, within a second or so
            status, answer = server.request("/get-online-features", body)
            if status == 200:
                break
        assert answer["results"][1]["values"] == [230]


def test_the_port_in_use(loaded: Repo) -> None:
    with loaded.serve(CLOCK) as server:
        port = server.url.rsplit(":", 1)[1]
        said = loaded.fails("serve", "--port", port)
        assert f"port {port}" in said and "--port" in said


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_graceful_stop_answers_what_was_accepted(pushing: Repo, by: signal.Signals) -> None:
    with pushing.serve(CLOCK, "--workers", "2") as server:
        idle, half = Wire(server), Wire(server)
        idle.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.answer()[0] == 200
        body = json.dumps(rows()).encode()
        head = (
            b"POST /push HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        )
        half.send(head % len(body))
        assert half.answer()[0] == 100  # so the server has begun to receive it
        server.process.send_signal(by)
        assert idle.closed()
        half.send(body)
        status, headers, _ = half.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert half.closed()
        assert server.process.wait(timeout=30) == 0
        with pytest.raises(OSError):
            Wire(server)
    with pushing.serve(CLOCK) as server:
        assert values(server)[1] == 9007199254740993


def test_a_slow_reader_does_not_hold_the_others(server: Server) -> None:
    slow = Wire(server)
    ids = {"driver_id": [1001] * 50_000}
    for _ in range(8):
        slow.post("/get-online-features", {**LOOKUP, "entities": ids})
    assert server.request("/health")[0] == 200
    for _ in range(8):
        assert slow.answer()[0] == 200
