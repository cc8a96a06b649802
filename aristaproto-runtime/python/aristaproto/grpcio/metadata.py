"""Call metadata as users give it, and as grpc takes it.

In: a mapping or pairs. Out: a tuple of pairs. The client stubs call it for each call
with metadata.
https://grpc.io/docs/guides/metadata/
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias, cast

MetadataValue: TypeAlias = str | bytes
MetadataLike: TypeAlias = Mapping[str, MetadataValue] | Collection[tuple[str, MetadataValue]]


def metadata_pairs(metadata: MetadataLike | None) -> tuple[tuple[str, MetadataValue], ...] | None:
    """The pairs of a mapping (all of them, if it holds several for one key) or of a collection of
    pairs.
    """
    if metadata is None:
        return None
    if isinstance(metadata, Mapping):
        return tuple(cast("Mapping[str, MetadataValue]", metadata).items())
    return tuple(metadata)
