"""An HTTP/2 server that answers each call with the bytes it was told to: what no gRPC library would send.

In: the DATA of the answer, whether a status follows, or that the connection closes. Out: its port.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.events


def frame(message: bytes, *, compressed: bool = False, length: int | None = None) -> bytes:
    """A gRPC message as it is on the wire, or one whose prefix lies."""
    size = len(message) if length is None else length
    return struct.pack(">?I", compressed, size) + message


@dataclass
class Answer:
    """What the server does when a call's headers are there, or its request, if `after_request`."""

    data: bytes = b""
    headers: bool = True
    status: str | None = "0"
    close: bool = False
    after_request: bool = True
    goaway: bool = False
    reset: int | None = None
    extra: tuple[tuple[str, str], ...] = ()
    requests: list[Received] = field(default_factory=lambda: list[Received]())
    """The calls that came, in their order."""


@dataclass
class Received:
    """A call as it came."""

    headers: dict[str, str]
    data: bytes = b""


class RawServer(asyncio.Protocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._calls: dict[int, Received] = {}
        self._connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._connection.initiate_connection()
        self._transport.write(self._connection.data_to_send())

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        answered = False
        for event in self._connection.receive_data(data):
            self._note(event)
            ready = h2.events.StreamEnded if self._answer.after_request else h2.events.DataReceived
            if isinstance(event, ready) and not answered:
                answered = True
                self._respond(event.stream_id or 0)
        self._transport.write(self._connection.data_to_send())
        if answered and self._answer.close:
            self._transport.close()

    def _note(self, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            texts = {key.decode(): value.decode() for key, value in event.headers or ()}
            self._calls[event.stream_id or 0] = Received(texts)
            self._answer.requests.append(self._calls[event.stream_id or 0])
        elif isinstance(event, h2.events.DataReceived):
            self._calls[event.stream_id or 0].data += event.data or b""

    def _respond(self, stream_id: int) -> None:
        answer = self._answer
        if answer.goaway:
            self._connection.close_connection()
            return
        if answer.headers:
            headers = [(":status", "200"), ("content-type", "application/grpc"), *answer.extra]
            self._connection.send_headers(stream_id, headers)
        if answer.data:
            self._connection.send_data(stream_id, answer.data)
        if answer.reset is not None:
            self._connection.reset_stream(stream_id, answer.reset)
        elif answer.status is not None:
            self._connection.send_headers(
                stream_id, [("grpc-status", answer.status)], end_stream=True
            )


@asynccontextmanager
async def raw_server(answer: Answer) -> AsyncGenerator[int, None]:
    """Serves the answer on a port of loopback that the system chooses."""
    loop = asyncio.get_running_loop()
    connections: list[RawServer] = []

    def accept() -> RawServer:
        connections.append(RawServer(answer))
        return connections[-1]

    server = await loop.create_server(accept, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for connection in connections:
            connection.close()
        # They close in the next turn of the loop.
        await asyncio.sleep(0)
