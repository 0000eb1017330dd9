"""tools/check_rooms.py finds each kind of violation, with its file and line."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_rooms.py"

TABLE = """
| room | what lives there | may use, beside the common ones |
|---|---|---|
| `src/base` | time | nothing of ours |
| `src/proto` | messages | nothing of ours |
| `src/online` | stores | – |
| `src/server` | HTTP | online |
"""
CMAKE = """
featly_room(base EMBED VERSION)
featly_room(online DEPS base proto)
featly_room(server DEPS base proto online)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree without violations."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "ARCHITECTURE.md").write_text(TABLE)
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    for room in ("base", "proto", "online", "server"):
        (tmp_path / "src" / room).mkdir(parents=True)
        (tmp_path / "src" / room / "README.md").write_text(f"# {room}\n")
    (tmp_path / "src" / "server" / "route.cc").write_text(
        '#include "server/route.h"\n#include <arrow/api.h>\n'
        '#include "online/store.h"\n#include "feast/core/Registry.pb.h"\n#include "base/time.h"\n'
    )
    return tmp_path


def violations(tree: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, tree], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == int(bool(done.stdout))
    return done.stdout.splitlines()


def test_a_tree_that_obeys(tree: Path) -> None:
    assert violations(tree) == []


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "src/online/store.cc",
            '\n#include "server/route.h"\n',
            'src/online/store.cc:2: includes "server/route.h": online may use base, proto',
        ),
        (
            "src/base/time.h",
            '#include "feast/core/Registry.pb.h"\n',
            'src/base/time.h:1: includes "feast/core/Registry.pb.h": base may use nothing',
        ),
        (
            "src/online/store.cc",
            '#include "store.h"\n',
            'src/online/store.cc:1: includes "store.h": name its room, as in "online/store.h"',
        ),
        (
            "src/online/store.cc",
            '#include "lmdb/lmdb.h"\n',
            'src/online/store.cc:1: includes "lmdb/lmdb.h": `lmdb` is no room; '
            "third parties take <angle brackets>",
        ),
        (
            "src/online/store.cc",
            "\n" * 901,
            "src/online/store.cc: 901 lines; a .cc file has at most 900",
        ),
        (
            "src/online/store.h",
            "\n" * 401,
            "src/online/store.h: 401 lines; a .h file has at most 400",
        ),
        (
            "src/online/store_test.cc",
            "std::this_thread::sleep_for(1ms);\n",
            "src/online/store_test.cc:1: sleeps; wait for the event itself, or use a fake clock",
        ),
        (
            "tests/test_store.py",
            f"import time\ntime.{'sleep'}(1)\n",
            "tests/test_store.py:2: sleeps; wait for the event itself, or use a fake clock",
        ),
        (
            "src/online/README.md",
            "\n" * 41,
            "src/online/README.md: 41 lines; a room's README has at most 40",
        ),
        (
            "CMakeLists.txt",
            CMAKE.replace("proto online", "proto"),
            "CMakeLists.txt: by the table, server has DEPS base proto online",
        ),
        (
            "ARCHITECTURE.md",
            TABLE.replace("| online |", "| offline |"),
            "ARCHITECTURE.md: the row of src/server names `offline`, which is no room above it",
        ),
    ],
)
def test_violation(tree: Path, file: str, text: str, expected: str) -> None:
    (tree / file).write_text(text)
    assert violations(tree) == [expected]


def test_a_room_without_row_or_readme(tree: Path) -> None:
    (tree / "src" / "offline").mkdir()
    (tree / "src" / "online" / "README.md").unlink()
    assert violations(tree) == [
        "src/offline: has no row in the table of ARCHITECTURE.md",
        "src/online: has no README.md (what it is for, what to read first, how to add to it)",
    ]
