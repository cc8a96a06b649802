"""google.protobuf.FieldMask: paths of the fields that a request is about."""

from __future__ import annotations

import aristaproto

__all__ = ("FieldMask",)


class FieldMask(aristaproto.Message):
    """A set of paths of fields, such as `user.display_name`.

    Its JSON form is one text of the paths in lowerCamelCase, joined by commas:
    `user.displayName,photo`.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#field-mask>
    """

    paths: list[str] = aristaproto.field(1, aristaproto.TYPE_STRING, repeated=True)
    """The paths, each the names of fields as the proto file spells them, joined by points."""
