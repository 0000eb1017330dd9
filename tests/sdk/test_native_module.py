"""The native module beside what Python says of it."""

import ast
import inspect
from pathlib import Path

import pyarrow  # noqa: F401 -- brings the Arrow libraries
import pytest

import featly
import featly.errors
from featly import _core

STUB = Path(featly.__file__).with_name("_core.pyi")


@pytest.mark.parametrize(("kind", "name"), _core.error_kinds())
def test_every_kind_of_error_has_its_class(kind, name):
    cls = getattr(featly.errors, name)
    assert issubclass(cls, featly.errors.FeatlyError)
    assert cls.kind == kind
    error = cls("what was asked, what was found")
    assert str(error) == "what was asked, what was found"
    assert (error.subject, error.near_names, error.file, error.line) == ("", [], "", 0)


def test_every_class_of_error_is_a_kind():
    classes = {
        name
        for name, cls in vars(featly.errors).items()
        if inspect.isclass(cls)
        and issubclass(cls, featly.errors.FeatlyError)
        and cls is not featly.errors.FeatlyError
        and cls.__name__ == name
    }
    # Some kinds have classes below them, for who catches Feast's.
    kinds = (
        featly.errors.NotFoundError,
        featly.errors.InvalidError,
        featly.errors.NotSupportedError,
    )
    below = {cls.__name__ for kind in kinds for cls in subclasses(kind)}
    assert classes - below == {name for _, name in _core.error_kinds()}


def subclasses(cls):
    return {found for child in cls.__subclasses__() for found in (child, *subclasses(child))}


def test_the_stub_names_what_the_module_has():
    def public(names):
        return {name for name in names if not name.startswith("_")}

    stub = ast.parse(STUB.read_text()).body
    classes = {node.name: node for node in stub if isinstance(node, ast.ClassDef)}
    functions = {node.name for node in stub if isinstance(node, ast.FunctionDef)}
    assert set(classes) | functions == public(vars(_core))
    for name, node in classes.items():
        methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        assert public(methods) == public(vars(getattr(_core, name)))
        for method in (item for item in node.body if isinstance(item, ast.FunctionDef)):
            arguments = {argument.arg for argument in method.args.args} - {"self"}
            signature = getattr(getattr(_core, name), method.name).__doc__ or ""
            missing = [argument for argument in arguments if f"{argument}:" not in signature]
            assert not missing, f"{name}.{method.name}: {missing} not in {signature!r}"
