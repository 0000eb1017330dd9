"""Definitions of streams and permissions, as Feast's users write them."""

from datetime import timedelta

from feast import (
    Aggregation,
    BatchFeatureView,
    Entity,
    FeatureService,
    FeatureView,
    Field,
    FileSource,
    KafkaSource,
    KinesisSource,
    Project,
    PushSource,
    StreamFeatureView,
)
from feast.data_format import AvroFormat, JsonFormat, ProtoFormat
from feast.data_source import DataSource
from feast.data_source import KafkaSource as SameKafkaSource
from feast.feature_view import FeatureViewState
from feast.permissions.action import ALL_ACTIONS, CRUD, READ, AuthzedAction
from feast.permissions.permission import Permission
from feast.permissions.policy import (
    AllowAll,
    CombinedGroupNamespacePolicy,
    GroupBasedPolicy,
    NamespaceBasedPolicy,
    RoleBasedPolicy,
)
from feast.transformation.mode import TransformationMode
from feast.types import Float64, Int64, String
from feast.value_type import ValueType

assert SameKafkaSource is KafkaSource
assert FeatureViewState.CREATED.can_transition_to(FeatureViewState.GENERATED)

project = Project(name="rides")
driver = Entity(name="driver", join_keys=["driver_id"])
city = Entity(name="city", join_keys=["city_id"], value_type=ValueType.STRING)

history = FileSource(
    name="rides_history",
    path="data/rides.parquet",
    timestamp_field="event_timestamp",
    created_timestamp_column="created",
)

rides = KafkaSource(
    name="rides_stream",
    kafka_bootstrap_servers="broker:9092",
    topic="rides",
    timestamp_field="event_timestamp",
    created_timestamp_column="created",
    field_mapping={"d": "driver_id"},
    message_format=JsonFormat(schema_json="driver_id integer, event_timestamp timestamp"),
    watermark_delay_threshold=timedelta(minutes=5),
    batch_source=history,
    description="Rides as they end",
    tags={"team": "rides"},
    owner="rides@example.com",
)
payments = KafkaSource(
    name="payments",
    timestamp_field="at",
    message_format=AvroFormat(schema_json='{"type": "record"}'),
)
clicks = KinesisSource(
    name="clicks",
    region="eu-west-1",
    stream_name="clicks",
    timestamp_field="at",
    record_format=ProtoFormat(class_path="com.example.Click"),
    batch_source=history,
)

plain_stream = StreamFeatureView(
    name="rides_now",
    entities=[driver],
    ttl=timedelta(hours=2),
    schema=[
        Field(name="driver_id", dtype=Int64),
        Field(name="rides", dtype=Int64),
        Field(name="rating", dtype=Float64),
    ],
    source=rides,
    description="The last rides",
    owner="rides@example.com",
    org="ops",
    tags={"tier": "1"},
    version="v2",
)
windowed = StreamFeatureView(
    name="rides_windowed",
    entities=[driver, city],
    schema=[Field(name="rides", dtype=Int64)],
    source=rides,
    timestamp_field="event_timestamp",
    mode=TransformationMode.SPARK,
    aggregations=[
        Aggregation(column="rides", function="sum", time_window=timedelta(hours=1)),
        Aggregation(
            column="rides",
            function="mean",
            time_window=timedelta(hours=3),
            slide_interval=timedelta(minutes=10),
        ),
    ],
    enable_tiling=True,
    tiling_hop_size=timedelta(minutes=10),
    online=False,
    enable_validation=True,
)
from_push = StreamFeatureView(
    name="rides_pushed",
    entities=[driver],
    schema=[Field(name="rides", dtype=Int64)],
    source=PushSource(name="rides_push", batch_source=history),
    mode="pandas",
)
beside = FeatureView(
    name="rides_history",
    entities=[city],
    schema=[Field(name="mood", dtype=String)],
    source=clicks,
)
nightly = BatchFeatureView(
    name="rides_nightly",
    entities=[driver],
    schema=[Field(name="rides", dtype=Int64)],
    source=history,
    online=True,
)
model = FeatureService(name="model", features=[plain_stream, windowed[["rides"]].with_name("hour")])

Permission(name="not kept: no name in the module")
everything = Permission(name="everything")
readers = Permission(
    name="readers",
    types=[FeatureView, FeatureService],
    name_patterns=["rides_.*", " model "],
    actions=[AuthzedAction.DESCRIBE, *READ],
    policy=RoleBasedPolicy(roles=["reader", "admin"]),
    tags={"team": "rides"},
    required_tags={"tier": "1"},
)
owners = Permission(
    name="owners",
    types=Entity,
    name_patterns="driver",
    actions=CRUD,
    policy=GroupBasedPolicy(groups=["owners"]),
)
inside = Permission(
    name="inside",
    types=[StreamFeatureView],
    actions=AuthzedAction.READ_ONLINE,
    policy=NamespaceBasedPolicy(namespaces=["production"]),
)
both = Permission(
    name="both",
    types=[Project],
    actions=ALL_ACTIONS,
    policy=CombinedGroupNamespacePolicy(groups=["owners"], namespaces=["production"]),
)
anybody = Permission(name="anybody", types=[DataSource], policy=AllowAll)
