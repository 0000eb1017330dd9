"""What a registry holds, by name: the part of `FeatureStore` that reads, lists and deletes it."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from featly._feast_names import FeastNames
from featly._messages import Definition
from featly._registration import definitions_json
from featly.base_feature_view import DUMMY_ENTITY_NAME, BaseFeatureView
from featly.data_source import DataSource
from featly.entity import Entity
from featly.errors import NotFoundError, NotSupportedError, not_found
from featly.feature_service import FeatureService
from featly.feature_view import FeatureView
from featly.label_view import LabelView
from featly.on_demand_feature_view import OnDemandFeatureView
from featly.permission import Permission
from featly.project import Project
from featly.stream_feature_view import StreamFeatureView

if TYPE_CHECKING:
    from featly._native import _core

Defined = TypeVar("Defined", bound=Definition)

VIEW_KINDS: dict[str, Callable[[Mapping[str, Any]], BaseFeatureView]] = {
    "feature_view": FeatureView.from_dict,
    "stream_feature_view": StreamFeatureView.from_dict,
    "on_demand_feature_view": OnDemandFeatureView.from_dict,
    "label_view": LabelView.from_dict,
}
"""The kinds of view in a registry, and what makes objects of them."""


class Registered(FeastNames):
    """The objects of a project, for `FeatureStore`, with the names and arguments of Feast's."""

    _project: str
    _repo_path: str

    @abstractmethod
    def _project_core(self) -> _core.Project:
        """The opened repository."""

    # --- one object ----------------------------------------------------------------------------

    def get_project(self, name: str | None = None) -> Project:
        """The project of this name, by default this store's.

        Raises:
            NotFoundError: It is not registered.
        """
        return Project.from_dict(self._object("project", name or self._project))

    def get_entity(self, name: str, allow_registry_cache: bool = False) -> Entity:
        """The entity of this name.

        Args:
            name: Its name in this project.
            allow_registry_cache: Feast's; the registry is never out of date here.

        Raises:
            NotFoundError: It is not registered; `near_names` has names like it.
        """
        return Entity.from_dict(self._object("entity", name))

    def get_data_source(self, name: str) -> DataSource:
        """The data source of this name.

        Raises:
            NotFoundError: It is not registered; `near_names` has names like it.
        """
        return DataSource.from_dict(self._object("data_source", name))

    def get_feature_view(self, name: str, allow_registry_cache: bool = False) -> FeatureView:
        """The feature view of this name.

        Args:
            name: Its name in this project.
            allow_registry_cache: Feast's; the registry is never out of date here.

        Raises:
            NotFoundError: It is not registered; `near_names` has names like it.
        """
        return FeatureView.from_dict(self._object("feature_view", name))

    def get_on_demand_feature_view(
        self, name: str, allow_registry_cache: bool = False
    ) -> OnDemandFeatureView:
        """The on-demand feature view of this name; as `get_feature_view`.

        Its function is its text (`udf_string`): nothing out of a registry is run.
        """
        return OnDemandFeatureView.from_dict(self._object("on_demand_feature_view", name))

    def get_stream_feature_view(
        self, name: str, allow_registry_cache: bool = False
    ) -> StreamFeatureView:
        """The stream feature view of this name; as `get_feature_view`."""
        return StreamFeatureView.from_dict(self._object("stream_feature_view", name))

    def get_permission(self, name: str) -> Permission:
        """The permission of this name.

        Raises:
            NotFoundError: It is not registered; `near_names` has names like it.
        """
        return Permission.from_dict(self._object("permission", name))

    def get_label_view(self, name: str, allow_registry_cache: bool = False) -> LabelView:
        """The label view of this name; as `get_feature_view`."""
        return LabelView.from_dict(self._object("label_view", name))

    def get_any_feature_view(
        self, name: str, allow_registry_cache: bool = False
    ) -> BaseFeatureView:
        """The view of this name, of whatever kind; as `get_feature_view`."""
        kinds = [kind for kind in VIEW_KINDS if self._is_registered(kind, name)]
        kind = kinds[0] if kinds else "feature_view"
        return VIEW_KINDS[kind](self._object(kind, name))

    def get_feature_service(self, name: str, allow_cache: bool = False) -> FeatureService:
        """The feature service of this name.

        Args:
            name: Its name in this project.
            allow_cache: Feast's; the registry is never out of date here.

        Raises:
            NotFoundError: It is not registered; `near_names` has names like it.
        """
        return FeatureService.from_dict(self._object("feature_service", name))

    # --- all of a kind -------------------------------------------------------------------------

    def list_projects(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[Project]:
        """All projects of the registry that have these tags.

        Args:
            allow_cache: Feast's; the registry is never out of date here.
            tags: Only those that have every one of these tags with this value.
        """
        return self._list("project", Project.from_dict, tags)

    def list_entities(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[Entity]:
        """The project's entities, without the one that stands for none; as `list_projects`."""
        entities = self._list("entity", Entity.from_dict, tags)
        return [entity for entity in entities if entity.name != DUMMY_ENTITY_NAME]

    def list_data_sources(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[DataSource]:
        """The project's data sources; as `list_projects`."""
        return self._list("data_source", DataSource.from_dict, tags)

    def list_feature_views(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[FeatureView]:
        """The project's plain feature views; as `list_projects`."""
        return self._list("feature_view", FeatureView.from_dict, tags)

    def list_batch_feature_views(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[FeatureView]:
        """Feast's other name of `list_feature_views`."""
        return self.list_feature_views(allow_cache, tags)

    def list_on_demand_feature_views(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[OnDemandFeatureView]:
        """The project's on-demand feature views; as `list_projects`."""
        return self._list("on_demand_feature_view", OnDemandFeatureView.from_dict, tags)

    def list_stream_feature_views(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[StreamFeatureView]:
        """The project's stream feature views; as `list_projects`."""
        return self._list("stream_feature_view", StreamFeatureView.from_dict, tags)

    def list_permissions(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[Permission]:
        """The project's permissions; as `list_projects`."""
        return self._list("permission", Permission.from_dict, tags)

    def list_label_views(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[LabelView]:
        """The project's label views; as `list_projects`."""
        return self._list("label_view", LabelView.from_dict, tags)

    def list_all_feature_views(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[BaseFeatureView]:
        """The project's feature views of every kind; as `list_projects`."""
        views: list[BaseFeatureView] = []
        for kind, from_dict in VIEW_KINDS.items():
            views += self._list(kind, from_dict, tags)
        return views

    def list_feature_services(self, tags: dict[str, str] | None = None) -> list[FeatureService]:
        """The project's feature services that have every one of these tags."""
        return self._list("feature_service", FeatureService.from_dict, tags)

    # --- changes -------------------------------------------------------------------------------

    def delete_feature_view(self, name: str) -> None:
        """Deletes a feature view of any kind, with its rows in the online store.

        Raises:
            FeatureViewNotFoundException: It is not registered.
            ConflictError: A feature service or an on-demand view uses it; nothing was changed.
        """
        kinds = [kind for kind in VIEW_KINDS if self._is_registered(kind, name)]
        self._delete(kinds[0] if kinds else "feature_view", name)

    def delete_feature_service(self, name: str) -> None:
        """Deletes a feature service.

        Raises:
            FeatureServiceNotFoundException: It is not registered.
        """
        self._delete("feature_service", name)

    def delete_entity(self, name: str) -> None:
        """Deletes an entity.

        Raises:
            EntityNotFoundException: It is not registered.
            ConflictError: A feature view uses it; nothing was changed.
        """
        self._delete("entity", name)

    def delete_data_source(self, name: str) -> None:
        """Deletes a data source from the registry; its files are left alone.

        Raises:
            DataSourceObjectNotFoundException: It is not registered.
            ConflictError: A feature view or a push source uses it; nothing was changed.
        """
        self._delete("data_source", name)

    def enable_feature_view(self, name: str) -> None:
        """Lets a view be materialized and looked up again.

        Raises:
            FeatureViewNotFoundException: It is not registered.
            NotSupportedError: It is a label view, which is not served.
        """
        self._set_enabled(name, True)

    def disable_feature_view(self, name: str) -> None:
        """Keeps a view from being materialized and looked up; what it holds stays.

        Raises as `enable_feature_view`.
        """
        self._set_enabled(name, False)

    # --- the core ------------------------------------------------------------------------------

    def _object(self, kind: str, name: str) -> dict[str, Any]:
        try:
            message: dict[str, Any] = json.loads(self._project_core().get_object(kind, name))
        except NotFoundError as error:
            raise not_found(kind, error) from None
        return message

    def _registered_names(self, kind: str) -> list[str]:
        """What is registered of a kind, by name; without the entity that stands for none."""
        objects = [json.loads(text) for text in self._project_core().list_objects(kind)]
        names = [obj.get("spec", obj)["name"] for obj in objects]
        return sorted(name for name in names if name != DUMMY_ENTITY_NAME)

    def _is_registered(self, kind: str, name: str) -> bool:
        return name in self._registered_names(kind)

    def _list(
        self,
        kind: str,
        from_dict: Callable[[Mapping[str, Any]], Defined],
        tags: dict[str, str] | None,
    ) -> list[Defined]:
        objects = [from_dict(json.loads(text)) for text in self._project_core().list_objects(kind)]
        wanted = (tags or {}).items()
        return [obj for obj in objects if wanted <= obj.tags.items()]

    def _delete(self, kind: str, name: str) -> None:
        try:
            self._project_core().apply("[]", [(kind, name)], True)
        except NotFoundError as error:
            raise not_found(kind, error) from None

    def _set_enabled(self, name: str, enabled: bool) -> None:
        view = self.get_any_feature_view(name)
        if not isinstance(view, (FeatureView, OnDemandFeatureView)):
            raise NotSupportedError(
                f"{type(view).__name__} {name!r} cannot be enabled or disabled: this version "
                "neither stores nor serves its rows"
            )
        view.enabled = enabled
        definition = definitions_json("view", view, self._repo_path)
        self._project_core().apply(definition, [], True)
