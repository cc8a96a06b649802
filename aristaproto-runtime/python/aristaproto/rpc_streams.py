"""Streams of messages, for both gRPC transports.

In: what a caller hands over as a request stream, and what a streaming handler of a server gives
back. Out: requests sent beside the receiving of responses, responses as one async iterator, and
every producer closed when its stream ends early. `aristaproto.grpcio` and `aristaproto.grpclib`
call it; nothing here knows a transport.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Generator

from .base.typing_lite import Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
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


async def _no_responses() -> AsyncIterator[Any]:
    return
    yield  # Makes it an async generator.


class RequestSender(Generic[T]):
    """Sends a request stream in a task of its own, while the body of `async with` receives.

    The producer is pulled, and closed, in that one task. When the body ends, for whatever reason,
    the task has ended and the producer is closed. When the producer fails, `cancel` is called to
    wake the body, and the producer's own exception comes out of the `async with`.

    Args:
        messages: the producer, an async or a plain iterable. A plain one is iterated on the event
            loop, so its `__next__` must not block.
        send: sends one message.
        end: tells the peer that no more messages follow.
        cancel: wakes a body that waits for a response.
        call_ended: what `send` and `end` raise when the call is over; the body learns why from its
            own side.
    """

    __slots__ = (
        "_call_ended",
        "_cancel",
        "_end",
        "_error",
        "_messages",
        "_send",
        "_stopping",
        "_task",
    )

    def __init__(
        self,
        messages: AsyncIterable[T] | Iterable[T],
        send: Callable[[T], Awaitable[object]],
        end: Callable[[], Awaitable[object]],
        cancel: Callable[[], object],
        call_ended: tuple[type[Exception], ...],
    ) -> None:
        self._messages = messages
        self._send = send
        self._end = end
        self._cancel = cancel
        self._call_ended = call_ended
        self._error: BaseException | None = None
        self._stopping = False

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
        iterator: AsyncIterator[T] | Iterator[T] | None = None
        exhausted = False
        try:
            if isinstance(messages, AsyncIterable):
                iterator = aiter(messages)
                async for message in iterator:
                    try:
                        await self._send(message)
                    except self._call_ended:
                        return
            else:
                iterator = iter(messages)
                for message in iterator:
                    try:
                        await self._send(message)
                    except self._call_ended:
                        return
            exhausted = True
        finally:
            if not exhausted:
                await close_stream(messages, iterator)
        from contextlib import suppress

        with suppress(*self._call_ended):
            await self._end()
