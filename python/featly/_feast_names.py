"""What Feast's classes have and featly's of the same name lack, each with what to do instead.

One table. docs/guides/from-feast.md prints it, and tests/sdk/test_feast_names.py holds it against
the names of Feast 0.67.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import TYPE_CHECKING, Any

from featly.errors import NotInFeatlyError

_MESSAGES = "to_dict() and from_dict() are its message as protobuf's JSON"
_APPLY = "apply checks definitions against each other and their sources"
_READING = "apply looks into the files; pyarrow or pandas read them"
_CHOOSING = "view[[...]], with_name() and with_join_key_map() choose features for a service"

# (class, names, what to do instead); a base class stands for the classes made of it.
LACKING: tuple[tuple[str, str, str], ...] = (
    (
        "FeatureStore",
        "registry",
        "the store's own get_*, list_*, apply and delete_* read and change the registry",
    ),
    (
        "FeatureStore",
        "create_saved_dataset create_dataset_from_retrieval get_saved_dataset list_saved_datasets "
        "retrieve_dataset_data",
        "write get_historical_features(...).to_arrow() to a file",
    ),
    (
        "FeatureStore",
        "get_validation_reference list_validation_references validate_logged_features "
        "write_logged_features",
        "featly logs no served features; log what the application received",
    ),
    (
        "FeatureStore",
        "write_to_offline_store",
        "add the rows to the files of the view's batch source",
    ),
    (
        "FeatureStore",
        "retrieve_online_documents retrieve_online_documents_v2 openai_search embedding_provider",
        "there is no vector search; get_online_features looks keys up",
    ),
    ("FeatureStore", "update_online_store", "write whole rows with write_to_online_store"),
    ("FeatureStore", "precompute_feature_service", "get_online_features needs no preparation"),
    (
        "FeatureStore",
        "list_feature_view_versions",
        "the registry holds one version of a view; keep the definitions in git",
    ),
    (
        "FeatureStore",
        "set_feature_view_state",
        "run 'featly feature-views set-state NAME STATE'",
    ),
    (
        "FeatureStore",
        "set_current_project reset_current_project",
        "open a FeatureStore for each project",
    ),
    ("FeatureStore", "delete_project", "teardown() removes the store's project"),
    (
        "FeatureStore",
        "serve get_feature_server_endpoint",
        "run 'featly serve', which prints its address",
    ),
    (
        "FeatureStore",
        "serve_offline serve_registry serve_transformations serve_ui",
        "of Feast's servers featly has the feature server: run 'featly serve'",
    ),
    (
        "FeatureStore",
        "provider mlflow openlineage_emitter",
        "there is nothing of the kind behind the store; config has its settings",
    ),
    ("RetrievalJob", "persist", "pyarrow.parquet.write_table(job.to_arrow(), path) keeps it"),
    ("RetrievalJob", "to_sql", "no SQL is run; to_arrow() and to_df() make the training set"),
    ("RetrievalJob", "to_tensor", "torch.as_tensor takes the columns of to_df()"),
    (
        "RetrievalJob",
        "to_remote_storage to_feast_df to_ray_dataset",
        "to_arrow() gives a table that they can be made of",
    ),
    ("OnlineResponse", "proto", "to_dict(), to_arrow() and statuses() have what it holds"),
    ("OnlineResponse", "to_tensor", "torch.as_tensor takes the columns of to_df()"),
    ("Definition", "to_proto from_proto proto_class", _MESSAGES),
    ("Definition", "is_valid ensure_valid validate", _APPLY),
    ("BaseFeatureView", "set_projection with_projection", _CHOOSING),
    (
        "BaseFeatureView",
        "current_version_number state",
        "run 'featly feature-views describe NAME'",
    ),
    ("FeatureView", "to_proto_meta to_proto_spec get_ttl_duration", _MESSAGES),
    ("FeatureView", "data_source", "it is called source here, and batch_source for the history"),
    ("FeatureView", "source_views", "views derived from other views are not supported"),
    (
        "FeatureView",
        "update_materialization_intervals",
        "materialize and materialize_incremental record what they did",
    ),
    (
        "OnDemandFeatureView",
        "sources",
        "source_feature_view_projections and source_request_sources have them",
    ),
    (
        "OnDemandFeatureView",
        "feature_transformation get_feature_transformation",
        "udf and udf_string are the function",
    ),
    (
        "OnDemandFeatureView",
        "transform_arrow transform_dict transform_ibis get_requested_odfvs",
        "featly does not run on-demand functions; udf can be called",
    ),
    (
        "OnDemandFeatureView",
        "infer_features",
        "name the features in the schema",
    ),
    (
        "OnDemandFeatureView",
        "get_request_data_schema",
        "source_request_sources have the schemas",
    ),
    (
        "StreamFeatureView",
        "feature_transformation get_feature_transformation",
        "udf and udf_string are the function",
    ),
    ("StreamFeatureView", "sink_source", "views derived from other views are not supported"),
    (
        "BatchFeatureView",
        "feature_transformation get_feature_transformation",
        "udf and udf_string are the function",
    ),
    ("BatchFeatureView", "sink_source", "views derived from other views are not supported"),
    ("BatchFeatureView", "timestamp_field", "it is its source's"),
    (
        "LabelView",
        "annotation_config labeling_method",
        "tags have what they are read from",
    ),
    (
        "FeatureService",
        "build_apply_request prepare_for_apply resolve_pending_refs infer_features",
        _APPLY,
    ),
    ("DataSource", "get_table_column_names_and_types get_table_query_string", _READING),
    ("DataSource", "source_datatype_to_feast_value_type", _READING),
    (
        "DataSource",
        "connection_ref resolve_credentials",
        "files are read with the rights of the process",
    ),
    (
        "KafkaSource",
        "kafka_options",
        "kafka_bootstrap_servers, topic, message_format and watermark_delay_threshold have what it "
        "holds",
    ),
    (
        "KinesisSource",
        "kinesis_options",
        "region, stream_name and record_format have what it holds",
    ),
    (
        "Permission",
        "match_actions match_resource",
        "featly enforces no permissions; types, name_patterns, required_tags and actions say what "
        "one covers",
    ),
    (
        "FileSource",
        "create_filesystem_and_path get_uri_for_file_path file_options",
        "path, file_format and s3_endpoint_override have what they hold",
    ),
    ("Field", "to_proto from_proto from_feature", _MESSAGES),
    ("Aggregation", "to_proto from_proto", _MESSAGES),
    ("Aggregation", "resolved_name", "name is its name where it has one"),
    ("LoggingConfig", "to_proto from_proto", _MESSAGES),
    ("FeatureViewProjection", "to_proto from_proto", _MESSAGES),
    (
        "FeatureViewProjection",
        "from_definition from_feature_view_definition get_feature",
        "a view's projection attribute is the projection, and features its features",
    ),
    ("RegistryDiff", "feast_object_diffs add_feast_object_diff", "changes has the differences"),
    (
        "RepoConfig",
        "registry_config online_config offline_config batch_engine_config auth_config "
        "mlflow_config openlineage_config materialization_config data_quality_monitoring_config "
        "write_to_path",
        "settings has the keys of feature_store.yaml with their values",
    ),
)

# The same of names that are not Feast's, but that people look for.
ELSEWHERE = {
    (
        "FeatureStore",
        "delete_from_online_store",
    ): "POST /delete-from-online-store of 'featly serve' deletes the rows of entities",
}

_INSTEAD = {(kind, name): instead for kind, names, instead in LACKING for name in names.split()}


def _lacks(cls: type, name: str, obj: object) -> AttributeError:
    """The error for an attribute that a class or an object of it does not have."""
    for base in cls.__mro__:
        instead = _INSTEAD.get((base.__name__, name))
        if instead is not None:
            return NotInFeatlyError(
                f"{cls.__name__}.{name} is Feast's, and not in this version of featly: {instead}"
            )
        instead = ELSEWHERE.get((base.__name__, name))
        if instead is not None:
            return NotInFeatlyError(
                f"{cls.__name__}.{name} is not in this version of featly: {instead}"
            )
    what = f"type object {cls.__name__!r}" if obj is cls else f"{cls.__name__!r} object"
    return AttributeError(f"{what} has no attribute {name!r}", name=name, obj=obj)


class _OfFeast(ABCMeta):
    """The same for the classes themselves: `FeatureView.from_proto`."""

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> Any:
            raise _lacks(cls, name, cls)


class FeastNames(metaclass=_OfFeast):
    """Base of classes that Feast has too: says of what they lack that it is Feast's.

    `hasattr` is False for it, as for any attribute that is not there.
    """

    if not TYPE_CHECKING:  # for it, what a class does not define is not there

        def __getattr__(self, name: str) -> Any:
            raise _lacks(type(self), name, self)
