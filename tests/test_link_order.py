"""Debian's libraries stand before Arrow's in what the program and the module load.

libparquet of the pyarrow wheel exports symbols of libraries that it carries inside. The first
library in the list wins, so behind it our calls would go astray.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ARROW = re.compile(r"lib(arrow|parquet)")
# The compiler's and the C library's own: the linker names them last; Arrow carries none of them.
RUNTIME = re.compile(r"(libgcc_s|libm|libc|libpthread|ld-linux-.*)\.so")


def needed(binary: Path) -> list[str]:
    listing = subprocess.run(
        ["readelf", "--dynamic", binary], capture_output=True, check=True, text=True
    ).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", listing)


@pytest.mark.parametrize("pattern", ["featly", "python/featly/_core.*.so"])
def test_debian_before_arrow(pattern: str) -> None:
    (binary,) = (ROOT / "build").glob(pattern)
    libraries = [name for name in needed(binary) if not RUNTIME.match(name)]
    arrows = [bool(ARROW.match(name)) for name in libraries]
    assert any(arrows)
    assert arrows == sorted(arrows), f"Arrow's libraries must come last: {libraries}"
