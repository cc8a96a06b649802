"""The one place where the codec is chosen.

`encode(message)` and `decode(message, data)` are what `Message` calls: those of the codec in Rust, the module
`_native`, where it was built, else those of the plain one in Python. The environment variable
`ARISTAPROTO_IMPLEMENTATION` asks for one of them: `native` or `python`.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types import ModuleType

    from .message import Message
    from .schema import Field

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
    from .binary import decode, encode
else:
    encode = NATIVE.encode
    decode = NATIVE.decode


def decode_field(message: Message, field: Field, data: bytes) -> None:
    """Read records of one extension that came before it was known: rare, and done by the plain codec for both."""
    from . import binary

    binary.decode_field(message, field, data)


def implementation() -> Literal["native", "python"]:
    """Which codec is at work."""
    return "python" if NATIVE is None else "native"
