"""The types of calls that are looked at, as strict pyright and mypy see a user's code; a wrong one is an error in this file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import aristaproto.grpclib
import grpc
from aristaproto import grpcio
from grpclib.const import Status
from trees.grpcio import example
from trees.grpclib import example as grpclib_example
from trees.no_default import example as sync_example

if TYPE_CHECKING:
    from typing_extensions import assert_type

    async def on_grpc_aio(stub: example.MyServiceAsyncStub) -> None:
        unary = grpcio.start_call(stub.my_rpc, example.Request(), timeout=1, metadata={"a": "b"})
        assert_type(unary, grpcio.UnaryCall[example.Response])
        assert_type(await unary, example.Response)
        assert_type(await asyncio.create_task(unary), example.Response)
        assert_type(await asyncio.gather(unary, unary), tuple[example.Response, example.Response])
        assert_type(await unary.code(), grpc.StatusCode)
        assert_type(await unary.details(), str)
        assert_type(await unary.initial_metadata(), grpc.aio.Metadata)
        assert_type(await unary.trailing_metadata(), grpc.aio.Metadata)
        coroutine: Coroutine[Any, Any, example.Response] = unary
        awaitable: Awaitable[example.Response] = coroutine
        await awaitable
        unary.add_done_callback(lambda call: assert_type(call.cancelled(), bool))
        uploaded = grpcio.start_call(stub.upload, [example.Request()])
        assert_type(await uploaded, example.Response)
        stream = grpcio.start_call(stub.versions, example.VersionRequest())
        assert_type(stream, grpcio.StreamCall[example.VersionResponse])
        generator: AsyncGenerator[example.VersionResponse, None] = stream
        await generator.aclose()
        async for response in stream:
            assert_type(response, example.VersionResponse)
        chatted = grpcio.start_call(stub.chat, [example.VersionRequest()])
        assert_type(await anext(chatted), example.VersionResponse)
        assert_type(grpcio.compressed(stub, grpc.Compression.Gzip), example.MyServiceAsyncStub)
        # What the stub itself gives, as the specification writes it.
        plain: Coroutine[Any, Any, example.Response] = stub.my_rpc(example.Request())
        assert_type(await asyncio.create_task(plain), example.Response)
        versions: AsyncGenerator[example.VersionResponse, None] = stub.versions(
            example.VersionRequest()
        )
        await versions.aclose()

    def on_grpcio(stub: sync_example.MyServiceSyncStub) -> None:
        future = grpcio.start_call(stub.my_rpc, sync_example.Request(), wait_for_ready=True)
        assert_type(future, grpcio.SyncUnaryCall[sync_example.Response])
        assert_type(future.result(timeout=1), sync_example.Response)
        assert_type(future.code(), grpc.StatusCode)
        assert_type(future.exception(), Exception | None)
        uploaded = grpcio.start_call(stub.upload, [sync_example.Request()])
        assert_type(uploaded.result(), sync_example.Response)
        stream = grpcio.start_call(stub.versions, sync_example.VersionRequest())
        assert_type(stream, grpcio.SyncStreamCall[sync_example.VersionResponse])
        iterator: Iterator[sync_example.VersionResponse] = stream
        assert_type(next(iterator), sync_example.VersionResponse)
        chatted = grpcio.start_call(stub.chat, [sync_example.VersionRequest()])
        assert_type(next(chatted), sync_example.VersionResponse)
        assert_type(grpcio.compressed(stub, grpc.Compression.Gzip), sync_example.MyServiceSyncStub)

    async def on_grpclib(stub: grpclib_example.MyServiceStub) -> None:
        unary = aristaproto.grpclib.start_call(stub.my_rpc, grpclib_example.Request(), timeout=1)
        assert_type(unary, aristaproto.grpclib.UnaryCall[grpclib_example.Response])
        assert_type(await unary, grpclib_example.Response)
        assert_type(await unary.code(), Status)
        stream = aristaproto.grpclib.start_call(stub.versions, grpclib_example.VersionRequest())
        assert_type(stream, aristaproto.grpclib.StreamCall[grpclib_example.VersionResponse])
        assert_type(await anext(stream), grpclib_example.VersionResponse)

    def refused(stub: example.MyServiceAsyncStub) -> None:
        grpcio.start_call(stub.my_rpc, example.Response())  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
        grpcio.start_call(stub.my_rpc, example.Request(), deadline=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
