"""A full disk, a limit that is reached, many processes at once: a clear error, nothing lost.

The small disk is a tmpfs in a mount namespace of its own, which needs no privileges: a process
holds it, and the program is run inside with nsenter.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import CONFIGURATION, NOON, ROOT, Repo, driver_rows

LONG_AGO = "2020-01-01"
LATER = "2030-01-01"

DEFINITIONS = """
from datetime import timedelta
from featly import Entity, FeatureView, Field, FileSource, PushSource, ValueType
from featly.types import Int64, String

driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
source = FileSource(
    name="driver_source", path="{source}",
    timestamp_field="event_timestamp", created_timestamp_column="created",
)
driver_stats = FeatureView(
    name="driver_stats", entities=[driver], ttl=timedelta(0),
    schema=[Field(name="trips", dtype=Int64), Field(name="city", dtype=String)],
    source=PushSource(name="pushed", batch_source=source),
)
"""


class SmallDisk:
    """A repository on a file system of a few MiB. Its source lies outside, on the large one."""

    def __init__(self, repo: Repo, source: Path) -> None:
        self.repo = repo
        self.source = source
        (repo.path / "data").mkdir()
        repo.write("feature_store.yaml", CONFIGURATION)
        repo.write("definitions.py", DEFINITIONS.replace("{source}", str(source)))

    def resize(self, megabytes: int) -> None:
        raise NotImplementedError

    def fill(self) -> None:
        """Takes what is left of the disk, to the last page."""
        raise NotImplementedError

    def free(self) -> None:
        """Gives it back."""
        raise NotImplementedError


class MountedDisk(SmallDisk):
    """A tmpfs in the namespaces of a process that waits for the end of its input."""

    def __init__(self, holder: subprocess.Popen[str], mount: Path, source: Path) -> None:
        enter = ["nsenter", f"--target={holder.pid}", "--user", "--mount", "--preserve-credentials"]
        root = Path(f"/proc/{holder.pid}/root{mount}")
        super().__init__(Repo(root, prefix=[*enter, f"--wdns={mount}"]), source)

    def resize(self, megabytes: int) -> None:
        subprocess.run(
            [*self.repo.prefix, "mount", "-o", f"remount,size={megabytes}m", "."], check=True
        )

    def fill(self) -> None:
        with (self.repo.path / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass

    def free(self) -> None:
        (self.repo.path / "filler").unlink()


class PreloadedDisk(SmallDisk):
    """A folder of the large disk, and programs that are kept from taking more of it: where no
    namespace may be made, as in a chroot."""

    def __init__(self, folder: Path, source: Path) -> None:
        library, self._size = source.with_name("small_disk.so"), source.with_name("size")
        compiler = ["gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library]
        subprocess.run([*compiler, ROOT / "tests" / "small_disk.c"], check=True)
        settings = {"LD_PRELOAD": library, "SMALL_DISK": folder, "SMALL_DISK_SIZE": self._size}
        prefix = ["env", *(f"{name}={value}" for name, value in settings.items())]
        super().__init__(Repo(folder, prefix=prefix), source)
        self.free()

    def resize(self, megabytes: int) -> None:
        self._size.write_text(str(megabytes << 20))

    def fill(self) -> None:
        self.resize(0)

    def free(self) -> None:
        self.resize(4)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    mount, source = tmp_path / "disk", tmp_path / "drivers.parquet"
    mount.mkdir()
    pq.write_table(driver_rows(), source)
    holder = subprocess.Popen(
        [
            "unshare",
            "-rm",
            "sh",
            "-c",
            f"mount -t tmpfs -o size=4m tmpfs '{mount}' && echo && read x",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() == "\n":
            yield MountedDisk(holder, mount, source)
        else:
            yield PreloadedDisk(mount, source)
    finally:
        holder.communicate()


def lookup(server: Any, ids: list[int]) -> list[int | None]:
    status, body = server.request(
        "/get-online-features", {"features": ["driver_stats:trips"], "entities": {"driver_id": ids}}
    )
    assert status == 200, body
    trips: list[int | None] = body["results"][1]["values"]
    return trips


def many_rows(drivers: int) -> pa.Table:
    """One row a driver, later than those of driver_rows, too many for the small disk."""
    return driver_rows(hours=1, drivers=drivers, end=NOON.replace(hour=18))


def test_a_full_disk_keeps_the_registry_as_it_was(disk: SmallDisk) -> None:
    disk.fill()
    before = disk.repo.files()
    said = disk.repo.fails("apply")
    assert "No space left on device" in said
    assert "registry" in said or "online" in said
    left = {name: data for name, data in disk.repo.files().items() if "online" not in name}
    assert left == before
    disk.free()
    disk.repo.ok("apply")

    registered = (disk.repo.path / "data/registry.db").read_bytes()
    disk.repo.write(
        "definitions.py", (disk.repo.path / "definitions.py").read_text() + "\n# " + "x" * 100
    )
    text = (disk.repo.path / "definitions.py").read_text().replace("timedelta(0)", "timedelta(9)")
    disk.repo.write("definitions.py", text)
    disk.fill()
    assert "No space left on device" in disk.repo.fails("apply")
    assert (disk.repo.path / "data/registry.db").read_bytes() == registered
    disk.free()
    assert "ttl" in disk.repo.ok("apply").out


def test_a_full_disk_stops_a_materialization(disk: SmallDisk) -> None:
    disk.repo.ok("apply")
    disk.repo.ok("materialize", LONG_AGO, LATER)
    with disk.repo.serve() as server:
        known = lookup(server, [1001, 1005])
        assert known == [230, 234]
        pq.write_table(many_rows(200_000), disk.source)
        said = disk.repo.fails("materialize", LONG_AGO, LATER)
        assert "No space left on device" in said
        assert "driver_stats" in said
        # Rows are there as they were, or as the run had got to: never none, never half.
        assert all(value is not None for value in lookup(server, [1001, 1005]))
        assert not [name for name in disk.repo.files() if "spill" in name or ".tmp" in name]
        disk.resize(400)
        disk.repo.ok("materialize", LONG_AGO, LATER)
        assert lookup(server, [1001, 201_000]) == [0, 199_999]


def test_a_full_disk_leaves_no_half_a_training_set(disk: SmallDisk) -> None:
    disk.repo.ok("apply")
    entities = disk.source.with_name("orders.parquet")
    orders = many_rows(800_000).select(["driver_id", "event_timestamp"])
    noise = np.random.default_rng(1).random(len(orders))  # which no format makes smaller
    pq.write_table(orders.append_column("noise", pa.array(noise)), entities)
    (disk.repo.path / "training.csv").write_text("an older one\n")
    command = ("training-set", "--entities", entities, "--features", "driver_stats:city", "--out")
    for out in ("training.csv", "training.parquet"):
        said = disk.repo.fails(*command, out)
        assert "No space left on device" in said
        assert out in said
    assert (disk.repo.path / "training.csv").read_text() == "an older one\n"
    left = {path.name for path in disk.repo.path.iterdir()} - {"__pycache__"}
    assert left == {"data", "definitions.py", "feature_store.yaml", "training.csv"}
    disk.resize(400)
    disk.repo.ok(*command, "training.csv")


def push(server: Any, driver: int, trips: int) -> tuple[int, Any]:
    row = {
        "driver_id": [driver],
        "event_timestamp": [NOON.replace(year=2025).isoformat()],
        "created": [NOON.replace(year=2025).isoformat()],
        "trips": [trips],
        "city": ["x" * 3000],
    }
    status, answer = server.request("/push", {"push_source_name": "pushed", "df": row})
    return status, answer


def test_a_full_disk_refuses_pushes_and_takes_them_again(disk: SmallDisk) -> None:
    disk.repo.ok("apply")
    with disk.repo.serve() as server:
        assert push(server, 1, 10)[0] == 200
        disk.fill()
        acknowledged, refused = [1], []
        for driver in range(2, 200):
            status, answer = push(server, driver, 10 * driver)
            if status == 200:
                acknowledged.append(driver)
            else:
                assert status >= 500, answer
                assert "No space left on device" in answer["error"]
                refused.append(driver)
        assert len(refused) > 100
        assert lookup(server, acknowledged) == [10 * driver for driver in acknowledged]
        assert lookup(server, refused) == [None] * len(refused)
        disk.free()
        assert push(server, 500, 5000)[0] == 200
        assert lookup(server, [1, 500]) == [10, 5000]
    with disk.repo.serve() as server:
        assert lookup(server, acknowledged) == [10 * driver for driver in acknowledged]


def test_a_file_size_limit_is_an_error_and_no_signal(
    make_repo: Callable[..., Repo], tmp_path: Path
) -> None:
    source = tmp_path / "drivers.parquet"
    pq.write_table(many_rows(100_000), source)
    repo = make_repo(definitions=DEFINITIONS.replace("{source}", str(source)))
    repo.ok("apply")
    repo.prefix = ["prlimit", "--fsize=1000000"]
    said = repo.fails("materialize", LONG_AGO, LATER)
    assert "File too large" in said
    said = repo.fails(
        "training-set", "--entities", source, "--features", "driver_stats:city",
        "--full-feature-names", "--out", "training.csv",
    )  # fmt: skip
    assert "File too large" in said
    assert not (repo.path / "training.csv").exists()
    repo.prefix = []
    repo.ok("materialize", LONG_AGO, LATER)


@pytest.mark.parametrize("megabytes", [500, 900])
def test_memory_that_runs_out_is_an_error(
    make_repo: Callable[..., Repo], tmp_path: Path, megabytes: int
) -> None:
    source, entities = tmp_path / "drivers.parquet", tmp_path / "orders.parquet"
    pq.write_table(driver_rows(), source)
    rows = 6_000_000
    orders = {
        "driver_id": np.arange(rows),
        "event_timestamp": pa.array(np.full(rows, NOON.replace(tzinfo=None), "datetime64[us]")),
        "noise": np.random.default_rng(1).random(rows),
    }
    pq.write_table(pa.table(orders), entities)
    repo = make_repo(definitions=DEFINITIONS.replace("{source}", str(source)))
    repo.ok("apply")
    repo.prefix = ["prlimit", f"--as={megabytes}000000"]
    command = ("training-set", "--entities", entities, "--features", "driver_stats:city")
    assert "out of memory" in repo.fails(*command, "--out", "training.parquet")
    assert not list(repo.path.glob("training.*"))


def test_ten_processes_begin_one_store(make_repo: Callable[..., Repo], tmp_path: Path) -> None:
    source = tmp_path / "drivers.parquet"
    pq.write_table(driver_rows(), source)
    repo = make_repo(definitions=DEFINITIONS.replace("{source}", str(source)))
    with ExitStack() as stack:
        for command in (["apply"], ["materialize", LONG_AGO, LATER]):
            started = [
                stack.enter_context(
                    subprocess.Popen(
                        repo.command(*command),
                        cwd=repo.path,
                        env=repo.child_environment(),
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        text=True,
                    )
                )
                for _ in range(10)
            ]
            for process in started:
                out, err = process.communicate(timeout=120)
                assert (process.returncode, err) == (0, ""), (command, out, err)
        server = stack.enter_context(repo.serve())
        assert lookup(server, [1001, 1005]) == [230, 234]


def test_a_clock_that_was_set_back(make_repo: Callable[..., Repo], tmp_path: Path) -> None:
    source = tmp_path / "drivers.parquet"
    pq.write_table(driver_rows(), source)
    repo = make_repo(definitions=DEFINITIONS.replace("{source}", str(source)))
    early, late = "2024-05-01T00:00:00Z", "2024-06-01T00:00:00Z"
    repo.ok(f"--test-clock={late}", "apply")
    repo.ok(f"--test-clock={late}", "materialize-incremental", late)
    assert "already materialized up to" in (
        repo.ok(f"--test-clock={early}", "materialize-incremental", early).out
    )
    # What was true later is served, since the store holds nothing older.
    found = repo.ok(
        f"--test-clock={early}", "get-online-features", "-e", "driver_id=1001",
        "-f", "driver_stats:trips", "--output", "json",
    )  # fmt: skip
    assert "230" in found.out
    repo.ok(f"--test-clock={early}", "apply")
