"""The functions of users as the registry keeps them: their source text, and Feast's pickle."""

from __future__ import annotations

import base64
import importlib
import inspect
from collections.abc import Callable
from typing import Any

from featly._messages import Message, compact, wrong_type


def check_function(where: str, udf: object) -> None:
    """Raises TypeError unless `udf` is a function with a name, which the registry keeps."""
    if not callable(udf) or not hasattr(udf, "__name__"):
        wrong_type(where, "udf", "a function", udf)


def source_of(where: str, function: Callable[..., Any]) -> str:
    """The text of a function, its decorators included."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise ValueError(
            f"{where}: the source text of the function {function.__name__!r} cannot be read "
            f"({error}), and the registry keeps it; define the function in a file, or pass "
            "udf_string."
        ) from None


def function_message(function: Callable[..., Any], text: str, mode: str) -> Message:
    """The `UserDefinedFunctionV2` of a function.

    Its `body`, which Feast before 0.67 reads, is dill's pickle of the function, and left out where
    dill is not installed; Feast since 0.67 and featly read the text.
    """
    body = _pickled(function)
    return compact(
        name=function.__name__,
        body=base64.b64encode(body).decode("ascii") if body else None,
        body_text=text,
        mode=mode,
    )


def _pickled(function: Callable[..., Any]) -> bytes:
    try:
        dill = importlib.import_module("dill")
    except ModuleNotFoundError as error:
        if error.name != "dill":
            raise
        return b""
    return bytes(dill.dumps(function, recurse=True))
