"""The one place where the codec is chosen.

`encode(message)` and `decode(message, data)` are what `Message` calls. Today there is one codec, in Python.
"""

from __future__ import annotations

import os
from typing import Literal

from .binary import decode, decode_field, encode

__all__ = ("decode", "decode_field", "encode", "implementation")

_asked = os.environ.get("ARISTAPROTO_IMPLEMENTATION", "")
if _asked not in ("", "python"):
    if _asked == "native":
        raise ImportError(
            "ARISTAPROTO_IMPLEMENTATION asks for the native codec, but this installation has none: "
            "unset it, or set it to python"
        )
    raise ImportError(
        f"ARISTAPROTO_IMPLEMENTATION is {_asked!r}: expected native, python or nothing"
    )


def implementation() -> Literal["native", "python"]:
    """Which codec is at work."""
    return "python"
