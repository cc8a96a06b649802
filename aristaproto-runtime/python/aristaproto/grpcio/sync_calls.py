"""Calls of synchronous stubs that can be looked at; see `aristaproto.grpcio.start_call`.

In: a stub. Out: a copy whose methods give futures and streams with metadata and status, in place of responses.
<https://grpc.github.io/grpc/python/grpc.html#grpc.Future>
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .grpcio_sync_client import RequestProducer, ResponseIterator, SyncServiceStub, no_response
from .internals import below_failed_interceptor
from .metadata import metadata_pairs
from .serialization import SerializationFailed, encode

if TYPE_CHECKING:
    import grpc  # type: ignore[import-untyped, unused-ignore]
    from typing_extensions import Self

    from .metadata import MetadataValue
else:
    from .deferred import grpc

__all__ = ("SyncStreamCall", "SyncUnaryCall", "starting")

Response_co = TypeVar("Response_co", covariant=True)


class SyncUnaryCall(Generic[Response_co]):
    """A call with one response over a `grpc.Channel`, as a future: threads of grpc do its work.

    `code`, `details` and `trailing_metadata` wait for the end of the call and do not raise its error.
    """

    def __init__(
        self, future: Any, response_type: type[Any], producer: RequestProducer[Any] | None
    ) -> None:
        self._future = future
        self._told = below_failed_interceptor(future)
        self._response_type = response_type
        self._producer = producer
        self._producer_error: BaseException | None = None
        self._taking = Lock()

    def result(self, timeout: float | None = None) -> Response_co:
        """Waits for the response.

        Args:
            timeout: Seconds to wait here, None for ever; the call has its own.

        Raises:
            grpc.FutureTimeoutError: It has not come in that time.
            grpc.FutureCancelledError: The call was cancelled here.
            grpc.RpcError: The call failed.
            BaseException: What the producer of requests raised, each time.
        """
        try:
            response = self._future.result(timeout)
        except grpc.RpcError:
            # Of several threads one takes it, and none goes on before it is here.
            with self._taking:
                if self._producer is not None:
                    self._producer_error = self._producer.take_error()
                    self._producer = None
            if self._producer_error is None:
                raise
            try:
                raise self._producer_error from None
            finally:
                # Its traceback has this frame.
                del self
        if response is None:
            raise no_response(self._response_type)
        return response  # type: ignore[no-any-return]

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Waits for the end, and gives what `result` would raise for it; None if there is a response.

        Args:
            timeout: Seconds to wait here, None for ever.

        Raises:
            grpc.FutureTimeoutError, grpc.FutureCancelledError: As `result` does.
        """
        try:
            self.result(timeout)
        except (grpc.FutureTimeoutError, grpc.FutureCancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a producer's may be any
            return error
        return None

    def cancel(self) -> bool:
        """Ends the call with CANCELLED; False if it has ended already."""
        return not self._future.done() and bool(self._future.cancel())

    def cancelled(self) -> bool:
        """Whether it was cancelled here."""
        return bool(self._future.cancelled())

    def running(self) -> bool:
        """Whether it has not ended."""
        return bool(self._future.running())

    def done(self) -> bool:
        """Whether it has ended, for whatever reason."""
        return bool(self._future.done())

    def add_done_callback(self, callback: Callable[[Self], object]) -> None:
        """Has the callback called with this call when it has ended, by a thread of grpc; at once, if it has ended already."""

        def done(_: Any) -> None:
            callback(self)

        self._future.add_done_callback(done)

    def initial_metadata(self) -> tuple[tuple[str, MetadataValue], ...]:
        """The metadata that the server sent before its response; waits for it."""
        return _pairs(self._told.initial_metadata())

    def trailing_metadata(self) -> tuple[tuple[str, MetadataValue], ...]:
        """The metadata that the server sent behind its response."""
        return _pairs(self._told.trailing_metadata())

    def code(self) -> grpc.StatusCode:
        """The status code, also that of a call that succeeded."""
        return self._status()[0]

    def details(self) -> str:
        """The text beside the status code; empty if there is none."""
        return self._status()[1]

    def _status(self) -> tuple[grpc.StatusCode, str]:
        code: grpc.StatusCode = self._told.code()
        if code is grpc.StatusCode.OK and self._future.result() is None:
            missing: Any = no_response(self._response_type)
            return missing.code(), missing.details()
        return code, self._told.details() or ""


class SyncStreamCall(Iterator[Response_co]):
    """A call with a stream of responses over a `grpc.Channel`: iterate it for them; any thread may cancel it.

    `code`, `details` and `trailing_metadata` wait for the end of the call, which comes behind its last response: read those
    first, or in another thread.
    """

    def __init__(self, responses: Iterator[Response_co]) -> None:
        self._responses: Any = responses

    def __next__(self) -> Response_co:
        return next(self._responses)  # type: ignore[no-any-return]

    @property
    def _call(self) -> Any:
        if hasattr(self._responses, "trailing_metadata"):
            is_wrapped = isinstance(self._responses, ResponseIterator)
            return below_failed_interceptor(self._responses.call if is_wrapped else self._responses)
        raise TypeError(
            f"an interceptor of the channel has put a {type(self._responses).__name__} in the place of the call: all that can be "
            "done is to iterate it"
        )

    def cancel(self) -> bool:
        """Ends the call with CANCELLED, which is also the error of whoever waits for a response; False if it has ended."""
        if self.done():
            return False
        self._call.cancel()
        return True

    def done(self) -> bool:
        """Whether it has ended, for whatever reason."""
        return not self._call.is_active()

    def add_done_callback(self, callback: Callable[[Self], object]) -> None:
        """Has the callback called with this call when it has ended, by a thread of grpc; at once, if it has ended already."""
        # Of a `partial`, grpc logs an exception; of any other callable it ends the thread of the channel.
        if not self._call.add_callback(partial(callback, self)):
            callback(self)

    def initial_metadata(self) -> tuple[tuple[str, MetadataValue], ...]:
        """The metadata that the server sent before its first response; waits for it."""
        return _pairs(self._call.initial_metadata())

    def trailing_metadata(self) -> tuple[tuple[str, MetadataValue], ...]:
        """The metadata that the server sent behind its last response."""
        return _pairs(self._call.trailing_metadata())

    def code(self) -> grpc.StatusCode:
        """The status code, also that of a call that succeeded."""
        code: grpc.StatusCode = self._call.code()
        return code

    def details(self) -> str:
        """The text beside the status code; empty if there is none."""
        return self._call.details() or ""


def _pairs(metadata: Any) -> tuple[tuple[str, MetadataValue], ...]:
    return tuple((key, value) for key, value in metadata or ())


def starting(stub: SyncServiceStub) -> Any:
    """A copy of the stub whose methods start calls."""
    made = copy(stub)
    own: Any = stub
    vars(made).update(
        _unary_unary=partial(_unary_unary, own),
        _stream_unary=partial(_stream_unary, own),
        _unary_stream=partial(_stream, own._unary_stream),
        _stream_stream=partial(_stream, own._stream_stream),
    )
    return made


def _stream(start: Callable[..., Iterator[Any]], *args: Any, **options: Any) -> SyncStreamCall[Any]:
    return SyncStreamCall(start(*args, **options))


def _unary_unary(
    stub: Any, route: str, request: Any, response_type: type[Any], **options: Any
) -> SyncUnaryCall[Any]:
    multi_callable, request_type, direct = stub._method("unary_unary", route, response_type)
    encoded = encode(request, request_type)
    try:
        future = multi_callable.future(
            encoded if direct else request, **_call_options(stub, **options)
        )
    except SerializationFailed as failure:
        raise failure.error from None
    return SyncUnaryCall(future, response_type, None)


def _stream_unary(
    stub: Any,
    route: str,
    requests: Iterable[Any],
    request_type: type[Any],
    response_type: type[Any],
    **options: Any,
) -> SyncUnaryCall[Any]:
    multi_callable, _, _ = stub._method("stream_unary", route, response_type)
    producer = RequestProducer(requests, request_type)
    future = multi_callable.future(producer.produce(), **_call_options(stub, **options))
    return SyncUnaryCall(future, response_type, producer)


def _call_options(
    stub: Any,
    *,
    timeout: float | None = None,
    metadata: Any = None,
    credentials: Any = None,
    wait_for_ready: bool | None = None,
) -> dict[str, Any]:
    """The options of one call, each the stub's own where the call gives none."""
    return {
        "timeout": stub._timeout if timeout is None else timeout,
        "metadata": stub._metadata if metadata is None else metadata_pairs(metadata),
        "credentials": stub._credentials if credentials is None else credentials,
        "wait_for_ready": stub._wait_for_ready if wait_for_ready is None else wait_for_ready,
    }
