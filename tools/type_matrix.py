"""Writes the table of src/types/type_matrix.inc, which a C++ test walks, into docs/semantics.md.

Run it after a change of the matrix; tests/test_type_matrix.py fails until it has been.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MATRIX = ROOT / "src/types/type_matrix.inc"
PAGE = ROOT / "docs/semantics.md"
BEGIN, END = "<!-- type matrix -->\n", "<!-- end of type matrix -->\n"

COLUMNS = {
    "value": "a value",
    "null": "null",
    "empty": "empty",
    "nan": "NaN",
    "item": "null inside",
    "order": "order and repeats",
    "range": "what does not fit",
    "precision": "exactness",
}
LONGEST = 34


def rows() -> list[dict[str, Any]]:
    """The matrix: a raw string of C++ around JSON."""
    text = MATRIX.read_text().strip()
    matrix: list[dict[str, Any]] = json.loads(text.removeprefix('R"json(').removesuffix(')json"'))
    return matrix


def _short(text: str) -> str:
    short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return "`" + short.replace("|", "\\|") + "`"


def _cell(cell: dict[str, str] | None) -> str:
    if cell is None:
        return "–"
    given = cell["given"].removeprefix("[").removesuffix("]")
    source = "" if cell["from"] in ("string", "null") else f" (`{cell['from']}`)"
    if "refused" in cell:
        return f"{_short(given)}{source}: refused"
    return f"{_short(given)} → {_short(cell['json'])}"


def table() -> str:
    """The matrix as Markdown: a row a type, a column a case."""
    lines = ["| type | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row in rows():
        cells = [_cell(row["cells"].get(case)) for case in COLUMNS]
        lines.append(f"| {row['type']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page())
