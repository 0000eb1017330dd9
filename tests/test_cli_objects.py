"""What is registered: listed, described, switched, deleted."""

from __future__ import annotations

import pytest
from conftest import DEFINITIONS, Repo, on_a_terminal

CLOCK = "--test-clock=2024-05-10T13:00:00Z"

GROUPS = (
    "feature-views", "on-demand-feature-views", "stream-feature-views", "label-views", "entities",
    "feature-services", "data-sources", "saved-datasets", "validation-references", "permissions",
    "projects",
)  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_every_kind_is_listed(applied: Repo, group: str) -> None:
    heading = applied.ok(group, "list").out.splitlines()[0]
    assert heading.startswith("NAME")
    assert isinstance(applied.ok(group, "list", "--output", "json").json(), list)
    missing = applied.fails(group, "describe", "nothing-of-this-name")
    assert "'nothing-of-this-name' is not registered" in missing


def test_a_view_is_described_as_feast_does(loaded: Repo) -> None:
    view = loaded.ok("feature-views", "describe", "driver_stats", "--output", "json").json()
    assert list(view) == ["spec", "meta", "enabled", "state"]
    assert (view["enabled"], view["state"]) == (True, "AVAILABLE_ONLINE")
    text = loaded.ok("feature-views", "describe", "driver_stats").out
    assert text.startswith(
        "spec:\n  name: driver_stats\n  project: shop\n  entities:\n  - driver\n"
    )
    # A time stays text, in the quotes that Feast's writer gives it.
    assert f"\n  createdTimestamp: '{view['meta']['createdTimestamp']}'\n" in text
    assert "\n  ttl: 259200s\n" in text and text.endswith(
        "\nenabled: true\nstate: AVAILABLE_ONLINE\n"
    )
    row = loaded.ok("feature-views", "list").out.splitlines()[1].split()
    assert row == ["driver_stats", "driver", "FeatureView", "Yes", "AVAILABLE_ONLINE"]


def test_tags_in_one_text_or_several(applied: Repo) -> None:
    names = [
        applied.ok("feature-views", "list", *tags).out.count("driver_stats")
        for tags in (
            ["--tags", "team:rides"],
            ["--tags", "team:rides, team:rides"],
            ["--tags", "team:rides", "--tags", "team:other"],
        )
    ]
    assert names == [1, 1, 0]


def test_features(applied: Repo) -> None:
    rows = [line.split() for line in applied.ok("features", "list").out.splitlines()[1:]]
    assert ["trips", "driver_stats", "INT64"] in rows and len(rows) == 3
    listed = applied.ok("features", "list", "--output", "json").json()
    assert {"feature_name": "rate", "feature_view": "driver_stats", "dtype": "DOUBLE"} in listed
    for name in ("rate", "driver_stats:rate"):
        (found,) = applied.ok("features", "describe", name, "--output", "json").json()
        assert found["Feature Name"] == "rate" and found["Feature View"] == "driver_stats"
        assert found["Source"]["name"] == "driver_source" and found["Online Store"] is True
    assert applied.ok("features", "describe", "trips").out.startswith(
        "- Feature Name: trips\n  Feature View: driver_stats\n  Data Type: INT64\n"
    )
    assert "did you mean 'trips'" in applied.fails("features", "describe", "trip")


def test_a_disabled_view_is_not_served(loaded: Repo) -> None:
    lookup = [CLOCK, "get-online-features", "-e", "driver_id=1001", "-f", "driver_stats:trips"]
    assert "has been disabled" in loaded.ok("feature-views", "disable", "driver_stats").out
    before = loaded.files()
    assert "is already disabled" in loaded.ok("feature-views", "disable", "driver_stats").out
    assert loaded.files() == before
    assert "disabled" in loaded.fails(*lookup)
    assert loaded.ok("feature-views", "list").out.splitlines()[1].split()[3] == "No"
    assert "has been enabled" in loaded.ok("feature-views", "enable", "driver_stats").out
    assert "230" in loaded.ok(*lookup).out
    assert "did you mean 'driver_stats'" in loaded.fails("feature-views", "enable", "driver_stat")


def test_states_go_their_way(loaded: Repo) -> None:
    refused = loaded.fails("feature-views", "set-state", "driver_stats", "GENERATED")
    assert "AVAILABLE_ONLINE" in refused and "it can to: MATERIALIZING" in refused
    assert "no state" in loaded.fails("feature-views", "set-state", "driver_stats", "x", code=2)
    loaded.ok("feature-views", "set-state", "driver_stats", "materializing")
    assert "MATERIALIZING" in loaded.ok("feature-views", "list").out
    versions = loaded.ok("feature-views", "list-versions", "driver_stats", "--output", "json")
    assert [v["version"] for v in versions.json()] == ["v0"]
    assert "VERSION_ID" in loaded.ok("feature-views", "list-versions", "driver_stats").out


# --- deleting -------------------------------------------------------------------------------------


def test_delete(loaded: Repo) -> None:
    used = loaded.fails("delete", "driver_stats")
    assert "driver_service" in used and "uses it" in used
    code, said = on_a_terminal(loaded, "y", "delete", "driver_stats")
    assert code == 1 and "Go on?" not in said
    deleted = loaded.ok("delete", "driver_service").out
    assert deleted == "Deleted feature service 'driver_service' from project 'shop'\n"
    answer = loaded.ok("delete", "driver_stats", "--output", "json").json()
    assert answer == {"deleted": "feature_view", "name": "driver_stats"}
    assert loaded.ok("features", "list").out.splitlines()[1:] == []
    assert "did you mean 'driver'" in loaded.fails("delete", "drivr")
    # What is still defined comes back, with nothing of its old rows.
    loaded.ok("apply")
    lookup = [CLOCK, "get-online-features", "-e", "driver_id=1001", "-f", "driver_stats:trips"]
    assert "NOT_FOUND" in loaded.ok(*lookup).out


def test_delete_of_a_name_that_several_have(drivers: Repo) -> None:
    drivers.write("definitions.py", DEFINITIONS.replace('name="driver_service"', 'name="driver"'))
    drivers.ok("apply")
    ambiguous = drivers.fails("delete", "driver", code=2)
    assert "--kind: entity, feature-service" in ambiguous
    assert "feature-service" in drivers.fails("delete", "driver", "--kind", "service", code=2)
    drivers.ok("delete", "driver", "--kind", "feature-service")
    assert "driver" in drivers.ok("entities", "list").out


def test_an_apply_that_would_delete_everything_is_refused(loaded: Repo) -> None:
    (loaded.path / "definitions.py").unlink()
    before = loaded.files()
    refused = loaded.fails("apply", code=2)
    assert "would delete all" in refused and "--yes" in refused and str(loaded.path) in refused
    assert loaded.files() == before
    planned = loaded.ok("plan").out
    assert "Will delete feature view driver_stats\n" in planned and "--yes" in planned
    code, asked = on_a_terminal(loaded, "n", "apply")
    assert (code, "Go on? [y/N]" in asked, "nothing was changed" in asked) == (1, True, True)
    assert loaded.files() == before
    assert "Deleted feature view driver_stats\n" in loaded.ok("apply", "--yes").out


def test_teardown_asks_on_a_terminal(loaded: Repo) -> None:
    code, asked = on_a_terminal(loaded, "", "teardown")
    assert code == 1 and "online rows of project 'shop'" in asked
    assert "driver_stats" in loaded.ok("feature-views", "list").out
    assert on_a_terminal(loaded, "y", "teardown")[0] == 0
    assert loaded.ok("feature-views", "list").out.splitlines()[1:] == []
    # Repeated, there is nothing left to delete.
    assert "nothing to delete" in loaded.ok("teardown").out
    assert loaded.ok("teardown", "--yes", "--output", "json").json() == {"deleted_project": None}
    loaded.ok("apply")
    assert loaded.ok("teardown", "--yes", "--output", "json").json() == {"deleted_project": "shop"}


def test_projects(loaded: Repo) -> None:
    other = loaded.write("other.yaml", "project: other\nregistry: data/registry.db\n")
    loaded.ok("-f", other, "apply")
    names = [line.split()[0] for line in loaded.ok("projects", "list").out.splitlines()[1:]]
    assert names == ["shop", "other"]
    assert "\n  name: shop\n" in loaded.ok("projects", "current_project").out
    assert "other" in loaded.ok("projects", "describe", "other").out
    assert "--yes" in loaded.fails("projects", "delete", "other", code=2)
    assert loaded.ok("projects", "delete", "other", "--yes").out == (
        "Project 'other' deleted successfully.\n"
    )
    assert "did you mean 'shop'" in loaded.fails("projects", "delete", "shp", "-y")
    assert "driver_stats" in loaded.ok("feature-views", "list").out
