"""google.protobuf.Any: a message of any type, serialised, with the URL of its type.

`pack` and `unpack` convert; the type is looked up in the pool of the generated tree that the class
belongs to (each tree has a subclass of its own), or in the one that is passed.
"""

from __future__ import annotations

import aristaproto

from ..base.errors import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as AnyValue
    from typing import Protocol, TypeVar

    from ..model.pool import MessagePool

    _A = TypeVar("_A", bound="Any")
    _A_co = TypeVar("_A_co", bound="Any", covariant=True)

    class _BoundPack(Protocol[_A_co]):
        def __call__(
            self, message: aristaproto.Message, message_pool: MessagePool | None = None
        ) -> _A_co: ...


__all__ = ("Any",)

_PREFIX = "type.googleapis.com/"


class _Pack:
    """Makes `Any.pack(message)` give a new Any, and `any.pack(message)` fill an existing one."""

    def __get__(self, instance: _A | None, owner: type[_A]) -> _BoundPack[_A]:
        def pack(message: aristaproto.Message, message_pool: MessagePool | None = None) -> _A:
            """Store a message and the URL of its type; return the Any.

            Called on the class, it makes a new Any; called on an Any, it fills that one.

            Args:
                message: A message of a generated or registered class.
                message_pool: The pool that must know the class, by default the one it is
                    registered in.

            Raises:
                TypeError: The class is not registered in the pool, so that nobody could unpack it.
                EncodeError: The message holds a value that its field cannot carry.
            """
            if not isinstance(message, aristaproto.Message):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"expected a message, got {type(message).__name__}")
            schema = type(message).__schema__
            pool = message_pool if message_pool is not None else schema.pool
            if pool is None or pool.find_message(schema.full_name) is None:
                raise TypeError(
                    f"{type(message).__name__} is in no message pool: register it with"
                    " MessagePool.register(package, {name: class}) first"
                )
            target = owner() if instance is None else instance
            target.type_url = _PREFIX + schema.full_name
            target.value = bytes(message)
            return target

        return pack


class Any(aristaproto.Message):
    """A message of any type, serialised, with the URL of its type.

    Its JSON form is that of the message with the type's URL under `@type`; a message with a special
    JSON form stands under `value`.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#any>
    """

    type_url: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The URL; what follows its last slash is the full name of the type."""
    value: bytes = aristaproto.field(2, aristaproto.TYPE_BYTES)
    """The message in wire format."""

    pack = _Pack()

    def unpack(self, message_pool: MessagePool | None = None) -> AnyValue:
        """Return the message that is stored, as a new message of its class.

        Args:
            message_pool: The pool to look its type up in, by default the one of the tree that this
                class belongs to; well-known types are in all of them. The generated module of a
                type in the tree is imported if need be.

        Returns:
            The message, or None when `type_url` is empty.

        Raises:
            TypeError: The pool has no message of this type.
            DecodeError: `value` is no message of this type.
        """
        if not self.type_url:
            return None
        full_name = self.type_url.rpartition("/")[2]
        pool = message_pool if message_pool is not None else type(self).__schema__.pool
        cls = None if pool is None else pool.find_message(full_name)
        if cls is None:
            raise TypeError(
                f"{show(full_name)} is not in the message pool: generate its proto file into the same"
                " tree, or pass the pool of its tree as message_pool"
            )
        return cls.parse(self.value)
