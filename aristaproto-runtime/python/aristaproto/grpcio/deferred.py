"""grpc itself, imported when a name of it is first used.

Generated modules are imported by programs that want their messages only; grpc, with asyncio and ssl, takes longer to import
than a thousand message classes. What is missing is still said at once.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

__all__ = ("aio", "grpc")


class _Module:
    """Stands for a module; keeps what was asked for, so that it is looked up once."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


if not _is_there("grpc"):
    raise ImportError(
        "aristaproto.grpcio needs the package grpcio: pip install 'aristaproto[grpcio]'",
        name="grpc",
    )

grpc: Any = _Module("grpc")
aio: Any = _Module("grpc.aio")
