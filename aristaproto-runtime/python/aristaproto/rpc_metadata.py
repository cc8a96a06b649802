"""Call metadata as callers give it, for both gRPC transports.

In: a mapping or pairs. Out: a tuple of pairs, each checked, which later changes of the mapping do not reach.
https://grpc.io/docs/guides/metadata/
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .base.errors import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

__all__ = ("MetadataLike", "MetadataValue", "metadata_pairs")

MetadataValue: TypeAlias = str | bytes
MetadataLike: TypeAlias = Mapping[str, MetadataValue] | Collection[tuple[str, MetadataValue]]

# What HTTP/2 and gRPC allow (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
_KEY = frozenset("0123456789abcdefghijklmnopqrstuvwxyz_.-")


def metadata_pairs(metadata: MetadataLike | None) -> tuple[tuple[str, MetadataValue], ...] | None:
    """The pairs of a mapping (all of them, if it holds several for one key) or of a collection of
    pairs. ValueError or TypeError name a key or value that gRPC cannot send; the transports' own errors do not.
    """
    if metadata is None:
        return None
    if isinstance(metadata, Mapping):
        mapping: Any = metadata  # pyright: ignore[reportUnknownVariableType]
        pairs: tuple[Any, ...] = tuple(mapping.items())
    else:
        pairs = _collection(metadata)
    for pair in pairs:
        _check(*_key_and_value(pair))
    return pairs


def _collection(metadata: Any) -> tuple[Any, ...]:
    if isinstance(metadata, (str, bytes)):
        raise TypeError(
            f"metadata: expected a mapping or pairs of key and value, got {show(metadata)}"
        )
    try:
        return tuple(metadata)
    except TypeError:
        raise TypeError(
            f"metadata: expected a mapping or pairs of key and value, got {show(metadata)}"
        ) from None


def _key_and_value(pair: Any) -> tuple[object, object]:
    if isinstance(pair, (str, bytes)):
        raise TypeError(f"metadata: expected pairs of key and value, got {show(pair)}")
    try:
        key, value = pair
    except (TypeError, ValueError):
        raise TypeError(f"metadata: expected pairs of key and value, got {show(pair)}") from None
    return key, value


def _check(key: object, value: object) -> None:
    if not isinstance(key, str) or not key or not _KEY.issuperset(key):
        raise ValueError(
            f"metadata key {show(key)}: expected lower-case letters, digits, '_', '.' and '-'"
        )
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise TypeError(f"metadata value of {show(key)}: expected bytes, got {show(value)}")
    elif not isinstance(value, (str, bytes)):
        raise TypeError(f"metadata value of {show(key)}: expected str or bytes, got {show(value)}")
    elif not _is_text(value if isinstance(value, str) else value.decode("latin-1")):
        raise ValueError(
            f"metadata value of {show(key)}: expected printable ASCII, got {show(value)} (for anything else, "
            "give bytes under a key that ends in '-bin')"
        )


def _is_text(value: str) -> bool:
    return value.isascii() and value.isprintable()
