"""What an apply changes, or would change."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from featly._feast_names import FeastNames
from featly._html import heading, page, table


@dataclass(frozen=True)
class Change:
    """One object that is created, updated or deleted.

    Attributes:
        change: `"create"`, `"update"` or `"delete"`.
        kind: What it is, such as `"feature_view"`.
        name: Its name.
        details: For an update the fields that differ, such as `"ttl: 3600s -> 7200s"`.
    """

    change: str
    kind: str
    name: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegistryDiff(FeastNames):
    """The changes of an apply in the order in which they are made; empty where there are none.

    Its text is one line for each change, with the differing fields of an update below it, after
    what was inferred.

    Attributes:
        changes: What is created, updated and deleted.
        inferred: What definitions left out and was found in their sources, a sentence each.
    """

    changes: tuple[Change, ...]
    inferred: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def to_string(self) -> str:
        """The changes as text for people."""
        lines = list(self.inferred)
        for change in self.changes:
            lines.append(f"{change.change} {change.kind.replace('_', ' ')} {change.name}")
            lines += [f"    {detail}" for detail in change.details]
        if not self.changes:
            lines.append("No changes")
        return "\n".join(lines)

    __str__ = to_string

    def _repr_html_(self) -> str:
        rows = [
            (change.change, change.kind.replace("_", " "), change.name, "; ".join(change.details))
            for change in self.changes
        ]
        return page(
            heading("Changes", str(len(rows)) if rows else "none"),
            *(f"<div>{escape(sentence)}</div>" for sentence in self.inferred),
            table(("change", "kind", "name", "details"), rows) if rows else "",
        )
