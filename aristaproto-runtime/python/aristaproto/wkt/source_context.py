"""google.protobuf.SourceContext: the file in which a type was declared."""

from __future__ import annotations

import aristaproto

__all__ = ("SourceContext",)


class SourceContext(aristaproto.Message):
    """Where a type was declared.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#source-context>
    """

    file_name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The path of the proto file, such as `google/protobuf/source_context.proto`."""
