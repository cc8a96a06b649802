"""The one place where the codec is chosen, and from where lower modules reach higher ones.

`encode` and `decode` are those of the codec in Rust, the module `_native`, where it was built, else those of the plain
codec, `aristaproto.binary`. `from_json`, `to_dict` and `from_dict` are those of the codec in Rust or do nothing: what they
leave, `aristaproto.json` does. The environment variable `ARISTAPROTO_IMPLEMENTATION` asks for one of the two: `native` or
`python`. A CPython that runs the plain codec without having been asked to says so in a `RuntimeWarning`.

Messages need codecs, and codecs need messages. So what stands above this module, or is seldom needed, is an attribute of
it that is imported when it is first read; nowhere else but in `__init__.py` does a function import a module of this package.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from . import _native, binary, json, pydantic, reflection, text, wkt
    from .base import errors, wire
    from .schema import builder, comments, constructors
    from .schema import oneof as oneofs

    class Native:
        """The functions of the codec in Rust, with the types of `_native.pyi`."""

        MessageBase = _native.MessageBase
        bind = staticmethod(_native.bind)
        bind_slot = staticmethod(_native.bind_slot)
        byte_size = staticmethod(_native.byte_size)
        check_stack = staticmethod(_native.check_stack)
        decode = staticmethod(_native.decode)
        encode = staticmethod(_native.encode)
        field_functions = staticmethod(_native.field_functions)
        from_dict = staticmethod(_native.from_dict)
        from_json = staticmethod(_native.from_json)
        install = staticmethod(_native.install)
        merge = staticmethod(_native.merge)
        new = staticmethod(_native.new)
        numbers = staticmethod(_native.numbers)
        oneof_slot = staticmethod(_native.oneof_slot)
        register = staticmethod(_native.register)
        to_dict = staticmethod(_native.to_dict)


__all__ = (
    "NATIVE",
    "binary",
    "builder",
    "comments",
    "constructors",
    "decode",
    "encode",
    "errors",
    "from_dict",
    "from_json",
    "implementation",
    "json",
    "oneofs",
    "pydantic",
    "reflection",
    "text",
    "to_dict",
    "wire",
    "wkt",
)


def _find_native(asked: str) -> Native | None:
    if asked not in ("", "native", "python"):
        raise ImportError(
            f"ARISTAPROTO_IMPLEMENTATION is {asked!r}: expected native, python or nothing"
        )
    if asked == "python":
        return None
    try:
        import aristaproto._native as native
    except ModuleNotFoundError as error:
        if error.name != "aristaproto._native":
            raise
        cause = "this installation has none"
    except ImportError as error:
        # In a second interpreter of the process, or when it was built for another machine.
        cause = str(error)
    else:
        module: Any = native
        found: Native = module
        return found
    if asked:
        raise ImportError(
            f"ARISTAPROTO_IMPLEMENTATION asks for the native codec, but {cause}: {_remedy()}, "
            "or unset the variable or set it to python for the plain codec"
        )
    if sys.implementation.name == "cpython":
        import warnings

        warnings.warn(
            f"aristaproto runs its plain codec, many times slower than the native one: {cause}. "
            f"To mend it, {_remedy()}; to keep the plain codec without this warning, set "
            "ARISTAPROTO_IMPLEMENTATION=python",
            RuntimeWarning,
            stacklevel=3,
        )
    return None


def _remedy() -> str:
    """What gives this interpreter the native codec."""
    from importlib.util import find_spec

    # A free-threaded build is one, with or without its lock.
    if "t" in getattr(sys, "abiflags", ""):
        return "run a CPython with the global interpreter lock, which the native codec needs"
    if find_spec("aristaproto._native") is not None:
        return "use the package in the first interpreter of the process only, or install it again"
    return (
        "install the package again on a machine with Rust, with ARISTAPROTO_BUILD=native and without wheels that "
        "were built before (pip: --force-reinstall --no-cache-dir --no-binary, uv: --reinstall --no-cache --no-binary)"
    )


NATIVE = _find_native(os.environ.get("ARISTAPROTO_IMPLEMENTATION", ""))
"""The codec in Rust; None when the plain one is at work."""

if not TYPE_CHECKING:
    _LATER = {
        "binary": ".binary",
        "builder": ".schema.builder",
        "comments": ".schema.comments",
        "constructors": ".schema.constructors",
        "errors": ".base.errors",
        "json": ".json",
        "oneofs": ".schema.oneof",
        "pydantic": ".pydantic",
        "reflection": ".reflection",
        "text": ".text",
        "wire": ".base.wire",
        "wkt": ".wkt",
    }
    _PLAIN = ("decode", "encode") if NATIVE is None else ()

    def __getattr__(name: str) -> Any:
        """A module above this one, or a function of the plain codec."""
        path = ".binary" if name in _PLAIN else _LATER.get(name)
        if path is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = import_module(path, __package__)
        if name in _PLAIN:
            value = getattr(value, name)
        globals()[name] = value
        return value


if TYPE_CHECKING:
    from ._native import decode, encode, from_dict, from_json, to_dict
elif NATIVE is None:

    def _leave(*arguments: object) -> None:
        """What the codec in Rust says of JSON that it leaves to the plain one."""

    from_json = from_dict = _leave

    def to_dict(*arguments: object) -> object:
        """The same, where None is a value."""
        return NotImplemented
else:
    encode = NATIVE.encode
    decode = NATIVE.decode
    from_json = NATIVE.from_json
    to_dict = NATIVE.to_dict
    from_dict = NATIVE.from_dict


def implementation() -> Literal["native", "python"]:
    """Return which codec is at work: that in Rust (`native`), or the plain one in Python."""
    return "python" if NATIVE is None else "native"
