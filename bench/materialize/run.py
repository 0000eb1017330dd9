"""How fast `featly materialize` brings history into LMDB, on the real program.

    .venv/bin/python bench/materialize/run.py [--rounds 3] [--rows 10000000]

Distinct int64 entities in random order, 10 int64 features, one Parquet file; every commit synced;
the default memory limit. Counted is the whole command, from its start to its end. Peak memory is
sampled from the kernel: anonymous memory is the program's own, the rest of the resident set is
files (the store's map and the libraries), which the kernel may take back at any time.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FEATURES = 10
START = 1_704_067_200_000_000  # microseconds
DAY = 86_400_000_000

DEFINITIONS = f"""
from featly import Entity, FeatureView, Field, FileSource, ValueType
from featly.types import Int64

driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
stats = FeatureView(
    name="stats",
    entities=[driver],
    schema=[Field(name=f"f{{i}}", dtype=Int64) for i in range({FEATURES})],
    source=FileSource(name="history", path="history.parquet", timestamp_field="event_timestamp"),
)
"""


def prepare(folder: pathlib.Path, rows: int) -> None:
    """Makes the project and its data once; a folder made for another size is made anew."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    stamp = folder / "made.json"
    wanted = json.dumps({"rows": rows})
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    columns = {
        "driver_id": pa.array(random.permutation(rows)),
        "event_timestamp": pa.array(
            random.integers(START, START + DAY, rows), pa.timestamp("us", tz="UTC")
        ),
    }
    for i in range(FEATURES):
        columns[f"f{i}"] = pa.array(random.integers(0, 1 << 40, rows))
    pq.write_table(pa.table(columns), folder / "history.parquet")
    (folder / "feature_store.yaml").write_text("project: materialize_bench\nprovider: local\n")
    (folder / "definitions.py").write_text(DEFINITIONS)
    stamp.write_text(wanted)


def memory_of(pid: int) -> dict[str, float]:
    """MiB by name from /proc; empty once the process is over."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    fields = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(amount) / 1024 for name, amount, _ in fields}


def run_featly(
    featly: str, folder: pathlib.Path, *arguments: str
) -> tuple[float, dict[str, float], str]:
    """Wall seconds, peak MiB by kind, and standard output of a command that must succeed."""
    environment = {
        **os.environ,
        "FEATLY_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT / "python"),
    }
    peak = {"RssAnon": 0.0, "VmHWM": 0.0}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [featly, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    while True:
        try:
            process.wait(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            now = memory_of(process.pid)
            peak = {name: max(most, now.get(name, 0)) for name, most in peak.items()}
    seconds = time.perf_counter() - begin
    assert process.stdout is not None
    output = process.stdout.read()
    if process.returncode != 0:
        raise SystemExit(f"featly {' '.join(arguments)}: exit {process.returncode}\n{output}")
    return seconds, peak, output


def run(options: argparse.Namespace) -> None:
    folder = options.data.resolve()
    prepare(folder, options.rows)
    featly = str(options.featly.resolve())
    times = []
    for round_number in range(options.rounds):
        shutil.rmtree(folder / "data", ignore_errors=True)
        run_featly(featly, folder, "apply")
        seconds, peak, output = run_featly(
            featly, folder, "--output", "json", "materialize", "2024-01-01", "2024-01-03"
        )
        [view] = json.loads(output)
        assert view["entities"] == view["written"] == options.rows, view
        size = sum(path.stat().st_size for path in (folder / "data").rglob("data.mdb"))
        times.append(seconds)
        print(
            f"round {round_number + 1}: {seconds:.2f} s, {options.rows / seconds:,.0f} rows/s, "
            f"peak {peak['RssAnon']:.0f} MiB anonymous, {peak['VmHWM']:.0f} MiB resident, "
            f"store {size / 1e9:.2f} GB",
            flush=True,
        )
    print(
        f"median {options.rows / statistics.median(times):,.0f} rows/s, "
        f"best {options.rows / min(times):,.0f} rows/s on {os.cpu_count()} cores"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--featly", type=pathlib.Path, default=ROOT / "build" / "featly")
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        default=pathlib.Path(tempfile.gettempdir()) / "featly-bench" / "materialize",
    )
    run(parser.parse_args())


if __name__ == "__main__":
    main()
