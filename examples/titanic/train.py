"""Learns who survives from the training set; a fifth is kept apart to judge the model."""

import argparse
from pathlib import Path

import pandas as pd
import xgboost
from model import inputs
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training-set", type=Path, default=HERE / "work" / "training.parquet")
    parser.add_argument("--model", type=Path, default=HERE / "work" / "survival_model.ubj")
    options = parser.parse_args()

    rows = pd.read_parquet(options.training_set)
    learn, judge = train_test_split(rows, test_size=0.2, stratify=rows["Survived"], random_state=0)
    model = xgboost.XGBClassifier(
        n_estimators=60, max_depth=3, learning_rate=0.1, enable_categorical=True, random_state=0
    )
    model.fit(inputs(learn), learn["Survived"])
    chance = model.predict_proba(inputs(judge))[:, 1]
    model.save_model(options.model)
    print(f"learned from {len(learn)} passengers; judged on {len(judge)} others:")
    print(f"right about {accuracy_score(judge['Survived'], chance > 0.5):.0%}", end="")
    print(f" (area under the curve {roc_auc_score(judge['Survived'], chance):.2f});", end="")
    print(f" guessing that nobody survives: {1 - judge['Survived'].mean():.0%}")


if __name__ == "__main__":
    main()
