"""Lookups over HTTP: featly beside nginx sending as many bytes, and beside Feast 0.67.

    .venv/bin/python bench/lookup/run.py [--feast] [--features 50] [--rows 1]

The workload of feast-benchmarks: 25 views of 10 int64 features over 10,000 entities, a service of
50 (or 250) features. Each server has one core and wrk another; the servers take turns, round by
round. Needs wrk and nginx (Debian packages). With --feast a virtual environment with feast==0.67.0
is made in --feast-venv and kept; it serves the same data.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from programs import FEAST_VENV, feast_command, free_port, run, serving  # noqa: E402

VIEWS, FEATURES, ENTITIES = 25, 10, 10_000
SERVER_CORE, CLIENT_CORE = "0", "1"

DEFINITIONS = """
from datetime import timedelta
from {package} import Entity, FeatureService, FeatureView, Field, FileSource
from {package}.types import Int64

entity = Entity(name="entity", join_keys=["entity"])
views = []
for i in range({views}):
    view = FeatureView(
        name=f"view_{{i}}",
        entities=[entity],
        ttl=timedelta(days=3650),
        schema=[Field(name="entity", dtype=Int64)]
        + [Field(name=f"feature_{{i * {features} + j}}", dtype=Int64) for j in range({features})],
        source=FileSource(name=f"source_{{i}}", path=f"data/view_{{i}}.parquet",
                          timestamp_field="event_timestamp"),
    )
    globals()[view.name] = view
    views.append(view)
service_50 = FeatureService(name="service_50", features=views[:5])
service_250 = FeatureService(name="service_250", features=views)
"""


@dataclass
class Result:
    """What wrk measured of one server, a number a round."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # of the server, in us a request
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def make_data(folder: Path) -> None:
    folder.mkdir(parents=True)
    numbers = np.random.default_rng(7)
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    for view in range(VIEWS):
        columns = {
            "entity": pa.array(range(ENTITIES), pa.int64()),
            "event_timestamp": pa.array([now] * ENTITIES, pa.timestamp("us", "UTC")),
        }
        for j in range(FEATURES):
            name = f"feature_{view * FEATURES + j}"
            columns[name] = pa.array(numbers.integers(0, 100, ENTITIES), pa.int64())
        pq.write_table(pa.table(columns), folder / f"view_{view}.parquet")


def make_repo(folder: Path, package: str, data: Path, configuration: str) -> None:
    folder.mkdir()
    (folder / "data").symlink_to(data)
    (folder / "feature_store.yaml").write_text(configuration)
    text = DEFINITIONS.format(package=package, views=VIEWS, features=FEATURES)
    (folder / "definitions.py").write_text(text)


def post(port: int, body: str) -> bytes:
    url = f"http://127.0.0.1:{port}/get-online-features"
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return bytes(response.read())


def cpu_seconds(process: int) -> float:
    """User and system time so far of a process and its children."""
    total = 0
    pending = [process]
    while pending:
        one = pending.pop()
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
        for task in Path(f"/proc/{one}/task").iterdir():
            pending += map(int, (task / "children").read_text().split())
    return total / os.sysconf("SC_CLK_TCK")


def pinned(command: list[object]) -> list[object]:
    """The same command on the servers' core."""
    return ["taskset", "-c", SERVER_CORE, *command]


def nginx_configuration(folder: Path, port: int, size: int) -> Path:
    (folder / "html").mkdir(parents=True)
    (folder / "html" / "answer").write_bytes(b"x" * size)
    path = folder / "nginx.conf"
    path.write_text(
        f"""
        {"user root;" if os.geteuid() == 0 else ""}
        worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{
          access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
          open_file_cache max=16 inactive=1h; open_file_cache_valid 1h;
          client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
          fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
          server {{ listen 127.0.0.1:{port}; root {folder}/html; default_type application/json; }}
        }}
        """
    )
    return path


def wrk_script(path: Path, requests: list[str], method: str) -> Path:
    """The same requests in turn, so that the client's own work is the same for every server."""
    target = "/get-online-features" if method == "POST" else "/answer"
    bodies = ",\n".join(f"[==[{body}]==]" for body in requests)
    path.write_text(
        f"""
        local bodies = {{ {bodies} }}
        local made = {{}}
        local next = 0
        function init()
          for i, body in ipairs(bodies) do
            made[i] = wrk.format("{method}", "{target}", {{["Content-Type"] = "application/json"}},
                                 "{method}" == "POST" and body or nil)
          end
        end
        function request()
          next = next % #made + 1
          return made[next]
        end
        """
    )
    return path


def measure(
    port: int, process: int, script: Path, connections: int, seconds: float, result: Result
) -> None:
    cpu = cpu_seconds(process)
    text = run(
        "taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s",
        "--latency", "--timeout", "30s", "-s", script, f"http://127.0.0.1:{port}",
    )  # fmt: skip
    cpu = cpu_seconds(process) - cpu
    bad = re.search(r"Non-2xx.*|Socket errors.*", text)
    if bad:
        sys.exit(f"port {port}: {bad[0]}\n{text}")

    def milliseconds(percent: str) -> float:
        found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s)", text, re.MULTILINE)
        assert found, text
        return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]

    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert rate, text
    done = re.search(r"(\d+) requests in", text)
    assert done, text
    result.rates.append(float(rate[1]))
    result.cpu.append(cpu * 1e6 / int(done[1]))
    result.p50.append(milliseconds("50"))
    result.p99.append(milliseconds("99"))


def start_feast(stack: ExitStack, work: Path, data: Path, venv: Path) -> tuple[int, int]:
    feast = feast_command(venv)
    repo = work / "feast"
    make_repo(
        repo,
        "feast",
        data,
        "project: bench\nregistry: registry.db\nprovider: local\n"
        "entity_key_serialization_version: 3\n"
        "online_store:\n  type: sqlite\n  path: online.db\n",
    )
    run(feast, "apply", cwd=repo)
    end = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    print("Feast materializes (about a minute and a half) ...", flush=True)
    run(feast, "materialize", "2020-01-01T00:00:00", end, cwd=repo)
    port = free_port()
    command = [feast, "serve", "-p", port, "--no-access-log", "--max-requests", 0]
    return port, stack.enter_context(serving(pinned(command), port, repo))


def start_featly(stack: ExitStack, work: Path, data: Path, featly: Path) -> tuple[int, int]:
    repo = work / "featly"
    configuration = f"project: bench\nregistry: {work}/registry.db\nonline_store:\n  type: lmdb\n"
    make_repo(repo, "featly", data, configuration + f"  path: {work}/online.lmdb\n")
    path = os.pathsep.join([str(ROOT / "python"), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "FEATLY_PYTHON": sys.executable, "PYTHONPATH": path}
    run(featly, "apply", cwd=repo, env=env)
    run(featly, "materialize", "2020-01-01", "2100-01-01", cwd=repo, env=env)
    port = free_port()
    command = [featly, "serve", "-p", port, "-w", 1, "--no-access-log"]
    return port, stack.enter_context(serving(pinned(command), port, repo, env))


def check_values(answer: bytes, entities: list[int], data: Path) -> None:
    """The answer holds what the files hold."""
    parsed = json.loads(answer)
    for name, column in zip(parsed["metadata"]["feature_names"], parsed["results"], strict=True):
        if name == "entity":
            continue
        view = int(name.removeprefix("feature_")) // FEATURES
        table = pq.read_table(data / f"view_{view}.parquet", columns=[name])
        wanted = [table[name][entity].as_py() for entity in entities]
        if column["values"] != wanted:
            sys.exit(f"{name}: found {column['values']}, wanted {wanted}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--featly", type=Path, default=ROOT / "build" / "featly")
    parser.add_argument("--features", type=int, choices=(50, 250), default=50)
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--feast", action="store_true", help="measure Feast 0.67 too")
    parser.add_argument("--feast-venv", type=Path, default=FEAST_VENV)
    options = parser.parse_args()
    for needed in ("wrk", "nginx", "taskset"):
        if not shutil.which(needed):
            sys.exit(f"{needed} is missing: apt-get install wrk nginx-light util-linux")

    picks = random.Random(11)
    samples = [[picks.randrange(ENTITIES) for _ in range(options.rows)] for _ in range(500)]
    bodies = [
        json.dumps({"feature_service": f"service_{options.features}", "entities": {"entity": ids}})
        for ids in samples
    ]
    with tempfile.TemporaryDirectory(prefix="featly-bench-") as folder, ExitStack() as stack:
        work = Path(folder)
        data = work / "data"
        make_data(data)
        servers: dict[str, tuple[int, int, Path]] = {}
        lookups = wrk_script(work / "lookups.lua", bodies, "POST")
        featly_port, process = start_featly(stack, work, data, options.featly.resolve())
        answer = post(featly_port, bodies[0])
        check_values(answer, samples[0], data)
        servers["featly"] = (featly_port, process, lookups)

        nginx_port = free_port()
        configuration = nginx_configuration(work / "nginx", nginx_port, len(answer))
        process = stack.enter_context(
            serving(pinned(["nginx", "-c", configuration]), nginx_port, work)
        )
        files = wrk_script(work / "file.lua", bodies, "GET")
        servers["nginx"] = (nginx_port, process, files)
        if options.feast:
            port, process = start_feast(stack, work, data, options.feast_venv)
            check_values(post(port, bodies[0]), samples[0], data)
            servers["Feast 0.67"] = (port, process, lookups)

        results = {name: Result() for name in servers}
        for server in servers.values():  # warm
            measure(*server, options.connections, 1, Result())
        for _ in range(options.rounds):
            for name, server in servers.items():
                measure(*server, options.connections, options.seconds, results[name])

    print(
        f"{options.features} features x {options.rows} rows, {options.connections} connections, "
        f"answers of {len(answer)} bytes, medians of {options.rounds} rounds "
        f"of {options.seconds:g} s\n"
    )
    print(
        "| server | requests/s | of nginx | CPU us/request | p50 ms | p99 ms |\n"
        "|---|---|---|---|---|---|"
    )
    nginx = statistics.median(results["nginx"].rates)
    for name, result in results.items():
        rate = statistics.median(result.rates)
        p50, p99 = statistics.median(result.p50), statistics.median(result.p99)
        cpu = statistics.median(result.cpu)
        share = rate / nginx
        print(f"| {name} | {rate:,.0f} | {share:.2f} | {cpu:.1f} | {p50:.2f} | {p99:.2f} |")


if __name__ == "__main__":
    main()
