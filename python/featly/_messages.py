"""What all definitions share: the protobuf-JSON they turn into, and where they were written.

A definition never touches a protobuf library. It becomes a dictionary in protobuf's JSON mapping,
with the original (snake_case) field names, and the C++ core turns that into the registry's message.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from featly._feast_names import FeastNames
from featly._html import heading, page, table

Message = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration_to_json(value: timedelta) -> str:
    """`timedelta(hours=1)` -> `"3600s"`; fractions have six digits."""
    micros = value // timedelta(microseconds=1)
    sign = "-" if micros < 0 else ""
    seconds, fraction = divmod(abs(micros), 1_000_000)
    return f"{sign}{seconds}.{fraction:06d}s" if fraction else f"{sign}{seconds}s"


def duration_from_json(text: str) -> timedelta:
    """`"3600s"` -> `timedelta(hours=1)`; digits past the microsecond are dropped."""
    number = text[:-1] if text.endswith("s") else ""
    whole, _, fraction = number.lstrip("-").partition(".")
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        raise ValueError(f"{text!r} is not a protobuf duration: expected seconds such as '3600s'.")
    value = timedelta(seconds=int(whole), microseconds=int((fraction + "000000")[:6]))
    return -value if number.startswith("-") else value


def timestamp_to_json(value: datetime) -> str:
    """An RFC 3339 time in UTC; a datetime without a time zone is read as UTC."""
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    micros = (value - _EPOCH) // timedelta(microseconds=1)
    utc = _EPOCH + timedelta(microseconds=micros)
    text = utc.replace(tzinfo=None).isoformat(
        timespec="microseconds" if micros % 1_000_000 else "seconds"
    )
    return text + "Z"


def timestamp_from_json(text: str) -> datetime:
    """An aware datetime in UTC; digits past the microsecond are dropped."""
    if not text.endswith("Z"):
        raise ValueError(
            f"{text!r} is not a protobuf timestamp: expected such as '2024-01-31T00:00:00Z'."
        )
    whole, _, fraction = text[:-1].partition(".")
    value = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return value + timedelta(microseconds=int((fraction + "000000")[:6]))


def compact(**fields: Any) -> Message:
    """A message without the fields that hold proto3's default: it is what the core would print."""
    return {
        name: value for name, value in fields.items() if value not in ("", None, False, 0, [], {})
    }


def rest_of(message: Mapping[str, Any], known: Iterable[str]) -> Message:
    """The fields of a stored message that a class has no attribute for, to be written back."""
    return {name: value for name, value in message.items() if name not in known}


def wrong_type(owner: str, argument: str, expected: str, value: object) -> NoReturn:
    """Raises the TypeError for an argument that has the wrong type."""
    raise TypeError(
        f"{owner}: {argument} must be {expected}, but is {value!r} ({type(value).__name__})."
    )


def check_name(owner: str, value: object) -> str:
    """Returns the name of a definition, which must be a string that is not empty."""
    if not isinstance(value, str):
        wrong_type(owner, "name", "a string", value)
    if not value:
        raise ValueError(f"{owner}: name is empty; every definition needs a name.")
    return value


def check_text(owner: str, argument: str, value: object) -> str:
    """Returns a string argument; None counts as the empty string, as in Feast."""
    if value is None:
        return ""
    if not isinstance(value, str):
        wrong_type(owner, argument, "a string", value)
    return value


def check_flag(owner: str, argument: str, value: object) -> bool:
    """Returns an argument that must be True or False."""
    if not isinstance(value, bool):
        wrong_type(owner, argument, "True or False", value)
    return value


def check_strings(owner: str, argument: str, value: object) -> dict[str, str]:
    """Returns a copy of a dictionary of strings; None counts as the empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(
        isinstance(key, str) and isinstance(item, str) for key, item in value.items()
    ):
        wrong_type(owner, argument, "a dictionary from strings to strings", value)
    return dict(value)


def caller_location() -> tuple[str, int]:
    """File and line of the innermost frame outside this package: where the user wrote it."""
    frame = sys._getframe(1)
    while (
        frame.f_globals.get("__name__", "").partition(".")[0] == "featly"
        and frame.f_back is not None
    ):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _shown(value: object) -> str:
    """A value as people read it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


class KeptMessage:
    """A part of an object that is kept as its protobuf-JSON, known to featly or not.

    Classes of one `_KIND` are equal where their messages are.
    """

    _KIND = ""

    def __init__(self, message: Mapping[str, Any]) -> None:
        self._message: Message = dict(message)

    def to_dict(self) -> Message:
        """The part's message in protobuf-JSON."""
        return dict(self._message)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeptMessage) or self._KIND != other._KIND:
            return NotImplemented
        return self._message == other._message

    def __hash__(self) -> int:
        return hash(tuple(self._message))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._message!r})"


class Definition(FeastNames):
    """The base of everything that a repository defines and a registry keeps.

    Two definitions are equal when they are of one kind and say the same; the registry's own notes
    (project, creation times, materialized intervals) and the place where the definition was written
    do not count. Definitions are plain Python objects: change them freely before they are applied,
    in one thread at a time.
    """

    name: str
    description: str
    tags: dict[str, str]
    owner: str
    created_timestamp: datetime | None
    last_updated_timestamp: datetime | None

    _location: tuple[str, int] | None = None

    def to_dict(self) -> Message:
        """The protobuf-JSON dictionary of this definition's message, as the registry keeps it."""
        return self._message(stored=True)

    def _message(self, *, stored: bool) -> Message:
        """The message; without the registry's own notes unless `stored`."""
        raise NotImplementedError

    def _essentials(self) -> list[tuple[str, object, object]]:
        """(name, value, default) of the arguments for `repr`, which leaves out the defaults."""
        return [("name", self.name, None)]

    def _common(self) -> list[tuple[str, object, object]]:
        return [
            ("description", self.description, ""),
            ("tags", self.tags, {}),
            ("owner", self.owner, ""),
        ]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Definition) or type(self) is not type(other):
            return NotImplemented
        return self._message(stored=False) == other._message(stored=False)

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.name))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Definition):
            return NotImplemented
        return self.name < other.name

    def __repr__(self) -> str:
        arguments = ", ".join(
            f"{name}={value!r}" for name, value, default in self._essentials() if value != default
        )
        return f"{type(self).__name__}({arguments})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the arguments that are not the defaults."""
        shown = [
            (name, value)
            for name, value, default in self._essentials()
            if value != default and name not in ("name", "schema", "description")
        ]
        fields = getattr(self, "schema", [])
        return page(
            heading(type(self).__name__, self.name, self.description),
            table((), [(name, _shown(value)) for name, value in shown]),
            table(
                ("field", "type", "description"),
                [(field.name, field.dtype, field.description) for field in fields],
            )
            if fields
            else "",
        )

    def _read_times(self, meta: Mapping[str, Any]) -> None:
        created, updated = meta.get("created_timestamp"), meta.get("last_updated_timestamp")
        self.created_timestamp = timestamp_from_json(created) if created else None
        self.last_updated_timestamp = timestamp_from_json(updated) if updated else None

    def _times(self) -> Message:
        created, updated = self.created_timestamp, self.last_updated_timestamp
        return compact(
            created_timestamp=timestamp_to_json(created) if created else None,
            last_updated_timestamp=timestamp_to_json(updated) if updated else None,
        )
