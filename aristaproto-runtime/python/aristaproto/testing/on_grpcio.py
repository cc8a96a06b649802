"""What `connect` and `context` do on grpcio, for both kinds of service and of stub."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import grpc  # type: ignore[import-untyped, unused-ignore]
import grpc.aio

from ..grpcio import ServiceStub, SyncServiceBase, add_to_server
from ..grpcio.contexts import using_contexts
from ..rpc_status import code_number

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AsyncExitStack, ExitStack

    from .call import Call, Pairs
    from .place import Place

__all__ = (
    "connect",
    "connect_in_threads",
    "is_asynchronous_stub",
    "is_synchronous",
    "serve",
    "serve_in_threads",
    "set_context",
)

_OPTIONS = (("grpc.so_reuseport", 0),)
_THREADS = 32
"""Calls that a service of threads runs at once."""


def is_synchronous(services: list[Any]) -> bool:
    # Health and reflection go onto servers of either kind.
    return any(isinstance(it, SyncServiceBase) for it in services)


def is_asynchronous_stub(stub: type[Any]) -> bool:
    return issubclass(stub, ServiceStub)


async def serve(services: list[Any], place: Place, closing: AsyncExitStack) -> None:
    if is_synchronous(services):
        serve_in_threads(services, place, closing)
        return
    server = grpc.aio.server(options=_OPTIONS)
    add_to_server(services, server)
    place.port = server.add_insecure_port(place.target)
    await server.start()
    closing.push_async_callback(server.stop, None)


def serve_in_threads(
    services: list[Any], place: Place, closing: ExitStack | AsyncExitStack
) -> None:
    pool = ThreadPoolExecutor(_THREADS)
    server = grpc.server(pool, options=_OPTIONS)
    add_to_server(services, server)
    place.port = server.add_insecure_port(place.target)
    server.start()
    closing.callback(pool.shutdown, wait=False)
    closing.callback(lambda: server.stop(None).wait())


async def connect(stub: Any, place: Place, options: dict[str, Any], closing: AsyncExitStack) -> Any:
    channel = grpc.aio.insecure_channel(place.target)
    await closing.enter_async_context(channel)
    return stub(channel, **options)


def connect_in_threads(stub: Any, place: Place, options: dict[str, Any], closing: ExitStack) -> Any:
    return stub(closing.enter_context(grpc.insecure_channel(place.target)), **options)


@contextmanager
def set_context(call: Call) -> Generator[None, None, None]:
    with using_contexts(_AsyncContext(call), _SyncContext(call)):
        yield


class _Metadatum(NamedTuple):
    """One pair of metadata, as grpcio gives it."""

    key: str
    value: str | bytes


class _Context:
    """What both kinds of context have."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def invocation_metadata(self) -> tuple[_Metadatum, ...]:
        return tuple(map(_Metadatum._make, self._call.metadata))

    def peer(self) -> str:
        return self._call.peer

    def peer_identities(self) -> None:
        return None

    def peer_identity_key(self) -> None:
        return None

    def auth_context(self) -> dict[str, list[bytes]]:
        return {}

    def time_remaining(self) -> float | None:
        return self._call.time_remaining()

    def set_compression(self, compression: object) -> None:
        pass

    def disable_next_message_compression(self) -> None:
        pass

    def set_trailing_metadata(self, trailing_metadata: Pairs) -> None:
        self._call.trailing_metadata = tuple(trailing_metadata)

    def trailing_metadata(self) -> Pairs:
        return self._call.trailing_metadata

    def set_code(self, code: object) -> None:
        self._call.code = code_number(code)

    def set_details(self, details: str) -> None:
        self._call.details = details

    def code(self) -> Any:
        codes = (it for it in grpc.StatusCode if it.value[0] == self._call.code)
        return next(codes, None)

    def details(self) -> str:
        return self._call.details

    def is_active(self) -> bool:
        return not self._call.aborted

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return self._call.aborted

    def add_callback(self, callback: object) -> bool:
        return True

    def add_done_callback(self, callback: object) -> None:
        pass

    def _abort(self, code: object, details: str, trailing_metadata: Pairs) -> None:
        if code is grpc.StatusCode.OK:
            code, details = grpc.StatusCode.UNKNOWN, ""
        self._call.aborted = True
        self._call.code = code_number(code)
        self._call.details = details
        if trailing_metadata:
            self._call.trailing_metadata = tuple(trailing_metadata)

    def _send_initial_metadata(self, initial_metadata: Pairs) -> None:
        if self._call.initial_metadata is not None:
            raise ValueError("the initial metadata has been sent")
        self._call.initial_metadata = tuple(initial_metadata)


class _AsyncContext(_Context):
    async def send_initial_metadata(self, initial_metadata: Pairs) -> None:
        self._send_initial_metadata(initial_metadata)

    async def abort(
        self, code: object, details: str = "", trailing_metadata: Pairs = ()
    ) -> NoReturn:
        self._abort(code, details, trailing_metadata)
        raise grpc.aio.AbortError(f"the method aborted: {code}, {details}")

    async def abort_with_status(self, status: Any) -> NoReturn:
        await self.abort(status.code, status.details, status.trailing_metadata)


class _SyncContext(_Context):
    def send_initial_metadata(self, initial_metadata: Pairs) -> None:
        self._send_initial_metadata(initial_metadata)

    def abort(self, code: object, details: str) -> NoReturn:
        self._abort(code, details, ())
        raise Exception(f"the method aborted: {code}, {details}")  # noqa: TRY002 - as grpc's own

    def cancel(self) -> None:
        # The method goes on.
        self._abort(grpc.StatusCode.CANCELLED, "", ())

    def abort_with_status(self, status: Any) -> NoReturn:
        self.set_trailing_metadata(status.trailing_metadata)
        self.abort(status.code, status.details)
