"""Lookups of the server: keys that nothing needs, and requests too large for anyone's good."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import CONFIGURATION, DEFINITIONS, Repo, Server, driver_rows
from wire import CLOCK, LOOKUP, Wire

TWO_KEYS = (
    DEFINITIONS
    + """
customer = Entity(name="customer", join_keys=["customer_id"])
visit = Entity(name="visit", join_keys=["visit"])
customer_stats = FeatureView(
    name="customer_stats", entities=[customer], ttl=timedelta(days=3),
    schema=[Field(name="customer_id", dtype=Int64), Field(name="trips", dtype=Int64)],
    source=source,
)
visit_stats = FeatureView(
    name="visit_stats", entities=[visit], ttl=timedelta(days=3),
    schema=[Field(name="visit", dtype=String), Field(name="trips", dtype=Int64)],
    source=source,
)
"""
)


@pytest.fixture
def two_keys(make_repo: Callable[..., Repo]) -> Iterator[Server]:
    """Views of several entities; a lookup of at most 1,000 values."""
    configuration = CONFIGURATION + "featly:\n  server:\n    max_lookup_values: 1000\n"
    repo = make_repo(configuration=configuration, definitions=TWO_KEYS)
    repo.table("data/drivers.parquet", driver_rows())
    repo.ok("apply", "--skip-source-validation")
    repo.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z", "--views", "driver_stats")
    with repo.serve(CLOCK) as server:
        yield server


def raw_answer(server: Server, body: str) -> str:
    wire = Wire(server)
    wire.post("/get-online-features", body.encode())
    while not wire.received.endswith(b"}}"):
        wire._fill()
    assert wire.received.startswith(b"HTTP/1.1 200"), wire.received
    return wire.received.partition(b"\r\n\r\n")[2].decode()


def test_keys_that_no_feature_needs_come_back_as_they_came(two_keys: Server) -> None:
    sent = '["x","Zür\\"ich",1,-7,9223372036854775808,1.5,1e22,true,null]'
    rows = json.loads(sent)
    ids = json.dumps([1001] * len(rows))
    text = raw_answer(
        two_keys,
        f'{{"features":["driver_stats:trips"],"entities":{{"customer_id":{sent},'
        f'"driver_id":{ids},"visit":{sent}}}}}',
    )
    shown = '["x","Zür\\"ich",1,-7,9223372036854775808,1.5,1e+22,true,null]'
    present = ",".join(['"PRESENT"'] * len(rows))
    epoch = ",".join(['"1970-01-01T00:00:00Z"'] * len(rows))
    echoed = f'{{"values":{shown},"statuses":[{present}],"event_timestamps":[{epoch}]}}'
    needed = echoed.replace(shown, ids.replace(" ", ""))
    assert text.startswith(f'{{"results":[{echoed},{needed},{echoed},')
    assert '"feature_names":["customer_id","driver_id","visit","trips"]' in text


def test_a_key_that_is_needed_is_still_coerced_or_refused(two_keys: Server) -> None:
    body = {"features": ["customer_stats:trips"], "entities": {"customer_id": ["7"]}}
    status, answer = two_keys.request("/get-online-features", body)
    assert (status, answer["results"][0]["values"]) == (200, [7])
    body["entities"] = {"customer_id": ["x"], "driver_id": ["y"]}
    status, answer = two_keys.request("/get-online-features", body)
    assert (status, "customer_id" in answer["error"]) == (422, True)
    unfit = {**LOOKUP, "entities": {"driver_id": [1], "visit": [[1]]}}
    status, answer = two_keys.request("/get-online-features", unfit)
    assert (status, "'visit', row 0" in answer["error"]) == (422, True), answer


def test_a_lookup_of_too_many_values_is_refused(two_keys: Server) -> None:
    features = ["driver_stats:trips", "driver_stats:city"]
    for rows, status in ((333, 200), (334, 413)):
        body: dict[str, Any] = {"features": features, "entities": {"driver_id": [1001] * rows}}
        found, answer = two_keys.request("/get-online-features", body)
        assert found == status
    assert (answer["kind"], answer["subject"]) == ("too_large", "max_lookup_values")
    assert "1002 values" in answer["error"] and "limit of 1000" in answer["error"]
    # More entity values than that are not even kept.
    body = {"features": features, "entities": {"driver_id": [1001] * 5000}}
    found, answer = two_keys.request("/get-online-features", body)
    assert (found, "has 5000 values" in answer["error"]) == (413, True), answer
    # The connection goes on.
    assert two_keys.request("/get-online-features", LOOKUP)[0] == 200


def test_a_large_lookup_does_not_hold_the_others(loaded: Repo) -> None:
    ids = {"driver_id": [1001 + i % 5 for i in range(120_000)]}
    features = ["driver_stats:trips", "driver_stats:city", "driver_stats:rate"]
    body = json.dumps({"features": features, "entities": ids}).encode()
    with loaded.serve(CLOCK, "--workers", "1") as server:
        large = Wire(server)
        answers: list[Any] = []
        large.post("/get-online-features", body)
        reader = threading.Thread(target=lambda: answers.append(large.answer()))
        reader.start()
        # The only I/O thread answers others while the large one is being made.
        between = 0
        while reader.is_alive():
            assert server.request("/health")[0] == 200
            between += 1
        reader.join()
        (status, _, answer) = answers[0]
        assert status == 200
        assert answer["results"][1]["values"][:6] == [230, 231, 232, 233, 234, 230]
        assert len(answer["results"][3]["values"]) == 120_000
        assert between > 3

        # What it took is given back: a second one needs no more.
        def resident() -> int:
            with open(f"/proc/{server.process.pid}/statm") as file:
                return int(file.read().split()[1]) * 4096

        first = resident()
        for _ in range(3):
            large.post("/get-online-features", body)
            assert large.answer()[0] == 200
        assert resident() < first + (64 << 20)


def test_every_answer_has_a_date(loaded: Repo) -> None:
    with loaded.serve(CLOCK) as server:
        wire = Wire(server)
        wire.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n")
        for _ in range(2):
            _, headers, _ = wire.answer()
            day, rest = headers["date"].split(", ")
            assert day in {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
            assert rest.endswith(" GMT") and len(rest.split()) == 5
