"""For tests of services: a service and a stub joined in one process, and a context that a test sets.

`connect` starts a real server behind a socket in a temporary folder, no port, so that metadata, deadlines, status and
cancellation are those of the transport. `context` stands for the call when a test calls a method itself.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ..builtin.service import BuiltinService
from ..rpc_calls import transports_of
from ..rpc_services import generated_bases
from .call import Call
from .place import Place

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Iterable, Mapping
    from types import TracebackType

__all__ = ("Call", "Connection", "connect", "context")

_S = TypeVar("_S")
_T = TypeVar("_T")


@overload
def connect(service: object, stub: type[_S], **options: Any) -> Connection[_S]: ...
@overload
def connect(service: object, stub: None = None, **options: Any) -> Connection[Any]: ...
def connect(service: object, stub: type[Any] | None = None, **options: Any) -> Connection[Any]:
    """Joins a service and a stub: `async with connect(Service(), Stub) as stub`, or `with` for a synchronous stub.

    Any stub goes with any service of the same messages: those of grpcio, grpc.aio and grpclib with each other.

    Args:
        service: The service, or a list of several, which are all on the server.
        stub: The class of the stub. Without it, the stub that was generated beside the service's base; of several
            services, beside that of the first one that is neither health nor reflection.
        options: For the stub: `timeout`, `metadata` and so on.

    Raises:
        TypeError: When the block begins: it is no service, services that go on different servers, a synchronous stub in
            `async with`, which it would block, or an asynchronous one in `with`.
        LookupError: When the block begins: there is no stub beside the base.
        RuntimeError: When the block begins: another block of the same connection has not ended.
    """
    return Connection(service, stub, options)


class Connection(Generic[_S]):
    """A server with a service and a stub to it, from the beginning of the `with` block to its end. Made by `connect`.

    Blocks may follow each other, and each has a server of its own.
    """

    def __init__(self, service: object, stub: type[_S] | None, options: dict[str, Any]) -> None:
        several = isinstance(service, (list, tuple))
        self._services: list[Any] = list(service) if several else [service]  # type: ignore[call-overload]
        if not self._services:
            raise TypeError("expected a service, or a list of several, got none")
        self._stub = stub
        self._options = options
        self._in_block = threading.Lock()
        self._closing: AsyncExitStack = AsyncExitStack()
        self._closing_in_thread: ExitStack = ExitStack()

    async def __aenter__(self) -> _S:
        async with AsyncExitStack() as closing:
            self._begin(closing)
            place = Place()
            closing.callback(place.close)
            stub = self._stub_class(is_async=True)
            await self._serving_module().serve(self._services, place, closing)
            client = await _transport_of(stub, "stub").connect(stub, place, self._options, closing)
            self._closing = closing.pop_all()
        return client  # type: ignore[no-any-return]

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._closing.aclose()

    def __enter__(self) -> _S:
        with ExitStack() as closing:
            self._begin(closing)
            place = Place()
            closing.callback(place.close)
            stub = self._stub_class(is_async=False)
            module = self._serving_module()
            if module.is_synchronous(self._services):
                module.serve_in_threads(self._services, place, closing)
            else:
                loop = _LoopThread()
                closing.callback(loop.close)
                serving = AsyncExitStack()
                closing.callback(lambda: loop.run(serving.aclose()))
                loop.run(module.serve(self._services, place, serving))
            client = _transport_of(stub, "stub").connect_in_threads(
                stub, place, self._options, closing
            )
            self._closing_in_thread = closing.pop_all()
        return client  # type: ignore[no-any-return]

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing_in_thread.close()

    def _begin(self, closing: ExitStack | AsyncExitStack) -> None:
        # The end of a block does not tell which one ends, so that each has to be the only one.
        if not self._in_block.acquire(blocking=False):
            raise RuntimeError(
                "this connection is in use: make one for each block, with connect(…)"
            )
        closing.callback(self._in_block.release)

    def _serving_module(self) -> Any:
        """The module of this package for the transport of the services."""
        modules = [_transport_of(it, "service") for it in self._services]
        for service, module in zip(self._services, modules, strict=True):
            if module is not modules[0]:
                raise TypeError(
                    f"{type(self._services[0]).__name__} and {type(service).__name__} are services for servers of different "
                    "transports: connect each with a stub of its own"
                )
        return modules[0]

    def _stub_class(self, is_async: bool) -> type[Any]:
        generated = [it for it in self._services if not isinstance(it, BuiltinService)]
        stub = self._stub or _find_stub((generated or self._services)[0], is_async)
        if _is_async_stub(stub) != is_async:
            raise TypeError(
                f"{stub.__name__} is a synchronous stub, whose calls would block the event loop: write `with connect(…)`"
                if is_async
                else f"{stub.__name__} is an asynchronous stub: write `async with connect(…)`"
            )
        return stub


class _LoopThread:
    """An event loop in a thread of its own, for an asynchronous service and a synchronous stub."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _transport_of(item: Any, what: str) -> Any:
    """The module of this package for the transport of a service or of the class of a stub."""
    cls: Any = item if isinstance(item, type) else item.__class__
    transports = transports_of(cls)
    if isinstance(item, type) != (what == "stub") or not transports:
        raise TypeError(
            f"expected a {what} on a generated class, got {item!r}"
            if what == "service"
            else f"expected the class of a generated stub, got {item!r}"
        )
    if "grpcio" in transports:
        from . import on_grpcio

        return on_grpcio
    from . import on_grpclib

    return on_grpclib


def _is_async_stub(stub: type[Any]) -> bool:
    return bool(_transport_of(stub, "stub").is_asynchronous_stub(stub))


def _find_stub(service: Any, is_async: bool) -> type[Any]:
    """The stub that was generated beside the base of a service."""
    _transport_of(service, "service")
    method = "_grpcio_rpc_handler" if hasattr(service, "_grpcio_rpc_handler") else "__mapping__"
    for base in generated_bases(service.__class__, method):
        for generated in base.__mro__:
            module = sys.modules[generated.__module__]
            for prefix in _prefixes(generated.__name__):
                for suffix in ("AsyncStub", "SyncStub", "Stub"):
                    found = getattr(module, prefix + suffix, None)
                    if isinstance(found, type) and _is_async_stub(found) == is_async:
                        return found
    kind = "asynchronous" if is_async else "synchronous"
    raise LookupError(
        f"no {kind} stub was generated beside the base of {type(service).__name__}: name its class, "
        "connect(service, Stub)"
    )


def _prefixes(name: str) -> list[str]:
    """What the stubs of a service may begin with, given the name of its base."""
    suffixes = ("AsyncBase", "SyncBase", "Base")
    return [name.removesuffix(suffix) for suffix in suffixes if name.endswith(suffix)]


@contextmanager
def context(
    metadata: Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]] = (),
    *,
    timeout: float | None = None,
    peer: str = "ipv4:127.0.0.1:1",
) -> Generator[Call, None, None]:
    """Stands for a running call, so that a test can call the method of a service itself.

    Inside, `current_context`, `current_sync_context` and `current_stream` give it. What the method does to the call is told by
    the `Call`: metadata, status. `abort` raises `grpc.aio.AbortError`, on a `grpc.server()` plain `Exception`, as ever.

    Args:
        metadata: What the client sent.
        timeout: Seconds until the deadline, None for none.
        peer: The address of the client, as grpcio writes it: `ipv4:127.0.0.1:1`, `ipv6:%5B::1%5D:1`, `unix:/path`.
    """
    call = Call(metadata, timeout, peer)
    with ExitStack() as leaving:
        # A service has imported its transport.
        if "aristaproto.grpcio" in sys.modules:
            from .on_grpcio import set_context as set_grpcio

            leaving.enter_context(set_grpcio(call))
        if "aristaproto.grpclib" in sys.modules:
            from .on_grpclib import set_context as set_grpclib

            leaving.enter_context(set_grpclib(call))
        yield call
