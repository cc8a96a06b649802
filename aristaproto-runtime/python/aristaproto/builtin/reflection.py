"""The reflection service: what a server's services are, so that tools such as grpcurl and buf can call them without .proto files.

The files are those of the modules `_descriptors` beside generated modules; google.protobuf is not needed.
<https://grpc.io/docs/guides/reflection/>
"""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from importlib import import_module
from importlib.util import resolve_name
from typing import Any, NamedTuple

from ..bundled.grpc.reflection import v1, v1alpha
from ..model.access import which_one_of
from ..rpc_services import Served
from ..wkt.descriptor import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from .service import AddCallback, BuiltinService, Rpc

__all__ = ("ReflectionService",)

_VERSIONS: tuple[Any, ...] = (v1, v1alpha)
_INVALID_ARGUMENT = 3
_NOT_FOUND = 5


class _NotFound(Exception):
    """What a client asked for that is not there."""


class _File(NamedTuple):
    serialized: bytes
    proto: FileDescriptorProto
    dependencies: tuple[str, ...]


class Files:
    """The files of services, and those that they import, by name and by what they declare.

    What these do not have is looked for in all packages of the services' trees that have been imported, as google's
    reflection looks for it in the whole pool. All methods may be called from any thread.

    Args:
        services: Each by full name and the module of its generated base.

    Raises:
        LookupError: No file beside the module declares the service.
    """

    def __init__(self, services: Iterable[Served]) -> None:
        self._files: dict[str, _File] = {}
        self._symbols: dict[str, str] = {}
        self._messages: set[str] = set()
        self._extensions: dict[str, dict[int, str]] = {}
        self._modules: set[str] = set()
        self._roots: set[str] = set()
        # Files are added while clients ask, on a server of threads several at once.
        self._lock = threading.Lock()
        for service in services:
            self._add_service(service)

    def _add_service(self, service: Served) -> None:
        package = _package(service.module)
        module = f"{package}._descriptors"
        for name in _data(module).FILES if _has_data(module) else ():
            proto = FileDescriptorProto.parse(_data(module).FILES[name])
            prefix = f"{proto.package}." if proto.package else ""
            if any(prefix + (it.name or "") == service.full_name for it in proto.service):
                self._add(module, name)
                depth = (proto.package or "").count(".") + 1 if proto.package else 0
                self._roots.add(package.rsplit(".", depth)[0] if depth else package)
                return
        raise LookupError(
            f"no file in {module} declares the service {service.full_name}: reflection is for services on generated bases "
            "(generate the code again if the module is missing)"
        )

    def _add(self, module: str, name: str) -> None:
        if name in self._files:
            return
        data = _data(module)
        serialized: bytes = data.FILES[name]
        proto = FileDescriptorProto.parse(serialized)
        self._files[name] = _File(serialized, proto, tuple(proto.dependency))
        self._add_symbols(proto)
        for dependency in proto.dependency:
            holder = data.IMPORTS.get(dependency)
            # A relative name is relative to the package that the module lies in.
            self._add(
                resolve_name(holder, module.rpartition(".")[0]) if holder else module, dependency
            )

    def _add_symbols(self, proto: FileDescriptorProto) -> None:
        name, package = proto.name or "", proto.package or ""
        for message in proto.message_type:
            self._add_message(message, package, name)
        for enum in proto.enum_type:
            self._add_enum(enum, package, name)
        for extension in proto.extension:
            self._add_extension(extension, package, name)
        for service in proto.service:
            full_name = self._add_symbol(package, service.name, name)
            for method in service.method:
                self._add_symbol(full_name, method.name, name)

    def _add_message(self, message: DescriptorProto, scope: str, file: str) -> None:
        full_name = self._add_symbol(scope, message.name, file)
        self._messages.add(full_name)
        for field in message.field:
            self._add_symbol(full_name, field.name, file)
        for oneof in message.oneof_decl:
            self._add_symbol(full_name, oneof.name, file)
        for nested in message.nested_type:
            self._add_message(nested, full_name, file)
        for enum in message.enum_type:
            self._add_enum(enum, full_name, file)
        for extension in message.extension:
            self._add_extension(extension, full_name, file)

    def _add_enum(self, enum: EnumDescriptorProto, scope: str, file: str) -> None:
        self._add_symbol(scope, enum.name, file)
        for value in enum.value:
            # Values stand beside their enum, as in C++.
            self._add_symbol(scope, value.name, file)

    def _add_extension(self, extension: FieldDescriptorProto, scope: str, file: str) -> None:
        self._add_symbol(scope, extension.name, file)
        extendee = (extension.extendee or "").lstrip(".")
        self._extensions.setdefault(extendee, {}).setdefault(extension.number or 0, file)

    def _add_symbol(self, scope: str, name: str | None, file: str) -> str:
        full_name = f"{scope}.{name}" if scope else name or ""
        # What is added later does not change an answer that was given before.
        self._symbols.setdefault(full_name, file)
        return full_name

    def _add_imported(self) -> None:
        """Adds the files of all packages of the services' trees that have been imported."""
        for root in self._roots:
            # Another thread may be importing.
            below = [it for it in list(sys.modules) if it == root or it.startswith(f"{root}.")]
            for package in sorted({_package(it) for it in below}):
                module = f"{package}._descriptors"
                if module not in self._modules:
                    for name in _data(module).FILES if _has_data(module) else ():
                        self._add(module, name)
                    self._modules.add(module)

    def file(self, name: str) -> list[bytes]:
        """A file and those that it imports, directly or not, serialised."""
        with self._lock:
            if name not in self._files:
                self._add_imported()
            if name not in self._files:
                raise _NotFound(f"the file {name!r} is not known here")
            return self._with_dependencies(name)

    def _with_dependencies(self, name: str) -> list[bytes]:
        names: dict[str, None] = {}
        pending = [name]
        while pending:
            current = pending.pop()
            if current not in names:
                names[current] = None
                pending.extend(reversed(self._files[current].dependencies))
        return [self._files[it].serialized for it in names]

    def file_with_symbol(self, symbol: str) -> list[bytes]:
        """The file that declares a service, method, message, field, enum or value, by full name, and what it imports."""
        with self._lock:
            if symbol not in self._symbols:
                self._add_imported()
            if symbol not in self._symbols:
                raise _NotFound(f"{symbol!r} is not known here")
            return self._with_dependencies(self._symbols[symbol])

    def file_with_extension(self, extendee: str, number: int) -> list[bytes]:
        """The file that extends a message by this number, and what it imports."""
        with self._lock:
            if number not in self._extensions.get(extendee, ()):
                self._add_imported()
            if number not in self._extensions.get(extendee, ()):
                raise _NotFound(f"no extension {number} of {extendee!r} is known here")
            return self._with_dependencies(self._extensions[extendee][number])

    def extension_numbers(self, extendee: str) -> list[int]:
        """The numbers of all extensions of a message."""
        with self._lock:
            self._add_imported()
            if extendee not in self._messages:
                raise _NotFound(f"no message {extendee!r} is known here")
            return sorted(self._extensions.get(extendee, ()))


def _package(module: str) -> str:
    """The Python package that a module is, or that it lies in."""
    return getattr(sys.modules.get(module), "__package__", None) or module


def _data(module: str) -> Any:
    return import_module(module)


def _has_data(module: str) -> bool:
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return False
    return True


class ReflectionService(BuiltinService):
    """Answers questions about services, in v1 and v1alpha of the protocol.

    Args:
        services: Those that clients are told of; this one is added.
    """

    def __init__(self, services: Iterable[Served]) -> None:
        served = [*services, *self.served()]
        self._names = sorted({it.full_name for it in served})
        self._files = Files(served)

    def answer(self, request: Any, version: Any) -> Any:
        """The response to one request; `version` is the module of the messages."""
        kind, asked = which_one_of(request, "message_request")
        response = version.ServerReflectionResponse(
            valid_host=request.host, original_request=request
        )
        try:
            if kind == "list_services":
                response.list_services_response = version.ListServiceResponse(
                    service=[version.ServiceResponse(name=name) for name in self._names]
                )
            elif kind == "all_extension_numbers_of_type":
                response.all_extension_numbers_response = version.ExtensionNumberResponse(
                    base_type_name=asked, extension_number=self._files.extension_numbers(asked)
                )
            elif kind:
                response.file_descriptor_response = version.FileDescriptorResponse(
                    file_descriptor_proto=self._found(kind, asked)
                )
            else:
                response.error_response = version.ErrorResponse(
                    error_code=_INVALID_ARGUMENT, error_message="the request asks for nothing"
                )
        except _NotFound as error:
            response.error_response = version.ErrorResponse(
                error_code=_NOT_FOUND, error_message=str(error)
            )
        return response

    def _found(self, kind: str, asked: Any) -> list[bytes]:
        if kind == "file_by_filename":
            return self._files.file(asked)
        if kind == "file_containing_symbol":
            return self._files.file_with_symbol(asked)
        return self._files.file_with_extension(asked.containing_type, asked.extension_number)

    def rpcs(self) -> list[Rpc]:
        """The one method of each version."""
        return [self._rpc(version) for version in _VERSIONS]

    def _rpc(self, version: Any) -> Rpc:
        def in_thread(requests: Iterator[Any], _: AddCallback) -> Iterator[Any]:
            for request in requests:
                yield self.answer(request, version)

        async def in_loop(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for request in requests:
                yield self.answer(request, version)

        return Rpc(
            _name(version),
            "ServerReflectionInfo",
            "stream_stream",
            in_thread,
            in_loop,
            version.ServerReflectionRequest,
            version.ServerReflectionResponse,
        )

    def served(self) -> list[Served]:
        """The reflection service itself, in both versions."""
        return [Served(_name(version), version.__name__) for version in _VERSIONS]


def _name(version: Any) -> str:
    # The module is named after its proto package.
    return ".".join([*version.__name__.rsplit(".", 3)[1:], "ServerReflection"])
