"""The messages of google/protobuf/api.proto: descriptions of services as messages."""

from __future__ import annotations

import aristaproto

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .source_context import SourceContext
    from .type import Option, Syntax

__all__ = ("Api", "Method", "Mixin")


class Api(aristaproto.Message):
    """A service.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#api>
    """

    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The full name."""
    methods: list[Method] = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Method", repeated=True)
    """The methods, in no particular order."""
    options: list[Option] = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, ".type:Option", repeated=True
    )
    """The options of the service."""
    version: str = aristaproto.field(4, aristaproto.TYPE_STRING)
    """The version as `major.minor`; without one, what the package's last part says, or 0."""
    source_context: SourceContext | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, ".source_context:SourceContext"
    )
    """Where the service was declared."""
    mixins: list[Mixin] = aristaproto.field(6, aristaproto.TYPE_MESSAGE, "Mixin", repeated=True)
    """The services that are included."""
    syntax: Syntax = aristaproto.field(7, aristaproto.TYPE_ENUM, ".type:Syntax")
    """The syntax of its file."""
    edition: str = aristaproto.field(8, aristaproto.TYPE_STRING)
    """The edition of its file, when `syntax` is `Syntax.EDITIONS`."""


class Method(aristaproto.Message):
    """A method of a service.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#method>
    """

    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The name without the service's."""
    request_type_url: str = aristaproto.field(2, aristaproto.TYPE_STRING)
    """The URL of the request's type."""
    request_streaming: bool = aristaproto.field(3, aristaproto.TYPE_BOOL)
    """Whether requests are streamed."""
    response_type_url: str = aristaproto.field(4, aristaproto.TYPE_STRING)
    """The URL of the response's type."""
    response_streaming: bool = aristaproto.field(5, aristaproto.TYPE_BOOL)
    """Whether responses are streamed."""
    options: list[Option] = aristaproto.field(
        6, aristaproto.TYPE_MESSAGE, ".type:Option", repeated=True
    )
    """The options of the method."""
    syntax: Syntax = aristaproto.field(7, aristaproto.TYPE_ENUM, ".type:Syntax")
    """The syntax of its file."""
    edition: str = aristaproto.field(8, aristaproto.TYPE_STRING)
    """The edition of its file, when `syntax` is `Syntax.EDITIONS`."""


class Mixin(aristaproto.Message):
    """A service that is included in another one.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#mixin>
    """

    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The full name of the included service."""
    root: str = aristaproto.field(2, aristaproto.TYPE_STRING)
    """The path under which its HTTP paths are rooted."""
