"""bench/parity tells what differs from Feast for a reason from what does not."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench" / "parity"))
import rows  # noqa: E402
import run  # noqa: E402

AT = "2024-05-10T12:00:00Z"
SEVEN = rows.Number("7")
KNOWN = rows.Cell(SEVEN, AT, known=True, old=False)
OLD = rows.Cell(SEVEN, AT, known=True, old=True)
NULL = rows.Cell(None, AT, known=True, old=False)
ABSENT = (None, "NOT_FOUND", rows.EPOCH)


@pytest.mark.parametrize(
    ("wanted", "featly", "feast", "found"),
    [
        (KNOWN, (SEVEN, "PRESENT", AT), (SEVEN, "PRESENT", AT), ()),
        (rows.UNKNOWN, ABSENT, ABSENT, ()),
        (OLD, (None, "OUTSIDE_MAX_AGE", AT), (SEVEN, "PRESENT", AT), ("ttl",)),
        (NULL, (None, "NULL_VALUE", AT), (None, "PRESENT", AT), ("null",)),
        # Not the same, or both wrong.
        (KNOWN, (None, "OUTSIDE_MAX_AGE", AT), (SEVEN, "PRESENT", AT), None),
        (KNOWN, (None, "NULL_VALUE", AT), (None, "PRESENT", AT), None),
        (KNOWN, ("7", "PRESENT", AT), (SEVEN, "PRESENT", AT), None),
        (KNOWN, (rows.Number("7.0"), "PRESENT", AT), (SEVEN, "PRESENT", AT), None),
        (KNOWN, (SEVEN, "PRESENT", rows.EPOCH), (SEVEN, "PRESENT", AT), None),
        (KNOWN, ABSENT, ABSENT, None),
        (OLD, (SEVEN, "PRESENT", AT), (SEVEN, "PRESENT", AT), None),
        (rows.UNKNOWN, (SEVEN, "PRESENT", AT), (SEVEN, "PRESENT", AT), None),
    ],
)
def test_a_difference_has_a_name_only_where_the_rows_say_so(wanted, featly, feast, found):
    assert run.difference(wanted, featly, feast) == found


def test_the_newest_row_is_what_is_expected():
    now = datetime(2024, 5, 12, tzinfo=UTC)
    values = dict.fromkeys(rows.FEATURES) | {"avg_daily_trips": 7, "conv_rate": float("nan")}
    earlier = {name: 1 for name in rows.FEATURES}
    made = [
        rows.Row(1, now - timedelta(hours=1, microseconds=-5), now, values),
        rows.Row(1, now - timedelta(hours=2), now, earlier),
        rows.Row(2, now - timedelta(days=3), now, values),
    ]
    cells = rows.expected(made, now)
    at = "2024-05-11T23:00:00Z"
    assert cells[1]["avg_daily_trips"] == rows.Cell(SEVEN, at, known=True, old=False)
    assert cells[1]["conv_rate"] == rows.Cell(None, at, known=True, old=False)
    assert cells[2]["avg_daily_trips"].old
