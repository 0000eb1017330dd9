"""Predicts who survives, with features from `featly serve`."""

import argparse
import json
import urllib.request
from pathlib import Path

import pandas as pd
import xgboost
from model import inputs

HERE = Path(__file__).resolve().parent
PASSENGERS = [2, 5, 27]


def lookup(server: str, passengers: list[int]) -> pd.DataFrame:
    """What the online store knows of the passengers, as one request."""
    body = {"feature_service": "survival_model", "entities": {"PassengerId": passengers}}
    request = urllib.request.Request(
        f"{server}/get-online-features",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.load(response)
    names = answer["metadata"]["feature_names"]
    return pd.DataFrame(
        {name: result["values"] for name, result in zip(names, answer["results"], strict=True)}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="where featly serve listens")
    parser.add_argument("--model", type=Path, default=HERE / "work" / "survival_model.ubj")
    options = parser.parse_args()

    model = xgboost.XGBClassifier(enable_categorical=True)
    model.load_model(options.model)
    features = lookup(options.server, PASSENGERS)
    chances = model.predict_proba(inputs(features))[:, 1]
    for known, chance in zip(features.to_dict("records"), chances, strict=True):
        age = "unknown" if pd.isna(known["Age"]) else f"{known['Age']:.0f}"
        print(
            f"passenger {known['PassengerId']} ({known['Sex']}, age {age}, "
            f"class {known['Pclass']}): survives with a chance of {chance:.0%}"
        )


if __name__ == "__main__":
    main()
