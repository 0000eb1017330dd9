"""The formats of files, for sources whose path does not say it, and of streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featly._messages import KeptMessage, check_text, compact

__all__ = [
    "AvroFormat",
    "FileFormat",
    "JsonFormat",
    "ParquetFormat",
    "ProtoFormat",
    "StreamFormat",
]


class FileFormat(KeptMessage):
    """The format of a source's files, as the registry keeps it.

    A `FileSource` without a format goes by its path: `.csv`, `.csv.gz` and `.tsv` are text, all
    else is Parquet. A registry may hold formats that featly has no class for; they are kept as they
    are.
    """

    _KIND = "FileFormat"

    @staticmethod
    def from_dict(message: Mapping[str, Any] | None) -> FileFormat | None:
        """The format of a `FileFormat` in protobuf-JSON; None when it names none."""
        if not message:
            return None
        return ParquetFormat() if "parquet_format" in message else FileFormat(message)


class ParquetFormat(FileFormat):
    """Apache Parquet, whatever the file is called."""

    def __init__(self) -> None:
        super().__init__({"parquet_format": {}})

    def __repr__(self) -> str:
        return "ParquetFormat()"


class StreamFormat(KeptMessage):
    """The format of a stream's messages, as the registry keeps it.

    Make an `AvroFormat`, a `JsonFormat` or a `ProtoFormat`.
    """

    _KIND = "StreamFormat"

    @staticmethod
    def from_dict(message: Mapping[str, Any] | None) -> StreamFormat | None:
        """The format of a `StreamFormat` in protobuf-JSON; None when it names none."""
        if not message:
            return None
        for kind, field, argument in _STREAM_FORMATS:
            if field in message:
                return kind(message[field].get(argument, ""))
        return StreamFormat(message)


class AvroFormat(StreamFormat):
    """Avro, with its schema in JSON."""

    def __init__(self, schema_json: str) -> None:
        text = check_text("AvroFormat", "schema_json", schema_json)
        super().__init__({"avro_format": compact(schema_json=text)})
        self.schema_json = text


class JsonFormat(StreamFormat):
    """JSON, with its schema (Spark's DDL where Spark reads it)."""

    def __init__(self, schema_json: str) -> None:
        text = check_text("JsonFormat", "schema_json", schema_json)
        super().__init__({"json_format": compact(schema_json=text)})
        self.schema_json = text


class ProtoFormat(StreamFormat):
    """Protobuf, with the path of the Java class that decodes it."""

    def __init__(self, class_path: str) -> None:
        text = check_text("ProtoFormat", "class_path", class_path)
        super().__init__({"proto_format": compact(class_path=text)})
        self.class_path = text


_STREAM_FORMATS: tuple[tuple[type[AvroFormat | JsonFormat | ProtoFormat], str, str], ...] = (
    (AvroFormat, "avro_format", "schema_json"),
    (JsonFormat, "json_format", "schema_json"),
    (ProtoFormat, "proto_format", "class_path"),
)
