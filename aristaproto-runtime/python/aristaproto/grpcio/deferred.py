"""grpc itself, imported when a name of it is first used.

Generated modules are imported by programs that want their messages only; grpc, with asyncio and ssl, takes longer to import
than a thousand message classes. What is missing is still said at once.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ("aio", "grpc")


class _Module:
    """Stands for a module; keeps what was asked for, so that it is looked up once."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        from importlib import import_module

        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def _is_there(name: str) -> bool:
    """What `importlib.util.find_spec` says, which takes twice as long to import as to answer."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None) is not None
    try:
        return any(finder.find_spec(name, None) is not None for finder in sys.meta_path)
    except ModuleNotFoundError:
        return False


if not _is_there("grpc"):
    from ..base.distribution import extra

    raise ImportError(
        f"aristaproto.grpcio needs the package grpcio: {extra('grpcio')}", name="grpc"
    )

grpc: Any = _Module("grpc")
aio: Any = _Module("grpc.aio")
