"""The service of the quickstart on grpc.aio. Each answer carries the server's name, `grpc.aio`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aristaproto.grpcio
import grpc
from lib_grpcio.example import MyServiceBase, Request, Response, VersionRequest, VersionResponse


def signed(name: str) -> str:
    return f"{name}@grpc.aio"


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
    server = grpc.aio.server()
    aristaproto.grpcio.add_to_server(MyService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
