"""Holds the cells of src/types/type_matrix.inc against a real Feast, and prints where they differ.

    python tools/compare_values_with_feast.py

Run it with an interpreter that has feast 0.67 and pyarrow. Each value goes through Feast as its
materialization has it: Arrow, Python, protobuf, and the server's JSON.
"""

from __future__ import annotations

import decimal
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
from feast.feature_server_utils import _value_to_native  # type: ignore[import-not-found]
from feast.protos.feast.types.Value_pb2 import Value  # type: ignore[import-not-found]
from feast.type_map import python_values_to_proto_values  # type: ignore[import-not-found]
from feast.value_type import ValueType  # type: ignore[import-not-found]

sys.path.insert(0, str(Path(__file__).resolve().parent))
import type_matrix


def arrow_type(text: str) -> pa.DataType:
    """The Arrow type that the matrix writes as `text`."""
    if found := re.fullmatch(r"list<(.*)>", text):
        return pa.list_(arrow_type(found[1]))
    if found := re.fullmatch(r"map<(\w+), (.*)>", text):
        return pa.map_(arrow_type(found[1]), arrow_type(found[2]))
    if found := re.fullmatch(r"struct<(.*)>", text):
        fields = (field.split(": ") for field in found[1].split(", "))
        return pa.struct([(name, arrow_type(kind)) for name, kind in fields])
    if found := re.fullmatch(r"timestamp\[(\w+)(?:, (.*))?\]", text):
        return pa.timestamp(found[1], found[2])
    if found := re.fullmatch(r"decimal(\d+)\((\d+), (\d+)\)", text):
        return getattr(pa, "decimal" + found[1])(int(found[2]), int(found[3]))
    if found := re.fullmatch(r"fixed_size_binary\[(\d+)\]", text):
        return pa.binary(int(found[1]))
    names = {"double": "float64", "float": "float32", "bool": "bool_"}
    return getattr(pa, names.get(text, text))()


def arrow_value(value: Any, kind: pa.DataType) -> Any:
    """A value of Arrow's JSON form as Python's."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [arrow_value(item, kind.value_type) for item in value]
    if pa.types.is_map(kind):
        return [(key, arrow_value(item, kind.item_type)) for key, item in value]
    if pa.types.is_struct(kind):
        return {field.name: arrow_value(value[field.name], field.type) for field in kind}
    if pa.types.is_decimal(kind):
        return decimal.Decimal(value)
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return value.encode()
    return value


def as_dicts(value: Any, kind: pa.DataType) -> Any:
    """Maps as the dictionaries that Feast wants in place of Arrow's pairs."""
    if value is None or not pa.types.is_nested(kind):
        return value
    return dict(value) if pa.types.is_map(kind) else [as_dicts(v, kind.value_type) for v in value]


def feasts(value_type: str, cell: dict[str, str]) -> Value:
    """What Feast makes of a cell's value."""
    kind = arrow_type(cell["from"])
    given = json.loads(cell["given"].replace("Inf", "Infinity"))
    array = pa.array([arrow_value(value, kind) for value in given], kind)
    values: Any = array.to_numpy(zero_copy_only=False)
    if "MAP" in value_type and not pa.types.is_string(kind):
        values = [as_dicts(value, kind) for value in array.to_pylist()]
    return python_values_to_proto_values(values, ValueType[value_type])[0]


def verdict(value_type: str, cell: dict[str, str]) -> str:
    """How featly's cell and Feast's value compare."""
    try:
        theirs = feasts(value_type, cell)
    except Exception as error:  # whatever Feast raises is a refusal
        return f"only featly takes it ({type(error).__name__})" if "json" in cell else "both refuse"
    if "refused" in cell:
        return f"only Feast takes it, as {_value_to_native(theirs)!r}"
    ours = Value.FromString(bytes.fromhex(cell["proto"]))
    order = sorted if "SET" in value_type else list  # a set's order means nothing
    same_bytes = order(ours.SerializeToString(deterministic=True)) == order(
        theirs.SerializeToString(deterministic=True)
    )
    found, wanted = json.loads(cell["json"]), _value_to_native(theirs)
    if isinstance(found, list) and isinstance(wanted, list) and "SET" in value_type:
        found, wanted = sorted(map(str, found)), sorted(map(str, wanted))
    if same_bytes and found == wanted:
        return "same"
    return f"differs ({'JSON' if same_bytes else 'bytes'}): Feast has {_value_to_native(theirs)!r}"


if __name__ == "__main__":
    counts: Counter[str] = Counter()
    for row in type_matrix.rows():
        for case, cell in row["cells"].items():
            found = verdict(row["type"], cell)
            counts[found.split(" (")[0].split(",")[0]] += 1
            if found not in ("same", "both refuse"):
                print(
                    row["type"], case, cell["given"], "->", cell.get("json", "refused"), "|", found
                )
    print(dict(counts))
