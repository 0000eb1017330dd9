"""Makes the history of the features, and the trips to learn from, out of the recorded trips.

Written to work/:
    zone_history.parquet     one row a zone and hour: what was known at the end of that hour
    borough_history.parquet  the same for boroughs
    trips.parquet            one row a trip: keys, pickup time, what is known at pickup, the tip

A trip's tip is known when it ends, so a trip counts into the statistics of the hour in which it
ended, never into those of the hour in which it began.
"""

import argparse
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent


def read_trips(path: Path) -> pd.DataFrame:
    """The recorded trips; their times are New York's and become UTC."""
    trips = pd.read_csv(path, parse_dates=["pickup", "dropoff"])
    for column in ("pickup", "dropoff"):
        local = trips[column].dt.tz_localize(
            "America/New_York", nonexistent="shift_forward", ambiguous=False
        )
        trips[column] = local.dt.tz_convert("UTC")
    trips["hours"] = (trips["dropoff"] - trips["pickup"]).dt.total_seconds() / 3600
    return trips


def hourly_totals(trips: pd.DataFrame, key: str) -> pd.DataFrame:
    """Sums of the trips of each key and hour of their end, for every hour there is."""
    ended = trips.dropna(subset=[key]).assign(
        hour=lambda t: t["dropoff"].dt.floor("h") + pd.Timedelta(hours=1), trips=1
    )
    totals = ended.groupby([key, "hour"])[["trips", "tip", "fare", "distance", "hours"]].sum()
    hours = pd.date_range(ended["hour"].min(), ended["hour"].max(), freq="h", name="hour")
    every = pd.MultiIndex.from_product([totals.index.levels[0], hours])
    return totals.reindex(every.set_names([key, "hour"]), fill_value=0)


def trailing(totals: pd.DataFrame, hours: int) -> pd.DataFrame:
    """The sums of the last `hours` hours, at the end of every hour."""
    key = totals.index.names[0]
    sums = totals.groupby(level=key).rolling(hours, min_periods=1).sum()
    return sums.droplevel(0).round(6)  # without the dust of floating point: none is 0 again


def ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Their quotient; null where there is nothing to divide by."""
    return numerator / denominator.where(denominator > 0)


def zone_history(trips: pd.DataFrame) -> pd.DataFrame:
    totals = hourly_totals(trips, "pickup_zone")
    day, week = trailing(totals, 24), trailing(totals, 7 * 24)
    history = pd.DataFrame(
        {
            "trips_day": day["trips"].round().astype("int64"),
            "trips_week": week["trips"].round().astype("int64"),
            "mean_tip_week": ratio(week["tip"], week["trips"]),
            "mean_fare_week": ratio(week["fare"], week["trips"]),
            "tip_share_week": ratio(week["tip"], week["fare"]),
        }
    )
    return history.reset_index().rename(columns={"hour": "event_timestamp"})


def borough_history(trips: pd.DataFrame) -> pd.DataFrame:
    day = trailing(hourly_totals(trips, "pickup_borough"), 24)
    history = pd.DataFrame(
        {
            "trips_day": day["trips"].round().astype("int64"),
            "mean_tip_day": ratio(day["tip"], day["trips"]),
            "tip_share_day": ratio(day["tip"], day["fare"]),
            "mean_speed_day": ratio(day["distance"], day["hours"]),
        }
    )
    return history.reset_index().rename(columns={"hour": "event_timestamp"})


def entity_rows(trips: pd.DataFrame) -> pd.DataFrame:
    """The trips a model can learn from: tips paid in cash are not recorded.

    The distance stands for that of the route asked for at pickup, which the records do not have.
    """
    paid_by_card = trips[trips["payment"] == "credit card"]
    rows = paid_by_card[
        ["pickup_zone", "pickup_borough", "pickup", "distance", "passengers", "tip"]
    ].rename(columns={"pickup": "event_timestamp"})
    local = paid_by_card["pickup"].dt.tz_convert("America/New_York")
    rows["hour_of_day"] = local.dt.hour
    rows["weekday"] = local.dt.day_of_week
    return rows.sort_values("event_timestamp", kind="stable").reset_index(drop=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trips", type=Path, default=HERE / "data" / "nyc_taxis.csv")
    parser.add_argument("--out", type=Path, default=HERE / "work")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)

    trips = read_trips(options.trips)
    for name, table in (
        ("zone_history", zone_history(trips)),
        ("borough_history", borough_history(trips)),
        ("trips", entity_rows(trips)),
    ):
        table.to_parquet(options.out / f"{name}.parquet", index=False)
        print(f"{name}.parquet: {len(table):,} rows, {len(table.columns)} columns")


if __name__ == "__main__":
    main()
