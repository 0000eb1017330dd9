"""Aggregations over a window, as definitions name them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from featly._feast_names import FeastNames
from featly._messages import (
    Message,
    check_text,
    compact,
    duration_from_json,
    duration_to_json,
    wrong_type,
)

__all__ = ["Aggregation"]


class Aggregation(FeastNames):
    """One aggregate of one column. Kept in the registry; this version computes none.

    Args:
        column: The column to aggregate.
        function: `"sum"`, `"max"`, `"min"`, `"count"`, `"mean"`, ...
        time_window: How far back the aggregate looks; None is everything.
        slide_interval: How often it is computed; by default the time window.
        name: The name of the feature; by default made from function and column.

    Raises:
        TypeError: An argument has the wrong type.
    """

    def __init__(
        self,
        column: str | None = "",
        function: str | None = "",
        time_window: timedelta | None = None,
        slide_interval: timedelta | None = None,
        name: str | None = None,
    ) -> None:
        self.column = check_text("Aggregation", "column", column)
        self.function = check_text("Aggregation", "function", function)
        for argument, value in (("time_window", time_window), ("slide_interval", slide_interval)):
            if value is not None and not isinstance(value, timedelta):
                wrong_type("Aggregation", argument, "a datetime.timedelta", value)
        self.time_window = time_window
        self.slide_interval = slide_interval or time_window
        self.name = check_text("Aggregation", "name", name)

    def to_dict(self) -> Message:
        """The protobuf-JSON dictionary of this aggregation's message."""
        window, slide = self.time_window, self.slide_interval
        return compact(
            column=self.column,
            function=self.function,
            time_window=duration_to_json(window) if window is not None else None,
            slide_interval=duration_to_json(slide) if slide is not None else None,
            name=self.name,
        )

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Aggregation:
        """The aggregation of a `feast.core.Aggregation` in protobuf-JSON."""
        window, slide = message.get("time_window"), message.get("slide_interval")
        return cls(
            column=message.get("column"),
            function=message.get("function"),
            time_window=duration_from_json(window) if window else None,
            slide_interval=duration_from_json(slide) if slide else None,
            name=message.get("name"),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Aggregation):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.column, self.function, self.time_window))

    def __repr__(self) -> str:
        arguments = ", ".join(
            f"{name}={value!r}"
            for name, value in (
                ("column", self.column),
                ("function", self.function),
                ("time_window", self.time_window),
                ("slide_interval", self.slide_interval),
                ("name", self.name),
            )
            if value
        )
        return f"Aggregation({arguments})"
