"""Holds the sources against the room table in ARCHITECTURE.md: `check_rooms.py [ROOT]`.

- An #include in src/ may name the file's own room, the common rooms that stand above it in the
  table, and the rooms in its row. CMakeLists.txt must declare the same.
- Every folder of src/ is a row, and has a README.md of at most 40 lines.
- A .cc file has at most 900 lines, a header 400.
- Tests do not sleep.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMON = ("base", "proto", "types", "registry")
LONGEST = {".cc": 900, ".h": 400}
LONGEST_README = 40

ROW = re.compile(r"^\|\s*`src/(?P<room>\w+)`\s*\|[^|]*\|\s*(?P<uses>[^|]*?)\s*\|\s*$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"(?P<path>[^"]+)"')
DECLARED = re.compile(r"^featly_(?:room|python_module)\(\s*(?P<room>\w+)(?P<rest>[^)]*)\)", re.M)
SLEEPS = {
    "_test.cc": re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\("),
    ".py": re.compile(r"\bsleep\s*\("),
}
# Headers that the build writes: (first folder, the room that they belong to).
GENERATED = {"feast": "proto", "embedded": "base"}


@dataclass(frozen=True)
class Room:
    """A row of the table: the rooms whose headers this one may include, beside its own."""

    name: str
    may_use: frozenset[str]


def read_table(text: str) -> dict[str, Room]:
    """Reads the rows, top to bottom. The common rooms above a row are open to it."""
    rooms: dict[str, Room] = {}
    for line in text.splitlines():
        row = ROW.match(line)
        if row is None:
            continue
        common = {name for name in COMMON if name in rooms}
        if row["uses"] == "nothing of ours":
            common = set()
        named = {word.strip() for word in row["uses"].split(",")} - {"", "–", "nothing of ours"}
        for name in sorted(named - rooms.keys()):
            raise ValueError(
                f"the row of src/{row['room']} names `{name}`, which is no room above it"
            )
        rooms[row["room"]] = Room(row["room"], frozenset(common | named))
    if not rooms:
        raise ValueError("found no row like `| `src/base` | what | may use |`")
    return rooms


def check_includes(path: Path, name: str, room: Room, rooms: dict[str, Room]) -> Iterator[str]:
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        include = INCLUDE.match(line)
        if include is None:
            continue
        first, slash, _ = include["path"].partition("/")
        target = GENERATED.get(first, first)
        where = f'{name}:{number}: includes "{include["path"]}"'
        if not slash:
            yield f'{where}: name its room, as in "{room.name}/{include["path"]}"'
        elif target not in rooms:
            yield f"{where}: `{target}` is no room; third parties take <angle brackets>"
        elif target != room.name and target not in room.may_use:
            allowed = ", ".join(sorted(room.may_use)) or "nothing"
            yield f"{where}: {room.name} may use {allowed}"


def check_source(path: Path, name: str) -> Iterator[str]:
    lines = path.read_text().splitlines()
    longest = LONGEST.get(path.suffix)
    if longest is not None and len(lines) > longest:
        yield f"{name}: {len(lines)} lines; a {path.suffix} file has at most {longest}"
    for ending, sleep in SLEEPS.items():
        if not name.endswith(ending):
            continue
        for number, line in enumerate(lines, start=1):
            if sleep.search(line):
                yield f"{name}:{number}: sleeps; wait for the event itself, or use a fake clock"


def check_room_folder(folder: Path, rooms: dict[str, Room]) -> Iterator[str]:
    name = f"src/{folder.name}"
    if folder.name not in rooms:
        yield f"{name}: has no row in the table of ARCHITECTURE.md"
        return
    readme = folder / "README.md"
    if not readme.exists():
        yield f"{name}: has no README.md (what it is for, what to read first, how to add to it)"
    elif (lines := len(readme.read_text().splitlines())) > LONGEST_README:
        yield f"{name}/README.md: {lines} lines; a room's README has at most {LONGEST_README}"
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".cc", ".h"):
            relative = f"src/{path.relative_to(folder.parent)}"
            yield from check_includes(path, relative, rooms[folder.name], rooms)
            yield from check_source(path, relative)


def check_cmake(text: str, rooms: dict[str, Room]) -> Iterator[str]:
    """What each room is linked to must be what its row allows, no more and no less."""
    declared: dict[str, set[str]] = {"proto": set()}
    for call in DECLARED.finditer(text):
        words = call["rest"].split()
        start = words.index("DEPS") + 1 if "DEPS" in words else len(words)
        deps = words[start:]
        if "EMBED" in deps:
            deps = deps[: deps.index("EMBED")]
        declared[call["room"]] = set(deps)
    for name, room in rooms.items():
        if name not in declared:
            yield f"CMakeLists.txt: src/{name} is in the table, but featly_room({name}) is missing"
        elif name != "proto" and declared[name] != room.may_use:
            wanted = " ".join(n for n in rooms if n in room.may_use)
            yield f"CMakeLists.txt: by the table, {name} has DEPS {wanted}"
    for name in declared.keys() - rooms.keys():
        yield f"CMakeLists.txt: featly_room({name}) has no row in the table of ARCHITECTURE.md"


def check(root: Path) -> list[str]:
    """Every violation in the tree, as `file:line: what`."""
    try:
        rooms = read_table((root / "ARCHITECTURE.md").read_text())
    except (OSError, ValueError) as error:
        return [f"ARCHITECTURE.md: {error}"]
    problems = list(check_cmake((root / "CMakeLists.txt").read_text(), rooms))
    folders = {path.name: path for path in (root / "src").iterdir() if path.is_dir()}
    for name in rooms.keys() - folders.keys():
        problems.append(f"ARCHITECTURE.md: src/{name} is in the table, but there is no such folder")
    for name in sorted(folders):
        problems += check_room_folder(folders[name], rooms)
    for path in sorted((root / "tests").rglob("*.py")):
        problems += check_source(path, str(path.relative_to(root)))
    return problems


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check(root)
    print("\n".join(problems), end="\n" if problems else "")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
