"""The features that a model asks for, under one name."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from featly._messages import (
    Definition,
    Message,
    caller_location,
    check_flag,
    check_name,
    check_strings,
    check_text,
    compact,
    rest_of,
    wrong_type,
)
from featly._versions import parse_version
from featly.base_feature_view import BaseFeatureView
from featly.feature_logging import LoggingConfig
from featly.feature_view_projection import FeatureViewProjection

__all__ = ["FeatureService"]

_SPEC_FIELDS = (
    "name",
    "features",
    "tags",
    "description",
    "owner",
    "precompute_online",
    "logging_config",
)


class FeatureService(Definition):
    """Features of one or more views that are used together, in training and in serving.

    Args:
        name: The unique name of the service.
        features: Feature views, choices of their features (`view[["a", "b"]]`), or references by
            name: `"view"`, `"view:feature"`, `"view@v2:feature"`. The order is that of the results.
        tags: Any strings to keep with the service.
        description: A human-readable description.
        owner: Who is responsible, typically an e-mail address.
        logging_config: Where Feast logs served features. Kept in the registry; featly logs none.
        precompute_online: Kept in the registry.

    Attributes:
        feature_view_projections: What the service asks of each view.
        created_timestamp, last_updated_timestamp: UTC; set when the service was read from a
            registry.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The name or a reference is empty or malformed.
    """

    def __init__(
        self,
        *,
        name: str,
        features: Sequence[BaseFeatureView | str],
        tags: dict[str, str] | None = None,
        description: str = "",
        owner: str = "",
        logging_config: LoggingConfig | None = None,
        precompute_online: bool = False,
    ) -> None:
        self._location = caller_location()
        self.name = check_name("FeatureService", name)
        where = f"FeatureService {name!r}"
        if logging_config is not None and not isinstance(logging_config, LoggingConfig):
            wrong_type(where, "logging_config", "a LoggingConfig", logging_config)
        self.logging_config = logging_config
        if not isinstance(features, (list, tuple)):
            wrong_type(where, "features", "a list of feature views and references", features)
        self.feature_view_projections = [_projection(where, item) for item in features]
        self.tags = check_strings(where, "tags", tags)
        self.description = check_text(where, "description", description)
        self.owner = check_text(where, "owner", owner)
        self.precompute_online = check_flag(where, "precompute_online", precompute_online)
        self.created_timestamp = None
        self.last_updated_timestamp = None
        self._rest: Message = {}

    def _message(self, *, stored: bool) -> Message:
        spec = compact(
            name=self.name,
            features=[item._message(stored=stored) for item in self.feature_view_projections],
            tags=dict(self.tags),
            description=self.description,
            owner=self.owner,
            precompute_online=self.precompute_online,
            logging_config=self.logging_config.to_dict() if self.logging_config else None,
        )
        if not stored:
            return {"spec": spec | rest_of(self._rest, ("project",))}
        return {"spec": spec | self._rest, "meta": self._times()}

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> FeatureService:
        """The service of a `feast.core.FeatureService` in protobuf-JSON."""
        spec = message["spec"]
        logging = spec.get("logging_config")
        service = cls(
            name=spec["name"],
            features=[],
            tags=spec.get("tags"),
            description=spec.get("description", ""),
            owner=spec.get("owner", ""),
            precompute_online=spec.get("precompute_online", False),
            logging_config=LoggingConfig.from_dict(logging) if logging else None,
        )
        service._location = None
        service.feature_view_projections = [
            FeatureViewProjection.from_dict(item) for item in spec.get("features", [])
        ]
        service._rest = rest_of(spec, _SPEC_FIELDS)
        service._read_times(message.get("meta", {}))
        return service

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("features", self.feature_view_projections, None),
            ("precompute_online", self.precompute_online, False),
            ("logging_config", self.logging_config, None),
            *self._common(),
        ]


def _projection(where: str, item: object) -> FeatureViewProjection:
    if isinstance(item, BaseFeatureView):
        projection = copy.copy(item.projection)
        if projection.version_tag is None:
            projection.version_tag = parse_version(where, item.version)
        return projection
    if not isinstance(item, str):
        wrong_type(
            where, "features", "a list of feature views and references such as 'view:feature'", item
        )
    view, colon, feature = item.partition(":")
    name, at, version = view.partition("@")
    if not name or (colon and not feature) or (at and not version):
        raise ValueError(
            f"{where}: {item!r} is not a feature reference. "
            "Write 'view', 'view:feature' or 'view@v2:feature'."
        )
    return FeatureViewProjection(
        name=name,
        name_alias=None,
        desired_features=[feature] if feature else [],
        features=[],
        version_tag=parse_version(where, version),
    )
