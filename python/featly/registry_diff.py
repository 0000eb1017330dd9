"""What an apply changes, or would change."""

from __future__ import annotations

from dataclasses import dataclass


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
class RegistryDiff:
    """The changes of an apply in the order in which they are made; empty where there are none.

    Its text is one line for each change, with the differing fields of an update below it.
    """

    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def to_string(self) -> str:
        """The changes as text for people."""
        lines = []
        for change in self.changes:
            lines.append(f"{change.change} {change.kind.replace('_', ' ')} {change.name}")
            lines += [f"    {detail}" for detail in change.details]
        return "\n".join(lines) if lines else "No changes"

    __str__ = to_string
