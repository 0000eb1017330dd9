"""The formats of files, for sources whose path does not say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featly._messages import Message

__all__ = ["FileFormat", "ParquetFormat"]


class FileFormat:
    """The format of a source's files, as the registry keeps it.

    A `FileSource` without a format goes by its path: `.csv`, `.csv.gz` and `.tsv` are text, all
    else is Parquet. A registry may hold formats that featly has no class for; they are kept as they
    are.
    """

    def __init__(self, message: Mapping[str, Any]) -> None:
        self._message: Message = dict(message)

    def to_dict(self) -> Message:
        """The protobuf-JSON dictionary of the `FileFormat`."""
        return dict(self._message)

    @staticmethod
    def from_dict(message: Mapping[str, Any] | None) -> FileFormat | None:
        """The format of a `FileFormat` in protobuf-JSON; None when it names none."""
        if not message:
            return None
        return ParquetFormat() if "parquet_format" in message else FileFormat(message)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileFormat):
            return NotImplemented
        return self._message == other._message

    def __hash__(self) -> int:
        return hash(tuple(self._message))

    def __repr__(self) -> str:
        return f"FileFormat({self._message!r})"


class ParquetFormat(FileFormat):
    """Apache Parquet, whatever the file is called."""

    def __init__(self) -> None:
        super().__init__({"parquet_format": {}})

    def __repr__(self) -> str:
        return "ParquetFormat()"
