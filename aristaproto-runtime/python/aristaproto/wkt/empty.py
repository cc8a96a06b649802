"""google.protobuf.Empty: the message of methods that take or give nothing."""

from __future__ import annotations

import aristaproto

__all__ = ("Empty",)


class Empty(aristaproto.Message):
    """A message without fields. Its JSON form is `{}`.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#empty>
    """
