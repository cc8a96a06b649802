"""Call metadata as users give it, and as grpc takes it.

In: a mapping or pairs. Out: a tuple of pairs that grpc can send. The client stubs call it for each
call with metadata.
https://grpc.io/docs/guides/metadata/
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

MetadataValue: TypeAlias = str | bytes
MetadataLike: TypeAlias = Mapping[str, MetadataValue] | Collection[tuple[str, MetadataValue]]

# What HTTP/2 and gRPC allow (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
_KEY = frozenset("0123456789abcdefghijklmnopqrstuvwxyz_.-")


def metadata_pairs(metadata: MetadataLike | None) -> tuple[tuple[str, MetadataValue], ...] | None:
    """The pairs of a mapping (all of them, if it holds several for one key) or of a collection of
    pairs. ValueError or TypeError name a key or value that grpc cannot send; its own errors do not.
    """
    if metadata is None:
        return None
    pairs: tuple[tuple[str, MetadataValue], ...]
    if isinstance(metadata, Mapping):
        mapping: Any = metadata  # pyright: ignore[reportUnknownVariableType]
        pairs = tuple(mapping.items())
    else:
        pairs = tuple(metadata)
    for key, value in pairs:
        _check(key, value)
    return pairs


def _check(key: object, value: object) -> None:
    if not isinstance(key, str) or not key or not _KEY.issuperset(key):
        raise ValueError(
            f"metadata key {key!r}: expected lower-case letters, digits, '_', '.' and '-'"
        )
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise TypeError(f"metadata value of {key!r}: expected bytes, got {value!r}")
    elif not isinstance(value, (str, bytes)):
        raise TypeError(f"metadata value of {key!r}: expected str or bytes, got {value!r}")
    elif not _is_text(value if isinstance(value, str) else value.decode("latin-1")):
        raise ValueError(
            f"metadata value of {key!r}: expected printable ASCII, got {value!r} (for anything else, "
            "give bytes under a key that ends in '-bin')"
        )


def _is_text(value: str) -> bool:
    return value.isascii() and value.isprintable()
