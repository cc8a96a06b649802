"""The binary codec in Python: messages to wire bytes and back, driven by the schema.

Called through `aristaproto.codec`. See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from .decoder import decode, decode_field
from .encoder import encode, numbers_in_memory

__all__ = ("decode", "decode_field", "encode", "numbers_in_memory")
