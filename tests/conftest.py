"""What the end-to-end tests share: the real `featly` program, and repositories to run it in."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[1]
FEATLY = os.environ.get("FEATLY_BIN", str(ROOT / "build" / "featly"))

CONFIGURATION = "project: shop\nregistry: data/registry.db\n"

DEFINITIONS = """
from datetime import timedelta
from featly import Entity, FeatureService, FeatureView, Field, FileSource
from featly.types import Float64, Int64, String

driver = Entity(name="driver", join_keys=["driver_id"])
source = FileSource(
    name="driver_source", path="data/drivers.parquet",
    timestamp_field="event_timestamp", created_timestamp_column="created",
)
driver_stats = FeatureView(
    name="driver_stats", entities=[driver], ttl=timedelta(days=3),
    schema=[
        Field(name="driver_id", dtype=Int64),
        Field(name="trips", dtype=Int64),
        Field(name="rate", dtype=Float64),
        Field(name="city", dtype=String),
    ],
    source=source, tags={"team": "rides"},
)
driver_service = FeatureService(name="driver_service", features=[driver_stats[["rate", "trips"]]])
"""

NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)


@dataclass
class Ran:
    """What a finished run of the program left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Server:
    """A running `featly serve`."""

    url: str
    process: subprocess.Popen[str]

    def request(self, path: str, body: Any = None, raw: bytes | None = None) -> tuple[int, Any]:
        """Status and parsed JSON (or text) of an answer; POST where there is a body."""
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        request = urllib.request.Request(self.url + path, data=data)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, text = response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text


@dataclass
class Repo:
    """A feature repository in a folder, and the program run in it."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)  # a command that runs the program

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def table(self, name: str, columns: dict[str, Any] | pa.Table) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path)
        return path

    def command(self, *arguments: object) -> list[str]:
        return [*self.prefix, FEATLY, *map(str, arguments)]

    def child_environment(self) -> dict[str, str]:
        return {**os.environ, "FEATLY_PYTHON": sys.executable, "NO_COLOR": "1", **self.environment}

    def run(self, *arguments: object) -> Ran:
        """Runs the program to its end, whatever that is."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env=self.child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: object) -> Ran:
        """Runs the program, which must succeed without a word on standard error."""
        ran = self.run(*arguments)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran

    def fails(self, *arguments: object, code: int = 1) -> str:
        """Runs the program, which must fail with this exit code; what it said."""
        ran = self.run(*arguments)
        assert ran.code == code, ran
        assert ran.err.startswith("error: "), ran.err
        assert "\x1b" not in ran.err
        return ran.err

    def files(self) -> dict[str, bytes]:
        """Every file but the lock files: what a failed command must leave as it was."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not path.name.endswith("lock") and "lock.mdb" not in path.name
        }

    @contextmanager
    def serve(self, *arguments: object) -> Iterator[Server]:
        """A server on a free port, stopped at the end."""
        process = subprocess.Popen(
            self.command("serve", "--port", "0", *arguments),
            cwd=self.path,
            env=self.child_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"https?://\S+", line)
            if not found:
                process.kill()
                raise AssertionError(f"serve said {line!r} {process.communicate()}")
            yield Server(found[0].rstrip("/."), process)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def on_a_terminal(repo: Repo, answer: str, *arguments: object) -> tuple[int, str]:
    """Runs the program with a terminal as its input and its errors; exit code and what it said."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        repo.command(*arguments),
        cwd=repo.path,
        env=repo.child_environment(),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, (answer + "\n").encode())
    text = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    os.close(ours)
    return process.wait(timeout=60), text.decode()


def driver_rows(hours: int = 24, drivers: int = 5, end: datetime = NOON) -> pa.Table:
    """One row a driver and hour up to `end`; the values tell where they come from."""
    ids, times, created, trips, rates, cities = [], [], [], [], [], []
    for hour in range(hours):
        for driver in range(1001, 1001 + drivers):
            ids.append(driver)
            times.append(end - timedelta(hours=hours - 1 - hour))
            created.append(end)
            trips.append(hour * 10 + driver - 1001)
            rates.append(hour / 100)
            cities.append(f"city {driver}")
    time_type = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "driver_id": ids,
            "event_timestamp": pa.array(times, time_type),
            "created": pa.array(created, time_type),
            "trips": trips,
            "rate": rates,
            "city": cities,
        }
    )


@pytest.fixture
def make_repo(tmp_path: Path) -> Callable[..., Repo]:
    """Makes a repository in a folder of its own."""

    def make(
        configuration: str | None = CONFIGURATION,
        definitions: str | None = None,
        name: str = "repo",
    ) -> Repo:
        repo = Repo(tmp_path / name)
        (repo.path / "data").mkdir(parents=True)
        if configuration is not None:
            repo.write("feature_store.yaml", configuration)
        if definitions is not None:
            repo.write("definitions.py", definitions)
        return repo

    return make


@pytest.fixture
def empty_repo(make_repo: Callable[..., Repo]) -> Path:
    """The folder of a repository that defines nothing yet."""
    return make_repo().path


@pytest.fixture
def drivers(make_repo: Callable[..., Repo]) -> Repo:
    """A repository with one view of drivers, and its data; nothing applied yet."""
    repo = make_repo(definitions=DEFINITIONS)
    repo.table("data/drivers.parquet", driver_rows())
    return repo


@pytest.fixture
def applied(drivers: Repo) -> Repo:
    """The same, applied."""
    drivers.ok("apply")
    return drivers


@pytest.fixture
def loaded(applied: Repo) -> Repo:
    """The same, materialized, and looked at from noon of the last day."""
    applied.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    return applied


@pytest.fixture
def obeying_permissions() -> list[str]:
    """A prefix under which file permissions count, for root too."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
