"""The health service: which services of a server are ready, as load balancers and Kubernetes ask.

<https://grpc.io/docs/guides/health-checking/>
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from ..bundled.grpc.health.v1 import (
    HealthCheckRequest,
    HealthCheckResponse,
    HealthListRequest,
    HealthListResponse,
)
from ..bundled.grpc.health.v1 import HealthCheckResponseServingStatus as ServingStatus
from ..rpc_services import Served
from ..rpc_status import StatusError
from .service import AddCallback, BuiltinService, Rpc

__all__ = ("HealthService", "ServingStatus")

_NOT_FOUND = 5
_NAME = "grpc.health.v1.Health"


class HealthService(BuiltinService):
    """Answers how the services of a server do: `Check`, `List`, and `Watch`, which tells each change.

    The server as a whole has the empty name and begins as SERVING. All methods may be called from any thread.

    Args:
        services: The full names of the services that begin as SERVING.
    """

    def __init__(self, services: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[str, ServingStatus] = dict.fromkeys(
            ("", *services), ServingStatus.SERVING
        )
        self._watchers: dict[object, tuple[str, Callable[[ServingStatus], None]]] = {}
        self._is_shut_down = False

    def get(self, service: str) -> ServingStatus:
        """The status of a service by full name; SERVICE_UNKNOWN for one that was never named."""
        with self._lock:
            return self._statuses.get(service, ServingStatus.SERVICE_UNKNOWN)

    def set(self, service: str, status: ServingStatus) -> None:
        """Sets the status of a service, by its full name, or of the server, by the empty one. Ignored once it shuts down."""
        with self._lock:
            if not self._is_shut_down:
                self._set(service, status)

    def shut_down(self) -> None:
        """Sets all to NOT_SERVING for good: clients go elsewhere while the server ends the calls that it has."""
        with self._lock:
            self._is_shut_down = True
            for service in self._statuses:
                self._set(service, ServingStatus.NOT_SERVING)

    def _set(self, service: str, status: ServingStatus) -> None:
        changed = self._statuses.get(service) != status
        self._statuses[service] = status
        if changed:
            for key, (watched, tell) in list(self._watchers.items()):
                if watched == service:
                    try:
                        tell(status)
                    except RuntimeError:
                        # Its event loop was closed, and will not end the watch any more.
                        del self._watchers[key]

    def _watch(self, service: str, tell: Callable[[ServingStatus], None]) -> object:
        """Calls `tell` with the status and with each one that follows; gives the key for `_unwatch`."""
        key = object()
        with self._lock:
            tell(self._statuses.get(service, ServingStatus.SERVICE_UNKNOWN))
            self._watchers[key] = (service, tell)
        return key

    def _unwatch(self, key: object) -> None:
        with self._lock:
            self._watchers.pop(key, None)

    def _check(self, request: HealthCheckRequest) -> HealthCheckResponse:
        status = self.get(request.service)
        if status is ServingStatus.SERVICE_UNKNOWN:
            raise StatusError(_NOT_FOUND, f"the service {request.service!r} is not known here")
        return HealthCheckResponse(status=status)

    def _list(self) -> HealthListResponse:
        with self._lock:
            return HealthListResponse(
                statuses={
                    name: HealthCheckResponse(status=status)
                    for name, status in self._statuses.items()
                }
            )

    def _watch_in_thread(
        self, request: HealthCheckRequest, add_callback: AddCallback
    ) -> Iterator[HealthCheckResponse]:
        statuses: queue.SimpleQueue[ServingStatus | None] = queue.SimpleQueue()
        key = self._watch(request.service, statuses.put)
        try:
            if add_callback(lambda: statuses.put(None)) is False:
                return
            while (status := statuses.get()) is not None:
                yield HealthCheckResponse(status=status)
        finally:
            self._unwatch(key)

    async def _watch_in_loop(
        self, request: HealthCheckRequest
    ) -> AsyncIterator[HealthCheckResponse]:
        statuses: asyncio.Queue[ServingStatus] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(status: ServingStatus) -> None:
            loop.call_soon_threadsafe(statuses.put_nowait, status)

        key = self._watch(request.service, tell)
        try:
            while True:
                yield HealthCheckResponse(status=await statuses.get())
        finally:
            self._unwatch(key)

    def rpcs(self) -> list[Rpc]:
        """`Check`, `List` and `Watch`."""

        async def check(request: HealthCheckRequest) -> HealthCheckResponse:
            return self._check(request)

        async def list_all(request: HealthListRequest) -> HealthListResponse:
            return self._list()

        def in_thread(method: Callable[[Any], Any]) -> Callable[[Any, AddCallback], Any]:
            return lambda request, _: method(request)

        return [
            Rpc(
                _NAME,
                "Check",
                "unary_unary",
                in_thread(self._check),
                check,
                HealthCheckRequest,
                HealthCheckResponse,
            ),
            Rpc(
                _NAME,
                "List",
                "unary_unary",
                in_thread(lambda _: self._list()),
                list_all,
                HealthListRequest,
                HealthListResponse,
            ),
            Rpc(
                _NAME,
                "Watch",
                "unary_stream",
                self._watch_in_thread,
                self._watch_in_loop,
                HealthCheckRequest,
                HealthCheckResponse,
            ),
        ]

    def served(self) -> list[Served]:
        """The health service itself."""
        return [Served(_NAME, HealthCheckRequest.__module__)]
