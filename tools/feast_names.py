"""Writes tests/data/feast_names.json: the public names of Feast's modules and classes.

    ~/.cache/featly-bench/feast-0.67.0/bin/python tools/feast_names.py

Run by a Python that has Feast 0.67; the tests hold featly's names against the file.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# What `from MODULE import *` gives.
MODULES = [
    "feast",
    "feast.aggregation",
    "feast.base_feature_view",
    "feast.batch_feature_view",
    "feast.data_format",
    "feast.data_source",
    "feast.entity",
    "feast.errors",
    "feast.feature_logging",
    "feast.feature_service",
    "feast.feature_store",
    "feast.feature_view",
    "feast.feature_view_projection",
    "feast.field",
    "feast.infra.offline_stores.file_source",
    "feast.labeling",
    "feast.labeling.conflict_policy",
    "feast.labeling.label_view",
    "feast.on_demand_feature_view",
    "feast.permissions.action",
    "feast.permissions.permission",
    "feast.permissions.policy",
    "feast.project",
    "feast.repo_config",
    "feast.stream_feature_view",
    "feast.types",
    "feast.value_type",
]

# Their attributes and methods.
CLASSES = [
    "feast.FeatureStore",
    "feast.infra.offline_stores.offline_store.RetrievalJob",
    "feast.online_response.OnlineResponse",
    "feast.Entity",
    "feast.FeatureView",
    "feast.OnDemandFeatureView",
    "feast.LabelView",
    "feast.FeatureService",
    "feast.Field",
    "feast.FileSource",
    "feast.PushSource",
    "feast.RequestSource",
    "feast.Project",
    "feast.RepoConfig",
    "feast.Aggregation",
    "feast.feature_view_projection.FeatureViewProjection",
    "feast.diff.registry_diff.RegistryDiff",
    "feast.feature_logging.LoggingConfig",
    "feast.BatchFeatureView",
    "feast.KafkaSource",
    "feast.KinesisSource",
    "feast.StreamFeatureView",
    "feast.permissions.permission.Permission",
]


def star_names(module: str) -> list[str]:
    imported = importlib.import_module(module)
    names = getattr(imported, "__all__", None) or vars(imported)
    return sorted(name for name in names if not name.startswith("_"))


def attributes(cls: Any) -> list[str]:
    names = set(dir(cls))
    if inspect.isfunction(cls.__init__):
        # typeguard's wrapper holds the constructor itself.
        names |= set(
            re.findall(r"self\.([a-z]\w*)\b", inspect.getsource(inspect.unwrap(cls.__init__)))
        )
    for base in cls.__mro__:
        names |= set(getattr(base, "__annotations__", ()))
    names |= set(getattr(cls, "model_fields", ()))
    # Not what pydantic brings along.
    mine = [name for name in names if not name.startswith(("_", "model_"))]
    pydantic = set(dir(inspect.getmro(cls)[-2])) if hasattr(cls, "model_fields") else set()
    return sorted(name for name in mine if name not in pydantic)


def main() -> None:
    found: dict[str, dict[str, list[str]]] = {"modules": {}, "classes": {}}
    for module in MODULES:
        found["modules"][module] = star_names(module)
    for path in CLASSES:
        module, _, name = path.rpartition(".")
        found["classes"][name] = attributes(getattr(importlib.import_module(module), name))
    text = json.dumps(found, indent=0).replace('",\n"', '", "')
    (ROOT / "tests" / "data" / "feast_names.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
