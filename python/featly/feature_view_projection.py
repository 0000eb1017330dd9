"""A choice of features of a view, under a name and with join keys of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featly._feast_names import FeastNames
from featly._messages import Message, compact, rest_of
from featly.data_source import DataSource
from featly.field import Field

__all__ = ["FeatureViewProjection"]

_FIELDS = (
    "feature_view_name",
    "feature_view_name_alias",
    "feature_columns",
    "join_key_map",
    "timestamp_field",
    "date_partition_column",
    "created_timestamp_column",
    "batch_source",
    "version_tag",
    "view_type",
)


class FeatureViewProjection(FeastNames):
    """Some or all features of one feature view, as a feature service holds them.

    Views make these: `view[["a", "b"]]`, `view.with_name("origin")`, `view.with_join_key_map({"id":
    "origin_id"})`.

    Args:
        name: The name of the feature view.
        name_alias: The name to use for the view in results, or None.
        desired_features: Names of features of a view whose schema is not known before it is
            applied.
        features: The features, in order. With no `desired_features` either, all of the view's.
        join_key_map: `{"join key of the view": "column of the entity rows"}`.
        timestamp_field, date_partition_column, created_timestamp_column, batch_source: Those of the
            view.
        version_tag: The version of the view to use, or None for the latest.
        view_type: The kind of view, in Feast's words.
    """

    def __init__(
        self,
        name: str,
        name_alias: str | None,
        desired_features: list[str],
        features: list[Field],
        join_key_map: dict[str, str] | None = None,
        timestamp_field: str | None = None,
        date_partition_column: str | None = None,
        created_timestamp_column: str | None = None,
        batch_source: DataSource | None = None,
        version_tag: int | None = None,
        view_type: str = "featureView",
    ) -> None:
        self.name = name
        self.name_alias = name_alias
        self.desired_features = desired_features
        self.features = features
        self.join_key_map = {} if join_key_map is None else join_key_map
        self.timestamp_field = timestamp_field
        self.date_partition_column = date_partition_column
        self.created_timestamp_column = created_timestamp_column
        self.batch_source = batch_source
        self.version_tag = version_tag
        self.view_type = view_type
        self._rest: Message = {}

    def name_to_use(self) -> str:
        """The name of the view in results: its alias if it has one, and the chosen version."""
        base = self.name_alias or self.name
        return base if self.version_tag is None else f"{base}@v{self.version_tag}"

    def to_dict(self) -> Message:
        """The protobuf-JSON dictionary of this projection's message.

        A feature whose type is not known yet is a column with a name and no type; no columns mean
        all features.
        """
        return self._message(stored=True)

    def _message(self, *, stored: bool) -> Message:
        columns = [field.to_dict() for field in self.features] or [
            {"name": name} for name in self.desired_features
        ]
        message = compact(
            feature_view_name=self.name,
            feature_view_name_alias=self.name_alias,
            feature_columns=columns,
            join_key_map=dict(self.join_key_map),
            timestamp_field=self.timestamp_field,
            date_partition_column=self.date_partition_column,
            created_timestamp_column=self.created_timestamp_column,
            batch_source=self.batch_source._inner_message(stored=stored)
            if self.batch_source is not None
            else None,
            view_type=self.view_type,
        )
        if self.version_tag is not None:
            message["version_tag"] = self.version_tag
        return message | self._rest

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> FeatureViewProjection:
        """The projection of a `feast.core.FeatureViewProjection` in protobuf-JSON."""
        columns = message.get("feature_columns", [])
        known = all(column.get("value_type", "INVALID") != "INVALID" for column in columns)
        batch_source = message.get("batch_source")
        projection = cls(
            name=message["feature_view_name"],
            name_alias=message.get("feature_view_name_alias") or None,
            desired_features=[] if known else [column["name"] for column in columns],
            features=[Field.from_dict(column) for column in columns] if known else [],
            join_key_map=dict(message.get("join_key_map", {})),
            timestamp_field=message.get("timestamp_field") or None,
            date_partition_column=message.get("date_partition_column") or None,
            created_timestamp_column=message.get("created_timestamp_column") or None,
            batch_source=DataSource.from_dict(batch_source) if batch_source else None,
            version_tag=message.get("version_tag"),
            view_type=message.get("view_type") or "featureView",
        )
        projection._rest = rest_of(message, _FIELDS)
        return projection

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeatureViewProjection):
            return NotImplemented
        return self._message(stored=False) == other._message(stored=False)

    def __hash__(self) -> int:
        return hash((self.name, self.name_alias))

    def __repr__(self) -> str:
        names = [field.name for field in self.features] or self.desired_features
        optional = [
            ("name_alias", self.name_alias),
            ("features", names),
            ("join_key_map", self.join_key_map),
        ]
        rest = "".join(f", {name}={value!r}" for name, value in optional if value)
        return f"FeatureViewProjection(name={self.name!r}{rest})"
