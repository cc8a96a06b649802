"""An asynchronous client on grpclib: calls all four kinds of method and prints one line for each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from grpclib.client import Channel
from lib_grpclib.example import MyServiceStub, Request, VersionRequest


async def names() -> AsyncIterator[VersionRequest]:
    for name in ("alpha", "beta"):
        yield VersionRequest(name=name)


async def main(address: str) -> None:
    host, port = address.rsplit(":", 1)
    channel = Channel(host, int(port))
    try:
        client = MyServiceStub(channel, timeout=10)

        response = await client.my_rpc(Request(name="hello"))
        print("MyRPC:", *response.names)

        response = await client.upload([Request(name="one"), Request(name="two")])
        print("Upload:", *response.names)

        versions = client.versions(VersionRequest(name="hello"))
        print("Versions:", *[f"{answer.name}/{answer.version}" async for answer in versions])

        answers = client.chat(names())
        print("Chat:", *[f"{answer.name}/{answer.version}" async for answer in answers])
    finally:
        channel.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
