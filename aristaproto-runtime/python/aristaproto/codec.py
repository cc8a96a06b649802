"""The one place where the codec is chosen.

`encode(message)` and `decode(message, data)` are what `Message` calls: those of the codec in Rust, the module
`_native`, where it was built, else those of the plain one in Python. The environment variable
`ARISTAPROTO_IMPLEMENTATION` asks for one of them: `native` or `python`.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Literal

from . import binary

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ("NATIVE", "decode", "decode_field", "encode", "implementation")


def _find_native(asked: str) -> ModuleType | None:
    if asked not in ("", "native", "python"):
        raise ImportError(
            f"ARISTAPROTO_IMPLEMENTATION is {asked!r}: expected native, python or nothing"
        )
    if asked == "python":
        return None
    try:
        return importlib.import_module("._native", __package__)
    except ModuleNotFoundError:
        if asked:
            raise ImportError(
                "ARISTAPROTO_IMPLEMENTATION asks for the native codec, but this installation has none: "
                "unset it, or set it to python"
            ) from None
        return None


NATIVE = _find_native(os.environ.get("ARISTAPROTO_IMPLEMENTATION", ""))
"""The codec in Rust; None when the plain one is at work."""

if NATIVE is None:
    encode = binary.encode
    decode = binary.decode
else:
    encode = NATIVE.encode
    decode = NATIVE.decode

# Of what was read before its extension was known; that is rare, and the plain one does it for both.
decode_field = binary.decode_field


def implementation() -> Literal["native", "python"]:
    """Which codec is at work."""
    return "python" if NATIVE is None else "native"
