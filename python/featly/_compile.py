"""Compiles a repository: imports its Python files and writes out the definitions they make.

The `featly` command carries this file and runs it in the user's own interpreter, where featly may
not be installed (definitions may be made with Feast's package as well), so it needs only Python's
standard library. Standard output and error belong to the user's code; the results go to a
descriptor of their own, which the parent reads while this runs:

    python /proc/self/fd/M --repo DIR --out-fd N

(M is an anonymous file with this text: run from its own folder, it would find featly's types.py
where Python's is meant.)

One line for each definition, in the order of files and names:

    {"kind": "entity", "name": "driver", "file": "drivers.py", "line": 12, "json": {...}}

`json` is the definition's message in protobuf-JSON (featly's classes), `proto` in its place is the
serialized message in base64 (Feast's classes). `line` is 0 where it is not known. The last line is

    {"done": true, "files": 3, "import_seconds": 0.21}

or, with exit code 1 (130 when interrupted),

    {"error": {"kind": "python", "type": "NameError", "message": "...", "file": "drivers.py",
               "line": 4, "traceback": "..."}}

where `kind` is "python" for what the user's code raised and "repository" for files that cannot be
compiled at all.

Which files and objects count is Feast's rule: every `*.py` except `__init__.py` and what
.feastignore names; of each module the attributes that are definitions, each object once, and the
sources inside views and push sources. Hidden folders and virtual environments are left out.
"""

from __future__ import annotations

import argparse
import ast
import base64
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

# Class names, of Feast's or featly's package, and the kind of definition they are. A subclass is
# what the first of its base classes in this table is.
_KINDS = {
    "Project": "project",
    "Entity": "entity",
    "DataSource": "data_source",
    "FeatureView": "feature_view",
    "StreamFeatureView": "stream_feature_view",
    "OnDemandFeatureView": "on_demand_feature_view",
    "LabelView": "label_view",
    "FeatureService": "feature_service",
    "Permission": "permission",
}

# Attributes that may hold another source, and statements with a scope of their own.
_INNER_SOURCES = ("batch_source", "stream_source", "source")
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class RepositoryError(Exception):
    """A file of the repository cannot be compiled; not the fault of the code in it."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


class UserError(Exception):
    """The user's code raised: while `file` was imported, or while an object was written out."""

    def __init__(self, cause: BaseException, file: str, line: int) -> None:
        super().__init__(file)
        self.cause = cause
        self.file = file
        self.line = line


class Definition:
    """An object to register, and the names under which the modules know it."""

    def __init__(self, kind: str, obj: Any, holder: Definition | None) -> None:
        self.kind = kind
        self.obj = obj
        self.holder = holder
        self.bindings: list[tuple[str, str]] = []


# --- files -------------------------------------------------------------------------------------


def ignored_files(repo: str) -> set[str]:
    """The real paths of the files that .feastignore names."""
    ignore_file = Path(repo, ".feastignore")
    if not ignore_file.is_file():
        return set()
    ignored: set[str] = set()
    for number, line in enumerate(ignore_file.read_text(encoding="utf-8").splitlines(), start=1):
        pattern = line.partition("#")[0].strip()
        if not pattern:
            continue
        try:
            matches = list(Path(repo).glob(pattern))
        except (ValueError, NotImplementedError) as error:
            raise RepositoryError(
                ".feastignore",
                number,
                f"{pattern!r} is not a pattern of paths in the folder: {error}",
            ) from error
        for match in matches:
            files = match.rglob("*.py") if match.is_dir() else [match]
            ignored.update(os.path.realpath(file) for file in files)
    return ignored


def repository_files(repo: str) -> list[str]:
    """The Python files to import, relative to the repository, in Feast's order; each file once."""
    files: list[str] = []
    for folder, subfolders, names in os.walk(repo):
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".")
            and name != "__pycache__"
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        ]
        files += [
            os.path.relpath(os.path.join(folder, name), repo)
            for name in names
            if name.endswith(".py") and name != "__init__.py" and not name.startswith(".")
        ]
    files.sort(key=lambda file: file.split(os.sep))
    seen = ignored_files(repo)
    kept = []
    for file in files:
        real = os.path.realpath(os.path.join(repo, file))
        if real not in seen and os.path.isfile(real):
            seen.add(real)
            kept.append(file)
    return kept


def import_file(repo: str, file: str) -> ModuleType:
    """Imports one file under the module name that its path gives it."""
    stem = file[: -len(".py")]
    if "." in stem:
        raise RepositoryError(
            file,
            0,
            f"{file} cannot be imported because of the dot in its path; "
            "rename it or list it in .feastignore.",
        )
    name = stem.replace(os.sep, ".")
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        raise UserError(error, file, 0) from error
    path = getattr(module, "__file__", None)
    if path is None or os.path.realpath(path) != os.path.realpath(os.path.join(repo, file)):
        raise RepositoryError(
            file,
            0,
            f"{file} cannot be imported: Python's name for it, {name!r}, belongs to "
            f"{path or 'a module inside Python'}; rename it or list it in .feastignore.",
        )
    return module


# --- objects -----------------------------------------------------------------------------------


def kind_of(obj: Any) -> str | None:
    """The kind of definition that an object is, or None."""
    for cls in type(obj).__mro__:
        if cls.__name__ in _KINDS and package_of(cls) in ("feast", "featly"):
            return _KINDS[cls.__name__]
    return None


def package_of(cls: type) -> str:
    return str(cls.__module__).partition(".")[0]


def is_featly(obj: Any) -> bool:
    return any(package_of(cls) == "featly" for cls in type(obj).__mro__)


class Collector:
    """Gathers definitions, each object once; the sources inside a view come after the view."""

    def __init__(self) -> None:
        self._found: dict[int, Definition] = {}

    def definitions(self) -> list[Definition]:
        return list(self._found.values())

    def add_module(self, file: str, module: ModuleType) -> None:
        for attribute in dir(module):
            definition = self._add(getattr(module, attribute, None), None)
            if definition is not None:
                definition.bindings.append((file, attribute))

    def _add(self, obj: Any, holder: Definition | None) -> Definition | None:
        kind = kind_of(obj)
        if kind is None:
            return None
        if is_featly(obj):
            # view[[...]] and view.with_name(...) choose features; the view itself is the
            # definition.
            obj = getattr(obj, "_original", None) or obj
        if id(obj) not in self._found:
            definition = self._found[id(obj)] = Definition(kind, obj, holder)
            if kind == "data_source" or kind.endswith("_view"):
                self._add_inner_sources(definition)
        return self._found[id(obj)]

    def _add_inner_sources(self, definition: Definition) -> None:
        for attribute in _INNER_SOURCES:
            inner = getattr(definition.obj, attribute, None)
            if kind_of(inner) == "data_source":
                self._add(inner, definition)


def assignments(repo: str, file: str) -> dict[str, int]:
    """The lines on which a file's own top-level names are bound; the last one counts."""
    lines: dict[str, int] = {}

    def visit(statements: list[ast.stmt]) -> None:
        for statement in statements:
            for name in bound_names(statement):
                lines[name] = statement.lineno
            if isinstance(statement, _DEFINING):
                continue
            for block in ("body", "orelse", "finalbody"):
                visit(getattr(statement, block, []))
            for handler in getattr(statement, "handlers", []):
                visit(handler.body)

    visit(ast.parse(Path(repo, file).read_bytes()).body)
    return lines


def bound_names(statement: ast.stmt) -> list[str]:
    """The names that a statement itself binds."""
    if isinstance(statement, _DEFINING):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AnnAssign, ast.For)):
        targets = [statement.target]
    nodes = (node for target in targets for node in ast.walk(target))
    return [node.id for node in nodes if isinstance(node, ast.Name)]


class Locator:
    """Finds where definitions were written; parses a file only when it must, and once."""

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._lines: dict[str, dict[str, int]] = {}

    def locate(self, definition: Definition) -> tuple[str, int]:
        """(file relative to the repository, line); the line is 0 where it is not known."""
        recorded = getattr(definition.obj, "_location", None) if is_featly(definition.obj) else None
        if recorded is not None and recorded[0].startswith(self._repo + os.sep):
            return os.path.relpath(recorded[0], self._repo), recorded[1]
        for file, attribute in definition.bindings:
            if file not in self._lines:
                self._lines[file] = assignments(self._repo, file)
            line = self._lines[file].get(attribute)
            if line is not None:
                return file, line
        if definition.bindings:
            return definition.bindings[0][0], 0
        return self.locate(definition.holder) if definition.holder is not None else ("", 0)


def feast_message(kind: str, obj: Any) -> bytes:
    """The serialized message of an object of Feast's, as its `apply` would register it."""
    if kind == "feature_service":
        return feast_service(obj)
    message = obj.to_proto()
    if kind == "data_source":
        message.data_source_class_type = f"{type(obj).__module__}.{type(obj).__name__}"
    return bytes(message.SerializeToString())


def feast_service(service: Any) -> bytes:
    """A service with what Feast resolves at apply left to be resolved.

    A feature known only by its name becomes a column without a type, a whole view no columns.
    """
    references = list(getattr(service, "_pending_feature_refs", []))
    if references:
        service._pending_feature_refs = []
    try:
        message = service.to_proto()
    finally:
        if references:
            service._pending_feature_refs = references
    for index, projection in enumerate(service.feature_view_projections):
        if not projection.features:
            for name in projection.desired_features:
                message.spec.features[index].feature_columns.add(name=name)
    for reference in references:
        view, _, feature = reference.partition(":")
        name, _, version = view.partition("@")
        written = message.spec.features.add(feature_view_name=name, view_type="featureView")
        if version and version.lower() != "latest":
            written.version_tag = int(version[1:])
        if feature:
            written.feature_columns.add(name=feature)
    return bytes(message.SerializeToString())


def lines_of(definitions: list[Definition], repo: str) -> Iterator[dict[str, Any]]:
    """The output line of each definition."""
    locator = Locator(repo)
    for definition in definitions:
        obj = definition.obj
        file, line = locator.locate(definition)
        record = {"kind": definition.kind, "name": obj.name, "file": file, "line": line}
        try:
            if is_featly(obj):
                record["json"] = obj.to_dict()
            else:
                message = feast_message(definition.kind, obj)
                record["proto"] = base64.b64encode(message).decode("ascii")
        except Exception as error:
            raise UserError(error, file, line) from error
        yield record


# --- errors ------------------------------------------------------------------------------------


def is_users(frame: traceback.FrameSummary, repo: str) -> bool:
    """Whether a frame runs the user's code: not Python's, a library's or this script's."""
    file = frame.filename
    if file == __file__ or file.startswith("<"):
        return False
    inside = file.startswith(repo + os.sep)
    folders = Path(os.path.relpath(file, repo) if inside else file).parts
    if "site-packages" in folders or "dist-packages" in folders:
        return False
    return inside or not any(file.startswith(folder + os.sep) for folder in library_folders())


def library_folders() -> list[str]:
    """The folders of Python's library and, where they are not installed, of Feast and featly."""
    folders = [os.path.dirname(os.__file__)]
    for package in ("feast", "featly"):
        path = getattr(sys.modules.get(package), "__file__", None)
        if path:
            folders.append(os.path.dirname(path))
    return folders


def trim(report: traceback.TracebackException, repo: str) -> None:
    """Leaves only the user's frames in a report, and in those of its causes."""
    reports: list[traceback.TracebackException | None] = [report]
    while reports:
        item = reports.pop()
        if item is not None:
            item.stack[:] = [frame for frame in item.stack if is_users(frame, repo)]
            reports += [
                item.__cause__,
                item.__context__,
                *(getattr(item, "exceptions", None) or []),
            ]


def error_record(error: UserError, repo: str) -> dict[str, Any]:
    """What the user's code raised, where, and Python's own account of it."""
    cause = error.cause
    report = traceback.TracebackException.from_exception(cause)
    trim(report, repo)
    file, line = error.file, error.line
    inside = [frame for frame in report.stack if frame.filename.startswith(repo + os.sep)]
    if isinstance(cause, SyntaxError) and (cause.filename or "").startswith(repo + os.sep):
        file, line = os.path.relpath(str(cause.filename), repo), cause.lineno or 0
    elif inside:
        file, line = os.path.relpath(inside[-1].filename, repo), inside[-1].lineno or 0
    if isinstance(cause, SystemExit):
        code = "" if cause.code is None else repr(cause.code)
        message = (
            f"sys.exit({code}) was called while {error.file} was imported; put what the file does "
            "as a program under `if __name__ == '__main__':`, or list the file in .feastignore."
        )
    elif isinstance(cause, KeyboardInterrupt):
        message = f"interrupted while {error.file} was imported."
    else:
        message = cause.msg if isinstance(cause, SyntaxError) else str(report)
    return {
        "kind": "python",
        "type": type(cause).__name__,
        "message": message,
        "file": file,
        "line": line,
        "traceback": "".join(report.format()),
    }


# --- Feast's package -----------------------------------------------------------------------------


class FeastFinder:
    """Finds Feast's modules where Feast is not installed: they are made of featly's classes.

    The last of the finders, so that an installed Feast is used as it is.
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] != "feast":
            return None
        package = sys.modules.get("feast")
        if package is not None and type(package).__module__ != "featly._feast":
            return None  # Feast is installed and has no such module
        try:
            stand_in = importlib.import_module("featly._feast")
        except ModuleNotFoundError as error:
            if error.name not in ("featly", "featly._feast"):
                raise
            raise ModuleNotFoundError(
                f"No module named {name!r}: neither feast nor featly is installed in "
                f"{sys.executable}, which compiles the definitions; install one of them there, or "
                "name another interpreter with FEATLY_PYTHON.",
                name=name,
            ) from None
        return stand_in.find_spec(name)


# --- the program -------------------------------------------------------------------------------


def compile_repository(repo: str, out: TextIO) -> int:
    """Writes the definitions of a repository, or what stopped it; returns the exit code."""

    def write(record: dict[str, Any]) -> None:
        out.write(json.dumps(record, separators=(",", ":")) + "\n")

    try:
        files = repository_files(repo)
        start = time.perf_counter()
        modules = [import_file(repo, file) for file in files]
        seconds = time.perf_counter() - start
        collector = Collector()
        for file, module in zip(files, modules):  # noqa: B905  (strict= needs Python 3.10)
            collector.add_module(file, module)
        for record in lines_of(collector.definitions(), repo):
            write(record)
    except UserError as error:
        write({"error": error_record(error, repo)})
        return 130 if isinstance(error.cause, KeyboardInterrupt) else 1
    except RepositoryError as error:
        write(
            {
                "error": {
                    "kind": "repository",
                    "type": type(error).__name__,
                    "message": str(error),
                    "file": error.file,
                    "line": error.line,
                    "traceback": "",
                }
            }
        )
        return 1
    write({"done": True, "files": len(files), "import_seconds": round(seconds, 6)})
    return 0


def main(arguments: list[str]) -> int:
    """Runs the compiler in this process, which then belongs to the repository's modules."""
    parser = argparse.ArgumentParser(description="Compile the definitions of a feature repository.")
    parser.add_argument("--repo", required=True, help="the folder with feature_store.yaml")
    parser.add_argument("--out-fd", required=True, type=int, help="the descriptor for the results")
    options = parser.parse_args(arguments)
    repo = os.path.realpath(options.repo)
    # Processes that the user's code starts must not hold the descriptor open after this one ended.
    os.set_inheritable(options.out_fd, False)
    sys.argv[1:] = []
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]  # the folder of this script, which means nothing to the user
    sys.path.insert(0, repo)
    sys.dont_write_bytecode = True
    sys.meta_path.append(FeastFinder)
    os.chdir(repo)
    with open(options.out_fd, "w", encoding="utf-8") as out:
        return compile_repository(repo, out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
