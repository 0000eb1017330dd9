"""What was known of a zone and of a borough, hour by hour, as features of a taxi trip."""

from datetime import timedelta

from featly import Entity, FeatureService, FeatureView, Field, FileSource
from featly.types import Float64, Int64

zone = Entity(name="zone", join_keys=["pickup_zone"], description="A taxi zone of New York")
borough = Entity(name="borough", join_keys=["pickup_borough"])

# One row for each zone and hour, made by prepare.py. Its time is the end of the hour: before
# that nobody knew these numbers.
zone_history = FileSource(
    name="zone_history",
    path="../work/zone_history.parquet",
    timestamp_field="event_timestamp",
)
borough_history = FileSource(
    name="borough_history",
    path="../work/borough_history.parquet",
    timestamp_field="event_timestamp",
)

# The data ends in March 2019, and a TTL is counted from today in a lookup: with one, every lookup
# would rightly say OUTSIDE_MAX_AGE. Zero is no limit.
NO_LIMIT = timedelta(0)

zone_stats = FeatureView(
    name="zone_stats",
    entities=[zone],
    ttl=NO_LIMIT,
    schema=[
        Field(name="trips_day", dtype=Int64, description="Trips that ended in the last day"),
        Field(name="trips_week", dtype=Int64, description="Trips that ended in the last week"),
        Field(name="mean_tip_week", dtype=Float64, description="Their mean tip, in dollars"),
        Field(name="mean_fare_week", dtype=Float64, description="Their mean fare, in dollars"),
        Field(name="tip_share_week", dtype=Float64, description="All tips over all fares"),
    ],
    source=zone_history,
)

borough_stats = FeatureView(
    name="borough_stats",
    entities=[borough],
    ttl=NO_LIMIT,
    schema=[
        Field(name="trips_day", dtype=Int64),
        Field(name="mean_tip_day", dtype=Float64),
        Field(name="tip_share_day", dtype=Float64),
        Field(name="mean_speed_day", dtype=Float64, description="Miles an hour"),
    ],
    source=borough_history,
)

tip_model = FeatureService(
    name="tip_model",
    features=[
        zone_stats[
            ["trips_day", "trips_week", "mean_tip_week", "mean_fare_week", "tip_share_week"]
        ],
        borough_stats[["mean_tip_day", "tip_share_day", "mean_speed_day"]],
    ],
)
