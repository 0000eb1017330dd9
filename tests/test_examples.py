"""Every example runs from its data to a prediction, as a newcomer would run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import FEATLY, ROOT

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/run.sh"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_ends_with_predictions(name: str, tmp_path: Path) -> None:
    examples = tmp_path / "a clone" / "examples"  # with a space, which paths may have
    shutil.copytree(
        ROOT / "examples" / name, examples / name, ignore=shutil.ignore_patterns("work")
    )
    shutil.copy(ROOT / "examples" / "steps.sh", examples)
    done = subprocess.run(
        [examples / name / "run.sh"],
        env={**os.environ, "FEATLY": FEATLY, "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    steps = re.findall(r"^\[\d+\] (.*)", done.stdout, re.M)
    assert len(steps) == 7, done.stdout
    assert steps[-1].startswith("Predict")
    predictions = done.stdout.split("[7]")[1]
    assert len(re.findall(r"\$\d+\.\d\d \(|a chance of \d+%", predictions)) == 3, predictions
    readme = (ROOT / "examples" / name / "README.md").read_text()
    assert len(re.findall(r"^\d\. ", readme, re.M)) == len(steps)
