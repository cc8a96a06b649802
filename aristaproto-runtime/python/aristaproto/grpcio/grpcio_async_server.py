"""The base of generated asyncio servers on grpcio.

In: the user's methods of a service. Out: a `grpc.GenericRpcHandler` for `grpc.aio.server()`.
Generated `XBase` classes call the handler makers, one for each kind of method.
"""

from __future__ import annotations

from contextvars import ContextVar

from ..rpc_status import StatusError
from ..rpc_streams import (
    SERVER_STREAMING_RETURN_ERROR,
    close_stream,
    response_iterator,
    wrong_response,
)
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

    from ..model.message import Message

    Request = TypeVar("Request", bound=Message)
    Response = TypeVar("Response", bound=Message)
else:
    from .deferred import grpc

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
        """
        try:
            return _servicer_context.get()
        except LookupError:
            raise RuntimeError(
                "_grpcio_context is there only while a grpc.aio server runs a method of the service"
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
        return grpc.method_handlers_generic_handler(service_name, dict(method_handlers))

    def _grpcio_unary_unary_rpc_method_handler(
        self,
        handler: Callable[[Request], Awaitable[Response]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.unary_unary_rpc_method_handler(
            _single_response(handler, response_type),
            request_type.FromString,
            response_type.SerializeToString,
        )

    def _grpcio_unary_stream_rpc_method_handler(
        self,
        handler: Callable[[Request], AsyncIterable[Response] | Awaitable[None]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.unary_stream_rpc_method_handler(
            _streamed_responses(handler, response_type),
            request_type.FromString,
            response_type.SerializeToString,
        )

    def _grpcio_stream_unary_rpc_method_handler(
        self,
        handler: Callable[[AsyncIterator[Request]], Awaitable[Response]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.stream_unary_rpc_method_handler(
            _single_response(handler, response_type),
            request_type.FromString,
            response_type.SerializeToString,
        )

    def _grpcio_stream_stream_rpc_method_handler(
        self,
        handler: Callable[[AsyncIterator[Request]], AsyncIterable[Response] | Awaitable[None]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.stream_stream_rpc_method_handler(
            _streamed_responses(handler, response_type),
            request_type.FromString,
            response_type.SerializeToString,
        )


def _single_response(
    handler: Callable[[Any], Awaitable[Response]], response_type: type[Response]
) -> Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Awaitable[Response]]:
    """The handler as `grpc.aio` calls it, with the context set: takes a request or an iterator of
    requests.
    """

    async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Response:
        _servicer_context.set(context)
        try:
            response = await handler(request)
        except StatusError as error:
            await abort_async(context, error)
        # After `set_code` with an error, grpc.aio sends no response, so that the method may return
        # None.
        if not isinstance(response, response_type) and not context.code():
            raise wrong_response(response, response_type)
        return response

    return handle


def _streamed_responses(
    handler: Callable[[Any], AsyncIterable[Response] | Awaitable[None]],
    response_type: type[Response],
) -> Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Awaitable[None]]:
    """The handler as `grpc.aio` calls it, with the context set: takes a request or an iterator of
    requests.

    It writes the responses itself, because as a generator around the user's it would be one more for each message.
    """

    async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        _servicer_context.set(context)
        try:
            responses = handler(request)
            iterator = await response_iterator(responses)
            try:
                async for response in iterator:
                    if not isinstance(response, response_type):
                        raise wrong_response(response, response_type)
                    await context.write(response)
            finally:
                await close_stream(responses, iterator)
        except StatusError as error:
            await abort_async(context, error)

    return handle


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
