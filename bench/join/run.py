"""The point-in-time join beside its rivals, all on the same files and interleaved in one run.

    .venv/bin/python bench/join/run.py [--rounds 5] [--rows 10000000] [--entities 1000000]

Each run is a process of its own on the same cores. What counts for pyarrow, DuckDB and Polars is
the time of the work itself, after their imports; for featly it is the whole command.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
FEATURES = [f"f{i}" for i in range(10)]
FILES = 4
ROW_GROUP = 500_000
KEYS = 100_000
START = 1_700_000_000_000_000  # microseconds
DAY = 86_400_000_000
DAYS = 100


def write_features(folder: pathlib.Path, rows: int) -> None:
    """History as it grows: ordered by time, entities in no order."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    folder.mkdir()
    per_file = rows // FILES
    for file in range(FILES):
        first = START + DAYS * DAY * file // FILES
        times = np.sort(random.integers(first, first + DAYS * DAY // FILES, per_file))
        columns: dict[str, Any] = {
            "driver_id": pa.array(random.integers(0, KEYS, per_file)),
            "event_timestamp": pa.array(times, pa.timestamp("us", tz="UTC")),
        }
        for name in FEATURES:
            columns[name] = pa.array(random.normal(size=per_file))
        path = folder / f"part-{file}.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=ROW_GROUP)


def write_entities(path: pathlib.Path, rows: int) -> None:
    """Labels at random moments, in no order."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(2)
    times = random.integers(START, START + DAYS * DAY, rows)
    table = pa.table(
        {
            "driver_id": pa.array(random.integers(0, KEYS + KEYS // 20, rows)),
            "event_timestamp": pa.array(times, pa.timestamp("us", tz="UTC")),
            "label": pa.array(random.integers(0, 2, rows)),
        }
    )
    pq.write_table(table, path)


DEFINITIONS = """
from datetime import timedelta

from featly import Entity, FeatureView, Field, FileSource, ValueType
from featly.types import Float64

driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
stats = FeatureView(
    name="stats",
    entities=[driver],
    ttl=timedelta(0),
    schema=[Field(name=f"f{i}", dtype=Float64) for i in range(10)],
    source=FileSource(name="history", path="features", timestamp_field="event_timestamp"),
)
"""


def write_project(folder: pathlib.Path) -> None:
    (folder / "feature_store.yaml").write_text("project: join_bench\nprovider: local\n")
    (folder / "definitions.py").write_text(DEFINITIONS)


def prepare(folder: pathlib.Path, rows: int, entities: int) -> None:
    """Makes the data once; a folder made for other sizes is made anew."""
    stamp = folder / "made.json"
    wanted = json.dumps({"rows": rows, "entities": entities})
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_features(folder / "features", rows)
    write_entities(folder / "entities.parquet", entities)
    write_project(folder)
    stamp.write_text(wanted)


def read_with_pyarrow(folder: pathlib.Path, out: pathlib.Path) -> float:
    import pyarrow.parquet as pq

    begin = time.perf_counter()
    table = pq.read_table(folder / "features")
    seconds = time.perf_counter() - begin
    assert table.num_rows > 0
    del out
    return seconds


def join_with_duckdb(folder: pathlib.Path, out: pathlib.Path) -> float:
    import duckdb

    connection = duckdb.connect()
    columns = ", ".join(f"f.{name}" for name in FEATURES)
    begin = time.perf_counter()
    connection.execute(
        f"""
        COPY (
            SELECT e.driver_id, e.event_timestamp, e.label, {columns}
            FROM read_parquet('{folder}/entities.parquet') e
            ASOF LEFT JOIN read_parquet('{folder}/features/*.parquet') f
            ON e.driver_id = f.driver_id AND e.event_timestamp >= f.event_timestamp
        ) TO '{out}' (FORMAT parquet)
        """
    )
    return time.perf_counter() - begin


def join_with_polars(folder: pathlib.Path, out: pathlib.Path) -> float:
    import polars as pl

    begin = time.perf_counter()
    # The files are in time order already, which Polars is told; the entity rows it has to sort.
    features = pl.scan_parquet(folder / "features" / "*.parquet").set_sorted("event_timestamp")
    entities = pl.scan_parquet(folder / "entities.parquet").sort("event_timestamp")
    joined = entities.join_asof(features, on="event_timestamp", by="driver_id", strategy="backward")
    joined.collect().write_parquet(out, compression="snappy")
    return time.perf_counter() - begin


ENGINES: dict[str, Callable[[pathlib.Path, pathlib.Path], float]] = {
    "pyarrow read": read_with_pyarrow,
    "DuckDB ASOF": join_with_duckdb,
    "Polars join_asof": join_with_polars,
}


class Run(NamedTuple):
    """What one run took."""

    seconds: float
    cpu_seconds: float  # of the whole process, imports too
    peak_mib: float


def run_process(command: list[str], folder: pathlib.Path) -> tuple[Run, str]:
    """Runs a command to its end; what it took and its standard output."""
    # Definitions are compiled by this interpreter, with the SDK of this tree.
    environment = {
        **os.environ,
        "FEATLY_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT / "python"),
    }
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}\n{output}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), output


def run_engine(name: str, folder: pathlib.Path, out: pathlib.Path) -> Run:
    command = [sys.executable, __file__, "--engine", name, "--data", str(folder), "--out", str(out)]
    run, output = run_process(command, folder)
    return run._replace(seconds=float(output))


def run_featly(featly: str, folder: pathlib.Path, out: pathlib.Path) -> Run:
    command = [featly, "training-set", "--entities", "entities.parquet", "--features"]
    command += [f"stats:{name}" for name in FEATURES]
    command += ["--out", str(out)]
    return run_process(command, folder)[0]


def check_equal(outputs: dict[str, pathlib.Path]) -> None:
    """All engines wrote the same rows (the rivals in another order)."""
    import pyarrow.parquet as pq

    columns = ["driver_id", "event_timestamp", "label", *FEATURES]
    order = [(name, "ascending") for name in columns[:3]]
    tables = {}
    for name, path in outputs.items():
        tables[name] = pq.read_table(path, columns=columns).sort_by(order)
    ours = tables.pop("featly")
    matched = len(ours) - ours["f0"].null_count
    print(f"{len(ours):,} rows, {matched:,} of them with features", flush=True)
    for name, table in tables.items():
        for column in columns:
            if not ours[column].cast(table[column].type).equals(table[column]):
                raise SystemExit(f"featly and {name} differ in column {column}")


def print_table(runs: dict[str, list[Run]]) -> None:
    reading = statistics.median(run.seconds for run in runs["pyarrow read"])
    heads = ["median", "least", "most", "× reading", "CPU", "peak MiB"]
    print(f"{'':18}" + "".join(f"{head:>11}" for head in heads))
    for name, of_engine in runs.items():
        seconds = [run.seconds for run in of_engine]
        median = statistics.median(seconds)
        cpu = statistics.median(run.cpu_seconds for run in of_engine)
        peak = max(run.peak_mib for run in of_engine)
        print(
            f"{name:18}{median:10.2f}s{min(seconds):10.2f}s{max(seconds):10.2f}s"
            f"{median / reading:11.2f}{cpu:10.2f}s{peak:11.0f}"
        )


def run(options: argparse.Namespace) -> None:
    folder = options.data.resolve()
    prepare(folder, options.rows, options.entities)
    featly = str(options.featly.resolve())
    run_process([featly, "apply"], folder)
    names = [*ENGINES, "featly"]
    outputs = {n: folder / f"out-{n.split()[0].lower()}.parquet" for n in names[1:]}
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for round_number in range(options.rounds + 1):
        for name in names:
            out = outputs.get(name, folder / "none")
            if name == "featly":
                took = run_featly(featly, folder, out)
            else:
                took = run_engine(name, folder, out)
            if round_number > 0:  # the first round warms the page cache
                runs[name].append(took)
        if round_number == 0:
            check_equal(outputs)
    print_table(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    parser.add_argument("--data", type=pathlib.Path, default=cache / "featly-bench" / "join")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--featly", type=pathlib.Path, default=ROOT / "build" / "featly")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(ENGINES[options.engine](options.data, options.out))
    else:
        run(options)


if __name__ == "__main__":
    main()
