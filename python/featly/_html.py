"""How notebooks show what the SDK returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MAX_ROWS = 20
"""Rows of a result that are shown; what is left out is counted below them."""

_CELL = "text-align: left; vertical-align: top; padding-right: 1em"


def heading(kind: str, name: str, note: str = "") -> str:
    """What an object is, its name, and perhaps something about it."""
    text = f"<strong>{escape(kind)}</strong> {escape(name)}"
    return f"<div>{text}{': ' + escape(note) if note else ''}</div>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], left_out: int = 0) -> str:
    """A table of texts; without columns' names one of names and values."""
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in columns)
    lines = [f"<thead><tr>{head}</tr></thead>"] if columns else []
    lines.append("<tbody>")
    for row in rows:
        cells = "".join(f'<td style="{_CELL}">{escape(str(value))}</td>' for value in row)
        lines.append(f"<tr>{cells}</tr>")
    lines.append("</tbody>")
    more = f"<div>and {left_out:,} more rows</div>" if left_out > 0 else ""
    return f"<table>{''.join(lines)}</table>{more}"


def page(*parts: str) -> str:
    """Parts below each other."""
    return "<div>" + "".join(part for part in parts if part) + "</div>"
