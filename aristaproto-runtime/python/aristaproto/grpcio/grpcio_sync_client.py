"""The base of generated synchronous grpcio stubs.

In: a `grpc.Channel`, a route and a request message or an iterable of them. Out: a response message
or an iterator of them. Generated `XStub`/`XSyncStub` classes call the four helpers, one for each
kind of method. A thread of grpc iterates a request stream; what fails there reaches the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache

from ..base.typing_lite import Generic, TypeVar
from ..rpc_requests import check_request, request_type_of
from .deferred import grpc
from .internals import has_no_interceptors
from .metadata import metadata_pairs
from .serialization import SerializationFailed, encode, serialize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from grpc import CallCredentials, Channel  # type: ignore[import-untyped, unused-ignore]

    from ..model.message import Message
    from .metadata import MetadataLike

    _Method = tuple[Callable[..., Any], type[Any] | None, bool]

Request = TypeVar("Request", bound="Message")
Response = TypeVar("Response", bound="Message")


class SyncServiceStub:
    """Calls the methods of one service over a `grpc.Channel`; blocks until the response is there.

    Every option is the default for each call of this stub; an option given to a call wins over it,
    one by one. Failed calls raise `grpc.RpcError`, which has `code()` and `details()`.

    Args:
        channel: where the calls go; it stays the caller's to close.
        timeout: seconds until a call fails with DEADLINE_EXCEEDED; None waits for ever.
        metadata: a mapping or pairs; keys in lower case, values str, or bytes under keys that end
            in `-bin`.
        credentials: credentials for each call, over a secure channel only.
        wait_for_ready: True waits for a server that is down instead of failing at once with
            UNAVAILABLE.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> None:
        self._channel = channel
        self._timeout = timeout
        self._metadata = metadata_pairs(metadata)
        self._credentials = credentials
        self._wait_for_ready = wait_for_ready
        self._methods: dict[tuple[str, str, type[Any]], _Method] = {}

    def _method(self, kind: str, route: str, response_type: type[Any]) -> _Method:
        """What grpc has made for that route, made when it is first called; the class of its one request, if known; and
        whether no interceptor sees the requests, so that grpc may have them as bytes.
        """
        key = (kind, route, response_type)
        method = self._methods.get(key)
        if method is None:
            one_request = kind.startswith("unary")
            multi_callable = getattr(self._channel, kind)(
                route,
                serialize if one_request else _serialize_streamed,
                response_type.FromString,
            )
            request_type = request_type_of(type(self), route) if one_request else None
            direct = has_no_interceptors(multi_callable)
            method = self._methods[key] = (multi_callable, request_type, direct)
        return method

    def _unary_unary(
        self,
        route: str,
        request: Message,
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> Response:
        """Sends one request and returns the one response."""
        multi_callable, request_type, direct = self._method("unary_unary", route, response_type)
        encoded = encode(request, request_type)
        try:
            response: Response | None = multi_callable(
                encoded if direct else request,
                timeout=self._timeout if timeout is None else timeout,
                metadata=self._metadata if metadata is None else metadata_pairs(metadata),
                credentials=self._credentials if credentials is None else credentials,
                wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
            )
        except SerializationFailed as failure:
            raise failure.error from None
        if response is None:
            raise no_response(response_type)
        return response

    def _unary_stream(
        self,
        route: str,
        request: Message,
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> Iterator[Response]:
        """Sends one request and returns an iterator over the responses; it has `cancel()` to stop
        early.
        """
        multi_callable, request_type, direct = self._method("unary_stream", route, response_type)
        # Before the call starts: an interceptor may make it later, when nobody turns its errors back.
        encoded = encode(request, request_type)
        try:
            responses: Iterator[Response] = multi_callable(
                encoded if direct else request,
                timeout=self._timeout if timeout is None else timeout,
                metadata=self._metadata if metadata is None else metadata_pairs(metadata),
                credentials=self._credentials if credentials is None else credentials,
                wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
            )
        except SerializationFailed as failure:
            raise failure.error from None
        return responses

    def _stream_unary(
        self,
        route: str,
        requests: Iterable[Request],
        request_type: type[Request],
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> Response:
        """Sends the requests, which a thread of grpc iterates, and returns the one response."""
        multi_callable, _, _ = self._method("stream_unary", route, response_type)
        producer = RequestProducer(requests, request_type)
        try:
            response: Response | None = multi_callable(
                producer.produce(),
                timeout=self._timeout if timeout is None else timeout,
                metadata=self._metadata if metadata is None else metadata_pairs(metadata),
                credentials=self._credentials if credentials is None else credentials,
                wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
            )
        except grpc.RpcError:
            producer.raise_error()
            raise
        if response is None:
            raise no_response(response_type)
        return response

    def _stream_stream(
        self,
        route: str,
        requests: Iterable[Request],
        request_type: type[Request],
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> Iterator[Response]:
        """Sends the requests, which a thread of grpc iterates, and returns an iterator over the
        responses.
        """
        multi_callable, _, _ = self._method("stream_stream", route, response_type)
        producer = RequestProducer(requests, request_type)
        call: Iterator[Response] = multi_callable(
            producer.produce(),
            timeout=self._timeout if timeout is None else timeout,
            metadata=self._metadata if metadata is None else metadata_pairs(metadata),
            credentials=self._credentials if credentials is None else credentials,
            wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
        )
        return ResponseIterator(call, producer)


class RequestProducer(Generic[Request]):
    """The caller's requests, which a thread of grpc iterates, and the exception that ended them.

    grpc itself logs the exception, and ends the call with a status that does not name it.
    """

    __slots__ = ("_request_type", "_requests", "error")

    def __init__(self, requests: Iterable[Request], request_type: type[Request]) -> None:
        self._requests = iter(requests)
        self._request_type = request_type
        self.error: BaseException | None = None

    def take_error(self) -> BaseException | None:
        """The exception that ended the requests, if one did; lets go of it and of them, for the call has ended.

        grpc's exception of a stream is the call itself, with a traceback in which this object is.
        """
        self._requests = iter(())
        error, self.error = self.error, None
        return error

    def raise_error(self) -> None:
        """Raises that exception, if there is one."""
        error = self.take_error()
        if error is not None:
            try:
                raise error from None
            finally:
                # Its traceback has this object, too.
                error = None

    def produce(self) -> Iterator[Request]:
        """The requests, for one thread."""
        # grpc serialises them in the thread in which it asks for them, which is the call's own.
        _sending.set(self)
        while True:
            try:
                request = next(self._requests)
                # Here, since an interceptor may look at it before it is encoded.
                check_request(request, self._request_type)
            except StopIteration:
                return
            except Exception as error:
                self.error = error
                raise
            except BaseException as error:
                self.error = error
                # It would end grpc's thread, and the call would wait for ever.
                raise RuntimeError("the requests ended with an exception") from error
            yield request


class ResponseIterator(Iterator[Response]):
    """The responses of a call with a stream of requests; the other attributes, such as `cancel()`,
    are those of the call.
    """

    __slots__ = ("_producer", "call")

    def __init__(self, call: Iterator[Response], producer: RequestProducer[Any]) -> None:
        self.call = call
        self._producer = producer

    def __next__(self) -> Response:
        try:
            return next(self.call)
        except grpc.RpcError:
            self._producer.raise_error()
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self.call, name)


# A thread starts with a context of its own, and `threading` would have to be imported.
_sending: ContextVar[RequestProducer[Any] | None] = ContextVar("_sending", default=None)


def _serialize_streamed(message: Message) -> bytes:
    """The wire bytes of a request; its RequestProducer keeps the error if there are none."""
    try:
        return encode(message)
    except Exception as error:
        producer = _sending.get()
        if producer is not None:
            producer.error = error
        raise


def no_response(response_type: type[Message]) -> Exception:
    """The error for a call that ended with the status OK and without its one response, or with a part of it."""
    error: Exception = _response_missing()(f"the server sent no whole {response_type.__name__}")
    return error


@cache
def _response_missing() -> Any:
    """The class of that error, which `grpc` must have been imported for."""

    class ResponseMissing(grpc.RpcError, grpc.Call):  # type: ignore[misc]
        """A call without its response, with what `grpc.RpcError`s of calls have."""

        def __init__(self, details: str) -> None:
            Exception.__init__(self, details)
            self._details = details

        def code(self) -> Any:
            return grpc.StatusCode.INTERNAL

        def details(self) -> str:
            return self._details

        def initial_metadata(self) -> tuple[()]:
            return ()

        def trailing_metadata(self) -> tuple[()]:
            return ()

        def is_active(self) -> bool:
            return False

        def time_remaining(self) -> None:
            return None

        def cancel(self) -> bool:
            return False

        def add_callback(self, callback: Callable[[], None]) -> bool:
            return False

    return ResponseMissing
