"""The base of generated synchronous servers on grpcio.

In: the user's methods of a service. Out: a `grpc.GenericRpcHandler` for `grpc.server()`, which runs each request in
a thread of its pool. Generated `XBase` and `XSyncBase` classes call the handler makers, one for each kind of method.
<https://grpc.github.io/grpc/python/grpc.html#create-server>
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

from ..rpc_status import StatusError
from ..rpc_streams import method_failed, wrong_response
from .handlers import service_handler
from .serialization import UndecodableRequest, request_deserializer
from .status import abort
from .sync_requests import RequestIterator, abort_undecodable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from typing import Any, NoReturn, TypeVar

    import grpc  # type: ignore[import-untyped, unused-ignore]

    from ..model.message import Message

    Request = TypeVar("Request", bound=Message)
    Response = TypeVar("Response", bound=Message)
else:
    from .deferred import grpc

__all__ = ("SERVER_STREAMING_RETURN_ERROR", "SyncServiceBase")

SERVER_STREAMING_RETURN_ERROR = (
    "Server-streaming and bidirectional-streaming methods of a synchronous server must return an Iterable of "
    "response messages: write them as generators that yield each response, without async"
)

# Threads of the pool serve one request after the other, so that it is reset behind each.
servicer_context: ContextVar[grpc.ServicerContext | None] = ContextVar(
    "servicer_context", default=None
)


class SyncServiceBase:
    """A service on a `grpc.server()`; generated subclasses have one method for each RPC."""

    @property
    def _grpcio_context(self) -> grpc.ServicerContext:
        """The `grpc.ServicerContext` of the request that the current thread serves; RuntimeError outside of one."""
        context = servicer_context.get()
        if context is None:
            raise RuntimeError(
                "_grpcio_context is there only while a grpc.server() runs a method of the service; a test calls methods inside "
                "`aristaproto.testing.context()`"
            )
        return context

    def _grpcio_unimplemented(self) -> NoReturn:
        """Ends the running request with the status UNIMPLEMENTED."""
        self._grpcio_context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")
        raise NotImplementedError  # Not reached: `abort` raises.

    def _grpcio_generic_rpc_handler(
        self, service_name: str, method_handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> grpc.GenericRpcHandler:
        """The handlers of a service, by the full name of the service and the names of its methods in the .proto file."""
        return service_handler(service_name, method_handlers, is_async=False)

    def _grpcio_unary_unary_rpc_method_handler(
        self,
        handler: Callable[[Request], Response],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.unary_unary_rpc_method_handler(
            _single_response(handler, response_type, streamed=False),
            request_deserializer(request_type),
            _serializer(response_type),
        )

    def _grpcio_unary_stream_rpc_method_handler(
        self,
        handler: Callable[[Request], Iterable[Response] | None],
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
        handler: Callable[[Iterator[Request]], Response],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.stream_unary_rpc_method_handler(
            _single_response(handler, response_type, streamed=True),
            request_deserializer(request_type),
            _serializer(response_type),
        )

    def _grpcio_stream_stream_rpc_method_handler(
        self,
        handler: Callable[[Iterator[Request]], Iterable[Response] | None],
        request_type: type[Request],
        response_type: type[Response],
    ) -> grpc.RpcMethodHandler[Request, Response]:
        return grpc.stream_stream_rpc_method_handler(
            _streamed_responses(handler, response_type, streamed=True),
            request_deserializer(request_type),
            response_type.SerializeToString,
        )


def _single_response(
    handler: Callable[[Any], Response], response_type: type[Response], streamed: bool
) -> Callable[[Any, grpc.ServicerContext], Response | None]:
    """The handler as `grpc.server()` calls it, with the context set: takes a request or, if they are `streamed`, an
    iterator of requests.
    """

    def handle(request: Any, context: grpc.ServicerContext) -> Response | None:
        servicer_context.set(context)
        requests = RequestIterator(request, context) if streamed else None
        try:
            if type(request) is UndecodableRequest:
                abort_undecodable(context, request.error)
            response = handler(request if requests is None else requests)
            # After `set_code` with an error, the method may return None.
            if not isinstance(response, response_type) and not _has_failed(context):
                _close(response)
                raise wrong_response(response, response_type)
            return response
        except BaseException as error:
            _answer(error, context, requests)
            raise
        finally:
            _leave(context)

    return handle


def _streamed_responses(
    handler: Callable[[Any], Iterable[Response] | None],
    response_type: type[Response],
    streamed: bool,
) -> Callable[[Any, grpc.ServicerContext], Generator[Response, None, None]]:
    """The handler as `grpc.server()` calls it, with the context set: takes a request or, if they are `streamed`, an
    iterator of requests.
    """

    def handle(request: Any, context: grpc.ServicerContext) -> Generator[Response, None, None]:
        servicer_context.set(context)
        requests = RequestIterator(request, context) if streamed else None
        try:
            if type(request) is UndecodableRequest:
                abort_undecodable(context, request.error)
            responses = handler(request if requests is None else requests)
            if responses is None:
                return
            if not isinstance(responses, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
                _close(responses)
                raise TypeError(SERVER_STREAMING_RETURN_ERROR)
            iterator = iter(responses)
            try:
                for response in iterator:
                    if not isinstance(response, response_type):
                        raise wrong_response(response, response_type)
                    yield response
            finally:
                for producer in (iterator,) if iterator is responses else (iterator, responses):
                    _close(producer)
        except GeneratorExit:
            raise
        except BaseException as error:
            _answer(error, context, requests)
            raise
        finally:
            _leave(context)

    return handle


def _answer(
    error: BaseException, context: grpc.ServicerContext, requests: RequestIterator | None
) -> None:
    """Sends the status for what ended a method, where grpc would send none or another."""
    if not isinstance(error, Exception):
        # It would end in the pool of threads, and the client would wait for ever.
        raise method_failed(error) from error
    if isinstance(error, StatusError):
        abort(context, error)
    if requests is not None and error is requests.error:
        abort_undecodable(context, error)
    if isinstance(error, grpc.RpcError) and context.time_remaining() == 0:
        # What the requests that were cut off raise; the client may hear it a little before its own clock says so.
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


def _serializer(response_type: type[Response]) -> Callable[[Response | None], bytes]:
    """Writes a response, and nothing for the None of a call that has failed: no client looks at it."""
    serialize = response_type.SerializeToString
    return lambda response: b"" if response is None else serialize(response)


def _has_failed(context: Any) -> bool:
    code = context.code()
    return code is not None and code is not grpc.StatusCode.OK


def _leave(context: grpc.ServicerContext) -> None:
    # A generator that is dropped may end in another thread, which serves another request.
    if servicer_context.get() is context:
        servicer_context.set(None)


def _close(producer: object) -> None:
    """Closes a generator, a coroutine or what else has `close()`, so that its `finally` blocks run."""
    close = getattr(producer, "close", None)
    if close is not None:
        close()
