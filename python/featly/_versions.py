"""The versions of feature views, as definitions and feature references name them."""

from __future__ import annotations

import re

_VERSION = re.compile(r"v(?:ersion)?(\d+)", re.IGNORECASE)


def parse_version(where: str, version: str) -> int | None:
    """The number of `"v2"` or `"version2"`; None for `"latest"` and the empty string."""
    if not version or version.lower() == "latest":
        return None
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(
            f"{where}: Invalid version string '{version}'. Expected 'latest', 'vN', or 'versionN' "
            "(e.g. 'v2', 'version3')."
        )
    return int(match.group(1))
