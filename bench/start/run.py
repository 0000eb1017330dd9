"""How soon featly does something: `version`, `apply` of 25 views, the first answer of `serve`.

    .venv/bin/python bench/start/run.py [--featly build/featly] [--runs 15]

Each figure is the median of the runs, with the best and the worst. The time of `apply` is given
without what a Python needs to start and import the same definitions, and whole.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
VIEWS = 25
FEATURES = 10
AIMS = {"version": 0.020, "apply": 0.5, "first answer": 0.300}

DEFINITIONS = """
from datetime import timedelta
from featly import Entity, FeatureView, Field, FileSource
from featly.types import Float64

driver = Entity(name="driver", join_keys=["driver_id"])
"""

VIEW = """
view_{i} = FeatureView(
    name="view_{i}", entities=[driver], ttl=timedelta(days=1),
    schema=[Field(name=f"f{{n}}", dtype=Float64) for n in range({features})],
    source=FileSource(
        name="source_{i}", path="data/{i}.parquet", timestamp_field="event_timestamp"
    ),
)
"""


def make_repository(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "feature_store.yaml").write_text("project: bench\n")
    views = [VIEW.format(i=i, features=FEATURES) for i in range(VIEWS)]
    (folder / "definitions.py").write_text(DEFINITIONS + "".join(views))
    rows = 1000
    table = pa.table(
        {
            "driver_id": list(range(rows)),
            "event_timestamp": pa.array([1_700_000_000_000_000] * rows, pa.timestamp("us", "UTC")),
            **{f"f{n}": [float(n)] * rows for n in range(FEATURES)},
        }
    )
    for i in range(VIEWS):
        pq.write_table(table, folder / "data" / f"{i}.parquet")


def import_seconds(folder: Path) -> float:
    """What the user's own files cost: a Python that starts, imports them and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import definitions"], cwd=folder, check=True)
    return time.perf_counter() - began


def version_seconds(featly: str, folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run([featly, "version"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def apply_seconds(featly: str, folder: Path) -> float:
    subprocess.run([featly, "teardown"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    done = subprocess.run(
        [featly, "apply"], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    seconds = time.perf_counter() - began
    assert done.stdout.count("Created feature view") == VIEWS, done.stdout
    return seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def first_answer_seconds(featly: str, folder: Path) -> float:
    """From the start of the program to the last byte of its first answer to a lookup."""
    port = free_port()
    body = json.dumps(
        {
            "features": [f"view_{i}:f0" for i in range(VIEWS)],
            "entities": {"driver_id": [1]},
            "full_feature_names": True,
        }
    )
    request = (
        f"POST /get-online-features HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
        f"Connection: close\r\n\r\n{body}"
    ).encode()
    began = time.perf_counter()
    process = subprocess.Popen(
        [featly, "serve", "--port", str(port)], cwd=folder, stdout=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                time.sleep(0.001)
        with connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(1 << 16):
                answer += part
        seconds = time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--featly", default=str(ROOT / "build" / "featly"))
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    featly = str(Path(options.featly).resolve())
    os.environ.setdefault("FEATLY_PYTHON", sys.executable)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_repository(folder)
        taken: dict[str, list[float]] = {"version": [], "apply": [], "first answer": []}
        whole: list[float] = []
        for _ in range(options.runs):
            taken["version"].append(version_seconds(featly, folder))
            seconds = apply_seconds(featly, folder)
            whole.append(seconds)
            taken["apply"].append(seconds - import_seconds(folder))
            taken["first answer"].append(first_answer_seconds(featly, folder))
    missed = 0
    print(f"{'':24}{'median':>10}{'best':>10}{'worst':>10}{'aim':>10}")
    for title, seconds in (*taken.items(), ("apply, whole", whole)):
        median = statistics.median(seconds)
        aim = AIMS.get(title)
        missed += aim is not None and median > aim
        figures = "".join(f"{x * 1000:7.1f} ms" for x in (median, min(seconds), max(seconds)))
        print(f"{title:24}{figures}" + (f"{aim * 1000:7.0f} ms" if aim else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
