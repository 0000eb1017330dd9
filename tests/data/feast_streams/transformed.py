"""A view whose rows a function makes: kept apart, since featly does not run it."""

from definitions import driver, history
from feast import Field
from feast.batch_feature_view import batch_feature_view
from feast.types import Float64


@batch_feature_view(
    entities=[driver],
    schema=[Field(name="halved", dtype=Float64)],
    source=history,
    mode="pandas",
)
def halved_rides(frame):
    frame["halved"] = frame["rides"] / 2
    return frame
