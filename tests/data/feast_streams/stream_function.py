"""A stream view with a function: kept apart, since Feast reads it out of dill's pickle."""

from datetime import timedelta

from definitions import driver, rides
from feast import Field
from feast.stream_feature_view import stream_feature_view
from feast.types import Int64


@stream_feature_view(
    entities=[driver],
    ttl=timedelta(days=1),
    schema=[Field(name="doubled", dtype=Int64)],
    source=rides,
    mode="pandas",
    timestamp_field="event_timestamp",
)
def doubled_rides(frame):
    frame["doubled"] = frame["rides"] * 2
    return frame
