"""Sixteen clients on one server: every answer is of whole rows, and none older than acknowledged.

By hand for longer, and with the program of a sanitizer's tree:

    FEATLY_STRESS_SECONDS=60 FEATLY_BIN=build-tsan/featly pytest tests/test_server_stress.py
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from conftest import CONFIGURATION, Repo
from whole_rows import DEFINITIONS, START, columns_of, lookup_body, values_found

SECONDS = float(os.environ.get("FEATLY_STRESS_SECONDS", "2"))
KEYS = 500
DELETED_KEYS = range(1000, 1010)
PAGES = ["/health", "/metrics", "/openapi.json", "/docs"]


class Acknowledged:
    """The newest value of each id that the server has taken. Thread-safe."""

    def __init__(self) -> None:
        self._values: dict[int, int] = {}
        self._next = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self._next += 1
            return self._next

    def add(self, ids: list[int], value: int) -> None:
        with self._lock:
            for number in ids:
                self._values[number] = max(value, self._values.get(number, -1))

    def now(self) -> dict[int, int]:
        with self._lock:
            return dict(self._values)


class Client:
    """One connection, kept alive."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)

    def close(self) -> None:
        self._connection.close()

    def ask(self, path: str, body: Any = None) -> Any:
        text = None if body is None else json.dumps(body)
        self._connection.request("GET" if body is None else "POST", path, text)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (path, content)
        return json.loads(content) if path == "/get-online-features" else content


def push(client: Client, rng: random.Random, acknowledged: Acknowledged) -> None:
    ids = rng.sample(range(KEYS), rng.choice([1, 20, 100]))
    value = acknowledged.next()
    rows = columns_of(ids, value)
    if rng.random() < 0.5:
        client.ask("/push", {"push_source_name": "pushed", "to": "online", "df": rows})
    else:
        client.ask("/write-to-online-store", {"feature_view_name": "things", "df": rows})
    acknowledged.add(ids, value)


def read(client: Client, rng: random.Random, acknowledged: Acknowledged) -> None:
    ids = rng.sample(range(KEYS), rng.choice([1, 10, 200]))
    floor = acknowledged.now()
    found = values_found(ids, client.ask("/get-online-features", lookup_body(ids)))
    for number in ids:
        assert found.get(number, -1) >= floor.get(number, -1), f"an old row of {number}"


def delete(client: Client, rng: random.Random, acknowledged: Acknowledged) -> None:
    """Rows that come and go beside the others."""
    ids = list(DELETED_KEYS)
    rows = columns_of(ids, acknowledged.next())
    client.ask("/push", {"push_source_name": "pushed", "to": "online", "df": rows})
    client.ask("/delete-from-online-store", {"feature_views": ["things"], "entities": {"id": ids}})
    found = values_found(ids, client.ask("/get-online-features", lookup_body(ids)))
    assert found == {}, "rows that were deleted"


def look(client: Client, rng: random.Random, _: Acknowledged) -> None:
    client.ask(rng.choice(PAGES))


def clients() -> Iterator[Callable[[Client, random.Random, Acknowledged], None]]:
    yield from [push] * 4
    yield from [read] * 10
    yield delete
    yield look


def test_sixteen_clients_at_once(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo(configuration=CONFIGURATION, definitions=DEFINITIONS)
    repo.table("data/rows.parquet", {**columns_of([1], 1), "event_timestamp": [START]})
    repo.ok("apply")
    acknowledged = Acknowledged()
    failed = threading.Event()

    with repo.serve("--registry_ttl_sec", "1") as server:
        end = time.monotonic() + SECONDS

        def run(number: int, work: Callable[[Client, random.Random, Acknowledged], None]) -> int:
            rng = random.Random(number)
            rounds = 0
            try:
                with closing(Client(server.url)) as client:
                    while not failed.is_set() and (time.monotonic() < end or rounds == 0):
                        work(client, rng, acknowledged)
                        rounds += 1
            except BaseException:
                failed.set()
                raise
            return rounds

        with ThreadPoolExecutor() as pool, ThreadPoolExecutor(16) as threads:
            running = [threads.submit(run, n, work) for n, work in enumerate(clients())]
            # The registry changes beside them, and no request is dropped.
            applied = pool.submit(apply_until, repo, end, failed)
            rounds = [client.result() for client in running]
            assert applied.result() > 0
        assert len(rounds) == 16
        print(f"{sum(rounds)} rounds of 16 clients in {SECONDS} s: {rounds}")
    # A sanitizer's findings end the program with an exit code of its own.
    assert server.process.returncode == 0


def apply_until(repo: Repo, end: float, failed: threading.Event) -> int:
    """Applies other tags again and again; how often."""
    count = 0
    while not failed.is_set() and (time.monotonic() < end or count == 0):
        count += 1
        repo.write(
            "definitions.py",
            DEFINITIONS.replace("entities=[thing],", f"entities=[thing], tags={{'n': '{count}'}},"),
        )
        repo.ok("apply")
    return count
