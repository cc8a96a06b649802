"""An asynchronous client on grpc.aio: calls all four kinds of method and prints one line for each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import grpc
from lib_grpcio.example import MyServiceAsyncStub, Request, VersionRequest


async def names() -> AsyncIterator[VersionRequest]:
    for name in ("alpha", "beta"):
        yield VersionRequest(name=name)


async def main(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        client = MyServiceAsyncStub(channel)

        response = await client.my_rpc(Request(name="hello"), timeout=10)
        print("MyRPC:", *response.names)

        response = await client.upload([Request(name="one"), Request(name="two")], timeout=10)
        print("Upload:", *response.names)

        versions = client.versions(VersionRequest(name="hello"), timeout=10)
        print("Versions:", *[f"{answer.name}/{answer.version}" async for answer in versions])

        answers = client.chat(names(), timeout=10)
        print("Chat:", *[f"{answer.name}/{answer.version}" async for answer in answers])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
