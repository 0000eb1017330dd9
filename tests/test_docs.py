"""The commands and the code that README.md and the guides print do what they say there.

Every indented or fenced block of a document, and every `featly ...` within its text, is run in the
order of the document, in an empty folder. What is not run stands in NOT_RUN with its reason.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import FEATLY, ROOT, Repo, Server

README = "README.md"
GUIDE = "docs/guides/your-own-data.md"
TRAINING_SETS = "docs/guides/training-sets.md"
FROM_FEAST = "docs/guides/from-feast.md"
OPERATIONS = "docs/guides/operations.md"
COMMAND = "docs/guides/command.md"
SERVING = "docs/guides/serving.md"

# What a document prints and its test does not run, and why.
NOT_RUN = {
    (README, "make quickstart"): "builds the program; the transcript below it is held against it",
    (README, "make test"): "runs this test",
    (README, ". .venv/bin/activate"): "the test's PATH has the program already",
    (GUIDE, ". .venv/bin/activate"): "the test's PATH has the program already",
    (GUIDE, "make build"): "builds the program",
}

COMMANDS = ("featly", "make", "cd", "cp", "curl", "mkdir", "openssl", "rm", ".", "source")
FENCE = re.compile(r"```(\w*)\n(.*?)```\n", re.S)
INDENTED = re.compile(r"(?<=\n\n)(?:(?: {4}.*)?\n)+?(?=\S)")
INLINE = re.compile(r"`(featly [^`]*)`")


@dataclass
class Step:
    """One thing that a document shows: a block, or a command in its text."""

    text: str
    line: int

    @property
    def is_commands(self) -> bool:
        return self.text.split(None, 1)[0] in COMMANDS

    def commands(self) -> Iterator[str]:
        """The commands, without their comments; one that goes on in the next line is one."""
        for command in self.text.replace("\\\n", " ").splitlines():
            if words := re.sub(r"\s+#\s.*", "", command).strip():
                yield words


def steps_of(document: str) -> list[Step]:
    """What a document shows, in its order."""
    text = (ROOT / document).read_text()
    found: dict[int, str] = {}
    for fenced in FENCE.finditer(text):
        found[fenced.start()] = fenced[2]
    rest = FENCE.sub(lambda fenced: re.sub(r"[^\n]", " ", fenced[0]), text)
    for block in INDENTED.finditer(rest):
        if block[0].strip():
            found[block.start()] = re.sub(r"^ {4}", "", block[0], flags=re.M).strip("\n")
    for inline in INLINE.finditer(rest):
        if "..." not in inline[1]:
            found[inline.start()] = " ".join(inline[1].split())
    return [Step(found[start], text.count("\n", 0, start) + 1) for start in sorted(found)]


class Reader:
    """Somebody who types what a document says. Its servers stop with `stack`."""

    def __init__(self, document: str, folder: Path, stack: ExitStack) -> None:
        self.document = document
        self.folder = folder
        self.answers: list[Any] = []
        self._stack = stack
        self._server: Server | None = None
        programs = folder / ".programs"
        programs.mkdir()
        (programs / "featly").symlink_to(FEATLY)
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "FEATLY_PYTHON": sys.executable,
        }

    def type(self, command: str) -> str:
        """Runs one command as a shell would; what it printed."""
        if (self.document, command) in NOT_RUN:
            return ""
        if command.startswith("featly serve"):
            options = shlex.split(command)[2:]
            if options or not self._server:
                self._server = self._stack.enter_context(Repo(self.folder).serve(*options))
            return ""
        if command.startswith("curl "):
            return self._curl(shlex.split(command))
        marker = "-- the folder now: "
        done = subprocess.run(
            ["bash", "-ec", f"{command}\necho '{marker}'$PWD"],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        noisy = command.startswith("openssl ")  # it shows its progress
        assert done.returncode == 0 and (noisy or not done.stderr), (command, done)
        printed, _, folder = done.stdout.rpartition(marker)
        self.folder = Path(folder.strip())
        return printed

    def _curl(self, words: list[str]) -> str:
        """`curl -d BODY URL`, without curl, at the port that the server was given."""
        assert words[:2] == ["curl", "-d"], words
        address, path = words[3].split("/", 1)
        assert address == "localhost:6566"
        assert self._server is not None, "curl before featly serve"
        status, answer = self._server.request("/" + path, raw=words[2].encode())
        assert status == 200, answer
        self.answers.append(answer)
        return str(answer)

    def python(self, code: str) -> str:
        if self._server:
            port = self._server.url.rsplit(":", 1)[1]
            code = code.replace("localhost:6566", f"localhost:{port}")
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (code, done)
        return done.stdout


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def statuses(answer: Any) -> set[str]:
    return {status for column in answer["results"] for status in column["statuses"]}


def test_the_commands_of_the_readme(tmp_path: Path, stack: ExitStack) -> None:
    reader = Reader(README, tmp_path, stack)
    for step in steps_of(README):
        if step.is_commands:
            for command in step.commands():
                printed = reader.type(command)
                if command.startswith("featly init "):
                    next_steps = printed.partition("\nNext:\n")[2]
        elif step.text.startswith("import pandas"):
            # "prints what to type next": that is typed first, once in the folder.
            for command in Step(next_steps, 0).commands():
                if not command.startswith("cd "):
                    reader.type(command)
            printed = reader.python(f"{step.text}\nprint(len(training), len(orders), online)")
            rows, asked, online = printed.split(None, 2)
            assert rows == asked
            assert "'driver_id': [1001]" in online
            assert "None" not in online
        else:
            assert step.text.startswith("[5] Load the newest"), f"{README}:{step.line}: what is it?"
    assert [statuses(answer) for answer in reader.answers] == [{"PRESENT"}]


def test_the_transcript_of_the_readme_is_of_the_example() -> None:
    script = (ROOT / "examples/taxi/run.sh").read_text().replace("\\\n", " ")
    script_words = " ".join(shlex.split(script, comments=True))
    (transcript,) = [step.text for step in steps_of(README) if step.text.startswith("[5]")]
    commands = re.findall(r"\$ (?:featly|python) (.*)", transcript)
    assert len(commands) == 3
    for command in commands:
        typed = re.split(r"\.\.\.|http://", command)[0]
        assert " ".join(shlex.split(typed)) in script_words
    for title in re.findall(r"^\[\d\] (.*)", transcript, re.M):
        assert f'step "{title}"' in script


def test_the_commands_of_the_guide(tmp_path: Path, stack: ExitStack) -> None:
    reader = Reader(GUIDE, tmp_path, stack)
    shown = []
    for step in steps_of(GUIDE):
        if step.is_commands:
            for command in step.commands():
                shown.append(reader.type(command))
        elif step.text.startswith("from datetime import"):
            (reader.folder / "definitions.py").write_text(step.text)
            noon = datetime(2024, 5, 10, 12, tzinfo=UTC)
            times = [noon, noon, datetime.now(UTC) - timedelta(hours=1)]
            rows = {
                "courier_id": [1001, 1002, 1001],
                "event_timestamp": pa.array(times, pa.timestamp("us", "UTC")),
                "trips": [9, 4, 7],
                "rating": [4.92, 4.0, 4.5],
            }
            pq.write_table(pa.table(rows), reader.folder / "data" / "couriers.parquet")
        else:
            assert step.text.startswith("courier_id,event_timestamp"), f"{GUIDE}:{step.line}"
            (reader.folder / "data" / "orders.csv").write_text(step.text + "\n")
    (training,) = pq.read_table(reader.folder / "training.parquet").to_pylist()
    assert (training["completed"], training["trips"], training["rating"]) == (1, 9, 4.92)
    assert any("Created feature view courier_stats" in text for text in shown)
    (answer,) = reader.answers
    by_name = dict(zip(answer["metadata"]["feature_names"], answer["results"], strict=True))
    assert by_name["trips"]["values"] == [7, None]
    assert by_name["trips"]["statuses"] == ["PRESENT", "OUTSIDE_MAX_AGE"]


def test_the_commands_of_the_guide_to_training_sets(tmp_path: Path, stack: ExitStack) -> None:
    reader = Reader(TRAINING_SETS, tmp_path, stack)
    for step in steps_of(TRAINING_SETS):
        if step.is_commands:
            for command in step.commands():
                printed = reader.type(command)
        else:
            shares = reader.python(step.text)
            assert "conv_rate" in shares, f"{TRAINING_SETS}:{step.line}"
    # The last two are the table's: what the source holds, and the types of the keys.
    assert "entity_columns" in printed or "INT64" in printed
    columns = pq.read_schema(reader.folder / "training.parquet").names
    assert columns == ["driver_id", "event_timestamp", "completed", "trips", "conv_rate", "rating"]
    header = (reader.folder / "training.csv").read_text().splitlines()[0]
    assert header.replace('"', "").endswith("completed,driver_stats__trips,driver_stats__rating")


FEAST_DEFINITIONS = """
from datetime import timedelta
from feast import Entity, FeatureService, FeatureView, Field, FileSource, RequestSource
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64, Int64

driver = Entity(name="driver", join_keys=["driver_id"])
stats = FeatureView(
    name="driver_stats",
    entities=[driver],
    ttl=timedelta(days=7),
    schema=[Field(name="trips", dtype=Int64), Field(name="rating", dtype=Float64)],
    source=FileSource(path="data/stats.parquet", timestamp_field="event_timestamp"),
)
model = FeatureService(name="driver_model", features=[stats])

@on_demand_feature_view(
    sources=[stats, RequestSource(name="asked", schema=[Field(name="hour", dtype=Int64)])],
    schema=[Field(name="busy", dtype=Float64)],
    mode="python",
)
def busy(inputs):
    return {"busy": [trips / 9 for trips in inputs["trips"]]}
"""


def test_the_commands_of_the_guide_from_feast(tmp_path: Path, stack: ExitStack) -> None:
    noon = datetime(2024, 5, 10, 12, tzinfo=UTC)
    repo = Repo(tmp_path / "feature_repo")
    repo.write("features.py", FEAST_DEFINITIONS)
    repo.table(
        "data/stats.parquet",
        {
            "driver_id": [1001, 1002],
            "event_timestamp": pa.array([noon, noon], pa.timestamp("us", "UTC")),
            "trips": [9, 4],
            "rating": [4.92, 4.0],
        },
    )
    repo.write("data/orders.csv", "driver_id,event_timestamp\n1001,2024-05-10T12:30:00Z\n")
    reader = Reader(FROM_FEAST, tmp_path, stack)
    printed = {}
    for step in steps_of(FROM_FEAST):
        if step.is_commands:
            for command in step.commands():
                printed[command] = reader.type(command)
        elif step.text.startswith("project:"):
            (reader.folder / "feature_store.yaml").write_text(step.text)
        else:
            assert "'driver_id': [1001]" in reader.python(step.text), f"{FROM_FEAST}:{step.line}"
    assert "on-demand feature view busy" in printed["featly apply"]
    (training,) = pq.read_table(reader.folder / "training.parquet").to_pylist()
    assert (training["trips"], training["rating"]) == (9, 4.92)
    # The rows are past their TTL, which the guide says makes a difference.
    (answer,) = reader.answers
    assert statuses(answer) == {"PRESENT", "OUTSIDE_MAX_AGE"}
    assert "No changes" in reader.type("featly plan")


def test_the_commands_of_the_guide_to_operations(tmp_path: Path, stack: ExitStack) -> None:
    reader = Reader(OPERATIONS, tmp_path, stack)
    looked_up = []
    for step in steps_of(OPERATIONS):
        if not step.is_commands:
            assert step.text.startswith("[Service]"), f"{OPERATIONS}:{step.line}: what is it?"
            continue
        for command in step.commands():
            printed = reader.type(command)
            if "get-online-features" in command:
                looked_up.append(printed)
            if "--full-refresh" in command:
                assert " 0 written" not in printed
    (after_restore,) = looked_up
    assert "1001" in after_restore
    assert "null" not in after_restore


def test_the_commands_of_the_guide_to_the_command(tmp_path: Path, stack: ExitStack) -> None:
    reader = Reader(COMMAND, tmp_path, stack)
    for command in ("featly init shop", "cd shop", "featly apply"):
        reader.type(command)
    for step in steps_of(COMMAND):
        assert step.is_commands, f"{COMMAND}:{step.line}"
        for command in step.commands():
            printed = reader.type(command)
            assert printed or command.startswith("source "), command


def test_the_commands_of_the_serving_guide(tmp_path: Path, stack: ExitStack) -> None:
    reader = Reader(SERVING, tmp_path, stack)
    printed = []
    for step in steps_of(SERVING):
        if step.is_commands:
            for command in step.commands():
                reader.type(command)
        elif step.text.startswith("import json"):
            printed.append(reader.python(step.text))
        else:
            assert step.text.startswith("featly:\n  server:"), f"{SERVING}:{step.line}"
            settings = (reader.folder / "feature_store.yaml").read_text() + step.text + "\n"
            (reader.folder / "feature_store.yaml").write_text(settings)
            Repo(reader.folder).ok("plan")
    found, deleted = reader.answers
    assert statuses(found) == {"PRESENT"}
    assert deleted == {"deleted": 1, "feature_views": {"driver_stats": 1}}
    (secured,) = printed
    assert statuses(json.loads(secured)) == {"PRESENT"}


def test_every_guide_is_tested_and_nothing_is_left_out_in_vain() -> None:
    guides = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs/guides").glob("*.md"))
    assert guides == sorted([GUIDE, TRAINING_SETS, OPERATIONS, FROM_FEAST, COMMAND, SERVING])
    printed = {
        (document, command)
        for document in (README, *guides)
        for step in steps_of(document)
        if step.is_commands
        for command in step.commands()
    }
    assert NOT_RUN.keys() <= printed
