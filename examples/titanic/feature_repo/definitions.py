"""What the list of passengers says of a person and of their ticket."""

from featly import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from featly.types import Float64, Int64, String

passenger = Entity(
    name="passenger",
    join_keys=["PassengerId"],
    value_type=ValueType.INT64,
    description="Who was aboard the Titanic",
)

# One row a passenger, and no column of times: a table of the present. Its rows hold whenever they
# are asked for, and are matched by the key alone.
passengers = FileSource(name="passengers", path="../data/titanic.csv")

person = FeatureView(
    name="person",
    entities=[passenger],
    schema=[
        Field(name="Sex", dtype=String),
        Field(name="Age", dtype=Float64, description="In years; null where it is not known"),
        Field(name="SibSp", dtype=Int64, description="Siblings and spouses aboard"),
        Field(name="Parch", dtype=Int64, description="Parents and children aboard"),
    ],
    source=passengers,
)

ticket = FeatureView(
    name="ticket",
    entities=[passenger],
    schema=[
        Field(name="Pclass", dtype=Int64, description="1, 2 or 3"),
        Field(name="Fare", dtype=Float64, description="In pounds"),
        Field(name="Cabin", dtype=String, description="Null for most of the third class"),
        Field(name="Embarked", dtype=String, description="Cherbourg, Queenstown or Southampton"),
    ],
    source=passengers,
)

survival_model = FeatureService(
    name="survival_model",
    features=[person, ticket[["Pclass", "Fare", "Embarked"]]],
)
