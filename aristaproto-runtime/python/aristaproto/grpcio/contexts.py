"""The contexts that methods of services find, set from outside of a server; for `aristaproto.testing`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .grpcio_async_server import (
    _servicer_context as _async_context,  # pyright: ignore[reportPrivateUsage]
)
from .grpcio_sync_server import servicer_context as _sync_context

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ("using_contexts",)


@contextmanager
def using_contexts(for_aio: Any, for_threads: Any) -> Generator[None, None, None]:
    """Inside, `current_context` and `current_sync_context` give these."""
    async_token = _async_context.set(for_aio)
    sync_token = _sync_context.set(for_threads)
    try:
        yield
    finally:
        _sync_context.reset(sync_token)
        _async_context.reset(async_token)
