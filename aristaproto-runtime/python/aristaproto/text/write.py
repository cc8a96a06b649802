"""Messages to text format: `Writer` prints a message line by line.

Called by `aristaproto.text`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..base.budget import Budget
from ..base.errors import DecodeError, TextError, describe, wrong_message
from ..base.float32 import shortest_float32
from ..base.numbers import real, truth
from ..base.wire import WIRE_EGROUP, WIRE_I32, WIRE_I64, WIRE_SGROUP, flat_fields
from ..model.message import is_message_of
from ..model.pool import find_packed_type
from ..schema.fields import (
    INT_RANGES,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_ENUM,
    TYPE_FLOAT,
    TYPE_NAMES,
    TYPE_STRING,
)
from .names import field_name
from .tokens import is_bracketed_name

if TYPE_CHECKING:
    from ..model.message import Message
    from ..model.pool import MessagePool
    from ..schema.fields import Field

__all__ = ("Writer",)

_ANY = "google.protobuf.Any"
# Bytes that look like a message are printed as one, but not for ever.
_UNKNOWN_LEVELS = 10

_ESCAPES: dict[int, str] = {code: f"\\{code:03o}" for code in (*range(32), *range(127, 256))}
_ESCAPES.update(
    {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", ord('"'): '\\"', ord("\\"): "\\\\"}
)
_TEXT_ESCAPES = {code: text for code, text in _ESCAPES.items() if code < 128}
_UNSAFE_TEXT = re.compile(r'[\x00-\x1f\x7f"\\]')
_UNSAFE_BYTES = re.compile(r'[\x00-\x1f\x7f-\xff"\\]')


def _quote_bytes(data: bytes) -> str:
    text = data.decode("latin-1")
    return f'"{text.translate(_ESCAPES) if _UNSAFE_BYTES.search(text) else text}"'


def _quote_text(text: str) -> str:
    return f'"{text.translate(_TEXT_ESCAPES) if _UNSAFE_TEXT.search(text) else text}"'


class Writer:
    """One call of `to_text`."""

    __slots__ = ("_budget", "_indent", "_pools", "_unknown", "lines")

    def __init__(self, *, unknown: bool, pools: tuple[MessagePool | None, ...]) -> None:
        self.lines: list[str] = []
        """What is printed, each line with its end."""
        self._unknown = unknown
        self._pools = pools
        self._budget = Budget()
        self._indent = 0

    def message(self, message: Message) -> None:
        """Print the fields of a message."""
        schema = type(message).__schema__
        if schema.full_name == _ANY and self._expanded_any(message):
            return
        extensions = schema.fields_of(message)[len(schema.fields) :]
        for field in (*schema.ordered, *extensions):
            value = field.held(message)
            if field.is_default(value):
                continue
            try:
                self._field(field, field_name(field, schema), value)
            except TextError as error:
                error.at(field.name)
                raise
        if self._unknown and message._unknown_fields:  # pyright: ignore[reportPrivateUsage]
            try:
                self._unknown_fields(message._unknown_fields, _UNKNOWN_LEVELS)  # pyright: ignore[reportPrivateUsage]
            except DecodeError as error:
                raise TextError(f"expected unknown fields that can be read: {error}") from None

    def _line(self, text: str) -> None:
        self.lines.append(f"{'  ' * self._indent}{text}\n")

    def _field(self, field: Field, name: str, value: Any) -> None:
        if field.is_map:
            self._map(field, name, value)
        elif field.repeated:
            if issubclass(type(value), (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
                raise TextError(f"expected a list, got {describe(value)}")
            for index, item in enumerate(value):
                try:
                    self._element(field, name, item)
                except TextError as error:
                    error.at(index)
                    raise
        else:
            self._element(field, name, value)

    def _map(self, field: Field, name: str, entries: Any) -> None:
        key_field, value_field = field.key, field.value
        assert key_field is not None
        assert value_field is not None
        if not hasattr(entries, "items"):
            raise TextError(f"expected a dict, got {describe(entries)}")
        for key, value in entries.items():
            self._open(name)
            try:
                self._element(key_field, "key", key)
                self._element(value_field, "value", value)
            except TextError as error:
                error.at_key(key)
                raise
            self._close()

    def _open(self, name: str) -> None:
        self._line(f"{name} {{")
        self._indent += 1

    def _close(self) -> None:
        self._indent -= 1
        self._line("}")

    def _below(self, name: str, message: Message) -> None:
        """Print a message inside another one."""
        if not self._budget.depth:
            raise self._budget.too_deep(TextError)
        self._budget.depth -= 1
        self._open(name)
        self.message(message)
        self._close()
        self._budget.depth += 1

    def _element(self, field: Field, name: str, value: Any) -> None:
        if field.message is None:
            self._line(f"{name}: {_scalar(field, value)}")
            return
        cls: Any = field.message
        if field.wrapped:
            try:
                value = cls.from_wrapped(value)
            except (TypeError, ValueError) as error:
                raise TextError(str(error)) from None
        elif not is_message_of(value, cls):
            raise TextError(wrong_message(cls, value))
        self._below(name, value)

    def _expanded_any(self, message: Any) -> bool:
        """Print an Any as `[type URL] {...}`; False when its type is not known, or its URL cannot stand there."""
        type_url = message.type_url
        if not isinstance(type_url, str):
            return False
        type_url = str.__str__(type_url)
        full_name = type_url.rpartition("/")[2]
        # What brackets cannot hold would be read as something else, fields of the writer's own choice among it.
        if full_name == type_url or not is_bracketed_name(type_url):
            return False
        cls = find_packed_type(message, full_name, self._pools)
        if cls is None:
            return False
        try:
            inner = cls.parse(message.value)
        except (DecodeError, TypeError):
            return False  # printed as it is, nothing is lost
        self._below(f"[{type_url}]", inner)
        return True

    def _unknown_fields(self, data: bytes, levels: int) -> None:
        for number, wire_type, value in flat_fields(data):
            if wire_type == WIRE_SGROUP:
                levels -= 1
                self._open(str(number))
            elif wire_type == WIRE_EGROUP:
                levels += 1
                self._close()
            elif isinstance(value, int):
                self._line(f"{number}: {value}")
            elif wire_type == WIRE_I32:
                self._line(f"{number}: 0x{int.from_bytes(value, 'little'):08x}")
            elif wire_type == WIRE_I64:
                self._line(f"{number}: 0x{int.from_bytes(value, 'little'):016x}")
            elif value and levels > 0 and _are_records(value):
                self._open(str(number))
                self._unknown_fields(value, levels - 1)
                self._close()
            else:
                self._line(f"{number}: {_quote_bytes(value)}")


def _are_records(data: bytes) -> bool:
    """Whether bytes may be those of a message."""
    try:
        for _ in flat_fields(data):
            pass
    except DecodeError:
        return False
    return True


def _scalar(field: Field, value: Any) -> str:
    type_ = field.type
    if type_ == TYPE_STRING:
        return _string(field, value)
    if type_ == TYPE_BYTES:
        if not issubclass(type(value), (bytes, bytearray, memoryview)):
            raise TextError(f"expected bytes, got {describe(value)}")
        try:
            return _quote_bytes(bytes(value))
        except ValueError as error:  # a view that was released
            raise TextError(f"expected bytes, got {describe(value)} ({error})") from None
    if type_ == TYPE_BOOL:
        held = truth(value)
        if held is None:
            raise TextError(f"expected bool, got {describe(value)}")
        return "true" if held else "false"
    if type_ == TYPE_ENUM:
        enum: Any = field.enum
        try:
            number = operator.index(value)
        except TypeError:
            raise TextError(f"expected enum {enum.__name__}, got {describe(value)}") from None
        if not -(2**31) <= number < 2**31:
            raise TextError(
                f"expected a number of 32 bits for enum {enum.__name__}, got {describe(value)}"
            )
        return enum(number).proto_name or str(number)
    if type_ in INT_RANGES:
        low, high = INT_RANGES[type_]
        try:
            number = operator.index(value)
        except TypeError:
            raise TextError(f"expected {TYPE_NAMES[type_]}, got {describe(value)}") from None
        if not low <= number <= high:
            raise TextError(
                f"expected {TYPE_NAMES[type_]} ({low} to {high}), got {describe(value)}"
            )
        return str(number)
    return _float(type_, value)


def _float(type_: int, value: Any) -> str:
    try:
        number = real(value)
        if type_ == TYPE_FLOAT and math.isfinite(number):
            number = shortest_float32(number)
    except TypeError:
        raise TextError(f"expected {TYPE_NAMES[type_]}, got {describe(value)}") from None
    except OverflowError:
        raise TextError(
            f"expected a number within the range of {TYPE_NAMES[type_]}, got {describe(value)}"
        ) from None
    if number.is_integer() and abs(number) < 1e15:
        return f"{number:.0f}"
    return repr(number)


def _string(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise TextError(f"expected string, got {describe(value)}")
    # Of a subclass its characters, not what it prints itself as, such as the name of a member of an enum.
    value = str.__str__(value)
    if value.isascii():
        return _quote_text(value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        if field.utf8:
            raise TextError(
                f"expected text without lone surrogates, got one at character {error.start}"
            ) from None
        # Bytes that are no UTF-8, as the binary codec reads and writes them.
        try:
            return _quote_bytes(value.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            raise TextError(
                f"expected text without lone surrogates, got one at character {error.start}"
            ) from None
    return _quote_text(value)
