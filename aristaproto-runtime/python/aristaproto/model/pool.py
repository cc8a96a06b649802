"""Message and enum classes by full proto name: one pool for each generated tree.

Generated modules register their classes at import; Any and extensions look them up.
"""

from __future__ import annotations

import os
import sys
from keyword import iskeyword

from .. import codec
from .enum import Enum
from .message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from .. import wkt
    from .extension import Extension

__all__ = ("MessagePool", "find_packed_type")


def _root(module: str, package: str) -> str:
    """The Python package of a tree, given one of its modules and the proto package that this holds."""
    depth = package.count(".") + 1 if package else 0
    return module.rsplit(".", depth)[0]


def _pool_of(module: str, load: bool) -> MessagePool | None:
    """The pool of the tree that a module belongs to, or whose classes it offers; None when there is none."""
    holder = sys.modules.get(module)
    if holder is None and load:
        from importlib import import_module

        holder = import_module(module)
    values = list(vars(holder).values()) if holder is not None else []
    # Generated modules import the pool of their tree before anything else.
    for value in values:
        if isinstance(value, MessagePool):
            return value
    for value in values:
        pool = getattr(value, "__pool__", None) if isinstance(value, type) else None
        if isinstance(pool, MessagePool):
            return pool
    return None


class MessagePool:
    """Classes of one tree by full proto name (``package.Outer.Inner``).

    A look-up by full name that finds nothing here imports the generated module of that package, if the tree has
    one. It goes on to the pools of the trees that this one stands on (those of its extern packages, theirs, and so on),
    and to the well-known types, which every tree shares. Iteration and `len` are about this tree alone.
    """

    def __init__(self, extern: Mapping[str, str] | None = None) -> None:
        """Make an empty pool.

        `extern` has the absolute names of the modules of other trees that hold classes which types of this tree refer to,
        with their proto packages. Such a module is imported when a look-up finds nothing here, and an `ImportError` goes
        through.
        """
        self._extern = dict(extern or {})
        self._types: dict[str, type[Any]] = {}
        self._extensions: dict[tuple[str, int], Extension[Any, Any]] = {}
        self._extension_names: dict[str, Extension[Any, Any]] = {}
        self._root: str | None = None

    def register(
        self, package: str, types: Mapping[str, type[Message | Enum] | Extension[Any, Any]]
    ) -> None:
        """Add classes and extensions; the keys are names inside the package, dotted for nested ones."""
        prefix = f"{package}." if package else ""
        if self._root is None:
            modules = (cls.__module__ for cls in types.values() if isinstance(cls, type))
            self._root = next((_root(module, package) for module in modules), None)
        items: Iterable[tuple[str, Any]]
        if codec.NATIVE is not None and type(types) is dict:
            items = codec.NATIVE.register(self, self._types, prefix, types)  # pyright: ignore[reportUnknownArgumentType]
        else:
            items = ((prefix + name, cls) for name, cls in types.items())
        for full_name, cls in items:
            if not isinstance(cls, type):
                self._extensions[cls.extendee, cls.number] = cls
                self._extension_names[full_name] = cls
                self._register_below(full_name, cls)
                continue
            self._types[full_name] = cls
            # Not inherited: a subclass that a user writes is not the registered type.
            type.__setattr__(cls, "__proto_name__", full_name)
            type.__setattr__(cls, "__pool__", self)

    def _register_below(self, full_name: str, extension: Extension[Any, Any]) -> None:
        """Make an extension of another tree's message known there, where parsers of that message look for it.

        What that pool has already stays, because two trees may declare the same extension.
        """
        packages = set(self._extern.values())
        package = extension.extendee
        while package and package not in packages:
            package = package.rpartition(".")[0]
        for module, extern in self._extern.items():
            pool = _pool_of(module, load=True) if package and extern == package else None
            if pool is not None and pool is not self:
                pool._extensions.setdefault((extension.extendee, extension.number), extension)
                pool._extension_names.setdefault(full_name, extension)

    def _pools(self, *, load: bool) -> list[MessagePool]:
        """This pool and those of the trees that it stands on, each once; only those imported already without `load`."""
        pools: list[MessagePool] = [self]
        for pool in pools:
            for module in pool._extern:
                other = _pool_of(module, load)
                if other is not None and other not in pools:
                    pools.append(other)
        return pools

    def find_extension(self, extendee: str, number: int) -> Extension[Any, Any] | None:
        """The extension of the message `extendee` (full proto name) with this number, None when there is none."""
        key = (extendee, number)
        found = self._extensions.get(key)
        if found is None and self._extern:
            others = (pool._extensions.get(key) for pool in self._pools(load=False))
            found = next((other for other in others if other is not None), None)
        return found

    def find_extension_by_name(self, full_name: str) -> Extension[Any, Any] | None:
        """The extension with this full proto name (``package.name``), None when there is none."""
        for pool in self._pools(load=True) if self._extern else (self,):
            found = pool._extension_names.get(full_name)
            if found is None and pool._import(full_name):
                found = pool._extension_names.get(full_name)
            if found is not None:
                return found
        return None

    def find_extension_inside(self, full_name: str, extendee: str) -> Extension[Any, Any] | None:
        """The extension of `extendee` that the message `full_name` declares and that holds this very message; or None."""
        cls = self.find_message(full_name)
        for pool in self._pools(load=False) if self._extern else (self,):
            for name, extension in pool._extension_names.items():
                inside = extension.extendee == extendee and name.rpartition(".")[0] == full_name
                if inside and extension.field.message is cls:
                    return extension
        return None

    def find(self, full_name: str) -> type[Message | Enum] | None:
        """The class with this full proto name, None when there is none."""
        found = self._find_here(full_name)
        if found is None and self._extern:
            others = (pool._find_here(full_name) for pool in self._pools(load=True)[1:])
            found = next((other for other in others if other is not None), None)
        if (
            found is None
            and full_name.startswith("google.protobuf.")
            and self is not codec.wkt.message_pool
        ):
            return codec.wkt.message_pool.find(full_name)
        return found

    def _find_here(self, full_name: str) -> type[Any] | None:
        found = self._types.get(full_name)
        if found is None and self._import(full_name):
            found = self._types.get(full_name)
        return found

    def find_message(self, full_name: str) -> type[Message] | None:
        """The message class with this full proto name, None when there is none."""
        found = self.find(full_name)
        return found if found is not None and issubclass(found, Message) else None

    def find_enum(self, full_name: str) -> type[Enum] | None:
        """The enum class with this full proto name, None when there is none."""
        found = self.find(full_name)
        return found if found is not None and issubclass(found, Enum) else None

    def _import(self, full_name: str) -> bool:
        """Import the module of the tree that would register `full_name`; whether there was one to import.

        Names come from the wire, so nothing is imported but modules that have a `_descriptors` beside them, as
        generated ones do.
        """
        root = sys.modules.get(self._root or "")
        folders: list[str] = list(getattr(root, "__path__", ()))
        names = full_name.split(".")
        # A name in a proto file is an identifier of ASCII.
        if not folders or not full_name.isascii() or not all(map(str.isidentifier, names)):
            return False
        names.pop()
        parts = [f"{name}_" if iskeyword(name) else name for name in names]
        # The package is the longest prefix that is a module; what follows are the messages around the type. Looked for from
        # the shortest on, because a name may have any number of parts and a tree has few levels.
        found: str | None = None
        for length in range(len(parts) + 1):
            below = [os.path.join(folder, *parts[:length]) for folder in folders]
            if not any(map(os.path.isdir, below)):
                break
            if any(os.path.isfile(os.path.join(folder, "_descriptors.py")) for folder in below):
                found = ".".join([self._root or "", *parts[:length]])
        if found is None:
            return False
        imported = found in sys.modules
        from importlib import import_module

        import_module(found)
        return not imported

    def __contains__(self, full_name: object) -> bool:
        return isinstance(full_name, str) and self.find(full_name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __bool__(self) -> bool:
        return True


def find_packed_type(
    any_: wkt.Any | type[wkt.Any], full_name: str, pools: Iterable[MessagePool | None]
) -> type[Message] | None:
    """Return the class of a message in an Any, None when it is in no pool.

    Args:
        any_: The Any or its class; the pool of its tree comes last.
        full_name: The full name of the message's type.
        pools: Where to look first, as far as there are any.
    """
    for pool in (*pools, any_.__schema__.pool):
        found = None if pool is None else pool.find_message(full_name)
        if found is not None:
            return found
    return None
