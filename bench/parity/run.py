"""featly beside `feast serve` on one SQLite store, cell by cell. README.md says what is compared.

    .venv/bin/python bench/parity/run.py [--rows 1000] [--seed 1] [--feast-venv FOLDER]

Ends with exit code 1 where an answer differs in a way that DIFFERENCES does not name.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rows import (
    EXACT,
    FEATURES,
    UNKNOWN,
    Cell,
    Row,
    expected,
    finite,
    parse,
    pushed_columns,
    random_row,
    random_rows,
    source_table,
)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from programs import FEAST_VENV, feast_command, free_port, run, serving  # noqa: E402

VIEWS = ("driver_hourly_stats", "driver_hourly_stats_fresh")
SOURCE = "driver_stats_push_source"
PUSHED = 100  # rows, by each server

# What may differ, and why (docs/guides/from-feast.md, "What differs"; docs/semantics.md).
DIFFERENCES = {
    "ttl": "a row past its view's TTL: featly says OUTSIDE_MAX_AGE and null, as a training set "
    "would; Feast serves it as PRESENT",
    "null": "a stored null: featly says NULL_VALUE, Feast PRESENT",
    "order": "featly answers in the order asked for, Feast view by view in no order",
}


@dataclass
class Tally:
    """What was compared."""

    requests: int = 0
    cells: int = 0
    named: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pair:
    """The ports of both servers, which read one store."""

    featly: int
    feast: int


def post(port: int, path: str, body: Any) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        sys.exit(f"{path} on port {port}: {error.code} {error.read().decode()}\nasked: {body}")


def cells(answer: Any) -> dict[str, list[tuple[Any, str, str]]]:
    """(value, status, event time) of each row, by feature."""
    return {
        name: list(
            zip(column["values"], column["statuses"], column["event_timestamps"], strict=True)
        )
        for name, column in zip(answer["metadata"]["feature_names"], answer["results"], strict=True)
    }


def difference(
    wanted: Cell, mine: tuple[Any, str, str], feasts: tuple[Any, str, str]
) -> tuple[str, ...] | None:
    """The names of what differs between two answers for a cell; None where one is not named."""
    if not wanted.known:
        right = (None, "NOT_FOUND", wanted.event_timestamp)
        return () if mine == feasts == right else None
    if feasts != (wanted.value, "PRESENT", wanted.event_timestamp):
        return None
    if wanted.old:
        return ("ttl",) if mine == (None, "OUTSIDE_MAX_AGE", wanted.event_timestamp) else None
    if wanted.value is None:
        return ("null",) if mine == (None, "NULL_VALUE", wanted.event_timestamp) else None
    return () if mine == feasts else None


def compare(
    pair: Pair,
    view: str,
    features: list[str],
    keys: list[int],
    full_names: bool,
    truth: dict[int, dict[str, Cell]],
    tally: Tally,
) -> None:
    """Asks both the same, and holds the answers against each other and the rows."""
    body = {
        "features": [f"{view}:{name}" for name in features],
        "entities": {"driver_id": keys},
        "full_feature_names": full_names,
    }
    mine = parse(post(pair.featly, "/get-online-features", body))
    feasts = parse(post(pair.feast, "/get-online-features", body))
    tally.requests += 1
    prefix = f"{view}__" if full_names else ""
    names = ["driver_id", *(prefix + name for name in features)]
    if mine["metadata"]["feature_names"] != names:
        tally.unexplained.append(f"featly's names: {mine['metadata']} for {body}")
    if feasts["metadata"]["feature_names"] != names:
        tally.named["order"] += 1
    ours, theirs = cells(mine), cells(feasts)
    if sorted(ours) != sorted(theirs) or ours["driver_id"] != theirs["driver_id"]:
        tally.unexplained.append(f"columns or keys: {mine} and {feasts}")
        return
    for name in features:
        for row, key in enumerate(keys):
            wanted = truth[key][name] if key in truth else UNKNOWN
            ask = ours[prefix + name][row], theirs[prefix + name][row]
            found = difference(wanted, *ask)
            tally.cells += 1
            tally.statuses[ask[0][1]] += 1
            if found is None:
                tally.unexplained.append(
                    f"{view}:{name} of {key}: featly {ask[0]}, Feast {ask[1]}, the rows {wanted}"
                )
            else:
                tally.named.update(found)


def ask_everything(
    pair: Pair, numbers: random.Random, views: tuple[str, ...], truth: dict[int, dict[str, Cell]]
) -> Tally:
    """Every driver alone and in batches, with some that nobody knows."""
    tally = Tally()
    keys = list(truth) + [numbers.randrange(-(2**63), 2**63) for _ in range(len(truth) // 10)]
    for view in views:
        order = numbers.sample(keys, len(keys))
        for key in order:  # each alone, one feature to all
            features = numbers.sample(FEATURES, numbers.randint(1, len(FEATURES)))
            compare(pair, view, features, [key], numbers.random() < 0.5, truth, tally)
        while order:  # each in a batch, some twice, with all features
            size = numbers.randint(2, 200)
            batch, order = order[:size], order[size:]
            batch += numbers.choices(batch, k=size // 10)
            features = numbers.sample(FEATURES, len(FEATURES))
            compare(pair, view, features, batch, numbers.random() < 0.5, truth, tally)
    return tally


class Comparison:
    """Two repositories of `feast init`, one kept by featly and one by Feast."""

    def __init__(self, options: argparse.Namespace, work: Path) -> None:
        self.numbers = random.Random(options.seed)
        self.rows: int = options.rows
        self.work = work
        self.featly = options.featly.resolve()
        self.feast = feast_command(options.feast_venv)
        # Feast's whole seconds are those of its local time. The definitions import Feast.
        python = str(self.feast.with_name("python"))
        self.env = {**os.environ, "TZ": "UTC", "FEATLY_PYTHON": python}

    def repository(self, name: str, rows: list[Row]) -> Path:
        """What `feast init` makes, with other rows in its source."""
        run(self.feast, "init", name, cwd=self.work, env=self.env)
        repo = self.work / name / "feature_repo"
        pq.write_table(source_table(rows), repo / "data" / "driver_stats.parquet")
        return repo

    def servers(self, stack: ExitStack, repo: Path) -> Pair:
        pair = Pair(free_port(), free_port())
        serve = [self.featly, "serve", "-p", pair.featly, "--no-access-log"]
        stack.enter_context(serving(serve, pair.featly, repo, self.env))
        serve = [self.feast, "serve", "-p", pair.feast, "--no-access-log", "--max-requests", 0]
        stack.enter_context(serving(serve, pair.feast, repo, self.env))
        return pair

    def materialized_by(self, writer: str) -> list[tuple[str, Tally]]:
        """One of the two applies, materializes and pushes; both answer."""
        now = datetime.now(UTC)
        program = self.featly if writer == "featly" else self.feast
        # Integers with nulls go through doubles in Feast's materialize, and the largest fail there.
        largest = 2**63 - 1 if writer == "featly" else EXACT
        rows = random_rows(self.numbers, self.rows, now, largest)
        repo = self.repository(f"by_{writer}", rows)
        run(program, "apply", cwd=repo, env=self.env)
        end = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
        run(program, "materialize", "2020-01-01T00:00:00", end, cwd=repo, env=self.env)
        tallies = []
        with ExitStack() as stack:
            pair = self.servers(stack, repo)
            truth = expected(rows, now)
            asked = ask_everything(pair, self.numbers, VIEWS, truth)
            tallies.append((f"materialized by {writer}", asked))
            # Newer rows of some drivers and of new ones, through the one server and the other.
            for port, name in ((pair.featly, "featly"), (pair.feast, "Feast")):
                pushed = self.pushed_rows(list(truth), now)
                body = {"push_source_name": SOURCE, "df": pushed_columns(pushed), "to": "online"}
                post(port, "/push", body)
                changed = expected(pushed, now)
                truth |= changed
                asked = ask_everything(pair, self.numbers, VIEWS[1:], changed)
                tallies.append((f"pushed to {name}'s server", asked))
        return tallies

    def pushed_rows(self, known: list[int], now: datetime) -> list[Row]:
        keys = self.numbers.sample(known, min(PUSHED, self.rows) // 2)
        keys += [self.numbers.randrange(-(2**63), 2**63) for _ in range(PUSHED - len(keys))]
        rows = [random_row(self.numbers, key, now, EXACT) for key in dict.fromkeys(keys)]
        return [finite(row) for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--featly", type=Path, default=ROOT / "build" / "featly")
    parser.add_argument("--rows", type=int, default=1000, help="drivers with rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--feast-venv", type=Path, default=FEAST_VENV)
    options = parser.parse_args()
    tallies = []
    with tempfile.TemporaryDirectory(prefix="featly-parity-") as folder:
        comparison = Comparison(options, Path(folder))
        for writer in ("featly", "feast"):
            tallies += comparison.materialized_by(writer)

    print(f"{options.rows} drivers, seed {options.seed}\n")
    names = list(DIFFERENCES)
    print(f"| store | requests | cells | equal | {' | '.join(names)} | unexplained |")
    print("|---|" + "---|" * (len(names) + 4))
    for title, tally in tallies:
        equal = tally.cells - tally.named["ttl"] - tally.named["null"] - len(tally.unexplained)
        counts = [tally.requests, tally.cells, equal, *(tally.named[name] for name in names)]
        shown = " | ".join(f"{count:,}" for count in [*counts, len(tally.unexplained)])
        print(f"| {title} | {shown} |")
    print()
    for name, reason in DIFFERENCES.items():
        print(f"{name}: {reason}")
    statuses = sum((tally.statuses for _, tally in tallies), Counter())
    print("featly's statuses:", ", ".join(f"{name} {n:,}" for name, n in statuses.most_common()))
    unexplained = [line for _, tally in tallies for line in tally.unexplained]
    for line in unexplained[:20]:
        print(f"DIFFERENT: {line}")
    if unexplained:
        sys.exit(f"{len(unexplained):,} answers differ")


if __name__ == "__main__":
    main()
