"""Call metadata as users give it, and as grpclib takes it: see `aristaproto.rpc_metadata`."""

from __future__ import annotations

from ..base.errors import show
from ..rpc_metadata import MetadataLike, MetadataValue, metadata_pairs

__all__ = ("MetadataLike", "text_metadata")

# grpclib's own; it refuses them as keys of callers. https://grpclib.readthedocs.io/en/latest/metadata.html
_RESERVED = frozenset({"te", "content-type", "user-agent"})


def text_metadata(metadata: MetadataLike | None) -> MetadataLike | None:
    """A copy, with text in place of bytes under keys that hold text: grpcio takes such bytes, grpclib refuses them.

    ValueError or TypeError name a key or value that cannot be sent.
    """
    pairs = metadata_pairs(metadata)
    if pairs is None:
        return None
    texts = [_text_pair(*pair) for pair in pairs]
    return dict(texts) if isinstance(metadata, dict) else texts


def _text_pair(key: str, value: MetadataValue) -> tuple[str, MetadataValue]:
    if key in _RESERVED or key.startswith("grpc-"):
        raise ValueError(f"metadata key {show(key)}: it is gRPC's own")
    if not value and not key.endswith("-bin"):
        raise ValueError(f"metadata value of {show(key)}: grpclib sends no empty text")
    if isinstance(value, bytes) and not key.endswith("-bin"):
        return key, value.decode("ascii")
    return key, value
