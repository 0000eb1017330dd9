"""An opened repository: the whole job from definitions to training sets and lookups."""

from __future__ import annotations

import json
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa

from featly import _core
from featly._messages import Definition
from featly._registration import definitions_json, names_of
from featly._tables import entity_rows_table, to_datetime, to_micros, to_table
from featly.data_source import DataSource, PushMode
from featly.entity import Entity
from featly.errors import NotSupportedError
from featly.feature_service import FeatureService
from featly.feature_view import DUMMY_ENTITY_NAME, FeatureView
from featly.online_response import OnlineResponse
from featly.project import Project
from featly.registry_diff import Change, RegistryDiff
from featly.retrieval_job import RetrievalJob

Defined = TypeVar("Defined", bound=Definition)

_OTHER_VIEWS = ("stream_feature_view", "on_demand_feature_view", "label_view")


@dataclass(frozen=True)
class MaterializedView:
    """What materializing one view did.

    Attributes:
        feature_view: The name of the view.
        start, end: The range of event times, both ends included; UTC.
        rows: The rows of the source in the range.
        entities: The distinct entities among them.
        written: The rows that are now in the online store.
        stale: The rows that are not, because the store had newer ones.
        source_range: The first and the last event time (UTC) of the source where the range held no
            rows; None where it held some, or the source is empty.
    """

    feature_view: str
    start: datetime
    end: datetime
    rows: int
    entities: int
    written: int
    stale: int
    source_range: tuple[datetime, datetime] | None


class PushResult(NamedTuple):
    """How many rows a push wrote, and how many it did not because the store had newer ones.

    Counted for each view that the push source feeds.
    """

    written: int
    stale: int


class FeatureStore:
    """A repository of features, with the names and arguments of Feast's class.

    Opening is cheap: the registry is read when it is asked for and again whenever its file has
    changed, and the online store is opened by its first use. Every method may be called from
    several threads at once. After `os.fork` the child's store opens the repository anew.

    All times are UTC: a datetime without a time zone is read as UTC, and what comes back is aware.
    Errors are those of `featly.errors`; a wrong type of argument is a TypeError.

    Args:
        repo_path: The folder of feature_store.yaml and the definitions; by default the current one.
        config: Feast's RepoConfig, which is not supported: must be None.
        fs_yaml_file: The configuration, if it is not `<repo_path>/feature_store.yaml`.

    Raises:
        ConfigurationError: feature_store.yaml is missing or wrong; says where.
        NotSupportedError: It names a registry or a store that this version does not have.
    """

    def __init__(
        self,
        repo_path: str | os.PathLike[str] | None = None,
        config: None = None,
        fs_yaml_file: str | os.PathLike[str] | None = None,
        *,
        _test_clock: str = "",
    ) -> None:
        if config is not None:
            raise NotSupportedError(
                "FeatureStore(config=...) is not supported: write the settings to "
                "feature_store.yaml and pass repo_path or fs_yaml_file"
            )
        folder = os.path.abspath(os.fspath(repo_path) if repo_path is not None else os.getcwd())
        file = os.path.abspath(os.fspath(fs_yaml_file)) if fs_yaml_file is not None else ""
        self._open: Callable[[], _core.Project] = lambda: _core.Project.open(
            folder, file, _test_clock
        )
        self._lock = threading.Lock()
        self._core: _core.Project | None = self._open()
        self._project = self._core.name
        self._repo_path = self._core.repo_path
        _all_stores.add(self)

    @property
    def project(self) -> str:
        """The name of the project."""
        return self._project

    @property
    def repo_path(self) -> Path:
        """The folder of the repository."""
        return Path(self._repo_path)

    # --- definitions ---------------------------------------------------------------------------

    def apply(
        self,
        objects: Definition | Sequence[Definition],
        objects_to_delete: Sequence[Definition] | None = None,
        partial: bool = True,
        skip_feature_view_validation: bool = False,
        no_promote: bool = False,
    ) -> RegistryDiff:
        """Registers definitions and prepares the online store for them.

        What is not among `objects` stays as it is; to make the registry exactly what a repository
        defines, run `featly apply`. Applying the same again changes nothing.

        Args:
            objects: A definition or a list of them. The sources inside views come along; entities
                must be registered or among them.
            objects_to_delete: Registered objects (only the names count) to delete, with the rows
                that the online store holds of views.
            partial: Feast's; makes no difference here.
            skip_feature_view_validation: Do not open the sources. Views must then have schemas, and
                their join keys types.
            no_promote: Not supported: what is applied is what is served.

        Returns:
            What was changed.

        Raises:
            DefinitionError: The definitions do not make sense together, or do not fit a source;
                nothing was changed.
            NotFoundError: An object to delete is not registered.
            ConflictError: Something that stays uses an object to delete, or another apply changed
                the same objects meanwhile; nothing was changed.

        Cost: reads the metadata of each view's source.
        """
        if no_promote:
            raise NotSupportedError(
                "apply(no_promote=True) is not supported: the registry holds one version of a "
                "view, the one that is served"
            )
        changes = self._project_core().apply(
            definitions_json("objects", objects, self._repo_path),
            names_of("objects_to_delete", objects_to_delete or []),
            skip_feature_view_validation,
        )
        return _diff(changes)

    def plan(
        self,
        desired_repo_contents: Definition | Sequence[Definition | Sequence[Definition]],
        skip_feature_view_validation: bool = False,
        progress_ctx: object = None,
    ) -> RegistryDiff:
        """What would change if the registry became exactly these definitions; changes nothing.

        Args:
            desired_repo_contents: All definitions, as a list or as lists in a tuple. What is
                registered and not among them is planned to be deleted, as by `featly apply`.
            skip_feature_view_validation: As in `apply`.
            progress_ctx: Feast's, for progress bars; makes no difference here.

        Raises:
            DefinitionError: As in `apply`.
        """
        definitions = definitions_json(
            "desired_repo_contents", desired_repo_contents, self._repo_path
        )
        return _diff(self._project_core().plan(definitions, skip_feature_view_validation))

    def teardown(self) -> None:
        """Removes the project: its definitions, and its rows in the online store.

        The repository, its sources, and other projects of the same registry and store are left
        alone.
        """
        self._project_core().teardown()

    def refresh_registry(self) -> None:
        """Reads the registry now if it has changed.

        Calls never work on an old registry, so this only shows whether it can be read.

        Raises:
            CorruptError: The file is not a registry.
        """
        self._project_core().refresh()

    # --- what is registered --------------------------------------------------------------------

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

    def get_feature_service(self, name: str, allow_cache: bool = False) -> FeatureService:
        """The feature service of this name.

        Args:
            name: Its name in this project.
            allow_cache: Feast's; the registry is never out of date here.

        Raises:
            NotFoundError: It is not registered; `near_names` has names like it.
        """
        return FeatureService.from_dict(self._object("feature_service", name))

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

    def list_all_feature_views(
        self, allow_cache: bool = False, tags: dict[str, str] | None = None
    ) -> list[FeatureView]:
        """The project's feature views of every kind; as `list_projects`.

        Raises:
            NotSupportedError: There are views of a kind that this version has no class for.
        """
        core = self._project_core()
        for kind in _OTHER_VIEWS:
            others = [json.loads(text)["spec"]["name"] for text in core.list_objects(kind)]
            if others:
                raise NotSupportedError(
                    f"the registry holds views of kind {kind} ({', '.join(others)}), for which "
                    "this version has no class; list_feature_views gives the others"
                )
        return self.list_feature_views(allow_cache, tags)

    def list_feature_services(self, tags: dict[str, str] | None = None) -> list[FeatureService]:
        """The project's feature services that have every one of these tags."""
        return self._list("feature_service", FeatureService.from_dict, tags)

    # --- rows ----------------------------------------------------------------------------------

    def materialize(
        self,
        start_date: datetime,
        end_date: datetime,
        feature_views: list[str] | None = None,
        disable_event_timestamp: bool = False,
        full_feature_names: bool = False,
        version: str | None = None,
        force: bool = False,
        run_async: bool = False,
    ) -> list[MaterializedView]:
        """Writes the newest row of each entity in a range of event times to the online store.

        A row that is older than the stored one is not written, so ranges may be repeated and done
        in any order. Warns where a range held no rows, with the range that the source does hold.

        Args:
            start_date, end_date: The range, both ends included; UTC where there is no time zone.
            feature_views: Names of views; by default all that are online.
            disable_event_timestamp: Not supported: pass `start_date=datetime(1970, 1, 1)`.
            full_feature_names: Feast's; makes no difference to plain views.
            version: Not supported.
            force, run_async: Feast's, for remote servers; make no difference here.

        Returns:
            What was done for each view, in order.

        Raises:
            NotFoundError: There is no such view; `near_names` has names like it.
            InvalidError: The range ends before it starts, or a source does not fit its view.
            KeyboardInterrupt: Ctrl-C was pressed. What is written stays; repeat the call.

        Cost: reads the range on all processors, within a memory limit that feature_store.yaml sets.
        """
        if disable_event_timestamp:
            raise NotSupportedError(
                "materialize(disable_event_timestamp=True) is not supported; to take all rows, "
                "pass start_date=datetime(1970, 1, 1)"
            )
        return self._materialize(
            to_micros("start_date", start_date), end_date, feature_views, version
        )

    def materialize_incremental(
        self,
        end_date: datetime,
        feature_views: list[str] | None = None,
        full_feature_names: bool = False,
        version: str | None = None,
        force: bool = False,
        run_async: bool = False,
    ) -> list[MaterializedView]:
        """Materializes each view from where its last run ended.

        A view that was never materialized begins at now - TTL, one without a TTL 52 weeks before
        now.

        Args:
            end_date: The end of the range, included; UTC where there is no time zone.
            feature_views, full_feature_names, version, force, run_async: As in `materialize`.

        Returns, raises and costs what `materialize` does.
        """
        return self._materialize(None, end_date, feature_views, version)

    def push(
        self,
        push_source_name: str,
        df: object,
        allow_registry_cache: bool = True,
        to: PushMode = PushMode.ONLINE,
        transform_on_write: bool = True,
    ) -> PushResult:
        """Writes rows to the online store, for every view that the push source feeds.

        A row must be whole: all features of the views (null is a value), the join keys, and the
        time columns of their source. Either all rows are taken or none; they are durable when this
        returns.

        Args:
            push_source_name: The name of a PushSource.
            df: The rows: pandas, pyarrow, Polars or anything with `__arrow_c_stream__`. Times
                without a time zone are UTC.
            allow_registry_cache: Feast's; the registry is never out of date here.
            to: Only `PushMode.ONLINE` is supported.
            transform_on_write: Feast's; plain views have no transformation.

        Raises:
            NotFoundError: There is no such push source, or no view has it.
            InvalidError: A column is missing or has an unfit type, or a row has no key or no time;
                says which.
            NotSupportedError: Another `to`.
        """
        if to is not PushMode.ONLINE:
            raise NotSupportedError(
                f"push(to={to!r}) is not supported: rows are pushed to the online store only; add "
                "them to the view's batch source to keep their history"
            )
        written, stale = self._project_core().push(push_source_name, to_table("df", df))
        return PushResult(written, stale)

    def get_historical_features(
        self,
        entity_df: object = None,
        features: list[str] | FeatureService = [],  # noqa: B006 -- Feast's default, never changed
        full_feature_names: bool = False,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        filter_by_created_timestamp: bool = False,
    ) -> RetrievalJob:
        """A training set: what each feature was at each row's own time.

        Args:
            entity_df: The join keys and a time for each row, with any other columns (labels):
                pandas, pyarrow, Polars or anything with `__arrow_c_stream__`. The time is
                `event_timestamp`, else the only column of times; UTC where there is no time zone.
            features: References such as `"view:feature"`, or a registered FeatureService, of which
                only the name counts.
            full_feature_names: Whether to name the features `view__feature`.
            start_date, end_date, filter_by_created_timestamp: Not supported.

        Returns:
            A job; its `to_df` and `to_arrow` do the work.

        Raises:
            NotFoundError: There is no such view, feature or service; `near_names` has names like
                it.
            InvalidError: A reference is malformed, there is none, or two features have one name.
            NotSupportedError: An argument or a kind of view that this version does not have.
        """
        if entity_df is None or start_date is not None or end_date is not None:
            raise NotSupportedError(
                "get_historical_features needs entity_df, the table of join keys and times; "
                "start_date and end_date in its place are not supported"
            )
        if filter_by_created_timestamp:
            raise NotSupportedError(
                "get_historical_features(filter_by_created_timestamp=True) is not supported"
            )
        entities = to_table("entity_df", entity_df)
        references, service = _requested(features)
        self._project_core().check_features(references, service, full_feature_names)

        def run() -> pa.Table:
            stream = self._project_core().get_historical_features(
                entities, references, service, full_feature_names
            )
            return pa.table(stream)

        return RetrievalJob(run, full_feature_names)

    def get_online_features(
        self,
        features: list[str] | FeatureService,
        entity_rows: list[dict[str, Any]] | Mapping[str, Sequence[Any]],
        full_feature_names: bool = False,
        include_feature_view_version_metadata: bool = False,
    ) -> OnlineResponse:
        """The present values of features for some entities.

        Args:
            features: References such as `"view:feature"`, or a registered FeatureService, of which
                only the name counts.
            entity_rows: The join keys, as a list of dictionaries (a row each, all with the same
                keys) or a dictionary of lists (a column each, of one length). A key may be a number
                or text where its value is exact: 1001, "1001" and 1001.0 are one int64 key.
            full_feature_names: Whether to name the features `view__feature`.
            include_feature_view_version_metadata: Not supported; over HTTP it is.

        Returns:
            A column for each join key and feature, a row for each entity row, in their order.

        Raises:
            NotFoundError: There is no such view, feature or service; `near_names` has names like
                it.
            InvalidError: A join key is missing, null, or does not have the key's type.
            NotSupportedError: A kind of view that this version does not have.

        Cost: one read of the online store for all views; microseconds for each entity.
        """
        if include_feature_view_version_metadata:
            raise NotSupportedError(
                "get_online_features(include_feature_view_version_metadata=True) is not supported: "
                "an OnlineResponse has no such metadata; POST /get-online-features gives it"
            )
        references, service = _requested(features)
        values, statuses, event_times = self._project_core().get_online_features(
            entity_rows_table(entity_rows), references, service, full_feature_names
        )
        return OnlineResponse(pa.table(values), pa.table(statuses), pa.table(event_times))

    # --- the core ------------------------------------------------------------------------------

    def _project_core(self) -> _core.Project:
        """The opened repository; opened anew in a process that was forked since."""
        core = self._core
        if core is None:
            with self._lock:
                core = self._core = self._core or self._open()
        return core

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._core = None

    def _object(self, kind: str, name: str) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._project_core().get_object(kind, name))
        return message

    def _list(
        self,
        kind: str,
        from_dict: Callable[[Mapping[str, Any]], Defined],
        tags: dict[str, str] | None,
    ) -> list[Defined]:
        objects = [from_dict(json.loads(text)) for text in self._project_core().list_objects(kind)]
        wanted = (tags or {}).items()
        return [obj for obj in objects if wanted <= obj.tags.items()]

    def _materialize(
        self,
        start: int | None,
        end_date: datetime,
        feature_views: list[str] | None,
        version: str | None,
    ) -> list[MaterializedView]:
        if version is not None:
            raise NotSupportedError(
                f"materialize(version={version!r}) is not supported: the online store holds one "
                "version of a view, the registered one"
            )
        views = _names("feature_views", feature_views or [])
        done = self._project_core().materialize(start, to_micros("end_date", end_date), views)
        results = [_materialized(*view) for view in done]
        for result in results:
            _warn_if_empty(result)
        return results


_all_stores: weakref.WeakSet[FeatureStore] = weakref.WeakSet()


def _forget_parents_stores() -> None:
    """In the child of a fork: what the parent opened is the parent's."""
    for store in list(_all_stores):
        store._after_fork()


os.register_at_fork(after_in_child=_forget_parents_stores)


def _requested(features: object) -> tuple[list[str], str]:
    """(references, name of the feature service); one of them is empty."""
    if isinstance(features, FeatureService):
        return [], features.name
    return _names("features", features), ""


def _names(argument: str, names: object) -> list[str]:
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"{argument} must be a list of strings, but is {names!r} ({type(names).__name__})"
        )
    return list(names)


def _diff(changes: Iterable[tuple[str, str, str, list[str]]]) -> RegistryDiff:
    return RegistryDiff(
        tuple(Change(change, kind, name, tuple(details)) for change, kind, name, details in changes)
    )


def _materialized(
    view: str,
    start: int,
    end: int,
    rows: int,
    entities: int,
    written: int,
    stale: int,
    source_range: tuple[int, int] | None,
) -> MaterializedView:
    return MaterializedView(
        feature_view=view,
        start=to_datetime(start),
        end=to_datetime(end),
        rows=rows,
        entities=entities,
        written=written,
        stale=stale,
        source_range=(to_datetime(source_range[0]), to_datetime(source_range[1]))
        if source_range
        else None,
    )


def _warn_if_empty(result: MaterializedView) -> None:
    if result.rows or result.source_range is None:
        return
    first, last = result.source_range
    warnings.warn(
        f"feature view {result.feature_view!r}: the source has no rows between "
        f"{result.start.isoformat()} and {result.end.isoformat()}; it has rows from "
        f"{first.isoformat()} to {last.isoformat()}",
        stacklevel=4,
    )
