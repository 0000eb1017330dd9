"""A view whose rows tell whether they are whole, for tests of killed and concurrent processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2024, 5, 1, tzinfo=UTC)

DEFINITIONS = """
from featly import Entity, FeatureView, Field, FileSource, PushSource, ValueType
from featly.types import Int64, String

thing = Entity(name="thing", join_keys=["id"], value_type=ValueType.INT64)
source = FileSource(name="rows", path="data/rows.parquet", timestamp_field="event_timestamp")
view = FeatureView(
    name="things", entities=[thing],
    schema=[
        Field(name="a", dtype=Int64),
        Field(name="text", dtype=String),
        Field(name="b", dtype=Int64),
    ],
    source=PushSource(name="pushed", batch_source=source),
)
"""
FEATURES = ["things:a", "things:text", "things:b"]


def text_of(value: int) -> str:
    """Of a length that changes with the value, so that rows move within their pages."""
    return chr(ord("a") + value % 26) * (value % 300)


def columns_of(ids: list[int], value: int) -> dict[str, list[Any]]:
    """The rows of a push: every id with the same value, newer than those of lower values."""
    return {
        "id": ids,
        "event_timestamp": [(START + timedelta(seconds=value)).isoformat()] * len(ids),
        "a": [value] * len(ids),
        "text": [text_of(value)] * len(ids),
        "b": [value] * len(ids),
    }


def lookup_body(ids: list[int]) -> dict[str, Any]:
    return {"features": FEATURES, "entities": {"id": ids}}


def values_found(ids: list[int], body: dict[str, Any]) -> dict[int, int]:
    """The value of each id that has a row in a lookup's answer, after checking the rows."""
    names = body["metadata"]["feature_names"]
    columns = dict(zip(names, (result["values"] for result in body["results"]), strict=True))
    found = {}
    rows = zip(ids, columns["a"], columns["text"], columns["b"], strict=True)
    for number, a, text, b in rows:
        if a is None:
            assert (text, b) == (None, None), "a torn row"
            continue
        assert a == b, "a torn row"
        assert text == text_of(a), "a torn row"
        found[number] = a
    return found
