"""Streams as sources: kept in the registry, where Feast finds them. This version reads none."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

from featly._messages import (
    Message,
    check_text,
    compact,
    duration_from_json,
    duration_to_json,
    wrong_type,
)
from featly.data_format import StreamFormat
from featly.data_source import DataSource

__all__ = ["KafkaSource", "KinesisSource"]


class StreamSource(DataSource):
    """What streams share. Make a `KafkaSource` or a `KinesisSource`."""

    batch_source: DataSource | None

    def _set_stream(self, batch_source: object, stream_format: object, argument: str) -> None:
        where = f"{type(self).__name__} {self.name!r}"
        if batch_source is not None and not isinstance(batch_source, DataSource):
            wrong_type(where, "batch_source", "a data source", batch_source)
        if not isinstance(stream_format, StreamFormat):
            wrong_type(where, argument, "a format, such as JsonFormat(...)", stream_format)
        self.batch_source = batch_source

    def _history(self, *, stored: bool) -> Message:
        if self.batch_source is None:
            return {}
        return {"batch_source": self.batch_source._inner_message(stored=stored)}

    @classmethod
    def _read_stream(cls, message: Mapping[str, Any], options: str) -> Self:
        source = cls.__new__(cls)
        source._read_common(message, ("batch_source", options))
        batch = message.get("batch_source")
        source.batch_source = DataSource.from_dict(batch) if batch else None
        return source


class KafkaSource(StreamSource):
    """Rows of a Kafka topic.

    Args:
        name: The unique name of the source.
        timestamp_field: The field with the time at which a row became true.
        message_format: What the messages are: `JsonFormat`, `AvroFormat`, `ProtoFormat`.
        bootstrap_servers: The old name of `kafka_bootstrap_servers`.
        kafka_bootstrap_servers: The brokers, such as `"localhost:9092"`.
        topic: The topic.
        created_timestamp_column: The field with the time at which a row was written.
        field_mapping: New names of fields.
        description: A human-readable description.
        tags: Any strings to keep with the source.
        owner: Who is responsible, typically an e-mail address.
        batch_source: The history of the same rows.
        watermark_delay_threshold: How late a row may come.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name is empty, or one field is named for both times.
    """

    _TYPE = "STREAM_KAFKA"
    _CLASS = "feast.data_source.KafkaSource"

    def __init__(
        self,
        *,
        name: str,
        timestamp_field: str,
        message_format: StreamFormat,
        bootstrap_servers: str | None = None,
        kafka_bootstrap_servers: str | None = None,
        topic: str | None = None,
        created_timestamp_column: str | None = "",
        field_mapping: dict[str, str] | None = None,
        description: str | None = "",
        tags: dict[str, str] | None = None,
        owner: str | None = "",
        batch_source: DataSource | None = None,
        watermark_delay_threshold: timedelta | None = None,
    ) -> None:
        super().__init__(
            name=name,
            timestamp_field=timestamp_field,
            created_timestamp_column=created_timestamp_column,
            field_mapping=field_mapping,
            description=description,
            tags=tags,
            owner=owner,
        )
        where = f"KafkaSource {name!r}"
        self._set_stream(batch_source, message_format, "message_format")
        if bootstrap_servers:
            warnings.warn(
                f"{where}: bootstrap_servers is now called kafka_bootstrap_servers.",
                DeprecationWarning,
                stacklevel=2,
            )
        servers = kafka_bootstrap_servers or bootstrap_servers
        self.message_format: StreamFormat | None = message_format
        self.kafka_bootstrap_servers = check_text(where, "kafka_bootstrap_servers", servers)
        self.topic = check_text(where, "topic", topic)
        delay = watermark_delay_threshold
        if delay is not None and not isinstance(delay, timedelta):
            wrong_type(where, "watermark_delay_threshold", "a datetime.timedelta", delay)
        self.watermark_delay_threshold = delay

    def _options(self, *, stored: bool) -> Message:
        delay = self.watermark_delay_threshold
        options = compact(
            kafka_bootstrap_servers=self.kafka_bootstrap_servers,
            topic=self.topic,
            message_format=self.message_format.to_dict() if self.message_format else None,
            watermark_delay_threshold=duration_to_json(delay) if delay is not None else None,
        )
        return {"kafka_options": options} | self._history(stored=stored)

    @classmethod
    def _from_message(cls, message: Mapping[str, Any]) -> KafkaSource:
        source = cls._read_stream(message, "kafka_options")
        options = message.get("kafka_options", {})
        source.kafka_bootstrap_servers = options.get("kafka_bootstrap_servers", "")
        source.topic = options.get("topic", "")
        source.message_format = StreamFormat.from_dict(options.get("message_format"))
        delay = options.get("watermark_delay_threshold")
        source.watermark_delay_threshold = duration_from_json(delay) if delay else None
        return source

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            *super()._essentials(),
            ("kafka_bootstrap_servers", self.kafka_bootstrap_servers, ""),
            ("topic", self.topic, ""),
            ("message_format", self.message_format, None),
            ("watermark_delay_threshold", self.watermark_delay_threshold, None),
            ("batch_source", self.batch_source, None),
        ]


class KinesisSource(StreamSource):
    """Rows of a Kinesis stream.

    Args:
        name: The unique name of the source.
        record_format: What the records are: `JsonFormat`, `AvroFormat`, `ProtoFormat`.
        region: The stream's AWS region.
        stream_name: Its name there.
        timestamp_field: The field with the time at which a row became true.
        created_timestamp_column: The field with the time at which a row was written.
        field_mapping: New names of fields.
        description: A human-readable description.
        tags: Any strings to keep with the source.
        owner: Who is responsible, typically an e-mail address.
        batch_source: The history of the same rows.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name is empty, or one field is named for both times.
    """

    _TYPE = "STREAM_KINESIS"
    _CLASS = "feast.data_source.KinesisSource"

    def __init__(
        self,
        *,
        name: str,
        record_format: StreamFormat,
        region: str,
        stream_name: str,
        timestamp_field: str | None = "",
        created_timestamp_column: str | None = "",
        field_mapping: dict[str, str] | None = None,
        description: str | None = "",
        tags: dict[str, str] | None = None,
        owner: str | None = "",
        batch_source: DataSource | None = None,
    ) -> None:
        super().__init__(
            name=name,
            timestamp_field=timestamp_field,
            created_timestamp_column=created_timestamp_column,
            field_mapping=field_mapping,
            description=description,
            tags=tags,
            owner=owner,
        )
        where = f"KinesisSource {name!r}"
        self._set_stream(batch_source, record_format, "record_format")
        self.record_format: StreamFormat | None = record_format
        self.region = check_text(where, "region", region)
        self.stream_name = check_text(where, "stream_name", stream_name)

    def _options(self, *, stored: bool) -> Message:
        options = compact(
            region=self.region,
            stream_name=self.stream_name,
            record_format=self.record_format.to_dict() if self.record_format else None,
        )
        return {"kinesis_options": options} | self._history(stored=stored)

    @classmethod
    def _from_message(cls, message: Mapping[str, Any]) -> KinesisSource:
        source = cls._read_stream(message, "kinesis_options")
        options = message.get("kinesis_options", {})
        source.region = options.get("region", "")
        source.stream_name = options.get("stream_name", "")
        source.record_format = StreamFormat.from_dict(options.get("record_format"))
        return source

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            *super()._essentials(),
            ("region", self.region, ""),
            ("stream_name", self.stream_name, ""),
            ("record_format", self.record_format, None),
            ("batch_source", self.batch_source, None),
        ]
