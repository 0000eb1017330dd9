"""The languages that transformations are written in."""

from __future__ import annotations

from enum import Enum

__all__ = ["TransformationMode"]


class TransformationMode(Enum):
    """The language of a view's transformation; kept in the registry."""

    PYTHON = "python"
    PANDAS = "pandas"
    SPARK_SQL = "spark_sql"
    SPARK = "spark"
    FLINK = "flink"
    RAY = "ray"
    SQL = "sql"
    TRINO_SQL = "trino_sql"
    SUBSTRAIT = "substrait"
