"""Runs the checks and tests of the project: `run_checks.py test|lint|tidy|format`.

`make` builds first and calls this. Each step prints its name, result and time; what a failed step
printed is shown whole. `test` ends with a line of totals, `N passed, M failed`: the tests of ctest
and pytest, and each failed check counts as one failure.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
BUILD = ROOT / "build"
JOBS = os.cpu_count() or 1
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass
class Outcome:
    """How a step ended. A check that is no test counts only when it fails."""

    passed: int = 0
    failed: int = 0
    output: str = ""


@dataclass
class Totals:
    passed: int = 0
    failed: int = 0
    broken: list[str] = field(default_factory=list)

    def run(self, name: str, step: Callable[[], Outcome]) -> None:
        started = time.monotonic()
        outcome = step()
        seconds = time.monotonic() - started
        self.passed += outcome.passed
        self.failed += outcome.failed
        result = "FAILED" if outcome.failed else "ok"
        count = outcome.passed + outcome.failed
        tests = f", {count} tests" if outcome.passed else ""
        if outcome.failed:
            self.broken.append(name)
            print(outcome.output.rstrip())
        print(f"{name:<24} {result}{tests}, {seconds:.1f} s", flush=True)


def run(command: Sequence[str | Path], **env: str) -> tuple[int, str]:
    """Runs a command in the root and gives its exit code and all that it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def git(*arguments: str) -> list[str]:
    code, out = run(["git", *arguments])
    if code != 0:
        raise SystemExit(f"git {shlex.join(arguments)} failed:\n{out}")
    return out.splitlines()


def succeeds(*arguments: str) -> str | None:
    """The first line that git printed, or None where git says no."""
    code, out = run(["git", *arguments])
    return out.split("\n", 1)[0] if code == 0 else None


def known_files() -> list[str]:
    """Every file of the project that is there: tracked, or new and not ignored."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard")
    return [name for name in listed if (ROOT / name).is_file()]


def cpp_files() -> list[str]:
    return [
        n for n in known_files() if n.startswith(("src/", "bench/")) and n.endswith((".cc", ".h"))
    ]


def check(command: Sequence[str | Path]) -> Callable[[], Outcome]:
    def step() -> Outcome:
        code, output = run(command)
        return Outcome(failed=int(code != 0), output=output)

    return step


def format_commands(rewrite: bool) -> list[list[str | Path]]:
    clang_format: list[str | Path] = [BIN / "clang-format"]
    clang_format += ["-i"] if rewrite else ["--dry-run", "-Werror"]
    return [
        [*clang_format, *cpp_files()],
        [BIN / "ruff", "format", "--quiet", *([] if rewrite else ["--diff"]), "."],
    ]


# --- clang-tidy -----------------------------------------------------------------------------------


def merge_base() -> str:
    """The commit that this work started from.

    On a branch it is where the branch left main. On main itself it is the commit before, and
    for the first commit of all the empty tree.
    """
    head = succeeds("rev-parse", "--verify", "--quiet", "HEAD")
    if head is None:
        return EMPTY_TREE
    for main in (os.environ.get("FEATLY_BASE"), "origin/main", "main"):
        base = succeeds("merge-base", "HEAD", main) if main else None
        if base and base != head:
            return base
    return succeeds("rev-parse", "--verify", "--quiet", "HEAD~1") or EMPTY_TREE


def changed_files() -> set[str]:
    changed = git("diff", "--name-only", "--diff-filter=d", merge_base(), "--")
    return {*changed, *git("ls-files", "--others", "--exclude-standard")}


def with_headers_covered(names: set[str], compiled: list[str]) -> list[str]:
    """The compiled files among `names`, and for each header among them a file that shows it."""
    chosen = {name for name in names if name in compiled}
    for header in (name for name in names if name.endswith(".h") and name.startswith("src/")):
        twin = header.removesuffix(".h") + ".cc"
        include = f'#include "{header.removeprefix("src/")}"'
        users = (name for name in compiled if include in (ROOT / name).read_text())
        user = twin if twin in compiled else next(users, None)
        if user:
            chosen.add(user)
    return sorted(chosen)


class Tidy:
    """clang-tidy over files of the release build, remembering which were clean.

    A file is looked at again only when it, a header it includes, or the list of checks changed.
    """

    def __init__(self) -> None:
        self._folder = BUILD / "tidy"
        self._clean = self._folder / "clean"
        self._clean.mkdir(parents=True, exist_ok=True)
        self._commands = self._write_commands()
        self._headers = self._read_headers()
        settings = [ROOT / ".clang-tidy", ROOT / "requirements-dev.txt"]
        self._settings = b"".join(path.read_bytes() for path in settings)

    def compiled(self) -> list[str]:
        return sorted(self._commands)

    def run(self, names: list[str]) -> Outcome:
        keys = {name: self._key(name) for name in names}
        due = [name for name in names if not (self._clean / keys[name]).exists()]
        with ThreadPoolExecutor(JOBS) as pool:
            outputs = list(pool.map(self._look, due))
        for name, output in zip(due, outputs, strict=True):
            if not output:
                (self._clean / keys[name]).touch()
        return Outcome(failed=int(any(outputs)), output="\n".join(filter(None, outputs)))

    def _look(self, name: str) -> str:
        code, output = run([BIN / "clang-tidy", "-p", self._folder, "--quiet", name])
        return (output or f"{name}: clang-tidy ended with {code}") if code else ""

    def _write_commands(self) -> dict[str, str]:
        """The compile commands as Clang takes them: without GCC's precompiled header."""
        commands = {}
        entries = []
        for entry in json.loads((BUILD / "compile_commands.json").read_text()):
            name = os.path.relpath(entry["file"], ROOT)
            if not name.startswith(("src/", "bench/")):
                continue
            words = iter(shlex.split(entry["command"]))
            kept: list[str] = []
            for word in words:
                if word == "-include":
                    next(words)
                elif word not in ("-fpch-preprocess", "-Winvalid-pch", "-Werror"):
                    kept.append(word)
            start = next(i for i, word in enumerate(kept) if word.endswith(("c++", "g++")))
            entry["command"] = shlex.join(kept[start:])
            entries.append(entry)
            commands[name] = entry["command"]
        (self._folder / "compile_commands.json").write_text(json.dumps(entries))
        return commands

    def _read_headers(self) -> dict[str, list[Path]]:
        """Which of the project's own files each object was compiled from, as Ninja knows them."""
        headers: dict[str, list[Path]] = {}
        _, listing = run(["ninja", "-C", BUILD, "-t", "deps"])
        for block in listing.split("\n\n"):
            paths = [
                Path(os.path.normpath(BUILD / line.strip())) for line in block.splitlines()[1:]
            ]
            own = [p for p in paths if p.is_relative_to(ROOT) and ".venv" not in p.parts]
            source = next((p for p in own if p.suffix == ".cc"), None)
            if source:
                headers[str(source.relative_to(ROOT))] = sorted(p for p in own if p.suffix == ".h")
        return headers

    def _key(self, name: str) -> str:
        digest = hashlib.sha256(self._settings)
        digest.update(self._commands[name].encode())
        for path in [ROOT / name, *self._headers.get(name, [])]:
            digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()


def tidy_changed() -> Outcome:
    tidy = Tidy()
    return tidy.run(with_headers_covered(changed_files(), tidy.compiled()))


def tidy_all() -> Outcome:
    tidy = Tidy()
    return tidy.run(tidy.compiled())


# --- tests ----------------------------------------------------------------------------------------


def count(report: Path) -> Outcome:
    """The totals of a JUnit report. A skipped or disabled test counts as failed: none may be."""
    if not report.exists():
        return Outcome(failed=1, output=f"{report.name}: no report; the tests did not end")
    outcome = Outcome()
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        left_out = case.find("skipped") is not None or case.get("status") == "notrun"
        if left_out:
            outcome.output += f"{name}: was skipped\n"
        broken = case.find("failure") is not None or case.find("error") is not None
        if broken or left_out:
            outcome.failed += 1
        else:
            outcome.passed += 1
    return outcome


def ctest(build: Path) -> Callable[[], Outcome]:
    def step() -> Outcome:
        _, listing = run(["ctest", "--test-dir", build, "--show-only=json-v1"])
        names = [test["name"] for test in json.loads(listing)["tests"]]
        reports = [build / "test-results" / f"{name}.xml" for name in names]
        for report in reports:
            report.unlink(missing_ok=True)
        code, output = run(["ctest", "--test-dir", build, "--output-on-failure", "-j", str(JOBS)])
        total = Outcome(output=output)
        for outcome in map(count, reports):
            total.passed += outcome.passed
            total.failed += outcome.failed
            total.output += outcome.output
        if code != 0 and not total.failed:
            total.failed = 1
        return total

    return step


def pytest() -> Outcome:
    report = BUILD / "test-results" / "pytest.xml"
    report.unlink(missing_ok=True)
    code, output = run([BIN / "python", "-m", "pytest", "-q", f"--junitxml={report}"])
    total = count(report)
    total.output = output + total.output
    if code != 0 and not total.failed:
        total.failed = 1
    return total


# --- commands -------------------------------------------------------------------------------------


def lint(totals: Totals) -> None:
    clang_format, ruff_format = format_commands(rewrite=False)
    totals.run("clang-format", check(clang_format))
    totals.run("ruff format", check(ruff_format))
    totals.run("ruff check", check([BIN / "ruff", "check", "--quiet", "."]))
    totals.run("mypy", check([BIN / "mypy"]))
    totals.run("rooms", check([BIN / "python", "tools/check_rooms.py"]))


def test(totals: Totals) -> None:
    lint(totals)
    totals.run("clang-tidy (changed)", tidy_changed)
    totals.run("ctest", ctest(BUILD))
    totals.run("ctest (sanitizers)", ctest(ROOT / "build-asan"))
    totals.run("pytest", pytest)


def main() -> int:
    parser = argparse.ArgumentParser(description=re.split(r"\n\n", str(__doc__))[0])
    parser.add_argument("what", choices=["test", "lint", "tidy", "format"])
    what = parser.parse_args().what
    if what == "format":
        codes = [run(command) for command in format_commands(rewrite=True)]
        codes.append(run([BIN / "ruff", "check", "--quiet", "--fix", "."]))
        print("".join(output for _, output in codes), end="")
        return int(any(code for code, _ in codes))

    totals = Totals()
    if what == "lint":
        lint(totals)
    elif what == "tidy":
        totals.run("clang-tidy", tidy_all)
    else:
        test(totals)
    if totals.broken:
        print(f"Failed: {', '.join(totals.broken)}")
    if what == "test":
        print(f"{totals.passed} passed, {totals.failed} failed")
    return int(bool(totals.broken))


if __name__ == "__main__":
    sys.exit(main())
