"""The repository that `feast init` makes, compiled without Feast, and the registry Feast wrote."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Repo
from test_compile import run

import featly.errors
import featly.permission
import featly.transformation
import featly.types
from featly import FeatureStore, FileSource, RepoConfig, _feast
from featly._registration import kind_of
from featly.permission import Permission, RoleBasedPolicy

GOLDEN = ROOT / "tests" / "data" / "feast_init"
# The public names of Feast 0.67's modules and classes, written by tools/feast_names.py.
FEASTS_PUBLIC = json.loads((ROOT / "tests" / "data" / "feast_names.json").read_text())

FEASTS_NAMES = {
    "entity": ["driver"],
    "data_source": [
        "driver_hourly_stats_source",
        "driver_quality_labels_batch",
        "driver_quality_labels_push",
        "driver_stats_push_source",
        "vals_to_add",
    ],
    "feature_view": ["driver_hourly_stats", "driver_hourly_stats_fresh"],
    "on_demand_feature_view": ["transformed_conv_rate", "transformed_conv_rate_fresh"],
    "label_view": ["driver_quality_labels"],
    "feature_service": ["driver_activity_v1", "driver_activity_v2", "driver_activity_v3"],
    "project": ["demo"],
}


@pytest.fixture
def repository(tmp_path):
    """What `feast init` made."""
    folder = tmp_path / "feature_repo"
    shutil.copytree(GOLDEN, folder, ignore=shutil.ignore_patterns("written_*", "*.md", "*.json"))
    return folder


@pytest.fixture
def written(repository):
    """A store on the registry that Feast wrote."""
    shutil.copy(GOLDEN / "written_registry.db", repository / "data" / "registry.db")
    return FeatureStore(config=RepoConfig(project="demo", repo_path=repository))


def essence(message):
    """A message without what a registry adds, and without pickles, which differ at each run."""
    if isinstance(message, list):
        return [essence(item) for item in message]
    if not isinstance(message, dict):
        return message
    kept = {
        name: essence(value)
        for name, value in message.items()
        if name not in ("project", "meta", "body")
    }
    if kept.get("ttl") == "0s":  # no limit, as none at all
        del kept["ttl"]
    if "entities" in kept:  # a view: Feast's own registry changes the order of features
        kept["features"].sort(key=lambda feature: feature["name"])
    if "batch_source" in kept and "entities" in kept:
        kept.pop("entity_columns", None)  # found in the source when the view is applied
    return kept


def without_feast(folder, *python_path):
    """The definitions of a folder, compiled where Feast cannot be found."""
    return run(folder, *python_path)


# --- without Feast ------------------------------------------------------------------------------


def test_the_stand_ins_write_what_feast_wrote(repository, written):
    compiled = without_feast(repository)
    assert compiled.exit_code == 0, compiled.last
    names = {}
    for record in compiled.definitions:
        names.setdefault(record["kind"], []).append(record["name"])
        stored = json.loads(written._project_core().get_object(record["kind"], record["name"]))
        assert essence(record["json"]) == essence(stored), record["name"]
    assert {kind: sorted(found) for kind, found in names.items()} == FEASTS_NAMES


def test_featly_reads_the_registry_that_feast_wrote(written):
    assert [view.name for view in written.list_all_feature_views()] == [
        *FEASTS_NAMES["feature_view"],
        *FEASTS_NAMES["on_demand_feature_view"],
        *FEASTS_NAMES["label_view"],
    ]
    (made,) = [view for view in written.list_on_demand_feature_views() if "fresh" not in view.name]
    assert made.udf is None
    assert "def transformed_conv_rate(inputs" in made.udf_string
    assert list(made.source_feature_view_projections) == ["driver_hourly_stats"]
    assert [field.name for field in made.source_request_sources["vals_to_add"].schema] == [
        "val_to_add",
        "val_to_add_2",
    ]
    labels = written.get_label_view("driver_quality_labels")
    assert labels.batch_source.path == "data/driver_quality_labels.parquet"
    service = written.get_feature_service("driver_activity_v1")
    assert service.logging_config.destination.path == "data"
    # Written back as it was, the pickle included.
    for view in (made, labels, service):
        kind = {"OnDemandFeatureView": "on_demand_feature_view", "LabelView": "label_view"}
        kind = kind.get(type(view).__name__, "feature_service")
        stored = json.loads(written._project_core().get_object(kind, view.name))
        assert view.to_dict() == stored
    assert not written.apply([made, labels, service], skip_feature_view_validation=True)


IMPORTS = """
import feast
from feast import Entity, FeatureView, Field, OnDemandFeatureView
from feast.data_source import PushSource, RequestSource
from feast.feature_view import FeatureView as SameView
from feast.field import Field as SameField
from feast.infra.offline_stores.file_source import FileLoggingDestination, FileSource
from feast.labeling import ConflictPolicy
from feast.types import Array, Float64
from feast.value_type import ValueType
from feast import *
import featly

assert feast.Entity is Entity is featly.Entity
assert SameView is FeatureView and SameField is Field
assert not hasattr(feast, "__version__")
rider = Entity(name="rider", value_type=ValueType.INT64)
"""


def test_feasts_modules_are_made_of_featlys_classes(repository):
    for file in repository.glob("*.py"):
        file.unlink()
    (repository / "names.py").write_text(IMPORTS)
    compiled = without_feast(repository)
    assert compiled.names == [("entity", "rider")], compiled.last


# typing's, pydantic's: names of featly's classes that mean something else in Feast's module.
NAMESAKES = {"feast.errors": {"Set", "Field"}, "feast.repo_config": {"Field"}}

DEFINING = (featly, featly.types, featly.errors, featly.permission, featly.transformation)

STAR = """
import json
before = set(globals())
from MODULE import *
json.dump(sorted(set(globals()) - before - {"before"}), open("OUT", "w"))
"""


@pytest.mark.parametrize("module", sorted(FEASTS_PUBLIC["modules"].keys() & _feast._MODULES.keys()))
def test_a_star_import_gives_what_feasts_gives(repository, module, tmp_path):
    for file in repository.glob("*.py"):
        file.unlink()
    out = tmp_path / "names.json"
    code = STAR.replace("MODULE", module).replace("OUT", str(out))
    (repository / "star.py").write_text(code)
    compiled = without_feast(repository)
    assert compiled.exit_code == 0, compiled.last
    given = set(json.loads(out.read_text()))
    feasts = set(FEASTS_PUBLIC["modules"][module]) - NAMESAKES.get(module, set())
    defined = {name for part in DEFINING for name in part.__all__}
    assert feasts & defined <= given
    assert given & feasts
    # Whatever else there is, featly defines.
    assert given <= feasts | defined | {"LoggingDestination"}


NAMES = """
import json
import feast

there, refused = [], {}
for name in json.load(open("names.json")):
    try:
        getattr(feast, name)
        there.append(name)
    except ImportError as error:
        refused[name] = str(error)
json.dump([there, refused], open("told.json", "w"))
"""


def test_every_name_of_feast_is_there_or_refused_by_name(repository):
    for file in repository.glob("*.py"):
        file.unlink()
    asked = FEASTS_PUBLIC["modules"]["feast"]
    (repository / "names.json").write_text(json.dumps(asked))
    code = NAMES.replace("names.json", f"{repository}/names.json")
    (repository / "names.py").write_text(code.replace("told.json", f"{repository}/told.json"))
    compiled = without_feast(repository)
    assert compiled.exit_code == 0, compiled.last
    there, refused = json.loads((repository / "told.json").read_text())
    assert sorted([*there, *refused]) == sorted(asked)
    assert set(there) == set(asked) & set(featly.__all__)
    for name, message in refused.items():
        assert f"{name!r} from 'feast'" in message
        assert "install feast in this environment" in message
    # What files of definitions use most.
    assert {"BatchFeatureView", "KafkaSource", "LabelView", "StreamFeatureView"} < set(there)


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        ("from feast import BigQuerySource", "ImportError", "'BigQuerySource' from 'feast'"),
        ("from feast.types import Nonsense", "ImportError", "'Nonsense' from 'feast.types'"),
        ("import feast.infra.online_stores.redis", "ModuleNotFoundError", "has no such module"),
        ("import feast\nsource = feast.SnowflakeSource", "ImportError", "install feast"),
    ],
)
def test_a_name_that_featly_lacks_is_told(repository, line, error, says):
    (repository / "feature_definitions.py").write_text(line + "\n")
    compiled = without_feast(repository)
    assert compiled.error["type"] == error
    assert says in compiled.error["message"]
    assert compiled.error["file"] == "feature_definitions.py"
    assert compiled.error["line"] == line.count("\n") + 1


def test_an_installed_feast_is_used_as_it_is(repository, tmp_path):
    package = tmp_path / "packages" / "feast"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("is_the_real_one = True\n")
    for file in repository.glob("*.py"):
        file.unlink()
    (repository / "names.py").write_text(
        "import feast\nassert feast.is_the_real_one\nimport feast.nothing\n"
    )
    compiled = without_feast(repository, tmp_path / "packages")
    assert compiled.error["message"] == "No module named 'feast.nothing'"


# --- the command --------------------------------------------------------------------------------


def test_a_definition_without_feast_and_featly_is_told(repository, tmp_path):
    """Where the interpreter has neither package, the message says which interpreter it is."""
    script = tmp_path / "compile.py"
    shutil.copy(ROOT / "python" / "featly" / "_compile.py", script)
    done = subprocess.run(
        [sys.executable, "-S", "-E", script, "--repo", repository, "--out-fd", "1"],
        capture_output=True,
        text=True,
    )
    (line,) = done.stdout.splitlines()
    # (-S leaves pandas out too, and the template imports it first.)
    assert json.loads(line)["error"]["message"] == "No module named 'pandas'"
    (repository / "feature_definitions.py").write_text("import feast.types\n")
    done = subprocess.run(
        [sys.executable, "-S", "-E", script, "--repo", repository, "--out-fd", "1"],
        capture_output=True,
        text=True,
    )
    message = json.loads(done.stdout)["error"]["message"]
    assert "neither feast nor featly is installed in" in message
    assert sys.executable in message


# --- streams and permissions --------------------------------------------------------------------

STREAMS = ROOT / "tests" / "data" / "feast_streams"


@pytest.fixture
def streams(tmp_path):
    folder = tmp_path / "streams"
    folder.mkdir()
    for file in STREAMS.glob("*.py"):
        shutil.copy(file, folder)
    (folder / "feature_store.yaml").write_text("project: rides\nregistry: data/registry.db\n")
    return folder


def test_streams_and_permissions_are_compiled_as_by_feast(streams):
    wanted = json.loads((STREAMS / "written.json").read_text())
    # Without dill there is nothing that Feast could read of a stream view's function.
    assert "dill is not installed" in without_feast(streams).error["message"]
    (streams / "stream_function.py").unlink()
    view = featly.StreamFeatureView.from_dict(wanted.pop("stream_feature_view doubled_rides"))
    assert view.udf is None and "def doubled_rides(frame)" in view.udf_string

    compiled = without_feast(streams)
    assert compiled.exit_code == 0, compiled.last
    found = {f"{item['kind']} {item['name']}": item["json"] for item in compiled.definitions}
    assert sorted(found) == sorted(wanted)
    for name, message in wanted.items():
        assert essence(found[name]) == essence(message), name
        if name.startswith("stream_feature_view"):
            columns = message["spec"].get("entity_columns", [])
            assert found[name]["spec"].get("entity_columns", []) == columns


@pytest.fixture
def rides(streams):
    """The same, applied, with a row of history."""
    noon = datetime(2024, 5, 10, 12, tzinfo=UTC)
    columns = {"driver_id": [1], "city_id": ["a"], "rides": [7], "rating": [0.5], "mood": ["calm"]}
    (streams / "data").mkdir()
    rows = pa.table(columns | {"event_timestamp": [noon], "created": [noon]})
    pq.write_table(rows, streams / "data" / "rides.parquet")
    repo = Repo(streams)
    (streams / "stream_function.py").unlink()
    assert "'halved_rides' has a transformation, which is not supported" in repo.fails("apply")
    (streams / "transformed.py").unlink()
    repo.ok("apply")
    return repo


def test_streams_and_permissions_are_kept(rides):
    assert rides.ok("plan").out == "No changes\n"
    store = FeatureStore(rides.path)
    views = store.list_stream_feature_views()
    assert sorted(view.name for view in views) == [
        "rides_now",
        "rides_pushed",
        "rides_windowed",
    ]
    windowed = store.get_any_feature_view("rides_windowed")
    assert isinstance(windowed, featly.StreamFeatureView)
    assert [item.function for item in windowed.aggregations] == ["sum", "mean"]
    assert (windowed.mode, windowed.enable_tiling) == ("spark", True)
    assert store.get_stream_feature_view("rides_now").ttl == timedelta(hours=2)
    stream = store.get_data_source("rides_stream")
    assert isinstance(stream, featly.KafkaSource)
    assert (stream.topic, stream.batch_source.name) == ("rides", "rides_history")
    assert stream.message_format.schema_json.startswith("driver_id integer")
    assert store.get_data_source("clicks").region == "eu-west-1"

    permissions = {permission.name: permission for permission in store.list_permissions()}
    assert sorted(permissions) == ["anybody", "both", "everything", "inside", "owners", "readers"]
    readers = store.get_permission("readers")
    assert readers.types == ["FeatureView", "FeatureService"]
    assert [action.name for action in readers.actions] == [
        "DESCRIBE",
        "READ_OFFLINE",
        "READ_ONLINE",
    ]
    assert readers.policy == RoleBasedPolicy(roles=["reader", "admin"])
    with pytest.raises(featly.errors.PermissionObjectNotFoundException) as error:
        store.get_permission("reader")
    assert error.value.near_names == ["readers"]

    # Written back as they are.
    kept = [*views, *permissions.values(), stream, store.get_data_source("clicks")]
    for one in kept:
        kind = kind_of("kept", one)
        assert one.to_dict() == json.loads(store._project_core().get_object(kind, one.name))
    assert not store.apply(kept, skip_feature_view_validation=True)


def test_a_plain_view_of_a_stream_has_its_history(rides):
    rides.ok("materialize", "2024-01-01", "2025-01-01")
    rows = rides.ok("get-online-features", "-e", "city_id=a", "-f", "rides_history:mood").out
    assert "calm" in rows
    assert "'rides_now' is of a kind" in rides.fails(
        "get-online-features", "-e", "driver_id=1", "-f", "rides_now:rides"
    )


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: stream_view(source=FileSource(path="x.csv")), ValueError, "need a stream source"),
        (lambda: stream_view(aggregations=[SUM]), ValueError, "must have a timestamp field"),
        (
            lambda: stream_view(
                aggregations=[SUM],
                timestamp_field="at",
                enable_tiling=True,
                tiling_hop_size=timedelta(hours=1),
            ),
            ValueError,
            "must be smaller than the minimum",
        ),
        (lambda: stream_view(feature_transformation=1), NotImplementedError, "pass the function"),
        (
            lambda: featly.KafkaSource(name="k", timestamp_field="at", message_format="json"),
            TypeError,
            "message_format must be a format",
        ),
        (lambda: featly.BatchFeatureView(name="v"), ValueError, "requires a source or a udf"),
        (
            lambda: featly.BatchFeatureView(
                name="v", source=FileSource(path="x.csv"), aggregations=[SUM]
            ),
            NotImplementedError,
            "aggregations is not supported",
        ),
        (
            lambda: featly.BatchFeatureView(name="v", udf=print, udf_string="x", mode="spark"),
            ValueError,
            "Unsupported transformation mode: spark",
        ),
        (lambda: Permission(name="p", types=[dict]), ValueError, "dict is not one of the managed"),
        (lambda: Permission(name="p", actions=[]), ValueError, "must be non-empty"),
        (lambda: Permission(name="p", policy="all"), TypeError, "policy must be a policy"),
    ],
)
def test_streams_and_permissions_that_make_no_sense(make, error, says):
    with pytest.raises(error, match=says):
        make()


SUM = featly.Aggregation(column="x", function="sum", time_window=timedelta(hours=1))


def stream_view(**arguments):
    history = FileSource(path="x.csv", timestamp_field="at")
    source = featly.PushSource(name="pushed", batch_source=history)
    return featly.StreamFeatureView(**({"name": "v", "source": source} | arguments))
