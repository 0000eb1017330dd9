"""Users' tables to Arrow and back."""

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from featly._tables import entity_rows_table, to_micros, to_pandas, to_table
from featly._values import training_objects
from featly.errors import InvalidError, NotSupportedError
from featly.online_response import OnlineResponse

BIG = 2**53 + 1


@pytest.mark.parametrize(
    "value",
    [
        datetime(2024, 1, 1, 12, 0, 0, 123457),
        datetime(2024, 1, 1, 12, 0, 0, 123457, tzinfo=UTC),
        datetime(2024, 1, 1, 14, 0, 0, 123457, tzinfo=timezone(timedelta(hours=2))),
        pd.Timestamp("2024-01-01T12:00:00.123457999"),
        pd.Timestamp("2024-01-01T07:00:00.123457", tz="America/New_York"),
    ],
)
def test_times_are_exact_and_utc_without_a_zone(value):
    assert to_micros("end_date", value) == 1_704_110_400_123_457


def test_far_times_lose_no_microsecond():
    assert to_micros("t", datetime(9999, 12, 31, 23, 59, 59, 999999)) == 253_402_300_799_999_999
    assert to_micros("t", datetime(1969, 12, 31, 23, 59, 59, 999999)) == -1


def test_a_time_must_be_a_datetime():
    with pytest.raises(TypeError, match=r"end_date must be a datetime, but is '2024' \(str\)"):
        to_micros("end_date", "2024")


class Stream:
    """Nothing but the protocol."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "make",
    [
        pa.table,
        lambda columns: pa.table(columns).to_batches()[0],
        lambda columns: pa.table(columns).to_reader(),
        pd.DataFrame,
        lambda columns: pd.DataFrame(columns, index=[7, 3]),
        pl.DataFrame,
        lambda columns: Stream(pa.table(columns)),
    ],
)
def test_every_table_becomes_arrow(make):
    columns = {"id": [1, BIG], "label": [0.5, None]}
    table = to_table("entity_df", make(columns))
    assert table.to_pydict() == columns
    assert table.schema.metadata is None


def test_what_is_no_table_is_refused():
    with pytest.raises(NotSupportedError, match="SQL is not supported"):
        to_table("entity_df", "SELECT 1")
    with pytest.raises(TypeError, match="df must be a table .* but is a dict"):
        to_table("df", {"id": [1]})
    with pytest.raises(InvalidError, match="Series is not a table"):
        to_table("df", pl.Series([1, 2]))
    with pytest.raises(InvalidError, match="column mixed"):
        to_table("entity_df", pd.DataFrame({"mixed": [1, "a"]}))


def test_integers_with_nulls_keep_their_digits_in_pandas():
    table = pa.table(
        {
            "a": pa.array([BIG, None], pa.int64()),
            "b": pa.array(["x", None]),
            "c": pa.array([None, 7], pa.int32()),
            "d": pa.array([1, 2], pa.int64()),
        }
    )
    frame = to_pandas(table)
    assert list(frame.columns) == ["a", "b", "c", "d"]
    assert [str(dtype) for dtype in frame.dtypes][::2] == ["Int64", "Int32"]
    assert frame["a"][0] == BIG
    assert frame["a"].isna().tolist() == [False, True]
    assert frame["d"].dtype == "int64"


@pytest.mark.parametrize("layout", [pa.list_, pa.large_list, lambda item: pa.list_(item, 2)])
def test_lists_of_the_users_keep_their_digits_too(layout):
    whole = pa.array([[BIG, 1], [2, 3]], layout(pa.int64()))
    holed = pa.array([[BIG, 1], [None, BIG]], layout(pa.int64()))
    inside = pa.array([[{"n": BIG}, {"n": None}]] * 2, layout(pa.struct([("n", pa.int64())])))
    table = pa.table({"whole": whole, "holed": holed, "inside": inside})
    objects = training_objects(table)
    assert list(objects) == ["holed", "inside"]  # the rest is pandas', without an object an item
    frame = to_pandas(table, objects)
    for name in table.column_names:
        assert [value.tolist() for value in frame[name]] == table.column(name).to_pylist()
    assert frame["whole"][0].dtype == "int64"


def test_integers_without_a_sign_and_with_nulls_keep_their_digits():
    frame = to_pandas(pa.table({"a": pa.array([2**64 - 1, None], pa.uint64())}))
    assert str(frame["a"].dtype) == "UInt64" and frame["a"][0] == 2**64 - 1


def test_entity_rows_are_rows_or_columns():
    wanted = {"id": [1, 2], "code": ["a", "b"]}
    assert entity_rows_table([{"id": 1, "code": "a"}, {"code": "b", "id": 2}]).to_pydict() == wanted
    assert entity_rows_table({"id": pd.Series([1, 2]), "code": ("a", "b")}).to_pydict() == wanted
    assert entity_rows_table([{}, {}]).num_rows == 2
    assert entity_rows_table({"id": []}).num_rows == 0


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([{"id": 1}, {"key": 2}], InvalidError, r"entity_rows\[1\] has the keys \['key'\]"),
        ({"id": [1], "code": []}, InvalidError, "'id' has 1, 'code' has 0"),
        ([{"id": 1}, {"id": "2"}], InvalidError, "'id' are no column of one type; .* int, str"),
        ([{"id": 2**64}], InvalidError, "'id' are no column"),
        ({"id": "abc"}, TypeError, r"entity_rows\['id'\] must be a list of values"),
        ({"id": 7}, TypeError, r"entity_rows\['id'\] must be a list of values"),
        ([], InvalidError, "entity_rows is an empty list"),
        ([1, 2], TypeError, r"entity_rows\[0\] must be a dictionary, but is 1"),
        ("id", TypeError, "entity_rows must be a list of dictionaries"),
    ],
)
def test_entity_rows_that_make_no_table(rows, error, message):
    with pytest.raises(error, match=message):
        entity_rows_table(rows)


def response():
    times = [datetime(1969, 12, 31, 23, 59, 58, 500000), datetime(2024, 1, 1, 0, 0, 0, 999999)]
    epoch = [datetime(1970, 1, 1)] * 2
    return OnlineResponse(
        pa.table({"id": [1, 2], "__dummy_id": ["", ""], "rating": [0.5, None]}),
        pa.table({"id": [1, 1], "__dummy_id": [1, 1], "rating": [1, 4]}),
        pa.table({"id": epoch, "__dummy_id": epoch, "rating": times}),
    )


def test_a_response_in_every_form():
    wanted = {"id": [1, 2], "id__ts": [0, 0], "rating": [0.5, None]}
    wanted["rating__ts"] = [-2, 1704067200]
    assert response().to_dict() == {"id": [1, 2], "rating": [0.5, None]}
    assert response().to_dict(include_event_timestamps=True) == wanted
    assert response().to_arrow(include_event_timestamps=True).to_pydict() == wanted
    frame = response().to_df(include_event_timestamps=True)
    assert list(frame.columns) == list(wanted)
    assert frame["rating__ts"].tolist() == wanted["rating__ts"]
    assert response().statuses("rating") == ["PRESENT", "OUTSIDE_MAX_AGE"]
    with pytest.raises(LookupError, match="no column 'ratings'; it has id, rating"):
        response().statuses("ratings")
