"""Feast's modules made of featly's classes, for definitions that `import feast` without Feast.

The child process that compiles definitions asks `find_spec` for a module of Feast that Python does
not find. Nothing else uses this: where Feast is installed, it is Feast that the definitions import.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Feast's modules, and where featly has what they hold: a module of featly whose public names they
# show, or single names of others.
_MODULES: dict[str, tuple[str, ...] | str] = {
    "feast": "featly",
    "feast.aggregation": "featly.aggregation",
    "feast.base_feature_view": "featly.base_feature_view",
    "feast.batch_feature_view": "featly.batch_feature_view",
    "feast.data_format": "featly.data_format",
    "feast.data_source": (
        "featly.data_source:DataSource",
        "featly.stream_source:KafkaSource",
        "featly.stream_source:KinesisSource",
        "featly.data_source:PushMode",
        "featly.data_source:PushSource",
        "featly.data_source:RequestSource",
    ),
    "feast.entity": "featly.entity",
    "feast.errors": "featly.errors",
    "feast.feature_logging": "featly.feature_logging",
    "feast.feature_service": "featly.feature_service",
    "feast.feature_store": "featly.feature_store",
    "feast.feature_view": "featly.feature_view",
    "feast.feature_view_projection": "featly.feature_view_projection",
    "feast.field": "featly.field",
    "feast.infra": (),
    "feast.infra.offline_stores": (),
    "feast.infra.offline_stores.file_source": (
        "featly.data_source:FileSource",
        "featly.feature_logging:FileLoggingDestination",
    ),
    "feast.labeling": ("featly.label_view:ConflictPolicy", "featly.label_view:LabelView"),
    "feast.labeling.conflict_policy": ("featly.label_view:ConflictPolicy",),
    "feast.labeling.label_view": ("featly.label_view:LabelView",),
    "feast.on_demand_feature_view": "featly.on_demand_feature_view",
    "feast.permissions": (),
    "feast.permissions.action": (
        "featly.permission:ALL_ACTIONS",
        "featly.permission:AuthzedAction",
        "featly.permission:CRUD",
        "featly.permission:READ",
        "featly.permission:WRITE",
    ),
    "feast.permissions.permission": (
        "featly.permission:ALL_ACTIONS",
        "featly.permission:AllowAll",
        "featly.permission:AuthzedAction",
        "featly.permission:Permission",
        "featly.permission:Policy",
    ),
    "feast.permissions.policy": (
        "featly.permission:AllowAll",
        "featly.permission:CombinedGroupNamespacePolicy",
        "featly.permission:GroupBasedPolicy",
        "featly.permission:NamespaceBasedPolicy",
        "featly.permission:Policy",
        "featly.permission:RoleBasedPolicy",
    ),
    "feast.project": "featly.project",
    "feast.repo_config": ("featly.repo_config:RepoConfig",),
    "feast.stream_feature_view": "featly.stream_feature_view",
    "feast.transformation": (),
    "feast.transformation.mode": ("featly.transformation:TransformationMode",),
    "feast.types": "featly.types",
    "feast.value_type": "featly.value_type",
}

# What `from MODULE import *` gives beside, since Feast's modules import it and have no `__all__`:
# files of definitions live on that without knowing. The names are found in the modules below.
_ALSO = {
    "feast.base_feature_view": (
        "DataSource Dict FeatureViewProjection Field List Optional Union datetime"
    ),
    "feast.batch_feature_view": (
        "Aggregation Any DataSource Dict Entity FeatureView Field List Optional "
        "TransformationMode Tuple Union datetime timedelta"
    ),
    "feast.data_source": (
        "Any Dict Field List Optional RepoConfig Tuple ValueType datetime from_value_type "
        "timedelta timezone"
    ),
    "feast.entity": "Dict List Optional ValueType datetime",
    "feast.feature_logging": (
        "DUMMY_ENTITY_ID DataSource Dict FeastObjectNotFoundException Optional timezone"
    ),
    "feast.feature_service": (
        "BaseFeatureView Dict FeastObjectNotFoundException FeatureView "
        "FeatureViewProjection Field LabelView List LoggingConfig OnDemandFeatureView "
        "Optional Union datetime"
    ),
    "feast.feature_store": (
        "Any BaseFeatureView BatchFeatureView ConflictingFeatureViewNames DUMMY_ENTITY_ID "
        "DUMMY_ENTITY_NAME DataSource DataSourceRepeatNamesException Dict Entity "
        "FeatureService FeatureView FeatureViewNotFoundException FeatureViewState "
        "KafkaSource KinesisSource LabelView List OnDemandFeatureView OnlineResponse "
        "Optional Path Permission Project PushMode PushSource PushSourceNotFoundException "
        "RegistryDiff RepoConfig RetrievalJob StreamFeatureView Tuple Union datetime "
        "timedelta"
    ),
    "feast.feature_view": (
        "BaseFeatureView DUMMY_ENTITY_ID DUMMY_ENTITY_NAME DataSource Dict Entity "
        "FeatureViewProjection Field KafkaSource KinesisSource List Optional PushSource "
        "TransformationMode Tuple Union ValueType datetime from_value_type timedelta"
    ),
    "feast.feature_view_projection": "DataSource Dict Field List Optional",
    "feast.field": "Dict FeastType Optional Struct ValueType from_value_type",
    "feast.infra.offline_stores.file_source": (
        "DataSource Dict FileFormat List LoggingDestination Optional ParquetFormat Path "
        "RepoConfig Tuple Union ValueType"
    ),
    "feast.labeling.conflict_policy": "Enum",
    "feast.labeling.label_view": (
        "Any BaseFeatureView ConflictPolicy DataSource Dict Entity FeatureViewProjection "
        "Field List Optional ValueType from_value_type timedelta"
    ),
    "feast.on_demand_feature_view": (
        "Aggregation Any BaseFeatureView DUMMY_ENTITY_NAME Entity FeatureView "
        "FeatureViewProjection FeatureViewState Field List Optional "
        "RegistryInferenceFailure RequestSource TransformationMode Union ValueType "
        "from_value_type"
    ),
    "feast.permissions.permission": "Any Dict Optional Union datetime re",
    "feast.permissions.policy": "Any",
    "feast.project": "Dict Optional datetime timezone",
    "feast.repo_config": "Any Dict Optional Path",
    "feast.stream_feature_view": (
        "Aggregation Any BaseFeatureView DataSource Dict Entity FeatureView Field List "
        "Optional TransformationMode Tuple Union datetime timedelta"
    ),
    "feast.types": "Dict Enum List Union ValueType datetime timezone",
    "feast.value_type": "Union",
}
_HOMES = (
    "featly",
    "featly.base_feature_view",
    "featly.types",
    "featly.errors",
    "featly.feature_logging",
    "featly.online_response",
    "featly.retrieval_job",
    "featly.registry_diff",
    "featly.permission",
    "featly.transformation",
    "datetime",
    "typing",
    "enum",
    "pathlib",
)


class _Module(ModuleType):
    """One of Feast's modules."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        source = _MODULES[self.__name__]
        if isinstance(source, str):
            module = importlib.import_module(source)
            if hasattr(module, name):
                return getattr(module, name)
        else:
            for place in source:
                where, _, what = place.partition(":")
                if what == name:
                    return getattr(importlib.import_module(where), name)
        if name in _ALSO.get(self.__name__, "").split():
            homes = (importlib.import_module(home) for home in _HOMES)
            return next(getattr(home, name) for home in homes if hasattr(home, name))
        # An ImportError, since nearly always it is `from feast import ...` that fails.
        raise ImportError(
            f"cannot import name {name!r} from {self.__name__!r}: Feast is not installed, and "
            "featly, which stands in for it, has no such name; install feast in this environment, "
            "or leave the definition to Feast",
            name=name,
        )


class _Loader:
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        source = _MODULES[module.__name__]
        if isinstance(source, str):
            names: Sequence[str] = importlib.import_module(source).__all__
        else:
            names = [place.partition(":")[2] for place in source]
        module.__dict__["__all__"] = [*names, *_ALSO.get(module.__name__, "").split()]


def find_spec(name: str) -> ModuleSpec | None:
    """How to import one of Feast's modules.

    Raises:
        ModuleNotFoundError: Nothing of it is in featly; says so.
    """
    if name not in _MODULES:
        raise ModuleNotFoundError(
            f"No module named {name!r}: Feast is not installed, and featly, which stands in for "
            "it, has no such module; install feast in this environment, or leave the definition "
            "to Feast",
            name=name,
        )
    is_package = name == "feast" or any(other.startswith(name + ".") for other in _MODULES)
    return ModuleSpec(name, _Loader(), is_package=is_package)  # type: ignore[arg-type]
