"""Call metadata as users give it, and as grpc takes it.

In: a mapping or pairs. Out: a tuple of pairs that grpc can send. The client stubs call it for each
call with metadata.
https://grpc.io/docs/guides/metadata/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TypeAlias, cast

MetadataValue: TypeAlias = str | bytes
MetadataLike: TypeAlias = Mapping[str, MetadataValue] | Collection[tuple[str, MetadataValue]]

# What HTTP/2 and gRPC allow (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
_KEY = r"[0-9a-z_.-]+"
_TEXT = r"[\x20-\x7e]*"


def metadata_pairs(metadata: MetadataLike | None) -> tuple[tuple[str, MetadataValue], ...] | None:
    """The pairs of a mapping (all of them, if it holds several for one key) or of a collection of
    pairs. ValueError or TypeError name a key or value that grpc cannot send; its own errors do not.
    """
    if metadata is None:
        return None
    if isinstance(metadata, Mapping):
        pairs = tuple(cast("Mapping[str, MetadataValue]", metadata).items())
    else:
        pairs = tuple(metadata)
    for key, value in pairs:
        _check(key, value)
    return pairs


def _check(key: object, value: object) -> None:
    if not isinstance(key, str) or not re.fullmatch(_KEY, key):
        raise ValueError(
            f"metadata key {key!r}: expected lower-case letters, digits, '_', '.' and '-'"
        )
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise TypeError(f"metadata value of {key!r}: expected bytes, got {value!r}")
    elif not isinstance(value, (str, bytes)):
        raise TypeError(f"metadata value of {key!r}: expected str or bytes, got {value!r}")
    elif not re.fullmatch(_TEXT, value if isinstance(value, str) else value.decode("latin-1")):
        raise ValueError(
            f"metadata value of {key!r}: expected printable ASCII, got {value!r} (for anything else, "
            "give bytes under a key that ends in '-bin')"
        )
