"""The base of generated asyncio servers on grpcio.

In: the user's methods of a service. Out: a `grpc.GenericRpcHandler` for `grpc.aio.server()`.
Generated `XBase` classes call the handler makers, one for each kind of method.
"""

from __future__ import annotations

from contextvars import ContextVar

from ..rpc_status import StatusError, code_number
from ..rpc_streams import (
    SERVER_STREAMING_RETURN_ERROR,
    close_stream,
    is_no_exception,
    method_failed,
    response_iterator,
    wrong_response,
)
from .handlers import service_handler
from .internals import reads_from_the_call
from .serialization import UndecodableRequest, request_deserializer
from .status import abort_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Awaitable,
        Callable,
        Mapping,
    )
    from typing import Any, NoReturn, TypeVar

    import grpc  # type: ignore[import-untyped, unused-ignore]
    from grpc import aio

    from ..model.message import Message

    Request = TypeVar("Request", bound=Message)
    Response = TypeVar("Response", bound=Message)
else:
    from .deferred import aio, grpc

__all__ = ("SERVER_STREAMING_RETURN_ERROR", "ServiceBase", "_ensure_async_response_iterable")

# Set by each handler and never reset: grpc.aio runs each request in a task of its own, whose
# context ends with it.
_servicer_context: ContextVar[grpc.aio.ServicerContext[Any, Any]] = ContextVar("_servicer_context")


class ServiceBase:
    """A service on a `grpc.aio` server; generated subclasses have one method for each RPC."""

    @property
    def _grpcio_context(self) -> grpc.aio.ServicerContext[Any, Any]:
        """The `grpc.aio.ServicerContext` of the request that the current task serves; RuntimeError
        outside of one.

        A task that outlives its call may go on to read the metadata; what needs the call itself, such as `peer()`,
        raises RuntimeError then.
        """
        try:
            return _servicer_context.get()
        except LookupError:
            raise RuntimeError(
                "_grpcio_context is there only while a grpc.aio server runs a method of the service; a test calls methods inside "
                "`aristaproto.testing.context()`"
            ) from None

    async def _grpcio_unimplemented(self) -> NoReturn:
        """Ends the running request with the status UNIMPLEMENTED."""
        await self._grpcio_context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")
        raise NotImplementedError  # Not reached: `abort` raises.

    def _grpcio_generic_rpc_handler(
        self, service_name: str, method_handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> grpc.GenericRpcHandler:
        """The handlers of a service, by the full name of the service and the names of its methods
        in the .proto file.
        """
        return service_handler(service_name, method_handlers, is_async=True)

    def _grpcio_unary_unary_rpc_method_handler(
        self,
        handler: Callable[[Request], Awaitable[Response]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.unary_unary_rpc_method_handler(
            _single_response(handler, response_type, streamed=False),
            request_deserializer(request_type),
            response_type.SerializeToString,
        )

    def _grpcio_unary_stream_rpc_method_handler(
        self,
        handler: Callable[[Request], AsyncIterable[Response] | Awaitable[None]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.unary_stream_rpc_method_handler(
            _streamed_responses(handler, response_type, streamed=False),
            request_deserializer(request_type),
            response_type.SerializeToString,
        )

    def _grpcio_stream_unary_rpc_method_handler(
        self,
        handler: Callable[[AsyncIterator[Request]], Awaitable[Response]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.stream_unary_rpc_method_handler(
            _single_response(handler, response_type, streamed=True),
            request_deserializer(request_type),
            response_type.SerializeToString,
        )

    def _grpcio_stream_stream_rpc_method_handler(
        self,
        handler: Callable[[AsyncIterator[Request]], AsyncIterable[Response] | Awaitable[None]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.stream_stream_rpc_method_handler(
            _streamed_responses(handler, response_type, streamed=True),
            request_deserializer(request_type),
            response_type.SerializeToString,
        )


class ServedContext:
    """The context of a call as `grpc.aio` gives it, safe to keep: once the call has ended, what needs it is an error.

    grpc's own crashes the process then.
    """

    __slots__ = ("__weakref__", "_context", "_ended")

    _context: grpc.aio.ServicerContext[Any, Any]

    def __init__(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        self._context = context
        self._ended = False

    def set(self) -> None:
        """Makes it the context that code of the running task finds."""
        this: Any = self
        _servicer_context.set(this)

    def end(self) -> None:
        """Notes that the call has ended."""
        self._ended = True

    def __getattr__(self, name: str) -> Any:
        if self._ended and name in _NEEDS_THE_CALL:
            raise RuntimeError(
                f"{name}() of the context of a call that has ended: ask for it while the method runs"
            )
        return getattr(self._context, name)


_NEEDS_THE_CALL = frozenset(
    {
        "abort",
        "abort_with_status",
        "auth_context",
        "peer",
        "peer_identities",
        "peer_identity_key",
        "read",
        "send_initial_metadata",
        "write",
    }
)


class RequestStream:
    """The requests of a call to its handler: ends normally only if the client has ended them.

    grpc's own iterator ends the same way when the client has cancelled, died or run out of time.

    Args:
        requests: the iterator that the handler was given, by grpc or by an interceptor.
        context: the context of the call.
    """

    __slots__ = ("_context", "_from_the_call", "_iterator", "_reading", "_requests", "error")

    def __init__(self, requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        self._requests = requests
        self._context = context
        self._from_the_call = reads_from_the_call(requests)
        self._iterator: Any = None
        # Stays true when a read is cancelled: its request is lost, and grpc's next read would look like the end.
        self._reading = False
        self.error: Exception | None = None
        """Why a request could not be decoded."""

    def __aiter__(self) -> RequestStream:
        return self

    async def __anext__(self) -> Any:
        if self._reading:
            raise _cut_off() if self._is_cut_off() else RuntimeError(_READING)
        self._reading = True
        try:
            if self._from_the_call:
                request: Any = await self._context.read()
                if request is aio.EOF:
                    await self._check_complete()
                    raise StopAsyncIteration
            else:
                if self._iterator is None:
                    self._iterator = aiter(self._requests)
                try:
                    request = await anext(self._iterator)
                except StopAsyncIteration:
                    await self._check_complete()
                    raise
        except Exception:
            self._reading = False
            raise
        self._reading = False
        if type(request) is UndecodableRequest:
            self.error = request.error
            # An iterator that goes on after an error would look as if it had ended.
            self._requests = _Failed(request.error)
            self._from_the_call, self._iterator = False, None
            raise request.error
        return request

    async def aclose(self) -> None:
        """Closes the iterator of an interceptor, as whoever iterates it must."""
        if not self._from_the_call:
            await close_stream(self._requests, self._iterator)

    async def _check_complete(self) -> None:
        """CancelledError, if the call has been cancelled: Core tells of that after it has told of the end.

        Both come through one queue, so that one more read comes after. It tells nothing and is always over at once.
        Where an interceptor has ended the iteration it might wait for ever; a short while does nearly as well.
        """
        from asyncio import sleep

        if self._from_the_call:
            await self._context.read()
        else:
            await sleep(_A_SHORT_WHILE)
        # The task of the call has been cancelled by now, if this is that task; another one has to be told.
        await sleep(0)
        if self._is_cut_off():
            raise _cut_off()

    def _is_cut_off(self) -> bool:
        context: Any = self._context
        return context.cancelled() or _is_late(context)


_A_SHORT_WHILE = 0.001

_READING = (
    "the requests of this call are being read by another task, or a read was cancelled, which has lost its request: "
    "to wait for a limited time, keep the read in a task, and give `asyncio.wait` the task and the timeout"
)


def _is_late(context: Any) -> bool:
    """Whether the deadline of the call has passed."""
    remaining = context.time_remaining()
    return remaining is not None and remaining <= 0


def _cut_off() -> BaseException:
    return _cancelled_error()("the client has not sent all of its requests")


class _Failed:
    """An iterator of requests after one could not be decoded."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __aiter__(self) -> _Failed:
        return self

    async def __anext__(self) -> Any:
        raise self._error


def _single_response(
    handler: Callable[[Any], Awaitable[Response]],
    response_type: type[Response],
    streamed: bool,
) -> Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Awaitable[Response]]:
    """The handler as `grpc.aio` calls it, with the context set: takes a request or, if they are `streamed`, an iterator
    of requests.
    """

    async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Response:
        served = ServedContext(context)
        served.set()
        requests = RequestStream(request, context) if streamed else None
        try:
            if type(request) is UndecodableRequest:
                await _abort_undecodable(context, request.error)
            response = await handler(request if requests is None else requests)
        except BaseException as error:
            await _answer(error, context, requests)
            raise
        finally:
            served.end()
        # After `set_code` with an error, grpc.aio sends no response, so that the method may return
        # None.
        if not isinstance(response, response_type) and not code_number(context.code()):
            raise wrong_response(response, response_type)
        return response

    return handle


def _streamed_responses(
    handler: Callable[[Any], AsyncIterable[Response] | Awaitable[None]],
    response_type: type[Response],
    streamed: bool,
) -> Callable[[Any, grpc.aio.ServicerContext[Any, Any]], AsyncGenerator[Response, None]]:
    """The handler as `grpc.aio` calls it, with the context set: takes a request or, if they are `streamed`, an iterator
    of requests.

    An async generator, as interceptors expect.
    """

    async def handle(
        request: Any, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncGenerator[Response, None]:
        served = ServedContext(context)
        served.set()
        requests = RequestStream(request, context) if streamed else None
        try:
            if type(request) is UndecodableRequest:
                await _abort_undecodable(context, request.error)
            responses = handler(request if requests is None else requests)
            iterator = await response_iterator(responses)
            try:
                async for response in iterator:
                    if not isinstance(response, response_type):
                        raise wrong_response(response, response_type)
                    yield response
            except GeneratorExit:
                # Nobody waits for responses any more, and grpc may have let the call go.
                served.end()
                served.set()
                raise
            finally:
                await close_stream(responses, iterator)
        except GeneratorExit:
            raise
        except BaseException as error:
            await _answer(error, context, requests)
            raise
        finally:
            served.end()

    return handle


def _cancelled_error() -> type[BaseException]:
    from asyncio import CancelledError

    return CancelledError


async def _answer(
    error: BaseException,
    context: grpc.aio.ServicerContext[Any, Any],
    requests: RequestStream | None,
) -> None:
    """Sends the status for what ended a method, where grpc would send none or another."""
    if is_no_exception(error):
        raise method_failed(error) from error
    if isinstance(error, _cancelled_error()):
        # A task that the method waited for was cancelled. If it is the call itself, nobody hears this, or the client
        # hears it a little before its own clock says so.
        code = grpc.StatusCode.DEADLINE_EXCEEDED if _is_late(context) else grpc.StatusCode.CANCELLED
        try:
            await context.abort(code, "the method was cancelled")
        except Exception:  # noqa: BLE001 - the method's own CancelledError goes on
            return
    if isinstance(error, StatusError):
        await abort_async(context, error)
    if requests is not None and error is requests.error:
        await _abort_undecodable(context, error)


async def _abort_undecodable(
    context: grpc.aio.ServicerContext[Any, Any], error: BaseException
) -> None:
    await context.abort(grpc.StatusCode.INTERNAL, f"a request cannot be decoded: {error}")


async def _ensure_async_response_iterable(
    responses: AsyncIterable[Any] | Awaitable[None] | None,
) -> AsyncGenerator[Any, None]:
    """Yields what a server-streaming handler returned, and closes it; TypeError if it is nothing to
    be streamed.

    The rules are those of `response_iterator`; the TypeError comes with the first `anext`.
    """
    iterator = await response_iterator(responses)
    try:
        async for response in iterator:
            yield response
    finally:
        await close_stream(responses, iterator)
