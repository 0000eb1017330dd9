"""Learns a trip's tip from the training set; the last week is kept apart to judge the model."""

import argparse
import pickle
from pathlib import Path

import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error

HERE = Path(__file__).resolve().parent
NOT_FEATURES = ["pickup_zone", "pickup_borough", "event_timestamp", "tip"]
LAST_WEEK = pd.Timestamp("2019-03-25", tz="UTC")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training-set", type=Path, default=HERE / "work" / "training.parquet")
    parser.add_argument("--model", type=Path, default=HERE / "work" / "tip_model.pkl")
    options = parser.parse_args()

    rows = pd.read_parquet(options.training_set)
    columns = [column for column in rows.columns if column not in NOT_FEATURES]
    early, late = (
        rows[rows["event_timestamp"] < LAST_WEEK],
        rows[rows["event_timestamp"] >= LAST_WEEK],
    )
    model = HistGradientBoostingRegressor(
        loss="absolute_error", max_depth=4, learning_rate=0.05, random_state=0
    )
    model.fit(early[columns], early["tip"])

    error = mean_absolute_error(late["tip"], model.predict(late[columns]))
    guess = mean_absolute_error(late["tip"], [early["tip"].median()] * len(late))
    with open(options.model, "wb") as file:
        pickle.dump({"model": model, "columns": columns}, file)
    print(f"learned from {len(early):,} trips with {len(columns)} inputs: {', '.join(columns)}")
    print(f"mean error on the {len(late):,} trips of the last week: ${error:.2f}")
    print(f"always guessing the median tip: ${guess:.2f}")


if __name__ == "__main__":
    main()
