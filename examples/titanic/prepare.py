"""Takes the labels out of the list of passengers.

Written to work/:
    labels.csv  one row a passenger: PassengerId, Survived
"""

import argparse
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passengers", type=Path, default=HERE / "data" / "titanic.csv")
    parser.add_argument("--out", type=Path, default=HERE / "work")
    options = parser.parse_args()

    labels = pd.read_csv(options.passengers)[["PassengerId", "Survived"]]
    labels.to_csv(options.out / "labels.csv", index=False)
    print(f"labels.csv: {len(labels)} passengers, {labels['Survived'].sum()} of them survived")


if __name__ == "__main__":
    main()
