"""What the workloads share: running programs, servers on free ports, and Feast in its own venv."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FEAST_VERSION = "0.67.0"
FEAST_VENV = Path.home() / ".cache" / "featly-bench" / f"feast-{FEAST_VERSION}"


def run(*command: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a program printed; ends this one where it fails."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: list[object], port: int, cwd: Path, env: dict[str, str] | None = None
) -> Iterator[int]:
    """A server, once it listens: its process. Ended with the context."""
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=cwd,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"{command[0]} does not listen on port {port}")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def feast_command(venv: Path) -> Path:
    """The `feast` of its own environment, made on first use."""
    feast = venv / "bin" / "feast"
    if not feast.exists():
        run(sys.executable, "-m", "venv", venv)
        run(venv / "bin" / "pip", "install", "--quiet", f"feast=={FEAST_VERSION}")
    return feast
