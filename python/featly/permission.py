"""Who may do what: kept in the registry, where Feast finds it. This version enforces none of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from featly._messages import (
    Definition,
    Message,
    caller_location,
    check_name,
    check_strings,
    compact,
    rest_of,
    wrong_type,
)

__all__ = [
    "ALL_ACTIONS",
    "AllowAll",
    "AuthzedAction",
    "CRUD",
    "CombinedGroupNamespacePolicy",
    "GroupBasedPolicy",
    "NamespaceBasedPolicy",
    "Permission",
    "Policy",
    "READ",
    "RoleBasedPolicy",
    "WRITE",
]


class AuthzedAction(Enum):
    """What a permission allows."""

    CREATE = "create"
    DESCRIBE = "describe"
    UPDATE = "update"
    DELETE = "delete"
    READ_ONLINE = "read_online"
    READ_OFFLINE = "read_offline"
    WRITE_ONLINE = "write_online"
    WRITE_OFFLINE = "write_offline"


ALL_ACTIONS = list(AuthzedAction)
READ = [AuthzedAction.READ_OFFLINE, AuthzedAction.READ_ONLINE]
WRITE = [AuthzedAction.WRITE_OFFLINE, AuthzedAction.WRITE_ONLINE]
CRUD = [
    AuthzedAction.CREATE,
    AuthzedAction.DESCRIBE,
    AuthzedAction.UPDATE,
    AuthzedAction.DELETE,
]


class Policy:
    """Whom a permission is for, as the registry keeps it. Make one of its subclasses."""

    _FIELD = ""
    _LISTS: tuple[str, ...] = ()

    def __init__(self, **lists: list[str]) -> None:
        for name, values in lists.items():
            if not isinstance(values, (list, tuple)) or not all(
                isinstance(value, str) for value in values
            ):
                wrong_type(type(self).__name__, name, "a list of strings", values)
        self._lists = {name: list(values) for name, values in lists.items()}

    def to_dict(self) -> Message:
        """The protobuf-JSON dictionary of the `Policy`."""
        return {self._FIELD: compact(**self._lists)} if self._FIELD else {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Policy):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self._FIELD, *(tuple(values) for values in self._lists.values())))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={values!r}" for name, values in self._lists.items())
        return f"{type(self).__name__}({given})"


class RoleBasedPolicy(Policy):
    """For users who have one of these roles."""

    _FIELD = "role_based_policy"

    def __init__(self, roles: list[str]) -> None:
        super().__init__(roles=roles)


class GroupBasedPolicy(Policy):
    """For users who are in one of these groups."""

    _FIELD = "group_based_policy"

    def __init__(self, groups: list[str]) -> None:
        super().__init__(groups=groups)


class NamespaceBasedPolicy(Policy):
    """For users who are in one of these namespaces."""

    _FIELD = "namespace_based_policy"

    def __init__(self, namespaces: list[str]) -> None:
        super().__init__(namespaces=namespaces)


class CombinedGroupNamespacePolicy(Policy):
    """For users who are in one of these groups or namespaces."""

    _FIELD = "combined_group_namespace_policy"

    def __init__(self, groups: list[str], namespaces: list[str]) -> None:
        super().__init__(groups=groups, namespaces=namespaces)


class _AllowAll(Policy):
    def __repr__(self) -> str:
        return "AllowAll"


AllowAll = _AllowAll()
"""For everybody."""


class _StoredPolicy(Policy):
    """A policy as a registry has it, of whatever kind."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        super().__init__()
        self._message = dict(message)

    def to_dict(self) -> Message:
        return dict(self._message)

    def __repr__(self) -> str:
        return f"Policy({self._message!r})"


# Feast's classes and featly's of these names; what the registry calls them.
_TYPES = (
    "Project",
    "FeatureView",
    "OnDemandFeatureView",
    "BatchFeatureView",
    "StreamFeatureView",
    "LabelView",
    "Entity",
    "FeatureService",
    "DataSource",
    "ValidationReference",
    "SavedDataset",
    "Permission",
)
_REGISTRY_TYPES = {name: re.sub(r"([a-z])([A-Z])", r"\1_\2", name).upper() for name in _TYPES}
_CLASS_NAMES = {stored: name for name, stored in _REGISTRY_TYPES.items()}


class Permission(Definition):
    """Who may do what to which objects.

    This version keeps permissions in the registry, where Feast finds them, and enforces none.

    Args:
        name: The name of the permission.
        types: The classes of the objects it covers, such as `[FeatureView]`; none means all.
        name_patterns: Regular expressions of their names; none means any.
        actions: What is allowed.
        policy: To whom.
        tags: Any strings to keep with the permission.
        required_tags: The tags that covered objects must have.

    Attributes:
        types: The names of the classes.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A class is not one that permissions are for, or there are no actions.
    """

    def __init__(
        self,
        name: str,
        types: type[Any] | Sequence[type[Any]] | None = None,
        name_patterns: str | Sequence[str] | None = None,
        actions: AuthzedAction | Sequence[AuthzedAction] = ALL_ACTIONS,
        policy: Policy = AllowAll,
        tags: dict[str, str] | None = None,
        required_tags: dict[str, str] | None = None,
    ) -> None:
        self._location = caller_location()
        self.name = check_name("Permission", name)
        where = f"Permission {name!r}"
        covered = [types] if isinstance(types, type) else list(types or [])
        self.types = [_class_name(where, cls) for cls in covered] or list(_TYPES)
        patterns = [name_patterns] if isinstance(name_patterns, str) else list(name_patterns or [])
        self.name_patterns = [_pattern(where, pattern) for pattern in patterns]
        self.actions = [actions] if isinstance(actions, AuthzedAction) else list(actions or [])
        if not self.actions:
            raise ValueError(f"{where}: The list 'actions' must be non-empty.")
        for action in self.actions:
            if not isinstance(action, AuthzedAction):
                wrong_type(where, "actions", "a list of AuthzedAction", action)
        if not isinstance(policy, Policy):
            wrong_type(where, "policy", "a policy, such as RoleBasedPolicy(roles=[...])", policy)
        self.policy = policy
        self.tags = _stripped(check_strings(where, "tags", tags))
        self.required_tags = _stripped(check_strings(where, "required_tags", required_tags))
        self.description = ""
        self.owner = ""
        self.created_timestamp = None
        self.last_updated_timestamp = None
        self._rest: Message = {}

    def _message(self, *, stored: bool) -> Message:
        spec = compact(
            name=self.name,
            types=[_REGISTRY_TYPES.get(name, name) for name in self.types],
            name_patterns=list(self.name_patterns),
            actions=[action.name for action in self.actions],
            tags=dict(self.tags),
            required_tags=dict(self.required_tags),
        ) | {"policy": self.policy.to_dict()}
        if not stored:
            return {"spec": spec | rest_of(self._rest, ("project",))}
        return {"spec": spec | self._rest, "meta": self._times()}

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Permission:
        """The permission of a `feast.core.Permission` in protobuf-JSON."""
        spec = message["spec"]
        permission = cls.__new__(cls)
        permission.name = spec["name"]
        permission.types = [_CLASS_NAMES.get(name, name) for name in spec.get("types", [])]
        permission.name_patterns = list(spec.get("name_patterns", []))
        permission.actions = [AuthzedAction[name] for name in spec.get("actions", [])]
        permission.policy = _StoredPolicy(spec.get("policy", {}))
        permission.tags = dict(spec.get("tags", {}))
        permission.required_tags = dict(spec.get("required_tags", {}))
        permission.description = ""
        permission.owner = ""
        permission._read_times(message.get("meta", {}))
        known = ("name", "types", "name_patterns", "actions", "policy", "tags", "required_tags")
        permission._rest = rest_of(spec, known)
        return permission

    def _essentials(self) -> list[tuple[str, object, object]]:
        return [
            ("name", self.name, None),
            ("types", self.types, list(_TYPES)),
            ("name_patterns", self.name_patterns, []),
            ("actions", [action.name for action in self.actions], list(AuthzedAction.__members__)),
            ("policy", self.policy, AllowAll),
            ("tags", self.tags, {}),
            ("required_tags", self.required_tags, {}),
        ]


def _class_name(where: str, cls: object) -> str:
    if not isinstance(cls, type):
        wrong_type(where, "types", "a list of classes, such as [FeatureView]", cls)
    if cls.__name__ not in _REGISTRY_TYPES:
        raise ValueError(
            f"{where}: {cls.__name__} is not one of the managed types: {', '.join(_TYPES)}."
        )
    return cls.__name__


def _pattern(where: str, pattern: object) -> str:
    if not isinstance(pattern, str):
        wrong_type(where, "name_patterns", "a list of strings", pattern)
    return pattern.strip()


def _stripped(tags: dict[str, str]) -> dict[str, str]:
    return {name.strip(): value.strip() for name, value in tags.items()}
