"""The exceptions of featly.

One class for each kind of error of the core (``src/base/error.cc`` has the table). Each carries
``kind``, ``subject`` (the name or column it is about), ``near_names`` (known names like the one
asked for), ``file`` and ``line`` (the place in the user's files; ``""`` and ``0`` where there is
none).
"""

from __future__ import annotations

from typing import TypeVar

__all__ = [
    "CancelledError",
    "ConfigurationError",
    "ConflictError",
    "ConflictingFeatureViewNames",
    "CorruptError",
    "DataSourceNotFoundException",
    "DataSourceObjectNotFoundException",
    "DataSourceRepeatNamesException",
    "DefinitionError",
    "EntityNotFoundException",
    "EntityTimestampInferenceException",
    "FeastEntityDFMissingColumnsError",
    "FeastError",
    "FeastObjectNotFoundException",
    "FeastPermissionError",
    "FeatlyError",
    "FeatureNameCollisionError",
    "FeatureServiceNotFoundException",
    "FeatureViewNotFoundException",
    "FeatureViewVersionNotFound",
    "InternalError",
    "InvalidError",
    "MalformedError",
    "NotFoundError",
    "NotInFeatlyError",
    "NotSupportedError",
    "OnDemandFeatureViewNotFoundException",
    "PermissionDeniedError",
    "PermissionNotFoundException",
    "PermissionObjectNotFoundException",
    "ProjectNotFoundException",
    "ProjectObjectNotFoundException",
    "PushSourceNotFoundException",
    "RegistryInferenceFailure",
    "StorageError",
    "TooLargeError",
    "UnavailableError",
    "UsageError",
]


class FeatlyError(Exception):
    """Base of every error that featly raises."""

    kind: str = "internal"
    subject: str = ""
    near_names: list[str]
    file: str = ""
    line: int = 0

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.near_names = []


Raised = TypeVar("Raised", bound=FeatlyError)


class InternalError(FeatlyError):
    """A defect of featly or of a library: please report it."""


class MalformedError(FeatlyError, ValueError):
    """Something cannot be read at all: JSON syntax, a truncated file."""

    kind = "malformed"


class InvalidError(FeatlyError, ValueError):
    """It can be read but makes no sense: a wrong type, a missing column, a bad range."""

    kind = "invalid"


class UsageError(FeatlyError, ValueError):
    """A call's arguments do not go together."""

    kind = "usage"


class ConfigurationError(FeatlyError):
    """feature_store.yaml or an environment setting is wrong."""

    kind = "configuration"


class DefinitionError(FeatlyError):
    """The feature definitions are wrong."""

    kind = "definition"


class NotFoundError(FeatlyError, LookupError):
    """A named thing does not exist."""

    kind = "not_found"


class EntityNotFoundException(NotFoundError):
    """There is no entity of this name."""


class FeatureViewNotFoundException(NotFoundError):
    """There is no feature view of this name, or it has no such feature."""


class OnDemandFeatureViewNotFoundException(FeatureViewNotFoundException):
    """There is no on-demand feature view of this name."""


class FeatureServiceNotFoundException(NotFoundError):
    """There is no feature service of this name."""


class DataSourceObjectNotFoundException(NotFoundError):
    """There is no data source of this name."""


class PushSourceNotFoundException(NotFoundError):
    """There is no push source of this name, or it feeds no feature view."""


class PermissionObjectNotFoundException(NotFoundError):
    """There is no permission of this name."""


class ProjectObjectNotFoundException(NotFoundError):
    """There is no project of this name."""


class ConflictError(FeatlyError):
    """Somebody else changed it meanwhile, it exists already, or something else still needs it."""

    kind = "conflict"


class TooLargeError(FeatlyError, ValueError):
    """Over a stated limit."""

    kind = "too_large"


class NotSupportedError(FeatlyError, NotImplementedError):
    """Known, but not built in this version of featly."""

    kind = "not_implemented"


class NotInFeatlyError(NotSupportedError, AttributeError):
    """Feast's class has this attribute, featly's does not; says what to do instead."""


class UnavailableError(FeatlyError):
    """Busy, stopping, or a store that does not answer: may work later."""

    kind = "unavailable"


class PermissionDeniedError(FeatlyError, PermissionError):
    """The operating system or an access rule refuses."""

    kind = "permission"


class StorageError(FeatlyError, OSError):
    """The disk or the network failed."""

    kind = "io"


class CorruptError(FeatlyError):
    """Stored bytes are not what was written."""

    kind = "corrupt"


class CancelledError(FeatlyError):
    """Interrupted."""

    kind = "cancelled"


class FeatureNameCollisionError(InvalidError):
    """Two of the features asked for have one name; full feature names tell them apart."""


# What Feast calls them.
FeastError = FeatlyError
FeastObjectNotFoundException = NotFoundError
FeastPermissionError = PermissionDeniedError
DataSourceNotFoundException = DataSourceObjectNotFoundException
PermissionNotFoundException = PermissionObjectNotFoundException
ProjectNotFoundException = ProjectObjectNotFoundException
FeatureViewVersionNotFound = FeatureViewNotFoundException
RegistryInferenceFailure = DefinitionError
ConflictingFeatureViewNames = DefinitionError
DataSourceRepeatNamesException = DefinitionError
FeastEntityDFMissingColumnsError = InvalidError
EntityTimestampInferenceException = InvalidError

_NOT_FOUND: dict[str, type[NotFoundError]] = {
    "entity": EntityNotFoundException,
    "feature_view": FeatureViewNotFoundException,
    "label_view": FeatureViewNotFoundException,
    "stream_feature_view": FeatureViewNotFoundException,
    "permission": PermissionObjectNotFoundException,
    "on_demand_feature_view": OnDemandFeatureViewNotFoundException,
    "feature_service": FeatureServiceNotFoundException,
    "data_source": DataSourceObjectNotFoundException,
    "push_source": PushSourceNotFoundException,
    "project": ProjectObjectNotFoundException,
}


def not_found(kind: str, error: NotFoundError) -> NotFoundError:
    """The same error as the class of what was not found, which Feast's users catch."""
    return as_class(_NOT_FOUND.get(kind, NotFoundError), error)


def as_class(cls: type[Raised], error: FeatlyError) -> Raised:
    """The same error as another class."""
    found = cls(str(error))
    found.__dict__.update(error.__dict__)
    return found
