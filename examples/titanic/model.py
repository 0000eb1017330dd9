"""What training and prediction share: the model's inputs, made of the features."""

import pandas as pd

COLUMNS = ["Sex", "Age", "SibSp", "Parch", "Pclass", "Fare", "Embarked"]
CATEGORIES = {"Sex": ["female", "male"], "Embarked": ["C", "Q", "S"]}


def inputs(features: pd.DataFrame) -> pd.DataFrame:
    """The columns the model takes, in its order; unknown values stay missing."""
    columns = features[COLUMNS].copy()
    for name in COLUMNS:
        if name in CATEGORIES:
            columns[name] = pd.Categorical(columns[name], CATEGORIES[name])
        else:
            columns[name] = columns[name].astype("float64")
    return columns
