"""Definitions of the SDK's user as the core takes them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from featly._messages import Definition
from featly.base_feature_view import BaseFeatureView
from featly.data_source import DataSource, PushSource
from featly.entity import Entity
from featly.feature_service import FeatureService
from featly.feature_view import FeatureView
from featly.label_view import LabelView
from featly.on_demand_feature_view import OnDemandFeatureView
from featly.permission import Permission
from featly.project import Project
from featly.stream_feature_view import StreamFeatureView
from featly.stream_source import StreamSource

_KINDS: tuple[tuple[type[Definition], str], ...] = (
    (Project, "project"),
    (Entity, "entity"),
    (DataSource, "data_source"),
    (StreamFeatureView, "stream_feature_view"),
    (FeatureView, "feature_view"),
    (OnDemandFeatureView, "on_demand_feature_view"),
    (LabelView, "label_view"),
    (FeatureService, "feature_service"),
    (Permission, "permission"),
)


def kind_of(argument: str, obj: object) -> str:
    """The registry's word for what a definition is."""
    for cls, kind in _KINDS:
        if isinstance(obj, cls):
            return kind
    raise TypeError(
        f"{argument} must be definitions of featly (Entity, FeatureView, FeatureService, ...), "
        f"but holds {obj!r} ({type(obj).__name__})"
    )


def names_of(argument: str, objects: object) -> list[tuple[str, str]]:
    """(kind, name) of each definition."""
    return [(kind_of(argument, obj), obj.name) for obj in _flatten(argument, objects)]


def definitions_json(argument: str, objects: object, repo_path: str) -> str:
    """The definitions and the sources inside them, each once, as the core's JSON array.

    Two objects that say the same are one definition; of two that differ under one name the core
    says so.
    """
    definitions: list[tuple[str, Definition]] = []
    for obj in _flatten(argument, objects):
        for found in _with_sources(obj):
            entry = (kind_of(argument, found), found)
            if entry not in definitions:
                definitions.append(entry)
    return json.dumps([_record(kind, obj, repo_path) for kind, obj in definitions])


def _flatten(argument: str, objects: object) -> Iterator[Definition]:
    """One definition, a list of them, or lists of them, as Feast's RepoContents is."""
    if isinstance(objects, Sequence) and not isinstance(objects, (str, bytes)):
        for item in objects:
            yield from _flatten(argument, item)
        return
    kind_of(argument, objects)
    assert isinstance(objects, Definition)
    yield objects


def _with_sources(obj: Definition) -> Iterator[Definition]:
    """The definition itself, after the sources that it reads."""
    inner: list[DataSource | None] = []
    if isinstance(obj, BaseFeatureView):
        # view[[...]] and view.with_name(...) choose features; the view is the definition.
        obj = obj._original or obj
    if isinstance(obj, (FeatureView, LabelView)):
        inner = [obj.batch_source, obj.stream_source]
    elif isinstance(obj, OnDemandFeatureView):
        inner = list(obj.source_request_sources.values())
    elif isinstance(obj, (PushSource, StreamSource)):
        inner = [obj.batch_source]
    for source in inner:
        if source is not None:
            yield from _with_sources(source)
    yield obj


def _record(kind: str, obj: Definition, repo_path: str) -> dict[str, Any]:
    file, line = obj._location or ("", 0)
    if file.startswith(repo_path + os.sep):
        file = os.path.relpath(file, repo_path)
    return {"kind": kind, "name": obj.name, "file": file, "line": line, "json": obj.to_dict()}
