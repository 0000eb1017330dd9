"""Predicts the tips of trips that begin now, with features from `featly serve`."""

import argparse
import json
import pickle
import urllib.request
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent

REQUESTS = [
    {"pickup_zone": "JFK Airport", "pickup_borough": "Queens", "distance": 17.0},
    {"pickup_zone": "Midtown East", "pickup_borough": "Manhattan", "distance": 2.0},
    {"pickup_zone": "Upper West Side South", "pickup_borough": "Manhattan", "distance": 1.2},
]
AT_PICKUP = {"passengers": 1, "hour_of_day": 18, "weekday": 4}


def lookup(server: str, trips: pd.DataFrame) -> pd.DataFrame:
    """The newest features of each trip's zone and borough, as one request."""
    body = {
        "feature_service": "tip_model",
        "entities": {key: trips[key].tolist() for key in ("pickup_zone", "pickup_borough")},
    }
    request = urllib.request.Request(
        f"{server}/get-online-features",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.load(response)
    names = answer["metadata"]["feature_names"]
    columns = {
        name: result["values"] for name, result in zip(names, answer["results"], strict=True)
    }
    return pd.DataFrame(columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="where featly serve listens")
    parser.add_argument("--model", type=Path, default=HERE / "work" / "tip_model.pkl")
    options = parser.parse_args()

    with open(options.model, "rb") as file:
        saved = pickle.load(file)
    trips = pd.DataFrame(REQUESTS).assign(**AT_PICKUP)
    features = lookup(options.server, trips)
    inputs = pd.concat([trips, features.drop(columns=["pickup_zone", "pickup_borough"])], axis=1)
    tips = saved["model"].predict(inputs[saved["columns"]])
    for trip, tip, known in zip(REQUESTS, tips, features.to_dict("records"), strict=True):
        print(
            f"{trip['pickup_zone']}, {trip['distance']} miles: a tip of ${tip:.2f} "
            f"(zone's mean over its last week: ${known['mean_tip_week']:.2f})"
        )


if __name__ == "__main__":
    main()
