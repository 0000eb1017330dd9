"""The settings of a repository as an object, in place of feature_store.yaml."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featly._feast_names import FeastNames
from featly._messages import check_text, wrong_type

__all__ = ["RepoConfig"]


class RepoConfig(FeastNames):
    """What feature_store.yaml holds, for `FeatureStore(config=...)`.

    The settings are checked when a store is opened with them. Relative paths in them start at
    `repo_path`.

    Args:
        project: The name of the project.
        registry: The path of the registry's file, or its block as a dictionary.
        provider: Feast's; `"local"`.
        repo_path: The folder of the repository; by default the current one.
        settings: Other keys of feature_store.yaml with their values: `online_store`,
            `offline_store`, `entity_key_serialization_version`, `featly`, ... A block is a
            dictionary, or one of Feast's configuration objects. What is given can be read as an
            attribute: `config.online_store`.

    Raises:
        TypeError: An argument has the wrong type.
    """

    def __init__(
        self,
        *,
        project: str,
        registry: str | os.PathLike[str] | Mapping[str, Any] = "data/registry.db",
        provider: str = "local",
        repo_path: str | os.PathLike[str] | None = None,
        **settings: Any,
    ) -> None:
        self.project = check_text("RepoConfig", "project", project)
        self.registry = registry
        self.provider = check_text("RepoConfig", "provider", provider)
        self.repo_path = Path(repo_path) if repo_path is not None else None
        self.settings = dict(settings)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A key of feature_store.yaml, as an attribute."""
            settings = self.__dict__.get("settings", {})
            return settings[name] if name in settings else super().__getattr__(name)

    def to_json(self) -> str:
        """The settings as JSON text, as the core reads them."""
        settings = {
            "project": self.project,
            "registry": self.registry,
            "provider": self.provider,
            **self.settings,
        }
        plain = {key: _plain(key, value) for key, value in settings.items()}
        return json.dumps(plain, ensure_ascii=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RepoConfig):
            return NotImplemented
        return self.repo_path == other.repo_path and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Not the settings: they may hold secrets.
        return f"RepoConfig(project={self.project!r}, repo_path={self.repo_path!r})"


def config_of(config: object) -> RepoConfig:
    """A `RepoConfig` of featly's, also where Feast's is given."""
    if isinstance(config, RepoConfig):
        return config
    kind = type(config)
    if kind.__name__ != "RepoConfig" or kind.__module__.partition(".")[0] != "feast":
        wrong_type("FeatureStore", "config", "a RepoConfig", config)
    feasts: Any = config
    return RepoConfig(
        project=feasts.project,
        registry=feasts.registry_config,
        provider=feasts.provider,
        repo_path=feasts.repo_path,
        online_store=feasts.online_config,
        offline_store=feasts.offline_config,
        batch_engine=feasts.batch_engine_config,
        entity_key_serialization_version=feasts.entity_key_serialization_version,
        auth=feasts.auth_config.type if hasattr(feasts, "auth_config") else feasts.auth,
    )


def _plain(key: str, value: Any) -> Any:
    """A setting as JSON holds it."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "model_dump"):  # one of Feast's configuration objects
        dumped = value.model_dump(exclude_none=True)
        return {name: _plain(key, item) for name, item in dumped.items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(key, item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(key, item) for item in value]
    wrong_type("RepoConfig", key, "text, a number, True or False, a list or a dictionary", value)
