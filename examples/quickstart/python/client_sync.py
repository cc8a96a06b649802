"""A synchronous client on grpcio: calls all four kinds of method and prints one line for each."""

from __future__ import annotations

import sys

import grpc
from lib_grpcio.example import MyServiceStub, Request, VersionRequest


def main(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        client = MyServiceStub(channel)

        response = client.my_rpc(Request(name="hello"), timeout=10)
        print("MyRPC:", *response.names)

        response = client.upload([Request(name="one"), Request(name="two")], timeout=10)
        print("Upload:", *response.names)

        versions = client.versions(VersionRequest(name="hello"), timeout=10)
        print("Versions:", *(f"{answer.name}/{answer.version}" for answer in versions))

        names = (VersionRequest(name=name) for name in ("alpha", "beta"))
        print("Chat:", *(f"{a.name}/{a.version}" for a in client.chat(names, timeout=10)))


if __name__ == "__main__":
    main(sys.argv[1])
