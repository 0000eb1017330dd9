"""The definitions compiler, run as the `featly` command runs it: an anonymous file and a pipe."""

import base64
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

import featly

PACKAGES = Path(featly.__file__).parents[1]
SCRIPT = Path(featly.__file__).with_name("_compile.py")


class Result(NamedTuple):
    definitions: list
    last: dict
    exit_code: int
    stdout: str
    stderr: str

    @property
    def error(self):
        return self.last["error"]

    @property
    def names(self):
        return [(item["kind"], item["name"]) for item in self.definitions]

    @property
    def places(self):
        return {item["name"]: (item["file"], item["line"]) for item in self.definitions}


def run(repo, *python_path):
    """Compiles a folder in a new interpreter."""
    script = os.memfd_create("compile")
    read_end, write_end = os.pipe()
    try:
        os.write(script, SCRIPT.read_bytes())
        child = subprocess.Popen(
            [sys.executable, f"/proc/self/fd/{script}"]
            + ["--repo", str(repo), "--out-fd", str(write_end)],
            pass_fds=[script, write_end],
            env={"PYTHONPATH": os.pathsep.join(map(str, [PACKAGES, *python_path]))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(write_end)
        os.close(script)
    with open(read_end, encoding="utf-8") as pipe:
        lines = [json.loads(line) for line in pipe]
    stdout, stderr = child.communicate()
    assert lines, stderr
    return Result(lines[:-1], lines[-1], child.returncode, stdout, stderr)


@pytest.fixture
def write(tmp_path):
    """Writes a file of the repository `repo`; returns the repository."""
    repo = tmp_path / "repo"
    repo.mkdir()

    def write_file(name, text):
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return repo

    return write_file


DRIVERS = """\
from featly import Entity, FileSource

driver = Entity(
    name="driver",
)
trips = FileSource(path="trips.parquet", timestamp_field="ts")
"""

VIEWS = """\
from datetime import timedelta
from featly import FeatureService, FeatureView, Field, FileSource, PushSource
from featly.types import Float64
from sources.drivers import driver, trips

push = PushSource(name="push", batch_source=trips)
pushed = FeatureView(name="pushed", entities=[driver], source=push,
                     schema=[Field(name="rating", dtype=Float64)])
inline = FeatureView(
    name="inline", entities=[driver], source=FileSource(path="inline.csv"), ttl=timedelta(days=1)
)
"""


# --- what is found -----------------------------------------------------------------------------


def test_definitions_of_several_files(write):
    write("sources/drivers.py", DRIVERS)
    repo = write("views.py", VIEWS)
    result = run(repo)
    assert result.exit_code == 0
    assert result.names == [
        ("entity", "driver"),
        ("data_source", "trips.parquet"),
        ("feature_view", "inline"),
        ("data_source", "inline.csv"),
        ("data_source", "push"),
        ("feature_view", "pushed"),
    ]
    assert result.last["done"] is True
    assert result.last["files"] == 2
    assert result.last["import_seconds"] > 0


def test_places_are_where_objects_were_constructed(write):
    write("sources/drivers.py", DRIVERS)
    repo = write("views.py", VIEWS)
    places = run(repo).places
    assert places["driver"] == ("sources/drivers.py", 3)
    assert places["trips.parquet"] == ("sources/drivers.py", 6)
    assert places["pushed"] == ("views.py", 7)
    assert places["inline"] == ("views.py", 9)
    assert places["inline.csv"] == ("views.py", 10)


def test_messages_are_those_of_the_objects(write):
    repo = write("drivers.py", DRIVERS)
    messages = {item["name"]: item["json"] for item in run(repo).definitions}
    assert messages["driver"] == featly.Entity(name="driver").to_dict()
    source = featly.FileSource(path="trips.parquet", timestamp_field="ts")
    assert messages["trips.parquet"] == source.to_dict()


def test_an_object_counts_once_and_equal_objects_each(write):
    write("a.py", "from b import driver, same\n")
    repo = write(
        "b.py",
        """\
        from featly import Entity
        driver = Entity(name="driver")
        same = driver
        equal = Entity(name="driver")
        """,
    )
    result = run(repo)
    assert result.names == [("entity", "driver"), ("entity", "driver")]
    assert [(item["file"], item["line"]) for item in result.definitions] == [
        ("b.py", 2),
        ("b.py", 4),
    ]


def test_a_choice_of_features_is_not_a_view_of_its_own(write):
    repo = write(
        "views.py",
        """\
        from featly import FeatureService, FeatureView
        chosen = FeatureView(name="stats")[["a"]]
        renamed = chosen.with_name("other")
        service = FeatureService(name="s", features=[chosen, renamed])
        """,
    )
    assert run(repo).names == [("feature_view", "stats"), ("feature_service", "s")]


def test_objects_in_containers_and_classes_do_not_count(write):
    repo = write(
        "views.py",
        """\
        from featly import Entity
        several = [Entity(name="a"), Entity(name="b")]
        class Holder:
            entity = Entity(name="c")
        """,
    )
    assert run(repo).names == []


def test_objects_made_by_the_users_own_subclass_and_function(write):
    repo = write(
        "views.py",
        """\
        import featly
        class Key(featly.Entity):
            def __init__(self, name):
                super().__init__(name=name, join_keys=[name + "_id"])
        def make(name):
            return featly.Project(name=name)
        driver = Key("driver")
        project = make("demo")
        """,
    )
    result = run(repo)
    assert result.names == [("entity", "driver"), ("project", "demo")]
    assert result.places["demo"] == ("views.py", 6)


# --- files -------------------------------------------------------------------------------------


def test_files_that_do_not_count(write):
    bad = "raise RuntimeError('imported')\n"
    for name in (
        "__init__.py",
        ".hidden.py",
        ".venv/lib/x.py",
        ".git/hooks/x.py",
        "deep/.ipynb_checkpoints/x.py",
        "env/lib/x.py",
        "notes.txt",
        "__pycache__/x.py",
    ):
        write(name, bad)
    write("env/pyvenv.cfg", "")
    repo = write("drivers.py", DRIVERS)
    result = run(repo)
    assert result.exit_code == 0, result.last
    assert result.last["files"] == 1


def test_feastignore(write):
    bad = "raise RuntimeError('imported')\n"
    for name in ("one.py", "folder/two.py", "folder/deep/three.py", "a/test_x.py", "b/c/test_y.py"):
        write(name, bad)
    write(".feastignore", "# files\none.py  # this one\n\nfolder\n**/test_*.py\nnothing/*.py\n")
    repo = write("drivers.py", DRIVERS)
    result = run(repo)
    assert result.exit_code == 0, result.last
    assert result.last["files"] == 1


def test_feastignore_with_a_pattern_outside_the_folder(write):
    write("drivers.py", DRIVERS)
    repo = write(".feastignore", "ok.py\n/etc\n")
    result = run(repo)
    assert result.exit_code == 1
    assert (result.error["kind"], result.error["file"], result.error["line"]) == (
        "repository",
        ".feastignore",
        2,
    )
    assert "'/etc'" in result.error["message"]


def test_modules_are_imported_as_they_import_each_other(write):
    write("my-folder/state.py", "count = 0\n")
    write("shared/state.py", "loads = []\n")
    write("shared/first.py", "from shared.state import loads\nloads.append(__name__)\n")
    repo = write(
        "z.py",
        """\
        import os, sys
        from shared import first
        from shared.state import loads
        assert loads == ["shared.first"], loads
        assert os.getcwd() == sys.path[0] == os.path.dirname(__file__)
        assert sys.argv[1:] == []
        """,
    )
    result = run(repo)
    assert result.exit_code == 0, result.last
    assert result.last["files"] == 4


def test_a_symbolic_link_to_the_folder_and_inside_it(write, tmp_path):
    repo = write("drivers.py", DRIVERS)
    (repo / "again.py").symlink_to(repo / "drivers.py")
    link = tmp_path / "link"
    link.symlink_to(repo)
    result = run(link)
    assert result.last["files"] == 1
    # The first name in order counts.
    assert result.places["driver"] == ("again.py", 3)


@pytest.mark.parametrize(("name", "reason"), [("types.py", "belongs to"), ("a.b.py", "dot")])
def test_files_that_python_cannot_import_by_their_name(write, name, reason):
    result = run(write(name, "x = 1\n"))
    assert result.exit_code == 1
    assert result.error["kind"] == "repository"
    assert result.error["file"] == name
    assert reason in result.error["message"]
    assert ".feastignore" in result.error["message"]


def test_an_empty_folder(tmp_path):
    assert run(tmp_path).last["files"] == 0


def test_no_bytecode_is_left_behind(write):
    repo = write("drivers.py", DRIVERS)
    run(repo)
    assert not (repo / "__pycache__").exists()


# --- the user's code ---------------------------------------------------------------------------


def test_prints_stay_the_users(write):
    repo = write("p.py", "import sys\nprint('{\"kind\": 1}')\nprint('warning', file=sys.stderr)\n")
    result = run(repo)
    assert result.exit_code == 0
    assert result.stdout == '{"kind": 1}\n'
    assert result.stderr == "warning\n"


def test_processes_the_user_starts_do_not_hold_the_pipe(write):
    # The pipe would not end before the child of the child: then this test would hang.
    repo = write(
        "p.py",
        """\
        import subprocess, sys
        code = "import sys; sys.stdin.read()"
        child = subprocess.Popen([sys.executable, "-c", code], close_fds=False,
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        """,
    )
    assert run(repo).exit_code == 0


def test_an_error_names_file_and_line(write):
    write("helper.py", "def boom():\n    return undefined_name\n")
    repo = write("views.py", "import json\nfrom helper import boom\n\nboom()\n")
    result = run(repo)
    error = result.error
    assert result.exit_code == 1
    assert result.definitions == []
    assert (error["kind"], error["type"]) == ("python", "NameError")
    assert error["message"] == "name 'undefined_name' is not defined"
    assert (error["file"], error["line"]) == ("helper.py", 2)
    lines = error["traceback"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.strip() for line in lines if "File" in line] == [
        f'File "{repo}/views.py", line 4, in <module>',
        f'File "{repo}/helper.py", line 2, in boom',
    ]
    assert lines[-1] == "NameError: name 'undefined_name' is not defined"


def test_an_error_in_a_library_shows_the_users_line(write):
    repo = write("views.py", "import featly\n\nfeatly.Entity(name=3)\n")
    error = run(repo).error
    assert (error["type"], error["file"], error["line"]) == ("TypeError", "views.py", 3)
    assert error["traceback"].count("File") == 1


def test_the_cause_of_an_error_is_trimmed_as_well(write):
    repo = write(
        "views.py",
        """\
        import json
        try:
            json.loads("{")
        except ValueError as error:
            raise RuntimeError("bad settings") from error
        """,
    )
    error = run(repo).error
    assert (error["type"], error["line"]) == ("RuntimeError", 5)
    assert "direct cause" in error["traceback"]
    assert error["traceback"].count('File "') == 2


def test_a_syntax_error_has_its_caret(write):
    repo = write("views.py", "x = 1\ndef f(:\n    pass\n")
    error = run(repo).error
    assert (error["type"], error["message"]) == ("SyntaxError", "invalid syntax")
    assert (error["file"], error["line"]) == ("views.py", 2)
    assert "    def f(:\n          ^\n" in error["traceback"]


def test_leaving_the_program(write):
    result = run(write("tool.py", "import sys\nsys.exit(3)\n"))
    assert result.exit_code == 1
    assert result.error["type"] == "SystemExit"
    assert "sys.exit(3)" in result.error["message"]
    assert "__main__" in result.error["message"]
    assert (result.error["file"], result.error["line"]) == ("tool.py", 2)


def test_interruption(write):
    result = run(write("slow.py", "raise KeyboardInterrupt\n"))
    assert result.exit_code == 130
    assert result.error["type"] == "KeyboardInterrupt"


def test_an_error_that_cannot_be_printed(write):
    repo = write(
        "views.py",
        """\
        class Bad(Exception):
            def __str__(self):
                raise ValueError
        raise Bad()
        """,
    )
    result = run(repo)
    assert result.exit_code == 1
    assert (result.error["type"], result.error["line"]) == ("Bad", 4)


def test_a_definition_that_was_broken_after_it_was_made(write):
    repo = write("views.py", "import featly\n\nd = featly.FeatureView(name='d')\nd.ttl = 'x'\n")
    result = run(repo)
    assert result.exit_code == 1
    assert (result.error["type"], result.error["file"], result.error["line"]) == (
        "TypeError",
        "views.py",
        3,
    )


# --- Feast's objects ---------------------------------------------------------------------------

# Modules and classes by whose names Feast's objects are known, with messages of text.
FEAST = """\
class Message:
    def __init__(self, text):
        self.text = text
        self.data_source_class_type = ""
    def SerializeToString(self):
        return f"{self.text}|{self.data_source_class_type}".encode()

class Base:
    def __init__(self, name, **attributes):
        self.name = name
        self.__dict__.update(attributes)
    def to_proto(self):
        return Message(self.name)

class DataSource(Base): ...
class FileSource(DataSource): ...
class Entity(Base): ...
class FeatureView(Base): ...
class BatchFeatureView(FeatureView): ...
class StreamFeatureView(FeatureView): ...
class OnDemandFeatureView(Base): ...
class LabelView(Base): ...
class Permission(Base): ...
class SavedDataset(Base): ...

def on_demand(function):
    return OnDemandFeatureView(function.__name__)
"""


@pytest.fixture
def feast(tmp_path):
    package = tmp_path / "packages" / "feast"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(FEAST)
    return package.parent


def test_feasts_objects(write, feast):
    write("a.py", "from b import *\n")
    repo = write(
        "b.py",
        """\
        import feast as f
        from feast import on_demand
        if True:
            source = f.FileSource("source")
        batch = f.BatchFeatureView("batch", batch_source=source)
        stream = f.StreamFeatureView(
            "stream", batch_source=source, stream_source=f.DataSource("kafka")
        )
        label = f.LabelView("label", source=f.DataSource("p", batch_source=f.DataSource("inner")))
        permission: f.Permission = f.Permission("permission")
        dataset = f.SavedDataset("dataset")
        @on_demand
        def computed(inputs):
            return inputs
        """,
    )
    result = run(repo, feast)
    assert result.exit_code == 0, result.last
    kinds = {item["name"]: item["kind"] for item in result.definitions}
    assert kinds == {
        "source": "data_source",
        "batch": "feature_view",
        "stream": "stream_feature_view",
        "kafka": "data_source",
        "label": "label_view",
        "p": "data_source",
        "inner": "data_source",
        "permission": "permission",
        "computed": "on_demand_feature_view",
    }
    assert result.places == {
        "source": ("b.py", 4),
        "batch": ("b.py", 5),
        "stream": ("b.py", 6),
        "kafka": ("b.py", 6),
        "label": ("b.py", 9),
        "p": ("b.py", 9),
        "inner": ("b.py", 9),
        "permission": ("b.py", 10),
        "computed": ("b.py", 13),
    }
    protos = {item["name"]: base64.b64decode(item["proto"]) for item in result.definitions}
    assert protos["batch"] == b"batch|"
    assert protos["source"] == b"source|feast.FileSource"


def test_feasts_object_that_cannot_be_written(write, feast):
    repo = write(
        "b.py",
        """\
        from feast import Entity
        class Bad(Entity):
            def to_proto(self):
                raise ValueError("no message")
        bad = Bad("bad")
        """,
    )
    error = run(repo, feast).error
    assert (error["type"], error["message"]) == ("ValueError", "no message")
    assert (error["file"], error["line"]) == ("b.py", 4)
