"""Calls of asyncio stubs that can be looked at and cancelled while they run, for both gRPC transports.

In: what a method of a stub gives back (a coroutine or an async generator) and a `Watch` on which the stub notes the call of its
transport. Out: objects that are still awaited or iterated, and tell metadata and status. Imported when a call is started so.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = (
    "AsyncCall",
    "AsyncStreamCall",
    "AsyncUnaryCall",
    "View",
    "Watch",
    "requests_of",
    "stub_and_function",
    "transports_of",
)

Response_co = TypeVar("Response_co", covariant=True)
Code = TypeVar("Code")
Metadata = TypeVar("Metadata")
Code_co = TypeVar("Code_co", covariant=True)
Metadata_co = TypeVar("Metadata_co", covariant=True)


class View(Protocol[Code_co, Metadata_co]):
    """The call of a transport, as far as it is looked at."""

    async def initial_metadata(self) -> Metadata_co:
        """Waits for the initial metadata, at most until the call has ended."""
        ...

    async def status(self) -> tuple[Code_co, str, Metadata_co]:
        """Code, details and trailing metadata of a call that has ended, and of which no error is known."""
        ...

    def cancel(self) -> None:
        """Wakes whoever waits for a response, with CancelledError."""
        ...

    def on_end(self, callback: Callable[[], None]) -> None:
        """Has the callback called when the transport knows the status, if it tells."""
        ...

    def ended(self) -> None:
        """Says that nothing more comes."""
        ...


class Watch(Generic[Code, Metadata]):
    """Where a stub notes the call of its transport, once it has made it."""

    __slots__ = ("known", "on_view", "view")

    def __init__(self) -> None:
        # RuntimeError without one, before there is a coroutine that nobody would await.
        asyncio.get_running_loop()
        self.view: View[Code, Metadata] | None = None
        self.known = asyncio.Event()
        """The call is there, or never will be."""
        self.on_view: Callable[[View[Code, Metadata]], None] | None = None

    def note(self, view: View[Code, Metadata]) -> None:
        self.view = view
        self.known.set()
        if self.on_view is not None:
            self.on_view(view)


class AsyncCall(Generic[Code, Metadata]):
    """A call that has been started: what the server has sent beside messages, and how it ended.

    `code`, `details` and `trailing_metadata` wait for the end of the call. None of them raises the error of the call, unless
    it is no status: what a producer of requests raised, or the TypeError for a request that was not sent.
    """

    def __init__(self, watch: Watch[Code, Metadata]) -> None:
        self._watch = watch
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._status: tuple[Code, str, Metadata] | None = None
        self._failure: BaseException | None = None
        self._initial: asyncio.Task[Metadata] | None = None

    async def initial_metadata(self) -> Metadata:
        """The metadata that the server sent before its first message; waits for it. Empty if the call ended without."""
        await self._watch.known.wait()
        view = self._watch.view
        if view is None:
            return (await self._ended())[2]
        if self._initial is None:
            self._initial = asyncio.create_task(view.initial_metadata())
        # Who waits here may be cancelled; the call goes on.
        await asyncio.wait((self._initial,))
        return self._initial.result()

    async def trailing_metadata(self) -> Metadata:
        """The metadata that the server sent behind its last message."""
        return (await self._ended())[2]

    async def code(self) -> Code:
        """The status code, also that of a call that succeeded."""
        return (await self._ended())[0]

    async def details(self) -> str:
        """The text beside the status code; empty if there is none."""
        return (await self._ended())[1]

    def done(self) -> bool:
        """Whether the call has ended, for whatever reason."""
        return self._end.done()

    def add_done_callback(self, callback: Callable[[Self], object]) -> None:
        """Has the callback called with this call when it has ended, by the event loop; soon, if it has ended already."""
        self._end.add_done_callback(lambda _: callback(self))

    def _ended_with(self, error: BaseException | None) -> None:
        """Notes the end; the first one counts, and what its caller was told.

        Whoever stops reading the responses of a call that has ended leaves its status as it is.
        """
        gave_up = isinstance(error, (asyncio.CancelledError, GeneratorExit))
        if error is not None and self._status is None and not (gave_up and self._end.done()):
            self._status = self._status_of(error, self._watch.view)
            if self._status is None:
                self._failure = error
        if not self._end.done():
            self._end.set_result(None)
            self._watch.known.set()
            if self._watch.view is not None:
                self._watch.view.ended()

    async def _ended(self) -> tuple[Code, str, Metadata]:
        await asyncio.wait((self._end,))
        if self._failure is not None:
            raise self._failure
        if self._status is None:
            view = self._watch.view
            assert view is not None, "a call that succeeded has been made"
            self._status = await view.status()
        return self._status

    @staticmethod
    def _status_of(error: BaseException, view: Any) -> tuple[Any, str, Any] | None:
        """Code, details and trailing metadata of what a call raised; None if it is no status."""
        raise NotImplementedError


class AsyncUnaryCall(
    AsyncCall[Code, Metadata],
    Coroutine[Any, Any, Response_co],
    Generic[Response_co, Code, Metadata],
):
    """A call with one response: await it for that, as often as wanted, or give it to `asyncio.gather` or `create_task`.

    Whoever awaits it and is cancelled cancels the call, for all who await it; `asyncio.shield` keeps it.
    """

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Response_co],
        watch: Watch[Code, Metadata],
        close_requests: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        super().__init__(watch)
        # For a task that is cancelled before it begins; else the coroutine closes them.
        self._close_requests: Callable[[], Coroutine[Any, Any, None]] | None = close_requests
        self._task = asyncio.create_task(self._run(coroutine))
        self._task.add_done_callback(self._finish)
        self._task.add_done_callback(lambda _: coroutine.close())

    async def _run(self, coroutine: Coroutine[Any, Any, Response_co]) -> Response_co:
        self._close_requests = None
        return await coroutine

    def _finish(self, task: asyncio.Task[Response_co]) -> None:
        # Asking for the exception also tells asyncio that somebody has; its caller may look at the status only.
        self._ended_with(asyncio.CancelledError() if task.cancelled() else task.exception())
        close, self._close_requests = self._close_requests, None
        if close is not None:
            _close_soon(close())

    def cancel(self) -> bool:
        """Ends the call with CANCELLED and whoever awaits it with CancelledError; False if it has ended already."""
        return not self._end.done() and self._task.cancel()

    def cancelled(self) -> bool:
        """Whether it was cancelled here."""
        return self._task.cancelled()

    def __await__(self) -> Generator[Any, None, Response_co]:
        return self._task.__await__()

    def send(self, value: Any, /) -> Any:
        """One step, for event loops."""
        # Each begins anew, since several tasks may take turns: it waits for the call, or has its outcome.
        return self.__await__().send(value)

    def throw(self, typ: Any, val: Any = None, tb: TracebackType | None = None, /) -> Any:
        """One step with an exception, for event loops."""
        return self.__await__().throw(_exception(typ, val, tb))

    def close(self) -> None:
        """Cancels the call."""
        self.cancel()


class AsyncStreamCall(
    AsyncCall[Code, Metadata],
    AsyncGenerator[Response_co, None],
    Generic[Response_co, Code, Metadata],
):
    """A call with a stream of responses: iterate it for them, in one task at a time; any other may cancel it.

    The call ends when all responses have been read, when it fails, or when it is cancelled or closed.
    """

    def __init__(
        self, responses: AsyncGenerator[Response_co, None], watch: Watch[Code, Metadata]
    ) -> None:
        super().__init__(watch)
        self._responses = responses
        self._reading = False
        self._read_ended: asyncio.Event | None = None
        self._is_cancelled = False
        self._is_closed = False
        self._closing: asyncio.Task[None] | None = None
        reference = weakref.ref(self)

        def ended() -> None:
            call = reference()
            if call is not None:
                call._ended_with(None)

        def noted(view: View[Code, Metadata]) -> None:
            view.on_end(ended)

        watch.on_view = noted
        # An async generator starts its call when its first response is asked for.
        self._first: asyncio.Task[Any] | None = asyncio.create_task(_first_of(responses))
        self._first.add_done_callback(self._first_came)

    def _first_came(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self._ended_with(asyncio.CancelledError())
        elif task.exception() is not None:
            self._ended_with(task.exception())
        elif task.result() is _NOTHING:
            self._ended_with(None)

    def cancel(self) -> bool:
        """Ends the call with CANCELLED, and whoever waits for a response with CancelledError; closes the producer of requests.

        False if the call has ended already.
        """
        if self._end.done():
            return False
        self._is_cancelled = True
        first, view = self._first, self._watch.view
        if first is not None and not first.done():
            first.cancel()
        elif self._reading and view is not None:
            view.cancel()
        if not self._reading:
            self._close()
        self._ended_with(asyncio.CancelledError())
        return True

    def cancelled(self) -> bool:
        """Whether it was cancelled here."""
        return self._is_cancelled

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Response_co:
        if self._reading:
            raise RuntimeError("another task already waits for a response of this call")
        if self._is_cancelled:
            raise asyncio.CancelledError
        if self._is_closed:
            raise StopAsyncIteration
        self._reading = True
        first = self._first
        try:
            if first is None:
                return await self._responses.__anext__()
            response = await first
            self._first = None
            if response is _NOTHING:
                raise StopAsyncIteration
            return response  # type: ignore[no-any-return]
        except StopAsyncIteration:
            self._ended_with(None)
            raise
        except BaseException as error:
            self._first = None
            self._ended_with(error)
            raise
        finally:
            self._reading = False
            if self._read_ended is not None:
                self._read_ended.set()
                self._read_ended = None

    async def asend(self, value: None, /) -> Response_co:
        """The next response."""
        return await self.__anext__()

    async def athrow(
        self, typ: Any, val: Any = None, tb: TracebackType | None = None, /
    ) -> NoReturn:
        """Closes the call and raises the exception."""
        await self.aclose()
        raise _exception(typ, val, tb)

    async def aclose(self) -> None:
        """Ends the call, with CANCELLED if it has not ended; returns when the producer of requests is closed.

        Whoever waits for a response gets CancelledError. To be cancelled here does not stop the closing.
        """
        self._is_closed = True
        if self._reading:
            if self._read_ended is None:
                self._read_ended = asyncio.Event()
            read_ended = self._read_ended
            self.cancel()
            await read_ended.wait()
        self._ended_with(asyncio.CancelledError())
        closing = self._close()
        await asyncio.wait((closing,))
        closing.result()

    def _close(self) -> asyncio.Task[None]:
        """The closing of the responses: one, whoever asks, since a generator that is being closed refuses to be closed."""
        if self._closing is None:
            self._closing = _close_soon(self._close_responses())
            self._closing.add_done_callback(self._close_again)
        return self._closing

    def _close_again(self, closing: asyncio.Task[None]) -> None:
        # `asyncio.run` cancels all tasks at its end, also one that has not begun.
        if closing.cancelled():
            _close_soon(self._close_responses())

    async def _close_responses(self) -> None:
        first = self._first
        if first is not None and not first.done():
            # A second cancellation would interrupt the closing of the requests.
            if not self._is_cancelled:
                first.cancel()
            await asyncio.wait((first,))
        self._first = None
        await self._responses.aclose()


_NOTHING = object()

# The event loop keeps no strong reference to a task.
_closing: set[asyncio.Task[None]] = set()


def _close_soon(closing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(closing)
    _closing.add(task)
    task.add_done_callback(_closing.discard)
    return task


async def _first_of(responses: AsyncGenerator[Any, None]) -> Any:
    return await anext(responses, _NOTHING)


def _exception(typ: Any, val: Any, tb: TracebackType | None) -> BaseException:
    """The exception that `throw` was given, in either of its forms."""
    error: BaseException = typ if isinstance(typ, BaseException) else typ() if val is None else val
    return error if tb is None else error.with_traceback(tb)


def transports_of(cls: type[Any]) -> set[str]:
    """The packages, `grpcio` and `grpclib`, that have bases of a generated class."""
    return {
        base.__module__.split(".")[1]
        for base in cls.__mro__
        if base.__module__.startswith(("aristaproto.grpcio.", "aristaproto.grpclib."))
    }


def stub_and_function(method: object, *classes: type[Any]) -> tuple[Any, Callable[..., Any]]:
    """The stub and the function of one of its methods; TypeError for anything else."""
    if isinstance(method, MethodType):
        if isinstance(method.__self__, classes):
            return method.__self__, method.__func__
        (own,) = transports_of(classes[0])
        others = transports_of(type(method.__self__)) - {own}
        if others:
            other = others.pop()
            raise TypeError(
                f"aristaproto.{own}.start_call: {method.__qualname__} is a method of a stub on {other}; call "
                f"aristaproto.{other}.start_call"
            )
    raise TypeError(f"expected a method of a generated stub, such as stub.get_item, got {method!r}")


def requests_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    """The producer of requests that a method was given; None for a method that takes one request."""
    given = args[0] if args else kwargs.get("messages")
    return None if hasattr(given, "SerializeToString") else given
