"""The program itself: help, manual, completion, doctor, templates, and what only Feast has."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from conftest import CONFIGURATION, DEFINITIONS, FEATLY, NOON, ROOT, Repo, driver_rows

HERE = Repo(ROOT)


def commands_of(help_text: str) -> list[str]:
    """The commands that a help lists; options stand below them."""
    above = help_text.split("\nOptions:\n")[0].split("\nArguments:\n")[0]
    return re.findall(r"^  ([a-z][\w-]*)(?:  |$)", above, re.MULTILINE)


def leaves(*path: str) -> list[tuple[str, ...]]:
    """Every command that does something, as the words that call it."""
    below = commands_of(HERE.ok(*path, "--help").out)
    if not below:
        return [path]
    return [leaf for name in below for leaf in leaves(*path, name)]


LEAVES = leaves()


def test_there_are_many_commands() -> None:
    assert len(LEAVES) > 40
    for command in (("apply",), ("features", "list"), ("projects", "delete"), ("doctor",)):
        assert command in LEAVES


@pytest.mark.parametrize("path", [(), *LEAVES], ids=" ".join)
def test_help_fits_a_terminal_of_80_columns(path: tuple[str, ...]) -> None:
    text = HERE.ok(*path, "--help").out
    assert text.startswith("Usage: featly")
    assert max(map(len, text.splitlines())) <= 80, text
    assert path or "Exit codes: 0 done, 1 failed, 2 wrong usage" in text
    assert "test-clock" not in text


def test_version_as_an_option() -> None:
    assert HERE.ok("--version").out == HERE.ok("version").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["version", "--output", "xml"], "'xml' is not a form of output: table or json"),
        (["apply", "--skip-source-validatoin"], "did you mean '--skip-source-validation'"),
        (["--versoin"], "did you mean '--version'?"),
        (["completion", "tcsh"], "no completion for 'tcsh'"),
        (["materialize", "2024-01-01"], "END_TS"),
        (["materialize", "2024-01-01", "2024-02-01", "--disable-event-timestamp"], "START_TS"),
    ],
)
def test_wrong_usage_is_answered(arguments: list[str], said: str) -> None:
    assert said in HERE.fails(*arguments, code=2)


# --- what only Feast has --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "dbt import -m x", "demo-notebooks", "endpoint", "listen", "mcp", "mlflow list-sources",
        "monitor run", "registry create-schema", "serve_lineage", "serve_offline -h 0.0.0.0",
        "serve_registry", "serve_transformations -p 1", "ui --help", "validate a b",
        "permissions check", "permissions list-roles -v",
    ],
)  # fmt: skip
def test_feasts_other_commands_are_refused_by_name(command: str) -> None:
    said = HERE.fails(*command.split())
    assert re.search(r"Feast's command '[\w-]+' is not built yet; meanwhile: ", said)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("apply --no-promote", "--no-promote"),
        ("materialize 2024-01-01 2024-02-01 --version v1", "--version"),
        ("materialize-incremental 2024-01-01 --version v1", "--version"),
        ("get-historical-features -d x -s 2024-01-01", "--start-date"),
        ("get-historical-features -d x -e 2024-01-01", "--end-date"),
        ("init x -t snowflake", "'snowflake'"),
        ("permissions list -v", "--verbose"),
    ],
)
def test_feasts_other_options_are_refused_by_name(applied: Repo, command: str, option: str) -> None:
    before = applied.files()
    said = applied.fails(*command.split())
    assert option in said and "not built yet" in said
    assert applied.files() == before


def test_feasts_flags_are_taken(drivers: Repo) -> None:
    drivers.ok("plan", "--skip-feature-view-validation")
    drivers.ok("apply", "--skip-feature-view-validation", "--no-progress")
    ran = drivers.ok(
        "--test-clock=2024-05-10T13:00:00Z", "materialize", "--disable-event-timestamp"
    )
    assert "120 rows from 1970-01-01T00:00:00Z to 2024-05-10T13:00:00Z" in ran.out
    outside = Repo(drivers.path.parent, {"FEATURE_REPO_DIR_ENV_VAR": str(drivers.path)})
    assert "driver" in outside.ok("entities", "list").out


def test_rows_on_the_command_line(applied: Repo) -> None:
    command = ["get-historical-features", "-f", "driver_stats:trips", "--output", "json", "-d"]
    rows = [
        {"driver_id": 1001, "event_timestamp": "2024-05-10T12:00:00", "label": 0.5},
        {"driver_id": 1002, "event_timestamp": "2024-05-10T12:00:00+02:00", "label": 1},
        {"driver_id": 77, "event_timestamp": "2024-05-10T12:00:00"},
    ]
    found = applied.ok(*command, json.dumps(rows)).json()
    assert found == [
        {**rows[0], "event_timestamp": "2024-05-10T12:00:00Z", "trips": 230},
        {**rows[1], "event_timestamp": "2024-05-10T10:00:00Z", "trips": 211},
        {**rows[2], "event_timestamp": "2024-05-10T12:00:00Z", "label": None, "trips": None},
    ]
    for text, said in (
        ("[]", "array of objects"),
        ("[1]", "row 0"),
        ('[{"driver_id": 1001', "no JSON"),
        ('[{"driver_id": 1, "event_timestamp": 5}]', "'event_timestamp' of row 0"),
        ('[{"driver_id": 1, "event_timestamp": "noon"}]', "noon"),
        ('[{"driver_id": 1}, {"driver_id": "x"}]', "'driver_id' of row 1"),
        ('[{"driver": 1, "event_timestamp": "2024-05-10"}]', "its columns: 'driver', 'event_"),
    ):
        assert said in applied.fails(*command, text), text


# --- configuration and doctor ---------------------------------------------------------------------


def test_configuration(applied: Repo) -> None:
    shown = applied.ok("configuration", "--output", "json").json()
    assert shown["project"] == "shop"
    assert shown["registry"]["path"] == str(applied.path / "data/registry.db")
    # What has a default of its own is shown; what each work decides for itself is left out.
    server = {"max_body_size": 64 << 20, "max_lookup_values": 2_500_000, "idle_timeout_seconds": 30}
    assert shown["featly"] == {"server": server}
    assert applied.ok("configuration").out.startswith("project: shop\nregistry:\n")
    applied.write("feature_store.yaml", CONFIGURATION + "featly:\n  memory_limit: 2GB\n")
    limited = applied.ok("configuration", "--output", "json").json()
    assert limited["featly"] == {"memory_limit": 2 << 30, "server": server}


def doctor(repo: Repo, *arguments: object, code: int = 0) -> dict[str, dict[str, str]]:
    ran = repo.run(*arguments, "doctor", "--output", "json")
    assert ran.code == code, ran
    return {finding["check"]: finding for finding in ran.json()}


def test_a_healthy_repository(loaded: Repo) -> None:
    findings = doctor(loaded)
    # The machine that runs the test may lack room or open files; no repository can help that.
    of_the_machine = {"open files", "memory", "disk of registry", "disk of online store"}
    assert of_the_machine < set(findings)
    for check, finding in findings.items():
        assert finding["state"] == "ok" or check in of_the_machine, finding
        assert bool(finding["advice"]) == (finding["state"] != "ok")
    assert findings["source driver_source"]["found"] == "1 file, 120 rows"
    text = loaded.ok("doctor").out
    assert "ok    configuration: project 'shop' of feature_store.yaml\n" in text
    assert max(len(line) for line in text.splitlines() if "'" not in line) <= 80


def test_what_the_doctor_finds(drivers: Repo, tmp_path: Path) -> None:
    findings = doctor(drivers)
    assert findings["registry"]["state"] == findings["online store"]["state"] == "warn"
    assert "featly apply" in findings["registry"]["advice"]
    drivers.ok("apply")
    (drivers.path / "data/drivers.parquet").rename(drivers.path / "data/moved.parquet")
    drivers.environment["FEATLY_PYTHON"] = "/nowhere/python3"
    findings = doctor(drivers, code=1)
    assert findings["source driver_source"]["state"] == "fail"
    assert "drivers.parquet" in findings["source driver_source"]["found"]
    assert findings["python"]["state"] == "fail" and "FEATLY_PYTHON" in findings["python"]["advice"]
    assert "2 of " in drivers.fails("doctor")
    early = doctor(drivers, "--test-clock=2024-01-01", code=1)["clock"]
    assert early["state"] == "fail"
    drivers.write("data/registry.db", "somebody's diary " * 40)
    assert doctor(drivers, code=1)["registry"]["state"] == "fail"
    assert doctor(Repo(tmp_path), code=1)["configuration"]["state"] == "fail"


# --- templates ------------------------------------------------------------------------------------


def test_templates(tmp_path: Path) -> None:
    outside = Repo(tmp_path)
    outside.ok("init", "bare", "--template", "minimal")
    assert list(Repo(tmp_path / "bare").files()) == ["feature_store.yaml"]
    for name in ("taxi", "titanic"):
        made = outside.ok("init", f"my-{name}", "-t", name).out
        assert f"Created the feature repository my_{name} in my-{name}\n" in made
        assert "./run.sh" in made
        example = {
            path: text
            for path, text in Repo(ROOT / "examples" / name).files().items()
            if not path.startswith("work/") and "__pycache__" not in path
        }
        example["steps.sh"] = (ROOT / "examples/steps.sh").read_bytes()
        example["run.sh"] = example["run.sh"].replace(b"source ../", b"source ./")
        configuration = example["feature_repo/feature_store.yaml"]
        example["feature_repo/feature_store.yaml"] = configuration.replace(
            f"\nproject: {name}\n".encode(), f"\nproject: my_{name}\n".encode()
        )
        assert example["feature_repo/feature_store.yaml"] != configuration
        example[".gitignore"] = b"work/\n"
        assert Repo(tmp_path / f"my-{name}").files() == example
        assert (tmp_path / f"my-{name}/run.sh").stat().st_mode & 0o111
    answer = outside.ok("init", "shop", "--repo-path", "elsewhere", "--output", "json").json()
    assert answer["project"] == "shop" and answer["folder"] == str(tmp_path / "elsewhere")
    assert "definitions.py" in answer["files"]
    assert "did you mean 'taxi'" in outside.fails("init", "x", "-t", "taxis", code=2)
    outside.ok("init")
    assert (tmp_path / "features/feature_store.yaml").exists()


# --- completion and manual ------------------------------------------------------------------------


def completed(repo: Repo, *words: str) -> list[str]:
    """What may stand in place of the last word; its first line is what the others are."""
    lines = repo.ok("__complete", *words).out.splitlines()
    return [lines[0], *(line.split("\t")[0] for line in lines[1:])]


def test_completion_answers(applied: Repo) -> None:
    assert completed(applied, "app") == ["values", "apply"]
    assert completed(applied, "feature-views", "") == [
        "values", "list", "describe", "enable", "disable", "set-state", "list-versions",
    ]  # fmt: skip
    assert completed(applied, "feature-views", "describe", "d") == ["values", "driver_stats"]
    assert completed(applied, "training-set", "--ent") == ["values", "--entities"]
    assert "--chdir" in completed(applied, "training-set", "--")
    assert completed(applied, "training-set", "--entities", "") == ["files"]
    assert completed(applied, "-c", "") == ["directories"]
    features = ["driver_stats:trips", "driver_stats:rate", "driver_stats:city"]
    assert completed(applied, "get-online-features", "-f", "") == ["values", *features]
    assert completed(applied, "get-online-features", "-f", features[0], "driver_stats:r") == [
        "values", features[1],
    ]  # fmt: skip
    service = ["get-online-features", "--feature-service=driver_"]
    assert completed(applied, *service) == ["values", "--feature-service=driver_service"]
    assert completed(applied, "delete", "driver_se") == ["values", "driver_service"]
    assert completed(applied, "--output", "") == ["values", "table", "json"]
    outside = Repo(applied.path.parent)
    assert completed(outside, "entities", "describe", "") == ["values"]
    path = str(applied.path)
    assert completed(outside, "-c", path, "entities", "describe", "") == ["values", "driver"]
    # What is left out of the help is not offered, and nothing breaks on what is unknown.
    assert completed(applied, "apply", "--no-") == ["values", "--no-progress"]
    assert completed(applied, "entities", "list", "--nonsense", "x", "") == ["values"]


def in_bash(repo: Repo, line: str) -> list[str]:
    """What bash would offer for a line that was typed up to its end."""
    script = f"""
        source <({FEATLY} completion bash)
        compopt() {{ :; }}
        COMP_LINE={line!r} COMP_POINT=${{#COMP_LINE}}
        _featly
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=repo.path,
        env={**repo.child_environment(), "PATH": f"{Path(FEATLY).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.split()


def test_completion_in_bash(applied: Repo) -> None:
    assert in_bash(applied, "featly mater") == ["materialize", "materialize-incremental"]
    assert in_bash(applied, "featly entities describe ") == ["driver"]
    # Bash replaces what stands behind the colon only.
    assert in_bash(applied, "featly get-online-features -f driver_stats:t") == ["trips"]
    assert in_bash(applied, "featly version --output=j") == ["json"]
    assert in_bash(applied, "featly training-set -e defi") == ["definitions.py"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_ask_the_program(shell: str) -> None:
    assert "__complete" in HERE.ok("completion", shell).out


def test_manual_page() -> None:
    page = HERE.ok("man").out
    lines = page.splitlines()
    assert lines[0].startswith('.TH FEATLY 1 "" "featly ')
    requests = {line.split()[0] for line in lines if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".TP", ".B", ".br"}
    assert not re.search(r"\\[^-e&]", page)  # no escapes but those for '-', '\\' and '.'
    text = page.replace("\\-", "-")
    for path in LEAVES:
        assert f".SS featly {' '.join(path)} [OPTIONS]" in text, path
    assert "--skip-source-validation" in text and ".SH EXIT STATUS" in text


def test_the_wheel_brings_manual_and_completion() -> None:
    (wheel,) = (ROOT / "dist").glob("featly-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {
            name.split(".data/data/")[1]: archive.read(name).decode()
            for name in archive.namelist()
            if ".data/data/" in name
        }
    assert files["share/man/man1/featly.1"] == HERE.ok("man").out
    for shell, place in (
        ("bash", "share/bash-completion/completions/featly"),
        ("zsh", "share/zsh/site-functions/_featly"),
        ("fish", "share/fish/vendor_completions.d/featly.fish"),
    ):
        assert files[place] == HERE.ok("completion", shell).out


# --- what may be overwritten ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "named"),
    [
        ("e.parquet", "entity file 'e.parquet'"),
        ("./link.parquet", "entity file 'e.parquet'"),
        ("hard.parquet", "entity file 'e.parquet'"),
        ("data/history/drivers.parquet", "source 'driver_source'"),
        ("data/history/new.parquet", "source 'driver_source'"),
        ("data/history/deeper/new.parquet", "source 'driver_source'"),
    ],
)
@pytest.mark.parametrize("path", ["data/history", "data/history/**/*.parquet", "data/h*"])
def test_a_training_set_overwrites_none_of_its_inputs(
    drivers: Repo, out: str, named: str, path: str
) -> None:
    drivers.table("data/history/drivers.parquet", driver_rows())
    drivers.write("definitions.py", DEFINITIONS.replace("data/drivers.parquet", path))
    drivers.ok("apply")
    drivers.table("e.parquet", {"driver_id": [1001], "event_timestamp": [NOON]})
    (drivers.path / "link.parquet").symlink_to("e.parquet")
    (drivers.path / "hard.parquet").hardlink_to(drivers.path / "e.parquet")
    (drivers.path / "data/history/deeper").mkdir()
    before = drivers.files()
    command = ["training-set", "-e", "e.parquet", "-f", "driver_stats:trips", "--out"]
    said = drivers.fails(*command, out, code=2)
    assert out in said and named in said
    assert drivers.files() == before
    drivers.ok(*command, "data/t.parquet")
    drivers.ok(*command, "data/history/t.arrow")
