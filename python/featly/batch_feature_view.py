"""Feature views whose rows a function may make of a batch source."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Any

from featly._functions import check_function, function_message, source_of
from featly._messages import check_text
from featly.aggregation import Aggregation
from featly.data_source import DataSource
from featly.entity import Entity
from featly.feature_view import FeatureView
from featly.field import Field
from featly.transformation import TransformationMode

__all__ = ["BatchFeatureView", "batch_feature_view"]

_MODES = ("pandas", "python", "sql", "ray", "flink")


class BatchFeatureView(FeatureView):
    """A feature view that is materialized in batches, perhaps through a function.

    In the registry it is a feature view. This version keeps the function there, where Feast finds
    it, and does not run it: such a view is neither materialized nor looked up. A view without one
    is like any other.

    Args:
        name: The unique name of the view. `@` and `:` are reserved.
        mode: The language of the function.
        source: Where its rows come from.
        udf: The function that the rows go through.
        udf_string: Its source text; by default read from its file.
        feature_transformation: Feast's transformation objects, which are not supported: must be
            None.
        batch_engine: Feast's; the registry does not keep it.
        aggregations: Not supported, since the registry does not keep them: must be empty.

    The other arguments are those of FeatureView; `online` is False by default, and `ttl` none.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: As a FeatureView; or there is neither a source nor a function, or the mode is
            none of a BatchFeatureView's.
        NotImplementedError: The view is derived from other views, or has aggregations or a
            feature_transformation.
    """

    def __init__(
        self,
        *,
        name: str,
        mode: Enum | str = TransformationMode.PYTHON,
        source: DataSource | None = None,
        sink_source: DataSource | None = None,
        entities: list[Entity] | None = None,
        ttl: timedelta | None = None,
        tags: dict[str, str] | None = None,
        online: bool = False,
        offline: bool = False,
        description: str = "",
        owner: str = "",
        org: str = "",
        schema: list[Field] | None = None,
        udf: Callable[..., Any] | None = None,
        udf_string: str | None = "",
        feature_transformation: None = None,
        batch_engine: dict[str, Any] | None = None,
        aggregations: list[Aggregation] | None = None,
        enable_validation: bool = False,
        version: str = "latest",
    ) -> None:
        where = f"BatchFeatureView {name!r}"
        for argument, value in (
            ("feature_transformation", feature_transformation),
            ("aggregations", aggregations),
        ):
            if value:
                raise NotImplementedError(
                    f"{where}: {argument} is not supported; pass the function as udf."
                )
        if source is None and udf is None:
            raise ValueError(f"{where}: a BatchFeatureView requires a source or a udf.")
        super().__init__(
            name=name,
            source=source,
            sink_source=sink_source,
            schema=schema,
            entities=entities,
            ttl=ttl,
            online=online,
            offline=offline,
            description=description,
            tags=tags,
            owner=owner,
            org=org,
            mode=mode,
            enable_validation=enable_validation,
            version=version,
        )
        self.udf = udf
        self.udf_string = check_text(where, "udf_string", udf_string)
        self.batch_engine = batch_engine
        self.aggregations: list[Aggregation] = []
        if udf is None:
            return
        check_function(where, udf)
        if self.mode not in _MODES:
            raise ValueError(
                f"{where}: Unsupported transformation mode: {self.mode}; it can be "
                f"{', '.join(_MODES)}."
            )
        self.udf_string = self.udf_string or source_of(where, udf)
        function = function_message(udf, self.udf_string, self.mode)
        self._rest["feature_transformation"] = {"user_defined_function": function}


def batch_feature_view(
    *,
    name: str | None = None,
    mode: Enum | str = TransformationMode.PYTHON,
    entities: list[Entity] | None = None,
    ttl: timedelta | None = None,
    source: DataSource | None = None,
    tags: dict[str, str] | None = None,
    online: bool = True,
    offline: bool = True,
    description: str = "",
    owner: str = "",
    org: str = "",
    schema: list[Field] | None = None,
    enable_validation: bool = False,
    version: str = "latest",
) -> Callable[[Callable[..., Any]], BatchFeatureView]:
    """Makes a BatchFeatureView of the function below it.

    The arguments are those of BatchFeatureView; the name is by default that of the function.
    """

    def decorate(function: Callable[..., Any]) -> BatchFeatureView:
        title = name or function.__name__
        text = source_of(f"BatchFeatureView {title!r}", function)
        # As Feast does: dill then pickles the function itself, and not where it is imported from.
        function.__module__ = "__main__"
        return BatchFeatureView(
            name=title,
            mode=mode,
            source=source,
            entities=entities,
            ttl=ttl,
            tags=tags,
            online=online,
            offline=offline,
            description=description,
            owner=owner,
            org=org,
            schema=schema,
            udf=function,
            udf_string=text,
            enable_validation=enable_validation,
            version=version,
        )

    return decorate
