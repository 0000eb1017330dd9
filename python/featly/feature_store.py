"""An opened repository: the whole job from definitions to training sets and lookups."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from featly._html import heading, page, table
from featly._messages import Definition
from featly._native import _core
from featly._progress import terminal_progress
from featly._registered import VIEW_KINDS, Registered
from featly._registration import definitions_json, names_of
from featly._tables import columns_table, entity_rows_table, to_micros, to_table
from featly.data_source import PushMode
from featly.errors import (
    FeatureNameCollisionError,
    InvalidError,
    NotFoundError,
    NotSupportedError,
    UsageError,
    as_class,
    not_found,
)
from featly.feature_service import FeatureService
from featly.online_response import OnlineResponse
from featly.registry_diff import Change, RegistryDiff
from featly.repo_config import RepoConfig, config_of
from featly.retrieval_job import RetrievalJob
from featly.write_results import (
    MaterializedView,
    PushResult,
    materialized_view,
    warn_if_nothing,
)

__all__ = ["FeatureStore"]

Defined = TypeVar("Defined", bound=Definition)


class FeatureStore(Registered):
    """A repository of features, with the names and arguments of Feast's class.

    Opening is cheap: the registry is read when it is asked for and again whenever its file has
    changed, and the online store is opened by its first use. Every method may be called from
    several threads at once. After `os.fork` the child's store opens the repository anew.

    All times are UTC: a datetime without a time zone is read as UTC, and what comes back is aware.
    Errors are those of `featly.errors`; a wrong type of argument is a TypeError.

    Args:
        repo_path: The folder of feature_store.yaml and the definitions; by default the current one.
        config: The settings as a `RepoConfig`, featly's or Feast's, in place of a file. Its
            `repo_path` is the folder.
        fs_yaml_file: The configuration, if it is not `<repo_path>/feature_store.yaml`.
        embedding_provider: Feast's, which is not supported: must be None.

    Raises:
        ConfigurationError: feature_store.yaml is missing or wrong; says where.
        NotSupportedError: It names a registry or a store that this version does not have.
        UsageError: A folder or a file is given together with `config`.
    """

    def __init__(
        self,
        repo_path: str | os.PathLike[str] | None = None,
        config: RepoConfig | None = None,
        fs_yaml_file: str | os.PathLike[str] | None = None,
        embedding_provider: None = None,
        *,
        _test_clock: str = "",
    ) -> None:
        if embedding_provider is not None:
            raise NotSupportedError(
                "FeatureStore(embedding_provider=...) is not supported: there is no vector search; "
                "get_online_features looks keys up"
            )
        settings = ""
        if config is not None:
            if repo_path is not None or fs_yaml_file is not None:
                raise UsageError(
                    "FeatureStore takes a config, or a repo_path and fs_yaml_file; pass one or the "
                    "other (a RepoConfig has a repo_path of its own)"
                )
            own = config_of(config)
            repo_path, settings = own.repo_path, own.to_json()
        folder = os.path.abspath(os.fspath(repo_path) if repo_path is not None else os.getcwd())
        file = os.path.abspath(os.fspath(fs_yaml_file)) if fs_yaml_file is not None else ""
        self._open: Callable[[], _core.Project] = lambda: _core.Project.open(
            folder, file, settings, _test_clock
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

    @property
    def config(self) -> RepoConfig:
        """The settings that count: those given, and the defaults for the rest."""
        settings = json.loads(self._project_core().config)
        return RepoConfig(repo_path=self._repo_path, **settings)

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
        return _diff(
            *self._project_core().apply(
                definitions_json("objects", objects, self._repo_path),
                names_of("objects_to_delete", objects_to_delete or []),
                skip_feature_view_validation,
            )
        )

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
        return _diff(*self._project_core().plan(definitions, skip_feature_view_validation))

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

        Draws a bar on standard error where that is a terminal.

        Args:
            start_date, end_date: The range, both ends included; UTC where there is no time zone.
            feature_views: Names of views; by default all that are online.
            disable_event_timestamp: Whether to take all there is, from 1970 to now, whatever range
                is given: as the command does. (Rows keep their event times, as in Feast.)
            full_feature_names: Feast's; makes no difference to plain views.
            version: Not supported.
            force, run_async: Feast's, for remote servers; make no difference here.

        Returns:
            What was done for each view, in order.

        Raises:
            NotFoundError: There is no such view; `near_names` has names like it.
            InvalidError: The range ends before it starts, or a source does not fit its view.
            FeatlyError: A view failed. Of several views the others are done all the same, and the
                message names all that failed; class and rest of the message are the first one's.
            KeyboardInterrupt: Ctrl-C was pressed. What is written stays; repeat the call.

        Cost: reads the range on all processors, within a memory limit that feature_store.yaml sets.
        """
        start: int | None = to_micros("start_date", start_date)
        end: int | None = to_micros("end_date", end_date)
        if disable_event_timestamp:
            start, end = 0, None
        return self._materialize(start, end, feature_views, version)

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

        Returns, raises and costs what `materialize` does. Warns where a view was materialized up
        to a later time already.
        """
        return self._materialize(None, to_micros("end_date", end_date), feature_views, version)

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
        rows = to_table("df", df)
        try:
            return PushResult(*self._project_core().push(push_source_name, rows))
        except NotFoundError as error:
            raise not_found("push_source", error) from None

    async def push_async(
        self,
        push_source_name: str,
        df: object,
        allow_registry_cache: bool = True,
        to: PushMode = PushMode.ONLINE,
        transform_on_write: bool = True,
    ) -> PushResult:
        """`push` on another thread, while the event loop goes on."""
        return await asyncio.to_thread(
            self.push, push_source_name, df, allow_registry_cache, to, transform_on_write
        )

    def write_to_online_store(
        self,
        feature_view_name: str,
        df: object = None,
        inputs: Mapping[str, Sequence[Any]] | object = None,
        allow_registry_cache: bool = True,
        transform_on_write: bool = True,
    ) -> PushResult:
        """Writes rows to the online store of one view, whatever its source.

        Rows must be whole, as in `push`; either all of them are taken or none.

        Args:
            feature_view_name: The view.
            df: The rows, as in `push`.
            inputs: The rows in place of `df`: also as a dictionary of lists.
            allow_registry_cache, transform_on_write: As in `push`.

        Raises:
            FeatureViewNotFoundException: There is no such view.
            InvalidError: As in `push`, or the view is not online.
            NotSupportedError: The view is of a kind that this version does not write.
            UsageError: Not exactly one of `df` and `inputs` is given.
        """
        if (df is None) == (inputs is None):
            raise UsageError("write_to_online_store needs the rows as df or as inputs; pass one")
        given = df if inputs is None else inputs
        if isinstance(given, Mapping):
            given = columns_table("inputs", given)
        rows = to_table("df" if inputs is None else "inputs", given)
        try:
            written, stale = self._project_core().write_to_online_store(feature_view_name, rows)
        except NotFoundError as error:
            raise not_found("feature_view", error) from None
        return PushResult(written, stale)

    async def write_to_online_store_async(
        self,
        feature_view_name: str,
        df: object = None,
        inputs: Mapping[str, Sequence[Any]] | object = None,
        allow_registry_cache: bool = True,
    ) -> PushResult:
        """`write_to_online_store` on another thread, while the event loop goes on."""
        return await asyncio.to_thread(
            self.write_to_online_store, feature_view_name, df, inputs, allow_registry_cache
        )

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
        with self._named(references, service):
            self._project_core().check_features(references, service, full_feature_names)

        def run() -> pa.Table:
            stream = self._project_core().get_historical_features(
                entities, references, service, full_feature_names
            )
            return pa.table(stream)

        asked = references or [f"feature service {service}"]
        return RetrievalJob(
            run, full_feature_names, entities, asked, lambda: self._references(references, service)
        )

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
            A column for each join key that `entity_rows` has, in its order, also where the features
            do not need it, then one for each feature; a row for each entity row.

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
        rows = entity_rows_table(entity_rows)
        with self._named(references, service):
            values, statuses, event_times, shaped = self._project_core().get_online_features(
                rows, references, service, full_feature_names
            )
        return OnlineResponse(
            pa.table(values), pa.table(statuses), pa.table(event_times), pa.table(shaped)
        )

    async def get_online_features_async(
        self,
        features: list[str] | FeatureService,
        entity_rows: list[dict[str, Any]] | Mapping[str, Sequence[Any]],
        full_feature_names: bool = False,
        include_feature_view_version_metadata: bool = False,
    ) -> OnlineResponse:
        """`get_online_features` on another thread, while the event loop goes on.

        The embedded store answers in microseconds: where the loop can wait that long, the call
        without `async` is quicker.
        """
        return await asyncio.to_thread(
            self.get_online_features,
            features,
            entity_rows,
            full_feature_names,
            include_feature_view_version_metadata,
        )

    async def initialize(self) -> None:
        """Feast's: reads the registry, so that the first lookup need not."""
        await asyncio.to_thread(self.refresh_registry)

    async def close(self) -> None:
        """Feast's: nothing is held that would have to be closed."""

    # --- notebooks -----------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"FeatureStore(project={self._project!r}, repo_path={self._repo_path!r})"

    def _repr_html_(self) -> str:
        kinds = ("entity", "data_source", *VIEW_KINDS, "feature_service")
        rows = [(kind.replace("_", " "), self._registered_names(kind)) for kind in kinds]
        return page(
            heading("FeatureStore", self._project, self._repo_path),
            table(
                ("kind", "registered", "names"),
                [(kind, len(names), ", ".join(names)) for kind, names in rows if names],
            ),
        )

    # --- the core ------------------------------------------------------------------------------

    def _project_core(self) -> _core.Project:
        """The opened repository; opened anew in a process that was forked since."""
        core = self._core
        if core is None:
            with self._lock:
                core = self._core = self._core or self._open()
        return core

    def _references(self, references: list[str], service: str) -> list[str]:
        """The references asked for, or those that a registered service stands for."""
        if not service:
            return references
        return [
            f"{projection.name_to_use()}:{name}"
            for projection in self.get_feature_service(service).feature_view_projections
            for name in [field.name for field in projection.features] or projection.desired_features
        ]

    @contextmanager
    def _named(self, references: list[str], service: str) -> Iterator[None]:
        """Raises errors about features as the classes that Feast's users catch."""
        try:
            yield
        except NotFoundError as error:
            is_service = service and error.subject == service
            raise not_found("feature_service" if is_service else "feature_view", error) from None
        except InvalidError as error:
            asked = self._references(references, service)
            names = [reference.rpartition(":")[2] for reference in asked]
            if names.count(error.subject) < 2:
                raise
            raise as_class(FeatureNameCollisionError, error) from None

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._core = None

    def _materialize(
        self,
        start: int | None,
        end: int | None,
        feature_views: list[str] | None,
        version: str | None,
    ) -> list[MaterializedView]:
        if version is not None:
            raise NotSupportedError(
                f"materialize(version={version!r}) is not supported: the online store holds one "
                "version of a view, the registered one"
            )
        views = _names("feature_views", feature_views or [])
        done = self._project_core().materialize(start, end, views, terminal_progress())
        results = [materialized_view(*view) for view in done]
        for result in results:
            warn_if_nothing(result)
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


def _diff(
    changes: Iterable[tuple[str, str, str, list[str]]], inferred: Sequence[str]
) -> RegistryDiff:
    return RegistryDiff(
        tuple(
            Change(change, kind, name, tuple(details)) for change, kind, name, details in changes
        ),
        tuple(inferred),
    )
