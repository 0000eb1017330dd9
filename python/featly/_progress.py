"""The bar that long work draws on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_WIDTH = 30


def terminal_progress() -> Callable[[str, int, int], None] | None:
    """What to tell the core's progress to; None where standard error is no terminal."""
    stream = sys.stderr
    if stream is None or not stream.isatty():
        return None
    drawn_phase = ""
    began = 0.0

    def draw(phase: str, done: int, total: int) -> None:
        nonlocal drawn_phase, began
        if phase != drawn_phase:
            drawn_phase, began = phase, time.monotonic()
        stream.write("\r\033[K" + (_line(phase, done, total, began) if phase else ""))
        stream.flush()

    return draw


def _line(phase: str, done: int, total: int, began: float) -> str:
    text = f"{phase}  "
    if total > 0:
        share = min(1.0, done / total)
        filled = int(share * _WIDTH)
        text += f"[{'=' * filled}{' ' * (_WIDTH - filled)}] {int(share * 100)}%  "
    text += f"{done:,} rows"
    seconds = time.monotonic() - began
    return text + (f"  {int(done / seconds):,} rows/s" if seconds > 0.2 else "")
