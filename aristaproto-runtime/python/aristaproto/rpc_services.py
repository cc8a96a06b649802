"""Services as classes, for all gRPC transports: which generated bases a user's class extends.

`aristaproto.grpcio` and `aristaproto.grpclib` call it; nothing here knows a transport.
"""

from __future__ import annotations

from .base.typing_lite import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ("Served", "generated_bases")


class Served(NamedTuple):
    """A service that a server has."""

    full_name: str
    """In the .proto file, with its package."""
    module: str
    """The Python module of its generated base, or of a class that extends it."""


def generated_bases(cls: type[Any], method: str) -> list[type[Any]]:
    """The classes of a service that define `method`, from which the handlers of one service each come.

    In the order of the bases. A definition that another one overrides is left out: a user may extend what is generated.
    """
    found: list[type[Any]] = []
    for base in cls.__mro__:
        if method in base.__dict__ and not any(issubclass(other, base) for other in found):
            found.append(base)
    return found
