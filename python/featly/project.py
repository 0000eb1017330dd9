"""The namespace that all other definitions of a repository belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from featly._messages import (
    Definition,
    Message,
    caller_location,
    check_name,
    check_strings,
    check_text,
    compact,
    rest_of,
    wrong_type,
)

__all__ = ["Project"]

_SPEC_FIELDS = ("name", "description", "tags", "owner")
_NAME = re.compile(r"(?![_-])[\w-]+")


class Project(Definition):
    """A project: names are unique within one, and its rows are kept apart from those of other
    projects.

    A repository needs none: `project` in feature_store.yaml names it. One that is defined must have
    that name.

    Args:
        name: Letters, digits, `_` and `-`, not beginning with `_` or `-`.
        description: A human-readable description.
        tags: Any strings to keep with the project.
        owner: Who is responsible, typically an e-mail address.
        created_timestamp, last_updated_timestamp: UTC; normally left to the registry.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name has other characters.
    """

    def __init__(
        self,
        *,
        name: str,
        description: str = "",
        tags: dict[str, str] | None = None,
        owner: str = "",
        created_timestamp: datetime | None = None,
        last_updated_timestamp: datetime | None = None,
    ) -> None:
        self._location = caller_location()
        self.name = check_name("Project", name)
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"Project name, {name}, should only have alphanumerical values, underscores, "
                "and hyphens but not start with an underscore or hyphen."
            )
        where = f"Project {name!r}"
        for argument, value in (
            ("created_timestamp", created_timestamp),
            ("last_updated_timestamp", last_updated_timestamp),
        ):
            if value is not None and not isinstance(value, datetime):
                wrong_type(where, argument, "a datetime", value)
        self.description = check_text(where, "description", description)
        self.tags = check_strings(where, "tags", tags)
        self.owner = check_text(where, "owner", owner)
        self.created_timestamp = created_timestamp
        self.last_updated_timestamp = last_updated_timestamp
        self._rest: Message = {}

    def _message(self, *, stored: bool) -> Message:
        spec = compact(
            name=self.name, description=self.description, tags=dict(self.tags), owner=self.owner
        )
        return {"spec": spec | self._rest, "meta": self._times()} if stored else {"spec": spec}

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Project:
        """The project of a `feast.core.Project` in protobuf-JSON."""
        spec = message["spec"]
        project = cls(
            name=spec["name"],
            description=spec.get("description", ""),
            tags=spec.get("tags"),
            owner=spec.get("owner", ""),
        )
        project._location = None
        project._rest = rest_of(spec, _SPEC_FIELDS)
        project._read_times(message.get("meta", {}))
        return project

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [("name", self.name, None), *self._common()]
