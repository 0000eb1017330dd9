"""A server whose registry and store change beside it: by other commands, and by accidents."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import DEFINITIONS, Repo, Server
from wire import CLOCK, LOOKUP, Wire, trips, until


def metric(server: Server, name: str) -> float:
    _, text = server.request("/metrics")
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in {text}"
    return float(found[1])


def test_teardown_and_apply_beside_the_server(loaded: Repo) -> None:
    def found(status: int, answer: Any) -> bool:
        return status == 200 and trips(answer) == [230]

    with loaded.serve(CLOCK, "--no-access-log") as server:
        for _ in range(2):
            until(server, "/get-online-features", LOOKUP, found)
            loaded.ok("teardown")
            assert server.request("/health")[0] == 503
            loaded.ok("apply")
            until(server, "/health", None, lambda status, _: status == 200)
            status, answer = server.request("/get-online-features", LOOKUP)
            assert (status, answer["results"][1]["statuses"]) == (200, ["NOT_FOUND"])
            loaded.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
        until(server, "/get-online-features", LOOKUP, found)


def wait_for_look(server: Server) -> None:
    """Until the server has looked at its registry, told to by a signal."""
    before = metric(server, "featly_server_registry_refresh_failures_total")
    server.process.send_signal(signal.SIGHUP)
    while metric(server, "featly_server_registry_refresh_failures_total") == before:
        pass


@pytest.mark.parametrize("accident", ["emptied", "removed", "overwritten"])
def test_an_accident_to_the_registry_keeps_the_last_good_one(loaded: Repo, accident: str) -> None:
    registry = loaded.path / "data" / "registry.db"
    good = registry.read_bytes()
    with loaded.serve(CLOCK, "--no-access-log") as server:
        assert metric(server, "featly_server_registry_stale") == 0
        if accident == "removed":
            registry.unlink()
        else:
            registry.write_bytes(b"" if accident == "emptied" else b"PAR1 is not a registry")
        wait_for_look(server)
        assert metric(server, "featly_server_registry_stale") == 1
        assert trips(server.request("/get-online-features", LOOKUP)[1]) == [230]
        wait_for_look(server)  # it is said once
        registry.write_bytes(good)
        while metric(server, "featly_server_registry_stale"):
            pass
        assert trips(server.request("/get-online-features", LOOKUP)[1]) == [230]
        server.process.send_signal(signal.SIGTERM)
        _, said = server.process.communicate(timeout=30)
    assert said.count("serving the last good one") == 1, said
    assert said.count("the registry is read again") == 1, said


def test_commands_refuse_an_empty_registry_file(loaded: Repo) -> None:
    registry = loaded.path / "data" / "registry.db"
    registry.write_bytes(b"")
    for command in (
        ["apply"],
        ["plan"],
        ["materialize", "2024-05-01", "2024-05-10"],
        ["serve", "--port", "0"],
    ):
        said = loaded.fails(*command)
        assert "0 bytes" in said and "registry.db" in said and "backup" in said, said
        assert registry.read_bytes() == b""
    registry.unlink()  # none is a new one
    loaded.ok("apply")


def test_no_request_is_dropped_while_applies_change_the_registry(loaded: Repo) -> None:
    other = DEFINITIONS.replace('Field(name="rate", dtype=Float64),', "").replace(
        '["rate", "trips"]', '["trips"]'
    )
    assert other != DEFINITIONS
    failed: list[Any] = []
    asked = 0
    done = threading.Event()

    def ask(server: Server, client: int) -> None:
        nonlocal asked
        wire = Wire(server)
        number = 0
        while not done.is_set():
            number += 1
            # Lists of their own make plans of their own.
            names = ["trips", "city", "trips"][: 1 + (number + client) % 2]
            body = {
                "features": [f"driver_stats:{name}" for name in names],
                "full_feature_names": bool(number % 3),
                "entities": {"driver_id": [1001 + number % 5]},
            }
            if number % 4 == 0:
                body = {"feature_service": "driver_service", "entities": {"driver_id": [1001]}}
            wire.post("/get-online-features", body)
            status, _, answer = wire.answer()
            asked += 1
            if status != 200 or answer["results"][-1]["statuses"][0] == "NOT_FOUND":
                failed.append((status, answer))

    with loaded.serve(CLOCK, "--workers", "2", "--no-access-log") as server:
        clients = [threading.Thread(target=ask, args=(server, n)) for n in range(16)]
        for client in clients:
            client.start()
        for number in range(6):
            loaded.write("definitions.py", other if number % 2 == 0 else DEFINITIONS)
            loaded.ok("apply")
            server.process.send_signal(signal.SIGHUP)
        done.set()
        for client in clients:
            client.join()
    assert not failed, failed[:3]
    assert asked > 16


def test_sighup_reads_the_registry_now(loaded: Repo) -> None:
    with loaded.serve(CLOCK, "--registry_ttl_sec", "3600") as server:
        body = {"feature_service": "late", "entities": {"driver_id": [1001]}}
        loaded.write(
            "definitions.py",
            DEFINITIONS
            + 'late = FeatureService(name="late", features=[driver_stats[["trips"]]])\n',
        )
        loaded.ok("apply")
        assert server.request("/get-online-features", body)[0] == 404
        server.process.send_signal(signal.SIGHUP)
        until(server, "/get-online-features", body, lambda status, _: status == 200)


def test_a_stop_answers_everything_that_was_sent(loaded: Repo) -> None:
    body = json.dumps(LOOKUP).encode()
    one = (
        b"POST /get-online-features HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    with loaded.serve(CLOCK, "--workers", "2") as server:
        wires = [Wire(server) for _ in range(8)]
        for wire in wires:
            wire.send(one * 100)
        # An exchange: what was sent before it has come through a busy system's queues too.
        assert server.request("/health")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        for wire in wires:
            for _ in range(100):
                status, _, answer = wire.answer()
                assert (status, trips(answer)) == (200, [230])
            assert wire.closed()
        assert server.process.wait(timeout=30) == 0


def test_a_second_signal_ends_at_once(loaded: Repo) -> None:
    with loaded.serve(CLOCK) as server:
        half = Wire(server)
        half.send(b"POST /push HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n")
        half.send(b"Content-Length: 10\r\n\r\n")
        assert half.answer()[0] == 100
        idle = Wire(server)
        idle.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.answer()[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert idle.closed()  # so it has begun to stop, and waits for the half request
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=30) == 128 + signal.SIGINT


def test_a_store_that_was_torn_down_is_closed(loaded: Repo) -> None:
    """After a teardown and an apply beside it, the server lets go of the old store's file."""
    with loaded.serve(CLOCK) as server:
        loaded.ok("teardown")
        loaded.ok("apply")
        until(server, "/health", None, lambda status, _: status == 200)
        folder = Path(f"/proc/{server.process.pid}/fd")

        def deleted() -> list[str]:
            links = []
            for name in os.listdir(folder):
                with suppress(FileNotFoundError):  # closed meanwhile
                    links.append(os.readlink(folder / name))
            return [link for link in links if link.endswith("data.mdb (deleted)")]

        while deleted():  # idle workers let go within a sweep
            server.request("/health")
