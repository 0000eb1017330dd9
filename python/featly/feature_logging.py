"""Where served features are logged, as feature services name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featly._feast_names import FeastNames
from featly._messages import KeptMessage, Message, check_text, compact, wrong_type

__all__ = ["FileLoggingDestination", "LoggingConfig", "LoggingDestination"]


class LoggingDestination(KeptMessage):
    """Where logs go. Make a `FileLoggingDestination`.

    Destinations that featly has no class for come out of a registry as plain ones and are kept.
    """

    _KIND = "LoggingDestination"


class FileLoggingDestination(LoggingDestination):
    """Parquet files in a folder.

    Args:
        path: The folder.
        s3_endpoint_override: The endpoint of an S3 store.
        partition_by: Columns to partition by.

    Raises:
        TypeError: An argument has the wrong type.
    """

    def __init__(
        self,
        *,
        path: str,
        s3_endpoint_override: str = "",
        partition_by: Sequence[str] | None = None,
    ) -> None:
        where = "FileLoggingDestination"
        self.path = check_text(where, "path", path)
        self.s3_endpoint_override = check_text(where, "s3_endpoint_override", s3_endpoint_override)
        self.partition_by = list(partition_by) if partition_by is not None else None
        super().__init__(
            {
                "file_destination": compact(
                    path=self.path,
                    s3_endpoint_override=self.s3_endpoint_override,
                    partition_by=self.partition_by,
                )
            }
        )


class LoggingConfig(FeastNames):
    """Where and how often Feast's server logs what a feature service served.

    Kept in the registry; featly does not log features.

    Args:
        destination: Where the logs go.
        sample_rate: The share of requests to log, from 0 to 1.

    Raises:
        TypeError: An argument has the wrong type.
    """

    def __init__(self, destination: LoggingDestination, sample_rate: float = 1.0) -> None:
        if not isinstance(destination, LoggingDestination):
            wrong_type("LoggingConfig", "destination", "a LoggingDestination", destination)
        if isinstance(sample_rate, bool) or not isinstance(sample_rate, (int, float)):
            wrong_type("LoggingConfig", "sample_rate", "a number", sample_rate)
        self.destination = destination
        self.sample_rate = float(sample_rate)

    def to_dict(self) -> Message:
        """The `LoggingConfig` in protobuf-JSON."""
        return compact(sample_rate=self.sample_rate) | self.destination.to_dict()

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> LoggingConfig:
        """The logging of a `feast.core.LoggingConfig` in protobuf-JSON."""
        rate = message.get("sample_rate", 0.0)
        rest = {name: value for name, value in message.items() if name != "sample_rate"}
        file = rest.get("file_destination")
        if file is None:
            return cls(LoggingDestination(rest), rate)
        return cls(
            FileLoggingDestination(
                path=file.get("path", ""),
                s3_endpoint_override=file.get("s3_endpoint_override", ""),
                partition_by=file.get("partition_by"),
            ),
            rate,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LoggingConfig):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.destination, self.sample_rate))

    def __repr__(self) -> str:
        return f"LoggingConfig({self.destination!r}, sample_rate={self.sample_rate})"
