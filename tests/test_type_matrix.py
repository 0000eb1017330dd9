"""The page shows what the C++ test of the type matrix (src/types/type_matrix_test.cc) walks."""

from __future__ import annotations

import sys

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import type_matrix


def test_the_page_shows_the_matrix() -> None:
    assert type_matrix.PAGE.read_text() == type_matrix.page(), "run tools/type_matrix.py"


def test_every_type_of_feast_is_in_it_with_every_case_it_can_have() -> None:
    from featly.value_type import ValueType

    rows = {row["type"]: row["cells"] for row in type_matrix.rows()}
    assert list(rows) == [item.name for item in ValueType if item is not ValueType.UNKNOWN]
    for name, cells in rows.items():
        assert {"value", "null"} <= set(cells) <= set(type_matrix.COLUMNS), name
        collection = name.endswith(("_LIST", "_SET")) or name in ("MAP", "STRUCT", "SCALAR_MAP")
        if collection:
            assert {"empty", "item", "order"} <= set(cells), name
        assert name == "NULL" or "range" in cells, name
    print(sum(len(cells) for cells in rows.values()), "cells of", len(rows), "types")
