"""Text format cut into tokens, and the values of its literals.

`Tokens` gives one token after the other to `read`; errors name the line and the column.
"""

from __future__ import annotations

import enum
import re
import string
from typing import NamedTuple

from ..base.errors import TextError

__all__ = ("Kind", "Token", "Tokens", "is_bracketed_name")


class Kind(enum.Enum):
    """What a token is."""

    END = "the end of the text"
    IDENT = "a name"
    INT = "an integer"
    FLOAT = "a number"
    STRING = "a string"
    SYMBOL = "a symbol"


class Token(NamedTuple):
    """One token: what it is, its text, and where it starts."""

    kind: Kind
    text: str
    start: int


# No group is repeated in these expressions: `re` keeps some 200 bytes for each repetition, and text comes from outside.
_SPACE = re.compile(r"[ \t\n\r\v\f]*")
_TOKEN = re.compile(
    r"""
    [ \t\n\r\v\f]*
    (?:
    (?P<IDENT>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<FLOAT>
        (?: [0-9]+\.[0-9]* | \.[0-9]+ ) (?:[eE][+-]?[0-9]+)? [fF]?
      | [0-9]+ [eE][+-]?[0-9]+ [fF]?
      | (?:0|[1-9][0-9]*)[fF]
    )
  | (?P<INT>0[xX][0-9A-Fa-f]+|[0-9]+)
  | (?P<STRING>["'])
  | (?P<SYMBOL>[{}<>\[\]:,;\-])
    )
    """,
    re.VERBOSE,
)
# Where a string may end, by its quote.
_STOPS = {quote: re.compile(rf"[{quote}\\\n]") for quote in "\"'"}
_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "_.")
_INT = re.compile(r"(?P<octal>0[0-7]+)|(?P<hex>0[xX][0-9A-Fa-f]+)|(?P<decimal>0|[1-9][0-9]*)")

# The prefix of a type URL may hold what stands in a URL; the rest of the name is identifiers.
_INSIDE_BRACKETS = re.compile(r"[^\] \t\n\r\v\f#]+")
_PREFIX = re.compile(r"[A-Za-z0-9_.~!$&()*+,;=\-%/]+")
_FULL_NAME = re.compile(r"[A-Za-z0-9_.]+")
_NO_IDENTIFIER = re.compile(r"(?:\A|\.)(?:[0-9.]|\Z)")

_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\'\"?])|(?P<octal>[0-7]{1,3})|[xX](?P<hex>[0-9A-Fa-f]{1,2})"
    r"|u(?P<short>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8}))"
)
_PLAIN = {
    "a": b"\a",
    "b": b"\b",
    "f": b"\f",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "\\": b"\\",
    "'": b"'",
    '"': b'"',
    "?": b"?",
}


class Tokens:
    """The tokens of a text; `current` is the next one."""

    __slots__ = ("_end", "current", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._end = 0
        self.current = Token(Kind.END, "", 0)
        self.advance()

    def advance(self) -> Token:
        """Go on to the next token; return the one that was current."""
        last = self.current
        text = self.text
        match = _TOKEN.match(text, self._end)
        if match is None:
            # A comment, the end, or nothing that is a token.
            start = self._skip_space(self._end)
            if start == len(text):
                self.current = Token(Kind.END, "", start)
                return last
            match = _TOKEN.match(text, start)
            if match is None:
                raise self._no_token(start)
        group = match.lastgroup
        assert group is not None
        start, end = match.span(group)
        kind = Kind[group]
        if kind is Kind.STRING:
            end = self._end_of_string(start)
        self._end = end
        self.current = Token(kind, text[start:end], start)
        if kind in (Kind.INT, Kind.FLOAT) and text[end : end + 1] in _NAME_CHARACTERS:
            wrong = re.compile(r"[A-Za-z0-9_.]+").match(text, start)
            raise self.error(
                "a number", Token(Kind.IDENT, wrong[0] if wrong else match[group], start)
            )
        return last

    def _no_token(self, start: int) -> TextError:
        return self.error("a token", Token(Kind.SYMBOL, self.text[start], start))

    def _end_of_string(self, start: int) -> int:
        """Return the position behind the string literal that starts with the quote at `start`."""
        text = self.text
        quote = text[start]
        position = start + 1
        while (stop := _STOPS[quote].search(text, position)) is not None:
            position = stop.end()
            if stop[0] == quote:
                return position
            if stop[0] == "\n" or text[position : position + 1] in ("", "\n"):
                break
            position += 1  # what stands behind a backslash
        raise self._no_token(start)

    def _skip_space(self, start: int) -> int:
        """Return the position behind blanks and comments."""
        text = self.text
        while (match := _SPACE.match(text, start)) is not None:
            start = match.end()
            if text[start : start + 1] != "#":
                break
            end = text.find("\n", start)
            start = len(text) if end < 0 else end
        return start

    def at(self, *symbols: str) -> bool:
        """Whether the current token is one of some symbols."""
        return self.current.kind is Kind.SYMBOL and self.current.text in symbols

    def take(self, *symbols: str) -> str | None:
        """Consume the current token if it is one of some symbols; return it."""
        return self.advance().text if self.at(*symbols) else None

    def expect(self, *symbols: str) -> str:
        """Consume the current token, which must be one of some symbols; return it."""
        if not self.at(*symbols):
            raise self.error(" or ".join(map(repr, symbols)))
        return self.advance().text

    def bracketed(self) -> str:
        """Consume `[...]` around the name of an extension or a type URL; return what is inside."""
        start = self.current.start
        position = self._skip_space(start + 1)
        parts: list[str] = []
        while (part := _INSIDE_BRACKETS.match(self.text, position)) is not None:
            parts.append(part[0])
            position = self._skip_space(part.end())
        name = "".join(parts)
        token = Token(Kind.SYMBOL, self.text[start : position + 1], start)
        if position == len(self.text) or not is_bracketed_name(name):
            raise self.error("the name of an extension or a type URL in brackets", token)
        self._end = position + 1
        self.advance()
        return name

    def error(self, expected: str, token: Token | None = None) -> TextError:
        """Return the error for a token, by default the current, in the place of another one."""
        token = token or self.current
        line = self.text.count("\n", 0, token.start) + 1
        column = token.start - self.text.rfind("\n", 0, token.start)
        got = token.kind.value if token.kind is Kind.END else _shorten(token.text)
        return TextError(f"expected {expected}, got {got} in line {line} column {column}")

    def int_value(self, token: Token, expected: str) -> int:
        """Return the value of an integer in decimal, octal (0...) or hexadecimal (0x...) digits."""
        match = _INT.fullmatch(token.text)
        if match is None:
            raise self.error(expected, token)
        # More digits than any integer of 64 bits has; Python refuses thousands of them anyhow.
        if len(token.text) > 1000:
            raise self.error(expected, token)
        if match["hex"]:
            return int(token.text, 0)
        return int(token.text, 8 if match["octal"] else 10)

    def bytes_value(self, token: Token) -> bytes:
        """Return the bytes that a string literal stands for; characters as UTF-8."""
        text = token.text[1:-1]
        if "\\" not in text:
            return self._encode(text, token)
        out = bytearray()
        position = 0
        while True:
            found = text.find("\\", position)
            if found < 0:
                break
            out += self._encode(text[position:found], token)
            match = _ESCAPE.match(text, found)
            if match is None:
                raise self.error("an escape sequence", self._inside(token, text, found))
            position = match.end()
            if match["plain"]:
                out += _PLAIN[match["plain"]]
            elif match["octal"] or match["hex"]:
                byte = int(match["octal"], 8) if match["octal"] else int(match["hex"], 16)
                if byte > 255:
                    raise self.error(
                        "an octal escape up to \\377", self._inside(token, text, found)
                    )
                out.append(byte)
            else:
                code = int(match["short"] or match["long"], 16)
                # A pair of surrogates is no character either; \\U names those beyond four digits.
                if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                    raise self.error(
                        "an escape of a Unicode character", self._inside(token, text, found)
                    )
                out += chr(code).encode()
        out += self._encode(text[position:], token)
        return bytes(out)

    def _encode(self, text: str, token: Token) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError:
            raise self.error("text without lone surrogates", token) from None

    @staticmethod
    def _inside(token: Token, text: str, offset: int) -> Token:
        """Return a token for an escape inside a string, so that the error points there."""
        return Token(Kind.STRING, text[offset : offset + 10], token.start + 1 + offset)


def is_bracketed_name(name: str) -> bool:
    """Whether `name` is a full name, which may have the prefix of a type URL."""
    prefix, slash, full_name = name.rpartition("/")
    if slash and _PREFIX.fullmatch(prefix) is None:
        return False
    return _FULL_NAME.fullmatch(full_name) is not None and not _NO_IDENTIFIER.search(full_name)


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
