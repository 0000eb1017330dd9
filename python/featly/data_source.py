"""Where the rows of feature views come from."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

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
from featly.data_format import FileFormat
from featly.field import Field

__all__ = ["DataSource", "FileSource", "PushMode", "PushSource", "RequestSource"]

_COMMON_FIELDS = (
    "name",
    "type",
    "field_mapping",
    "timestamp_field",
    "created_timestamp_column",
    "date_partition_column",
    "timestamp_field_type",
    "description",
    "tags",
    "owner",
)


class PushMode(Enum):
    """Where pushed rows go."""

    ONLINE = 1
    OFFLINE = 2
    ONLINE_AND_OFFLINE = 3


class DataSource(Definition):
    """What all data sources share. Make a `FileSource`, a `PushSource` or a `RequestSource`.

    A source of a kind that featly has no class for (BigQuery, Snowflake, ...) comes out of a
    registry as a plain DataSource, is kept as it is, and cannot be read from.

    Args:
        name: The unique name of the source.
        timestamp_field: The column with the time at which a row became true. A time without a time
            zone is UTC. Where none is named, `apply` takes the files' only column of times; without
            one the rows hold now, whatever the time asked.
        created_timestamp_column: The column with the time at which a row was written: among rows of
            one entity and event time the latest written counts.
        field_mapping: New names of columns: `{"column in the source": "name of the field"}`.
        description: A human-readable description.
        tags: Any strings to keep with the source.
        owner: Who is responsible, typically an e-mail address.
        date_partition_column: A column that partitions the source by day; kept in the registry.
        timestamp_field_type: The type of the event time column where it is not a timestamp; kept in
            the registry.

    Raises:
        TypeError: An argument has the wrong type, or DataSource itself is constructed.
        ValueError: The name is empty, or one column is named for both times.
    """

    # The registry's kind of source, and the name it gives to Feast's class of that kind.
    _TYPE = ""
    _CLASS = ""

    # The classes of the kinds, by the registry's name.
    _kinds: ClassVar[dict[str, type[DataSource]]] = {}

    def __init_subclass__(cls) -> None:
        if cls.__dict__.get("_TYPE"):
            DataSource._kinds[cls._TYPE] = cls

    @classmethod
    def _from_message(cls, message: Mapping[str, Any]) -> DataSource:
        """The source of this kind in a message; each kind has its own."""
        raise NotImplementedError

    def __init__(
        self,
        *,
        name: str,
        timestamp_field: str | None = None,
        created_timestamp_column: str | None = None,
        field_mapping: dict[str, str] | None = None,
        description: str | None = "",
        tags: dict[str, str] | None = None,
        owner: str | None = "",
        date_partition_column: str | None = None,
        timestamp_field_type: str | None = None,
    ) -> None:
        kind = type(self).__name__
        if type(self) is DataSource:
            raise TypeError("DataSource has no data of its own: make a FileSource or a PushSource.")
        self._location = caller_location()
        self.name = check_name(kind, name)
        where = f"{kind} {name!r}"
        self.timestamp_field = check_text(where, "timestamp_field", timestamp_field)
        self.created_timestamp_column = check_text(
            where, "created_timestamp_column", created_timestamp_column
        )
        self.field_mapping = check_strings(where, "field_mapping", field_mapping)
        if self.timestamp_field and self.timestamp_field == self.created_timestamp_column:
            raise ValueError(
                f"{where}: Please do not use the same column for 'timestamp_field' and "
                f"'created_timestamp_column' ({self.timestamp_field!r})."
            )
        self.description = check_text(where, "description", description)
        self.tags = check_strings(where, "tags", tags)
        self.owner = check_text(where, "owner", owner)
        self.date_partition_column = check_text(
            where, "date_partition_column", date_partition_column
        )
        self.timestamp_field_type = check_text(where, "timestamp_field_type", timestamp_field_type)
        self.created_timestamp = None
        self.last_updated_timestamp = None
        self._source_type = self._TYPE
        self._rest: Message = {}
        self._rest_of_meta: Message = {}

    @property
    def source_type(self) -> str:
        """The registry's name of the kind of source, such as `"BATCH_FILE"`."""
        return self._source_type

    def _message(self, *, stored: bool) -> Message:
        message = compact(
            name=self.name,
            type=self.source_type,
            data_source_class_type=self._CLASS,
            field_mapping=dict(self.field_mapping),
            timestamp_field=self.timestamp_field,
            created_timestamp_column=self.created_timestamp_column,
            date_partition_column=self.date_partition_column,
            timestamp_field_type=self.timestamp_field_type,
            description=self.description,
            tags=dict(self.tags),
            owner=self.owner,
        )
        message |= self._options(stored=stored)
        # What a kind without a class is made of is in the rest, so that counts in a comparison as
        # well.
        message |= self._rest if stored else rest_of(self._rest, ("project",))
        meta = self._times() | self._rest_of_meta
        return message | {"meta": meta} if stored and meta else message

    def _options(self, *, stored: bool) -> Message:
        """The fields of the message that only this kind of source has."""
        return {}

    def _inner_message(self, *, stored: bool) -> Message:
        """The message inside a push source or a projection, where Feast names no class."""
        message = self._message(stored=stored)
        return rest_of(message, ("data_source_class_type",)) if self._CLASS else message

    @staticmethod
    def from_dict(message: Mapping[str, Any]) -> DataSource:
        """The source of a `feast.core.DataSource` in protobuf-JSON."""
        kind = DataSource._kinds.get(message.get("type", ""))
        if kind is not None:
            return kind._from_message(message)
        source = DataSource.__new__(DataSource)
        source._read_common(message, ())
        return source

    def _read_common(self, message: Mapping[str, Any], own_fields: tuple[str, ...]) -> None:
        self.name = message.get("name", "")
        self._source_type = message.get("type", "")
        self.timestamp_field = message.get("timestamp_field", "")
        self.created_timestamp_column = message.get("created_timestamp_column", "")
        self.field_mapping = dict(message.get("field_mapping", {}))
        self.date_partition_column = message.get("date_partition_column", "")
        self.timestamp_field_type = message.get("timestamp_field_type", "")
        self.description = message.get("description", "")
        self.tags = dict(message.get("tags", {}))
        self.owner = message.get("owner", "")
        meta = message.get("meta", {})
        self._read_times(meta)
        self._rest_of_meta = rest_of(meta, ("created_timestamp", "last_updated_timestamp"))
        known = (*_COMMON_FIELDS, "meta", *own_fields)
        self._rest = rest_of(message, (*known, "data_source_class_type") if self._CLASS else known)

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("timestamp_field", self.timestamp_field, ""),
            ("created_timestamp_column", self.created_timestamp_column, ""),
            ("field_mapping", self.field_mapping, {}),
            ("date_partition_column", self.date_partition_column, ""),
            ("timestamp_field_type", self.timestamp_field_type, ""),
            *self._common(),
        ]


class FileSource(DataSource):
    """Rows in Parquet or CSV files: a file, a folder (also with Hive partitions) or a glob.

    A source without `timestamp_field` holds the present: its rows are matched by key alone.

    Args:
        path: The path of the file, folder or glob. A relative path starts at the repository.
            `.csv`, `.csv.gz` and `.tsv` are text, all else is Parquet.
        name: The unique name of the source; by default the path.
        event_timestamp_column: The old name of `timestamp_field`.
        file_format: The format of the files where the path does not say it.
        created_timestamp_column: The column with the time at which a row was written: among rows of
            one entity and event time the latest written counts.
        field_mapping: New names of columns: `{"column in the file": "name of the field"}`.
        s3_endpoint_override: The endpoint of an S3 store; kept in the registry.
        description: A human-readable description.
        tags: Any strings to keep with the source.
        owner: Who is responsible, typically an e-mail address.
        timestamp_field: The column with the time at which a row became true. A time without a time
            zone is UTC. Where none is named, `apply` takes the files' only column of times; without
            one the rows hold now, whatever the time asked.
        connection_ref: Feast's reference to credentials, which featly does not resolve: must be
            None.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The path is empty, or the names of the time columns contradict each other.
        NotImplementedError: `connection_ref` is given.
    """

    _TYPE = "BATCH_FILE"
    _CLASS = "feast.infra.offline_stores.file_source.FileSource"

    def __init__(
        self,
        *,
        path: str,
        name: str | None = "",
        event_timestamp_column: str | None = "",
        file_format: FileFormat | None = None,
        created_timestamp_column: str | None = "",
        field_mapping: dict[str, str] | None = None,
        s3_endpoint_override: str | None = None,
        description: str | None = "",
        tags: dict[str, str] | None = None,
        owner: str | None = "",
        timestamp_field: str | None = "",
        connection_ref: None = None,
    ) -> None:
        where = f"FileSource {name or path!r}"
        if not isinstance(path, str):
            wrong_type(where, "path", "a string", path)
        if not path:
            raise ValueError(
                f"{where}: path is empty; name the file, folder or glob that holds the rows."
            )
        if file_format is not None and not isinstance(file_format, FileFormat):
            wrong_type(where, "file_format", "a FileFormat, such as ParquetFormat()", file_format)
        if connection_ref is not None:
            raise NotImplementedError(
                f"{where}: connection_ref is not supported: "
                "featly reads files with the rights of its process."
            )
        if event_timestamp_column:
            warnings.warn(
                f"{where}: event_timestamp_column is now called timestamp_field.",
                DeprecationWarning,
                stacklevel=2,
            )
            if timestamp_field and timestamp_field != event_timestamp_column:
                raise ValueError(
                    f"{where}: event_timestamp_column is {event_timestamp_column!r} but "
                    f"timestamp_field is {timestamp_field!r}; they mean the same: "
                    "give only timestamp_field."
                )
        super().__init__(
            name=name or path,
            timestamp_field=timestamp_field or event_timestamp_column,
            created_timestamp_column=created_timestamp_column,
            field_mapping=field_mapping,
            description=description,
            tags=tags,
            owner=owner,
        )
        self.path = path
        self.file_format = file_format
        self.s3_endpoint_override = check_text(where, "s3_endpoint_override", s3_endpoint_override)

    def _options(self, *, stored: bool) -> Message:
        options = compact(
            file_format=self.file_format.to_dict() if self.file_format is not None else None,
            uri=self.path,
            s3_endpoint_override=self.s3_endpoint_override,
        )
        return {"file_options": options}

    @classmethod
    def _from_message(cls, message: Mapping[str, Any]) -> FileSource:
        source = cls.__new__(cls)
        source._read_common(message, ("file_options",))
        options = message.get("file_options", {})
        source.path = options.get("uri", "")
        source.file_format = FileFormat.from_dict(options.get("file_format"))
        source.s3_endpoint_override = options.get("s3_endpoint_override", "")
        return source

    def _essentials(self) -> list[tuple[str, object, object]]:
        common = [item for item in super()._essentials() if item[0] != "name"]
        return [
            ("path", self.path, None),
            ("name", self.name, self.path),
            ("file_format", self.file_format, None),
            ("s3_endpoint_override", self.s3_endpoint_override, ""),
            *common,
        ]


class PushSource(DataSource):
    """Rows that programs send to featly as they come to be.

    Args:
        name: The unique name of the source; pushed rows name it.
        batch_source: The history of the same rows, for training sets and for materializing.
        description: A human-readable description.
        tags: Any strings to keep with the source.
        owner: Who is responsible, typically an e-mail address.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name is empty.
    """

    _TYPE = "PUSH_SOURCE"
    _CLASS = "feast.data_source.PushSource"

    def __init__(
        self,
        *,
        name: str,
        batch_source: DataSource | None = None,
        description: str | None = "",
        tags: dict[str, str] | None = None,
        owner: str | None = "",
    ) -> None:
        if batch_source is not None and not isinstance(batch_source, DataSource):
            wrong_type(f"PushSource {name!r}", "batch_source", "a data source", batch_source)
        super().__init__(name=name, description=description, tags=tags, owner=owner)
        self.batch_source = batch_source

    def _options(self, *, stored: bool) -> Message:
        batch = self.batch_source
        if batch is None:
            return {}
        options: Message = {"batch_source": batch._inner_message(stored=stored)}
        if not (self.timestamp_field or self.created_timestamp_column or self.field_mapping):
            # As Feast does: a push source shows the columns of its history.
            options |= compact(
                timestamp_field=batch.timestamp_field,
                created_timestamp_column=batch.created_timestamp_column,
                field_mapping=dict(batch.field_mapping),
                date_partition_column=batch.date_partition_column,
            )
        return options

    @classmethod
    def _from_message(cls, message: Mapping[str, Any]) -> PushSource:
        source = cls.__new__(cls)
        source._read_common(message, ("batch_source",))
        batch = message.get("batch_source")
        source.batch_source = DataSource.from_dict(batch) if batch else None
        return source

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("batch_source", self.batch_source, None),
            *self._common(),
        ]


class RequestSource(DataSource):
    """Values that come with a request, for on-demand feature views.

    Args:
        name: The unique name of the source.
        schema: The values and their types.
        timestamp_field: Feast's; kept in the registry.
        description: A human-readable description.
        tags: Any strings to keep with the source.
        owner: Who is responsible, typically an e-mail address.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name is empty.
    """

    _TYPE = "REQUEST_SOURCE"
    _CLASS = "feast.data_source.RequestSource"

    def __init__(
        self,
        *,
        name: str,
        schema: list[Field],
        timestamp_field: str | None = None,
        description: str | None = "",
        tags: dict[str, str] | None = None,
        owner: str | None = "",
    ) -> None:
        super().__init__(
            name=name,
            timestamp_field=timestamp_field,
            description=description,
            tags=tags,
            owner=owner,
        )
        if not isinstance(schema, (list, tuple)) or not all(
            isinstance(field, Field) for field in schema
        ):
            wrong_type(f"RequestSource {name!r}", "schema", "a list of Field objects", schema)
        self.schema = list(schema)

    def _options(self, *, stored: bool) -> Message:
        return {"request_data_options": compact(schema=[field.to_dict() for field in self.schema])}

    @classmethod
    def _from_message(cls, message: Mapping[str, Any]) -> RequestSource:
        source = cls.__new__(cls)
        source._read_common(message, ("request_data_options",))
        options = message.get("request_data_options", {})
        source.schema = [Field.from_dict(column) for column in options.get("schema", [])]
        return source

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("schema", self.schema, None),
            ("timestamp_field", self.timestamp_field, ""),
            *self._common(),
        ]
