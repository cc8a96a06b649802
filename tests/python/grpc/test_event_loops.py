"""Other event loops than asyncio's own, and processes that fork: each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CALLS = """
import asyncio, importlib, sys, threading

transport = sys.argv[1]
lib = importlib.import_module(f"trees.{transport}.example")

class Service(lib.MyServiceBase):
    def __init__(self):
        self.ended = []

    async def my_rpc(self, message):
        if message.name == "wait":
            try:
                await asyncio.sleep(20)
            finally:
                self.ended.append("my_rpc")
        return lib.Response(names=[message.name])

    async def upload(self, messages):
        return lib.Response(names=[message.name async for message in messages])

    async def versions(self, message):
        try:
            for version in range(1000):
                yield lib.VersionResponse(name=message.name, version=version)
        finally:
            self.ended.append("versions")

    async def chat(self, messages):
        async for message in messages:
            yield lib.VersionResponse(name=message.name)

async def requests():
    for name in "abc":
        await asyncio.sleep(0)
        yield lib.Request(name=name)

async def numbered():
    for name in "abc":
        await asyncio.sleep(0)
        yield lib.VersionRequest(name=name)

async def calls(stub, ended):
    assert (await stub.my_rpc(lib.Request(name="a"))).names == ["a"]
    assert (await stub.upload(requests())).names == ["a", "b", "c"]
    assert [it.version async for it in stub.versions(lib.VersionRequest(name="v"))] == list(range(1000))
    assert [it.name async for it in stub.chat(numbered())] == ["a", "b", "c"]
    ended.clear()
    responses = stub.versions(lib.VersionRequest(name="v"))
    await anext(responses)
    await responses.aclose()
    call = asyncio.ensure_future(stub.my_rpc(lib.Request(name="wait")))
    await asyncio.sleep(0.2)
    call.cancel()
    try:
        await call
    except asyncio.CancelledError:
        pass
    for _ in range(1000):
        if len(ended) == 2:
            break
        await asyncio.sleep(0.01)
    assert sorted(ended) == ["my_rpc", "versions"], ended

async def main():
    service = Service()
    if transport == "grpcio":
        import grpc
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await calls(lib.MyServiceAsyncStub(channel), service.ended)
        await server.stop(None)
    else:
        import socket
        from grpclib.client import Channel
        from grpclib.server import Server
        server = Server([service])
        listener = socket.create_server(("127.0.0.1", 0))
        await server.start(sock=listener)
        async with Channel("127.0.0.1", listener.getsockname()[1]) as channel:
            await calls(lib.MyServiceStub(channel), service.ended)
        server.close()
        await server.wait_closed()
"""


def output_of(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("transport", ["grpcio", "grpclib"])
def test_uvloop(transport: str) -> None:
    """All four kinds of method, an early close and a cancellation."""
    pytest.importorskip("uvloop", reason="uvloop has no package for this system")
    output = output_of(CALLS + "import uvloop\nuvloop.run(main())\nprint('done')\n", transport)
    assert output == "done\n"


@pytest.mark.parametrize("transport", ["grpcio", "grpclib"])
def test_a_loop_in_each_of_two_threads(transport: str) -> None:
    output = output_of(
        CALLS
        + """
def run():
    asyncio.run(main())
    # In one piece: the other thread writes, too.
    sys.stdout.write("done\\n")

threads = [threading.Thread(target=run) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
        transport,
    )
    assert output == "done\ndone\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("transport", ["grpcio", "grpclib"])
def test_processes_that_fork_before_their_first_channel(transport: str) -> None:
    """As servers with several workers do: messages and stubs are imported once and used by the parent and its children."""
    output = output_of(
        CALLS
        + """
import os
lib.Request.parse(bytes(lib.Request(name="before")))
child = os.fork()
if child == 0:
    asyncio.run(main())
    print("child", flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
asyncio.run(main())
print("parent")
""",
        transport,
    )
    assert output == "child\nparent\n"


def test_connection_that_is_lost_on_uvloop() -> None:
    """uvloop raises RuntimeError for a write that comes too late, where asyncio's own loop does nothing."""
    pytest.importorskip("uvloop", reason="uvloop has no package for this system")
    output = output_of("""
import asyncio, uvloop
from grpclib.client import Channel
from grpclib.exceptions import GRPCError
from tests.python.grpc.raw_server import Answer, frame, raw_server
from trees.grpclib.example import MyServiceStub, Request, Response, VersionRequest

async def endless(message):
    yield message
    await asyncio.Event().wait()

async def main():
    answer = Answer(frame(bytes(Response())), status=None, close=True, after_request=False)
    async with raw_server(answer) as port:
        for _ in range(10):
            async with Channel("127.0.0.1", port) as channel:
                stub = MyServiceStub(channel)
                try:
                    await asyncio.wait_for(stub.upload(endless(Request())), 10)
                except GRPCError as error:
                    assert error.status.name == "UNAVAILABLE", error
                else:
                    raise AssertionError("the status has not come")
            async with Channel("127.0.0.1", port) as channel:
                stub = MyServiceStub(channel)
                try:
                    async for _ in stub.chat(endless(VersionRequest())):
                        pass
                except GRPCError as error:
                    assert error.status.name == "UNAVAILABLE", error
                else:
                    raise AssertionError("the status has not come")

uvloop.run(main())
print("done")
""")
    assert output == "done\n"
