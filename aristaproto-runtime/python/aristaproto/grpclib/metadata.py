"""Call metadata as users give it, and as grpclib takes it.

In: a mapping or pairs. Out: the same, fit for grpclib. The client stubs call it for each call
with metadata.
https://grpc.io/docs/guides/metadata/
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias, cast

MetadataValue: TypeAlias = str | bytes
MetadataLike: TypeAlias = Mapping[str, MetadataValue] | Collection[tuple[str, MetadataValue]]


def text_metadata(metadata: MetadataLike | None) -> MetadataLike | None:
    """The metadata itself, or pairs with text in place of bytes under keys that hold text.

    grpcio takes such bytes and grpclib refuses them; callers need not care.
    """
    if metadata is None or not any(_is_encoded_text(*pair) for pair in _pairs(metadata)):
        return metadata
    return [_text_pair(*pair) for pair in _pairs(metadata)]


def _pairs(metadata: MetadataLike) -> Collection[tuple[str, MetadataValue]]:
    if isinstance(metadata, Mapping):
        return cast("Mapping[str, MetadataValue]", metadata).items()
    return metadata


def _is_encoded_text(key: str, value: MetadataValue) -> bool:
    return isinstance(value, bytes) and not key.endswith("-bin")


def _text_pair(key: str, value: MetadataValue) -> tuple[str, MetadataValue]:
    if isinstance(value, bytes) and not key.endswith("-bin"):
        if not value.isascii():
            raise ValueError(
                f"metadata value of {key!r}: expected printable ASCII, got {value!r} (for anything "
                "else, give bytes under a key that ends in '-bin')"
            )
        return key, value.decode("ascii")
    return key, value
