"""The SDK beside other packages in one process, in either order of import."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow  # noqa: F401  -- before the core
import pytest

from featly import _core

WORK = """
from datetime import UTC, datetime
from featly import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from featly.types import Int64

store = FeatureStore(config=RepoConfig(project="shop", repo_path={folder!r}))
source = FileSource(path="rows.csv", timestamp_field="ts")
driver = Entity(name="driver", join_keys=["driver_id"])
fields = [Field(name="driver_id", dtype=Int64), Field(name="x", dtype=Int64)]
store.apply([driver, FeatureView(name="v", entities=[driver], schema=fields, source=source)])
rows = {{"driver_id": [1], "x": [2**53 + 1], "ts": [datetime(2024, 1, 1, tzinfo=UTC)]}}
store.write_to_online_store("v", inputs=rows)
answer = store.get_online_features(["v:x"], [{{"driver_id": 1}}, {{"driver_id": 2}}])
assert answer.to_dict()["x"] == [2**53 + 1, None]
"""

# What each package does for itself, once both are loaded.
OTHERS = {
    "pandas": """
frame = answer.to_df()
assert frame["x"].tolist()[0] == 2**53 + 1
assert str(frame["x"].dtype) == "Int64"
""",
    "polars": "assert answer.to_polars()['x'].to_list() == [2**53 + 1, None]",
    "duckdb": """
values = answer.to_arrow()
assert duckdb.sql("select x from values").fetchall() == [(2**53 + 1,), (None,)]
""",
    "google.protobuf.descriptor_pb2": """
from google.protobuf import descriptor_pool
file = google.protobuf.descriptor_pb2.FileDescriptorProto(name="feast/core/Entity.proto")
descriptor_pool.Default().Add(file)  # its name is free: featly's messages are not in this pool
""",
    "feast": """
assert feast.FeatureView is not FeatureView
mine = feast.FeatureStore(config=feast.RepoConfig(
    project="shop", provider="local", registry={folder!r} + "/data/registry.db"))
assert [view.name for view in mine.list_feature_views()] == ["v"]
""",
}


@pytest.mark.parametrize("featly_first", [True, False])
@pytest.mark.parametrize("package", [name for name in OTHERS if find_spec(name.partition(".")[0])])
def test_one_process(package, featly_first, tmp_path):
    (tmp_path / "rows.csv").write_text("driver_id,x,ts\n1,2,1970-01-01T00:00:00Z\n")
    imports = ["import featly.feature_store", f"import {package}"]
    if not featly_first:
        imports.reverse()
    code = "\n".join([*imports, WORK + OTHERS[package]]).replace("{folder!r}", repr(str(tmp_path)))
    code = code.replace("{{", "{").replace("}}", "}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_foreign_protobuf_that_everybody_sees(tmp_path):
    """As TensorFlow's: its symbols have the names of ours, and another meaning."""
    module = Path(_core.__file__)
    symbols = subprocess.run(["nm", "-D", module], check=True, capture_output=True, text=True)
    wanted = re.findall(r" U (_ZNK?6google8protobuf\w+)$", symbols.stdout, re.M)
    assert len(wanted) > 100
    foreign = tmp_path / "foreign.c"
    functions = {*wanted, "_ZN6google8protobuf14DescriptorPoolD1Ev"}
    bodies = "\n".join(f"void {name}(void) {{ abort(); }}" for name in sorted(functions))
    foreign.write_text(f"#include <stdlib.h>\n{bodies}\n")
    library = tmp_path / "libforeign.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, foreign], check=True)
    (tmp_path / "rows.csv").write_text("driver_id,x,ts\n1,2,1970-01-01T00:00:00Z\n")
    load = f"import ctypes\nctypes.CDLL({str(library)!r}, ctypes.RTLD_GLOBAL)\n"
    work = WORK.replace("{folder!r}", repr(str(tmp_path))).replace("{{", "{").replace("}}", "}")
    for code in (load + work, "import featly.feature_store\n" + load + work):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
