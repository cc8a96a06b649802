"""The service of the quickstart on grpclib. Each answer carries the server's name, `grpclib`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

from grpclib.server import Server
from lib_grpclib.example import MyServiceBase, Request, Response, VersionRequest, VersionResponse


def signed(name: str) -> str:
    return f"{name}@grpclib"


class MyService(MyServiceBase):
    async def my_rpc(self, message: Request) -> Response:
        return Response(names=[signed(message.name)])

    async def upload(self, messages: AsyncIterator[Request]) -> Response:
        return Response(names=[signed(message.name) async for message in messages])

    async def versions(self, message: VersionRequest) -> AsyncIterator[VersionResponse]:
        for version in range(1, 4):
            yield VersionResponse(name=signed(message.name), version=version)

    async def chat(self, messages: AsyncIterator[VersionRequest]) -> AsyncIterator[VersionResponse]:
        version = 0
        async for message in messages:
            version += 1
            yield VersionResponse(name=signed(message.name), version=version)


async def main() -> None:
    server = Server([MyService()])
    listener = socket.create_server(("127.0.0.1", 0))
    await server.start(sock=listener)
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
