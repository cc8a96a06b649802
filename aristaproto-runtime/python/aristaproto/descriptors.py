"""google.protobuf descriptors of generated code, for the option `google_protobuf_descriptors`.

Generated modules register their data modules `_descriptors` here and get real descriptors from a real pool, which gRPC
reflection and other tools of google.protobuf take. Only this module imports google.protobuf.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import (  # type: ignore[import-untyped, unused-ignore]
    Descriptor,
    EnumDescriptor,
    FileDescriptor,
)
from google.protobuf.descriptor_pool import (  # type: ignore[import-untyped, unused-ignore]
    DescriptorPool,
)

from .base.wire import parse_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("Descriptor", "DescriptorFiles", "EnumDescriptor", "FileDescriptor", "attach")


class DescriptorFiles:
    """The files of one generated tree and their google `DescriptorPool`.

    A file enters the pool when it is looked up, after the files that it imports. So packages may import each
    other's modules in a circle, as long as their files do not, and the pool knows what has been imported in
    Python and nothing else.
    """

    def __init__(self) -> None:
        self.pool = DescriptorPool()
        self._modules: dict[str, str] = {}
        self._added: dict[str, FileDescriptor] = {}

    def register_module(self, module: str) -> None:
        """Make the files of a module `_descriptors` known; `module` is its absolute name.

        Its `FILES` are serialised FileDescriptorProtos by the file's name as protoc knows it; its `IMPORTS` name,
        for imported files of other packages, the module that holds them, relative to the module's package.
        `ImportError` when there is no such module.
        """
        for path in importlib.import_module(module).FILES:
            self._modules[path] = module

    def find(self, path: str) -> FileDescriptor:
        """The descriptor of a file. `KeyError` when no module with it is registered."""
        module = self._modules.get(path)
        if module is None:
            raise KeyError(f"the file {path!r} is not registered")
        self._add(path, module)
        # The pool is not asked: that of upb finds no name beyond ASCII.
        return self._added[path]

    def _add(self, path: str, module: str) -> None:
        if path in self._added:
            return
        data = importlib.import_module(module)
        serialized: bytes | None = data.FILES.get(path)
        if serialized is None:
            raise LookupError(
                f"{module} has no file {path!r}: generate that tree from an include folder that gives the file this name"
            )
        for dependency in _dependencies(serialized):
            holder = data.IMPORTS.get(dependency)
            if holder is None:
                self._add(dependency, module)
            else:
                package = module.rpartition(".")[0]
                self._add(dependency, importlib.util.resolve_name(holder, package))
        # Importing a dependency's module may have run a module of this package, which then added this very file.
        if path in self._added:
            return
        self._added[path] = self.pool.AddSerializedFile(serialized)


def _dependencies(serialized: bytes) -> list[str]:
    """Names of the files that a FileDescriptorProto imports (its field 3)."""
    return [
        record.value.decode()
        for record in parse_fields(serialized)
        if record.number == 3 and isinstance(record.value, bytes)
    ]


def attach(file: FileDescriptor, types: Mapping[str, type[Any]]) -> None:
    """Set `DESCRIPTOR` on generated classes.

    Args:
        file: The file of google.protobuf that declares the types.
        types: The classes by their names inside the file's package, dotted if nested.

    Raises:
        KeyError: The file has no type of that name.
    """
    for name, cls in types.items():
        first, *nested = name.split(".")
        found: Any = file.message_types_by_name.get(first) or file.enum_types_by_name.get(first)
        for step in nested:
            found = found.nested_types_by_name.get(step) or found.enum_types_by_name.get(step)
        if found is None:
            raise KeyError(f"{file.name} has no type {name!r}")
        type.__setattr__(cls, "DESCRIPTOR", found)
