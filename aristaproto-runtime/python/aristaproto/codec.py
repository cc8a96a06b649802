"""The one place where the codec is chosen.

`encode(message)` and `decode(message, data)` are what `Message` calls: those of the codec in Rust, the module
`_native`, where it was built, else those of the plain one in Python. The functions for JSON are those of the codec in Rust,
or do nothing: what they leave, `aristaproto.json` does. The environment variable
`ARISTAPROTO_IMPLEMENTATION` asks for one of them: `native` or `python`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Literal

    from .model.message import Message
    from .schema.fields import Field

__all__ = (
    "NATIVE",
    "decode",
    "decode_field",
    "encode",
    "from_dict",
    "from_json",
    "implementation",
    "to_dict",
)


def _find_native(asked: str) -> ModuleType | None:
    if asked not in ("", "native", "python"):
        raise ImportError(
            f"ARISTAPROTO_IMPLEMENTATION is {asked!r}: expected native, python or nothing"
        )
    if asked == "python":
        return None
    try:
        import aristaproto._native as native
    except ModuleNotFoundError:
        if asked:
            raise ImportError(
                "ARISTAPROTO_IMPLEMENTATION asks for the native codec, but this installation has none: "
                "unset it, or set it to python"
            ) from None
        return None
    except ImportError as error:
        # In a second interpreter of the process, or when it was built for another Python.
        raise ImportError(
            f"{error}: set ARISTAPROTO_IMPLEMENTATION to python for the plain codec"
        ) from error
    return native


NATIVE = _find_native(os.environ.get("ARISTAPROTO_IMPLEMENTATION", ""))
"""The codec in Rust; None when the plain one is at work."""

if NATIVE is None:
    if TYPE_CHECKING:
        from .binary import decode, encode
    else:

        def __getattr__(name: str) -> Any:
            """The plain codec, imported when a message is first read or written."""
            if name not in ("decode", "encode"):
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
            from . import binary

            value = globals()[name] = getattr(binary, name)
            return value

    def _leave(*arguments: object) -> None:
        """What the codec in Rust says of JSON that it leaves to the plain one."""

    from_json = from_dict = _leave

    def to_dict(*arguments: object) -> Any:
        """The same, where None is a value."""
        return NotImplemented
else:
    encode = NATIVE.encode
    decode = NATIVE.decode
    from_json = NATIVE.from_json
    to_dict = NATIVE.to_dict
    from_dict = NATIVE.from_dict


def decode_field(message: Message, field: Field, data: bytes) -> None:
    """Read records of one extension that came before it was known: rare, and done by the plain codec for both."""
    from . import binary

    binary.decode_field(message, field, data)


def implementation() -> Literal["native", "python"]:
    """Which codec is at work."""
    return "python" if NATIVE is None else "native"
