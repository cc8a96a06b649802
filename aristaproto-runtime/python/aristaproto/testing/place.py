"""Where a server listens that nobody else may find: a socket in a temporary folder."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

__all__ = ("Place",)


class Place:
    """A path for a server, until `close`.

    Systems without such sockets (Windows) get a port that the system chooses.
    """

    def __init__(self) -> None:
        self.port = 0
        self.path: str | None = None
        if hasattr(socket, "AF_UNIX"):
            self._folder = tempfile.TemporaryDirectory(prefix="rpc-")
            # The longest path of a socket has some hundred bytes.
            self.path = str(Path(self._folder.name) / "s")

    def close(self) -> None:
        """Removes the folder."""
        if self.path is not None:
            self._folder.cleanup()

    @property
    def target(self) -> str:
        """The address for grpcio: to listen on, and once the port is known, to connect to."""
        return f"127.0.0.1:{self.port}" if self.path is None else f"unix:{self.path}"
