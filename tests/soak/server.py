"""A server of the soak in a process of its own: `python -m tests.soak.server NAME PORT OPTIONS`.

Says its port in the first line. Then, for each line it reads: `held` answers with what it holds and has counted, as JSON,
`stop SECONDS` stops gracefully, and the process ends.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.soak import parts, resources

THREADS = 250
"""Of a synchronous server, which needs one for each call at once."""


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


def counted(served: parts.Served) -> dict[str, float]:
    return {**resources.held(), "cut off": served.cut_off, "ended": served.ended}


async def serve_async(name: str, port: int, options: list[tuple[str, int]]) -> None:
    import grpc
    import grpc.aio

    loop = asyncio.get_running_loop()
    served = parts.Served()
    service = parts.service(name, served)
    server: Any
    if name == "ours grpclib":
        import grpclib.server

        server = grpclib.server.Server([service])
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        await server.start(sock=listener)
        port = listener.getsockname()[1]
    else:
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0), *options])
        if name.startswith("google"):
            import importlib

            importlib.import_module("soak_pb2_grpc").add_SoakServicer_to_server(service, server)
        else:
            server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
    say(port)
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "stop 0")

    threading.Thread(target=read, daemon=True).start()
    while not (line := await lines.get()).startswith("stop"):
        say(counted(served))
    grace = float(line.split()[1])
    if name == "ours grpclib":
        # grpclib leaves the connections of a closed server to the clients.
        warnings.filterwarnings("ignore", "unclosed", ResourceWarning)
        server.close()
        await server.wait_closed()
    else:
        await server.stop(grace)


def serve_sync(name: str, port: int, options: list[tuple[str, int]]) -> None:
    import grpc

    served = parts.Served()
    service = parts.service(name, served)
    pool = ThreadPoolExecutor(THREADS)
    server = grpc.server(pool, options=[("grpc.so_reuseport", 0), *options])
    if name.startswith("google"):
        import importlib

        importlib.import_module("soak_pb2_grpc").add_SoakServicer_to_server(service, server)
    else:
        server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    say(port)
    grace = 0.0
    for line in sys.stdin:
        if line.startswith("stop"):
            grace = float(line.split()[1])
            break
        say(counted(served))
    server.stop(grace).wait()
    pool.shutdown()


def main() -> None:
    name, port, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    pairs = [(key, value) for key, value in options.items()]
    if parts.is_async(name):
        # Without asyncio's own debug mode, which `-X dev` turns on: it logs whatever takes a tenth of a second.
        asyncio.run(serve_async(name, port, pairs), debug=False)
    else:
        serve_sync(name, port, pairs)


if __name__ == "__main__":
    main()
