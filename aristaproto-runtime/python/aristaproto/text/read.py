"""Text format to messages: `Reader` fills a message from tokens, field by field.

Called by `aristaproto.text`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..base.budget import Budget
from ..base.errors import EncodeError, TextError, cut, show
from ..base.float32 import round_float32
from ..model.extension import find_extension_field
from ..model.pool import find_packed_type
from ..schema.fields import (
    INT_RANGES,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_DOUBLE,
    TYPE_ENUM,
    TYPE_FLOAT,
    TYPE_NAMES,
    TYPE_STRING,
)
from .names import enum_names, field_names
from .tokens import Kind, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..model.message import Message
    from ..model.pool import MessagePool
    from ..schema.fields import Field, Schema

    # (field, value): stores a value that was read.
    Store = Callable[[Field, Any], None]

__all__ = ("Reader",)

_ANY = "google.protobuf.Any"
_INTS = {
    type_: (low, high, f"{TYPE_NAMES[type_]} ({low} to {high})")
    for type_, (low, high) in INT_RANGES.items()
}
_CLOSERS = {"{": "}", "<": ">"}
_TRUE = ("true", "True", "t")
_FALSE = ("false", "False", "f")


class Reader:
    """One call of `from_text`."""

    __slots__ = ("_budget", "_depth", "_ignore_unknown", "_messages", "_pools", "_tokens")

    def __init__(
        self, text: str, *, ignore_unknown: bool, pools: tuple[MessagePool | None, ...]
    ) -> None:
        budget = Budget()
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"expected text as str, got {type(text).__name__}")
        if len(text) > budget.limits.size:
            raise budget.too_large(TextError, len(text), "characters")
        self._tokens = Tokens(text)
        self._ignore_unknown = ignore_unknown
        self._pools = pools
        self._budget = budget
        self._messages = budget.messages + 1
        self._depth = -1  # the outermost message is not inside another one

    def outermost(self, cls: type[Message]) -> Any:
        """Return the message whose fields are the whole text."""
        message = cls.__schema__.new()
        self._message_fields(message, "")
        return message

    # -- fields --------------------------------------------------------------------------------

    def _message_fields(self, message: Message, closer: str) -> None:
        """Read fields into a message up to the closing symbol, or to the end of the text."""
        schema = type(message).__schema__
        self._enter()
        self._fields(schema, field_names(schema), _store_in(message), closer, message)
        self._depth -= 1

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > self._budget.depth:
            raise self._budget.too_deep(TextError)
        self._messages -= 1
        if self._messages < 0:
            raise self._budget.too_many(TextError)

    def _fields(
        self,
        schema: Schema | None,
        names: Mapping[str, Field],
        store: Store,
        closer: str,
        message: Message | None,
    ) -> None:
        tokens = self._tokens
        seen: dict[int | str, str] = {}
        while not (tokens.current.kind is Kind.END if not closer else tokens.at(closer)):
            token = tokens.current
            if tokens.at("["):
                name = tokens.bracketed()
                token = token._replace(text=f"[{name}]")
                if message is not None and "/" in name and schema is not None:
                    if schema.full_name != _ANY:
                        raise tokens.error("a type URL in a google.protobuf.Any only", token)
                    self._note(seen, "@type", name, token.start)
                    self._expanded_any(message, name)
                    # What stands before it is replaced; as google does, another type after it is refused.
                    seen[schema.by_proto_name["type_url"].number] = name
                    tokens.take(",", ";")
                    continue
                field = find_extension_field(schema, name, self._pools) if schema else None
            elif token.kind is Kind.IDENT:
                name = tokens.advance().text
                field = names.get(name)
            else:
                raise tokens.error(f"a field's name or {closer!r}" if closer else "a field's name")
            if field is None:
                # A name that the message reserves belonged to a field once: old texts stay readable.
                reserved = schema is not None and token.text in schema.reserved_names
                if not (self._ignore_unknown or reserved):
                    where = f" of {schema.full_name}" if schema else " of a map entry"
                    raise tokens.error(f"a field{where}", token)
                self._skip_value()
            else:
                if not field.repeated and not field.is_map:
                    self._note(seen, field.number, name, token.start)
                    if field.oneof is not None:
                        self._note(seen, field.oneof, name, token.start)
                try:
                    self._value(field, store)
                except TextError as error:
                    error.at(field.name)
                    raise
            tokens.take(",", ";")
        if closer:
            tokens.advance()

    def _note(self, seen: dict[int | str, str], key: int | str, name: str, start: int) -> None:
        """Refuse a second value of a field, or of another member of its oneof."""
        if key not in seen:
            seen[key] = name
            return
        other = seen[key]
        token = self._tokens.current._replace(kind=Kind.IDENT, text=name, start=start)
        if other == name:
            what = "one value"
        elif isinstance(key, str) and key != "@type":
            what = f"no other member of the oneof than {show(other)}"
        else:
            what = f"nothing beside the message [{cut(other)}]"
        raise self._tokens.error(what, token)

    def _value(self, field: Field, store: Store) -> None:
        """Read what stands behind a field's name: a value, or a list of them."""
        tokens = self._tokens
        is_message = field.is_map or field.message is not None
        if not tokens.take(":") and not is_message:
            raise tokens.error("':'")
        if not (field.repeated or field.is_map) or not tokens.at("["):
            store(field, self._element(field))
            return
        tokens.advance()
        if tokens.take("]"):
            return
        while True:
            store(field, self._element(field))
            if tokens.expect(",", "]") == "]":
                return

    def _element(self, field: Field) -> Any:
        if field.is_map:
            return self._entry(field)
        if field.message is not None:
            closer = _CLOSERS[self._tokens.expect("{", "<")]
            message: Any = field.message.__schema__.new()
            self._message_fields(message, closer)
            return message.to_wrapped() if field.wrapped else message
        if field.type == TYPE_STRING:
            return self._string(field)
        if field.type == TYPE_BYTES:
            return self._bytes()
        if field.type == TYPE_ENUM:
            return self._enum(field)
        if field.type == TYPE_BOOL:
            return self._bool()
        if field.type in (TYPE_DOUBLE, TYPE_FLOAT):
            return self._float(field.type)
        return self._int(field.type)

    def _entry(self, field: Field) -> tuple[Any, Any]:
        key, value = field.key, field.value
        assert key is not None
        assert value is not None
        closer = _CLOSERS[self._tokens.expect("{", "<")]
        found: dict[int, Any] = {}

        def store(member: Field, item: Any) -> None:
            found[member.number] = item

        self._fields(None, {"key": key, "value": value}, store, closer, None)
        if value.number not in found:
            if value.message is not None:
                message: Any = value.message.__schema__.new()
                found[value.number] = message.to_wrapped() if value.wrapped else message
            else:
                found[value.number] = value.default
        return found.get(key.number, key.default), found[value.number]

    def _expanded_any(self, message: Any, type_url: str) -> None:
        """Read `{...}` of `[type URL] {...}` into an Any."""
        tokens = self._tokens
        start = tokens.current
        full_name = type_url.rpartition("/")[2]
        cls = find_packed_type(message, full_name, self._pools)
        if cls is None:
            raise tokens.error(f"{cut(full_name)} in the message pool (import its module)", start)
        tokens.take(":")
        closer = _CLOSERS[tokens.expect("{", "<")]
        inner = cls.__schema__.new()
        self._message_fields(inner, closer)
        try:
            message.value = bytes(inner)
        except EncodeError as error:
            raise TextError(str(error)) from None
        message.type_url = type_url

    # -- scalars -------------------------------------------------------------------------------

    def _int(self, type_: int) -> int:
        return self._signed_int(*_INTS[type_])

    def _signed_int(self, low: int, high: int, expected: str) -> int:
        tokens = self._tokens
        minus = tokens.take("-")
        token = tokens.current
        if token.kind is not Kind.INT:
            raise tokens.error(expected)
        number = tokens.int_value(token, expected)
        if minus:
            number = -number
        if not low <= number <= high:
            raise tokens.error(expected)
        tokens.advance()
        return number

    def _float(self, type_: int) -> float:
        tokens = self._tokens
        minus = tokens.take("-")
        token = tokens.current
        word = token.text.lower()
        if token.kind is Kind.IDENT and word in ("inf", "infinity"):
            number = math.inf
        elif token.kind is Kind.IDENT and word == "nan":
            number = math.nan
        elif token.kind is Kind.FLOAT and not (word[0] == "0" and word[1].isdigit()):
            # The grammar has no leading zeros: those of an integer make it octal.
            number = float(word.rstrip("f"))
        elif token.kind is Kind.INT and (word == "0" or word[0] != "0"):
            number = float(word)  # of text, so that too many digits give infinity
        else:
            raise tokens.error(f"{TYPE_NAMES[type_]} in decimal digits")
        tokens.advance()
        if minus:
            number = -number
        if type_ == TYPE_FLOAT:
            try:
                return round_float32(number)
            except OverflowError:
                return math.copysign(math.inf, number)
        return number

    def _bool(self) -> bool:
        tokens = self._tokens
        token = tokens.current
        if token.kind is Kind.IDENT and token.text in (*_TRUE, *_FALSE):
            tokens.advance()
            return token.text in _TRUE
        if token.kind is Kind.INT and tokens.int_value(token, "bool") in (0, 1):
            tokens.advance()
            return tokens.int_value(token, "bool") == 1
        raise tokens.error("bool")

    def _enum(self, field: Field) -> Any:
        tokens = self._tokens
        enum: Any = field.enum
        token = tokens.current
        if token.kind is Kind.IDENT:
            member = enum_names(enum).get(token.text)
            if member is None:
                raise tokens.error(f"a name of enum {enum.__name__}")
            tokens.advance()
            return member
        expected = f"a name or number of enum {enum.__name__}"
        number = self._signed_int(-(2**31), 2**31 - 1, expected)
        member = enum(number)
        if enum.__closed__ and not member.name:
            raise tokens.error(expected, token)
        return member

    def _bytes(self) -> bytes:
        tokens = self._tokens
        if tokens.current.kind is not Kind.STRING:
            raise tokens.error("a string in quotes")
        parts: list[bytes] = []
        while tokens.current.kind is Kind.STRING:
            parts.append(tokens.bytes_value(tokens.current))
            tokens.advance()
        return b"".join(parts)

    def _string(self, field: Field) -> str:
        token = self._tokens.current
        data = self._bytes()
        try:
            return data.decode("utf-8", "strict" if field.utf8 else "surrogateescape")
        except UnicodeDecodeError:
            raise self._tokens.error("a string in UTF-8", token) from None

    # -- what is passed over -------------------------------------------------------------------

    def _skip_value(self) -> None:
        tokens = self._tokens
        tokens.take(":")
        if tokens.take("["):
            while not tokens.take("]"):
                self._skip_element()
                if not tokens.at("]"):
                    tokens.expect(",")
        else:
            self._skip_element()

    def _skip_element(self) -> None:
        tokens = self._tokens
        opener = tokens.take("{", "<")
        if opener:
            self._enter()
            self._fields_to_skip(_CLOSERS[opener])
            self._depth -= 1
            return
        minus = tokens.take("-")
        kind = tokens.current.kind
        if kind is Kind.STRING and not minus:
            self._bytes()
        elif kind in (Kind.IDENT, Kind.INT, Kind.FLOAT):
            tokens.advance()
        else:
            raise tokens.error("a value")

    def _fields_to_skip(self, closer: str) -> None:
        tokens = self._tokens
        while not tokens.take(closer):
            if tokens.at("["):
                tokens.bracketed()
            elif tokens.current.kind is Kind.IDENT:
                tokens.advance()
            else:
                raise tokens.error(f"a field's name or {closer!r}")
            self._skip_value()
            tokens.take(",", ";")


def _store_in(message: Message) -> Store:
    def store(field: Field, value: Any) -> None:
        if field.is_map:
            key, item = value
            field.get(message)[key] = item
        elif field.repeated:
            values = field.get(message)
            if values is None:  # an extension's list is made when it is needed
                field.set(message, [value])
            else:
                values.append(value)
        else:
            field.set(message, value)

    return store
