"""Streams of messages, for both gRPC transports.

In: what a caller hands over as a request stream, and what a streaming handler of a server gives
back. Out: requests sent beside the receiving of responses, responses as one async iterator, and
every producer closed when its stream ends early. `aristaproto.grpcio` and `aristaproto.grpclib`
call it; nothing here knows a transport.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator

from .base.typing_lite import Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
    from types import TracebackType
    from typing import Any

T = TypeVar("T")

# Also valid as a regular expression that matches itself, so that tests can pass it to
# `pytest.raises(match=...)`.
SERVER_STREAMING_RETURN_ERROR = (
    "Server-streaming and bidirectional-streaming methods must return an AsyncIterable of "
    "response messages: write them as async generators that yield each response, not as "
    "coroutines that return a response, a list or an async iterable"
)


async def close_stream(messages: object, iterator: object) -> None:
    """Closes a producer of messages and the iterator made of it, so their `finally` blocks run.

    By `aclose()` where there is one, by `close()` if it is a plain generator, else not at all, as
    for a list.
    """
    for producer in (iterator,) if iterator is messages else (iterator, messages):
        aclose = getattr(producer, "aclose", None)
        if aclose is not None:
            await aclose()
        elif isinstance(producer, Generator):
            producer.close()


async def response_iterator(
    responses: AsyncIterable[T] | Awaitable[object] | None,
) -> AsyncIterator[T]:
    """The iterator over what a server-streaming handler returned.

    An async iterable is iterated. An awaitable is awaited and must give None, which means no
    responses, as does None itself. Anything else raises TypeError with
    SERVER_STREAMING_RETURN_ERROR.
    """
    if isinstance(responses, AsyncIterable):
        return aiter(responses)
    from inspect import isawaitable

    result = await responses if isawaitable(responses) else responses
    if result is not None:
        raise TypeError(SERVER_STREAMING_RETURN_ERROR)
    return _no_responses()


def wrong_response(response: object, response_type: type[Any]) -> TypeError:
    """The error for a handler that gives back something else than its RPC's response message."""
    name, got = response_type.__name__, type(response).__name__
    if name == got:  # of another tree
        name = f"{response_type.__module__}.{name}"
        got = f"{type(response).__module__}.{got}"
    return TypeError(f"the method must respond with {name}, got {got}")


def is_no_exception(error: BaseException) -> bool:
    """Whether a method ended with something that servers let pass, so that the client would wait for ever: the outcome of a
    test, the cancellation of another framework.

    What ends a generator, a task or the process is not among it.
    """
    from asyncio import CancelledError

    passes = (Exception, CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)
    return not isinstance(error, passes)


def method_failed(error: BaseException) -> RuntimeError:
    """The exception in its place, for which every server has an answer."""
    return RuntimeError(f"the method ended with {type(error).__name__}: {error}")


async def _no_responses() -> AsyncIterator[Any]:
    return
    yield  # Makes it an async generator.


class RequestSender(Generic[T]):
    """Sends a request stream in a task of its own, while the body of `async with` receives.

    The producer is pulled, and closed, in that one task. When the body ends, for whatever reason,
    the task has ended and the producer is closed. When the producer fails, `_cancel` is called to
    wake the body, and the producer's own exception comes out of the `async with`.

    A subclass per transport says how a message is sent. It does so in methods: bound methods kept in
    the object would be a reference cycle, which keeps the requests of each call until the collector runs.

    Args:
        messages: the producer, an async or a plain iterable. A plain one is iterated on the event
            loop, so its `__next__` must not block.
    """

    __slots__ = ("_closing", "_error", "_messages", "_stopping", "_task")

    def __init__(self, messages: AsyncIterable[T] | Iterable[T]) -> None:
        self._messages = messages
        self._error: BaseException | None = None
        self._stopping = False
        self._closing = False

    def _send(self, message: T) -> Awaitable[object]:
        """Sends one message."""
        raise NotImplementedError

    def _end(self) -> Awaitable[object]:
        """Tells the peer that no more messages follow."""
        raise NotImplementedError

    def _cancel(self) -> None:
        """Wakes a body that waits for a response."""
        raise NotImplementedError

    def _call_ended(self) -> tuple[type[BaseException], ...]:
        """What `_send` and `_end` raise when the call is over; the body learns why from its own side."""
        raise NotImplementedError

    @property
    def failed(self) -> bool:
        """Whether the producer raised an exception, which leaving the `async with` raises again."""
        return self._error is not None

    async def __aenter__(self) -> RequestSender[T]:
        # Imported where it is used: generated modules, which import this one, are not only for calls.
        from asyncio import create_task

        self._task = create_task(self._run())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task = self._task
        if not task.done():
            self._stopping = True
            # What is being closed already is not to be interrupted in its `finally` blocks.
            if not self._closing:
                task.cancel()
            from asyncio import wait

            await wait((task,))
        error = self._error
        if error is not None:
            # `raise` replaces the context that the producer's own code gave to its exception.
            context = error.__context__
            try:
                raise error
            finally:
                error.__context__ = context
                # Else the exception keeps this object, its call and the connection in a cycle.
                self._error = error = None

    async def _run(self) -> None:
        try:
            await self._send_all()
        except BaseException as error:
            if not self._stopping:
                self._error = error
                self._cancel()
            elif isinstance(error, Exception):
                # It must not hide how the call ended, and must not get lost.
                from asyncio import get_running_loop

                get_running_loop().call_exception_handler(
                    {
                        "message": "a producer of requests failed when it was closed",
                        "exception": error,
                    }
                )
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise

    async def _send_all(self) -> None:
        messages = self._messages
        call_ended = self._call_ended()
        iterator: AsyncIterator[T] | Iterator[T] | None = None
        exhausted = False
        try:
            if isinstance(messages, AsyncIterable):
                iterator = aiter(messages)
                async for message in iterator:
                    try:
                        await self._send(message)
                    except call_ended:
                        return
            else:
                iterator = iter(messages)
                for message in iterator:
                    try:
                        await self._send(message)
                    except call_ended:
                        return
            exhausted = True
        finally:
            if not exhausted:
                self._closing = True
                await close_stream(messages, iterator)
        from contextlib import suppress

        with suppress(*call_ended):
            await self._end()


class ResponseStream(AsyncGenerator[T, None]):
    """The responses of a call to its caller: an async generator that also closes what was never started.

    Args:
        generator: the responses; it closes the producer of requests once it has been started.
        requests: the producer of requests, if there is one.
    """

    __slots__ = ("_generator", "_requests", "_started")

    def __init__(self, generator: AsyncGenerator[T, None], requests: object = None) -> None:
        self._generator = generator
        self._requests = requests
        self._started = False

    def __anext__(self) -> Awaitable[T]:  # type: ignore[override]  # pyright: ignore
        self._started = True
        return self._generator.__anext__()

    def asend(self, value: None) -> Awaitable[T]:  # type: ignore[override]  # pyright: ignore
        self._started = True
        return self._generator.asend(value)

    async def athrow(self, typ: Any, val: Any = None, tb: Any = None) -> T:
        await self._close_unstarted()
        return await self._generator.athrow(typ if val is None and tb is None else val or typ())

    async def aclose(self) -> None:
        """Ends the call, and closes the producer of requests, also before the first response."""
        await self._close_unstarted()
        await self._generator.aclose()

    async def _close_unstarted(self) -> None:
        if self._started:
            return
        self._started = True
        requests, self._requests = self._requests, None
        await close_stream(requests, requests)
