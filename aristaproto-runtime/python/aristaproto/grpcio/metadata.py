"""Call metadata as users give it, and as grpc takes it: see `aristaproto.rpc_metadata`."""

from __future__ import annotations

from ..rpc_metadata import MetadataLike, MetadataValue, metadata_pairs

__all__ = ("MetadataLike", "MetadataValue", "metadata_pairs")
