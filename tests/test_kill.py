"""Processes killed at random moments: no acknowledged row is lost or torn, the store opens."""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from conftest import CONFIGURATION, Repo, Server
from whole_rows import DEFINITIONS, START, columns_of, lookup_body, text_of, values_found

# Of each kind; FEATLY_KILLS=250 makes it a thousand.
KILLS = int(os.environ.get("FEATLY_KILLS", "100"))
ROWS = 60_000
LONG_AGO = "2020-01-01"
LATER = "2030-01-01"


def write_source(repo: Repo, generation: int) -> None:
    """Every id once, shuffled; a later generation has later times and other values."""
    ids = np.random.default_rng(generation).permutation(ROWS)
    values = ids + generation * ROWS
    time = START + timedelta(minutes=generation)
    repo.table(
        "data/rows.parquet",
        {
            "id": ids,
            "event_timestamp": pa.array([time] * ROWS, pa.timestamp("us", "UTC")),
            "a": values,
            "text": [text_of(int(value)) for value in values],
            "b": values,
        },
    )


def lookup(server: Server, ids: list[int]) -> dict[int, int]:
    """The value of each id that has a row, after checking the rows."""
    status, body = server.request("/get-online-features", lookup_body(ids))
    assert status == 200, body
    return values_found(ids, body)


@pytest.fixture
def repo(make_repo: Callable[..., Repo]) -> Repo:
    made = make_repo(configuration=CONFIGURATION, definitions=DEFINITIONS)
    write_source(made, 1)
    made.ok("apply")
    return made


def start(repo: Repo, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        repo.command(*arguments),
        cwd=repo.path,
        env=repo.child_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_for(process: subprocess.Popen[Any], seconds: float) -> bool:
    """Kills the process unless it ends before; whether it was killed."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def left_behind(repo: Repo) -> list[str]:
    """Files of work that was not finished."""
    names = [path.name for path in Path(repo.path / "data").rglob("*")]
    return [name for name in names if "spill" in name or "tmp" in name]


def store_bytes(repo: Repo) -> int:
    """What the online store takes of the disk."""
    files = (repo.path / "data" / "online.lmdb").iterdir()
    return sum(path.stat().st_blocks * 512 for path in files)


def test_materialize_killed_at_any_moment(repo: Repo) -> None:
    rng = random.Random(5)
    command = ["materialize", LONG_AGO, LATER, "--memory-limit", "2MB"]
    ids = list(range(0, ROWS, 7))
    begin = datetime.now(UTC)
    repo.ok(*command)
    usual = (datetime.now(UTC) - begin).total_seconds()
    generation, floor, killed = 1, dict.fromkeys(ids, 0), 0
    with repo.serve() as server:  # reads what is there while others are killed
        floor = lookup(server, ids)
        assert floor == {number: number + ROWS for number in ids}
        while killed < KILLS:
            generation += 1
            write_source(repo, generation)
            while run_for(start(repo, *command), rng.uniform(0, usual)):
                killed += 1
                found = lookup(server, ids)
                assert all(found[number] >= floor[number] for number in ids)
                floor = found
                if killed == KILLS:
                    break
    # What was begun is simply repeated, and a new process finds the store whole.
    repo.ok(*command)
    with repo.serve() as server:
        assert lookup(server, ids) == {number: number + generation * ROWS for number in ids}
    # Nor does anything stay that the killed ones left: spilled rows, half a registry.
    assert left_behind(repo) == []
    # Pages that killed runs had begun to fill are used again: the store holds the rows twice at
    # most, as any store does that was written anew.
    (fresh := Repo(repo.path / "fresh", repo.environment)).path.mkdir()
    for name in ("feature_store.yaml", "definitions.py"):
        fresh.write(name, (repo.path / name).read_text())
    write_source(fresh, generation)
    fresh.ok("apply")
    fresh.ok(*command)
    assert store_bytes(repo) <= 3 * store_bytes(fresh)


def push_until_killed(
    server: Server, seconds: float, first: int, acknowledged: dict[int, int]
) -> int:
    """Pushes rows one after the other until the server is killed; the next value to push."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    value = first
    try:
        while True:
            ids = [(value * 7 + i) % 500 for i in range(1 + value % 20)]
            body = json.dumps(
                {"push_source_name": "pushed", "to": "online", "df": columns_of(ids, value)}
            )
            value += 1
            connection.putrequest("POST", "/push")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body.encode())
            if datetime.now(UTC) >= deadline:
                server.process.kill()  # with a push under way
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, answer
            acknowledged.update(dict.fromkeys(ids, value - 1))
    except (ConnectionError, http.client.HTTPException):
        server.process.wait()
        return value
    finally:
        connection.close()


def test_server_killed_while_it_takes_pushes(repo: Repo) -> None:
    rng = random.Random(6)
    acknowledged: dict[int, int] = {}
    value = 1
    for _ in range(KILLS):
        with repo.serve() as server:
            found = lookup(server, list(range(500)))
            for number, pushed in acknowledged.items():
                assert found.get(number, -1) >= pushed, f"the acknowledged row of {number} is lost"
            value = push_until_killed(server, rng.uniform(0, 0.1), value, acknowledged)
    assert len(acknowledged) > KILLS
    with repo.serve() as server:
        found = lookup(server, list(range(500)))
        assert all(found[number] >= pushed for number, pushed in acknowledged.items())


def registered(repo: Repo) -> tuple[list[str], list[str], str]:
    """Views, features and TTL, as the registry has them: it can be read at any time."""
    views = repo.ok("feature-views", "list", "--output", "json").json()
    specs = {view["spec"]["name"]: view["spec"] for view in views}
    features = [feature["name"] for feature in specs["things"]["features"]]
    return sorted(specs), features, specs["things"]["ttl"]


def test_apply_killed_at_any_moment(repo: Repo) -> None:
    rng = random.Random(7)
    repo.ok("materialize", LONG_AGO, LATER)
    other = DEFINITIONS.replace('        Field(name="b", dtype=Int64),\n', "").replace(
        "entities=[thing],", "entities=[thing], ttl=timedelta(days=9000),"
    )
    other = "from datetime import timedelta\n" + other
    other += 'more = FeatureView(name="more", entities=[thing], source=source)\n'
    states = [(["things"], ["a", "text", "b"]), (["more", "things"], ["a", "text"])]
    definitions = [DEFINITIONS, other]

    begin = datetime.now(UTC)
    repo.ok("apply")
    usual = (datetime.now(UTC) - begin).total_seconds()
    now, killed = 0, 0
    with repo.serve() as server:
        while killed < KILLS:
            repo.write("definitions.py", definitions[1 - now])
            if run_for(start(repo, "apply"), rng.uniform(0, usual)):
                killed += 1
            else:
                now = 1 - now
            views, features, ttl = registered(repo)
            if (views, features) != states[now]:
                now = 1 - now  # it was killed after its commit
            assert (views, features) == states[now], "half an apply"
            assert (ttl != "0s") == (now == 1), "half an apply"
            status, body = server.request(
                "/get-online-features", {"features": ["things:a"], "entities": {"id": [3]}}
            )
            assert (status, body["results"][1]["values"]) == (200, [3 + ROWS]), "a lost row"
    repo.write("definitions.py", DEFINITIONS)
    repo.ok("apply")
    assert registered(repo)[:2] == states[0]
    repo.ok("materialize", LONG_AGO, LATER)  # the next who writes removes what a killed one left
    assert left_behind(repo) == []


def test_registry_kept_while_its_writers_are_killed(repo: Repo) -> None:
    rng = random.Random(8)
    time = pa.array([START], pa.timestamp("us", "UTC"))
    row = {"id": [1], "event_timestamp": time, "a": [1], "text": ["x"], "b": [1]}
    repo.table("data/rows.parquet", row)
    repo.ok("materialize", LONG_AGO, START.isoformat())
    begin = datetime.now(UTC)
    repo.ok("materialize", LONG_AGO, START.isoformat())
    usual = (datetime.now(UTC) - begin).total_seconds()
    acknowledged = {START}
    killed = 0
    while killed < KILLS:
        end = START + timedelta(seconds=len(acknowledged) + killed)
        if run_for(start(repo, "materialize", LONG_AGO, end.isoformat()), rng.uniform(0, usual)):
            killed += 1
        else:
            acknowledged.add(end)
        meta = repo.ok("registry-dump").json()["featureViews"][0]["meta"]
        ends = {datetime.fromisoformat(i["endTime"]) for i in meta["materializationIntervals"]}
        assert acknowledged <= ends, "an acknowledged run is not recorded"
    repo.ok("materialize", LONG_AGO, LATER)  # the next who writes removes what a killed one left
    assert left_behind(repo) == []
