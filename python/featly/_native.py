"""Loads the core, so that it keeps to the protobuf library that it was made with.

TensorFlow makes the symbols of its own protobuf, of another version, visible to the whole process,
and the dynamic linker would give those to the core. Where such symbols are there already, the core
is loaded with its own libraries first in line (RTLD_DEEPBIND). Only there: so loaded, it does not
see a malloc that replaces the C library's. What is made visible after the core was loaded does not
matter, since all its symbols are bound at once.
"""

from __future__ import annotations

import ctypes
import os
import sys

import pyarrow  # noqa: F401  -- brings the Arrow libraries that the core's RPATH names

_PROTOBUF_SYMBOL = "_ZN6google8protobuf14DescriptorPoolD1Ev"

_flags = sys.getdlopenflags()
if hasattr(ctypes.CDLL(None), _PROTOBUF_SYMBOL):
    sys.setdlopenflags(_flags | os.RTLD_NOW | os.RTLD_DEEPBIND)
else:
    sys.setdlopenflags(_flags | os.RTLD_NOW)
try:
    from featly import _core
finally:
    sys.setdlopenflags(_flags)

__all__ = ["_core"]
