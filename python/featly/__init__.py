"""featly, a feature store: define features once, train on their history, look up their present.

A repository is a folder with feature_store.yaml and Python files that make the objects of this
package:

    from datetime import timedelta
    from featly import Entity, FeatureService, FeatureView, Field, FileSource
    from featly.types import Float64, Int64

    driver = Entity(name="driver", join_keys=["driver_id"])
    trips = FileSource(path="data/trips.parquet", timestamp_field="event_timestamp")
    driver_stats = FeatureView(
        name="driver_stats",
        entities=[driver],
        ttl=timedelta(days=1),
        schema=[Field(name="trips_today", dtype=Int64), Field(name="rating", dtype=Float64)],
        source=trips,
    )
    tips = FeatureService(name="tips", features=[driver_stats])

`featly apply` compiles them. `FeatureStore` opens a repository from Python. Importing this package
loads nothing but Python's standard library; pyarrow and the core are loaded when FeatureStore is
first named.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from featly.aggregation import Aggregation
from featly.batch_feature_view import BatchFeatureView
from featly.data_format import FileFormat, ParquetFormat
from featly.data_source import DataSource, FileSource, PushMode, PushSource, RequestSource
from featly.entity import Entity
from featly.feature_logging import FileLoggingDestination, LoggingConfig
from featly.feature_service import FeatureService
from featly.feature_view import FeatureView, FeatureViewState
from featly.feature_view_projection import FeatureViewProjection
from featly.field import Field
from featly.label_view import ConflictPolicy, LabelView
from featly.on_demand_feature_view import OnDemandFeatureView, on_demand_feature_view
from featly.project import Project
from featly.repo_config import RepoConfig
from featly.stream_feature_view import StreamFeatureView
from featly.stream_source import KafkaSource, KinesisSource
from featly.value_type import ValueType

if TYPE_CHECKING:
    from featly.feature_store import FeatureStore

    __version__: str
else:

    def __getattr__(name: str) -> Any:
        if name == "FeatureStore":
            return importlib.import_module("featly.feature_store").FeatureStore
        if name == "__version__":
            return importlib.import_module("importlib.metadata").version("featly")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Aggregation",
    "BatchFeatureView",
    "ConflictPolicy",
    "DataSource",
    "Entity",
    "FeatureService",
    "FeatureStore",
    "FeatureView",
    "FeatureViewProjection",
    "FeatureViewState",
    "Field",
    "FileFormat",
    "FileLoggingDestination",
    "FileSource",
    "KafkaSource",
    "KinesisSource",
    "LabelView",
    "LoggingConfig",
    "OnDemandFeatureView",
    "ParquetFormat",
    "Project",
    "PushMode",
    "PushSource",
    "RepoConfig",
    "RequestSource",
    "StreamFeatureView",
    "ValueType",
    "on_demand_feature_view",
]
