"""`dataclasses.replace` and `copy.replace`: copies with other values."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from collections.abc import Callable
from typing import Any

import aristaproto
import aristaproto.pydantic
import pydantic
import pytest


class Leaf(aristaproto.Message):
    text: str = aristaproto.field(1, aristaproto.TYPE_STRING)


class Plain(aristaproto.Message, extendable=True):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    left: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="side")
    right: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, oneof="side")
    leaf: Leaf | None = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Leaf", oneof="side")
    leaves: list[Leaf] = aristaproto.field(5, aristaproto.TYPE_MESSAGE, "Leaf", repeated=True)
    zero: float = aristaproto.field(6, aristaproto.TYPE_DOUBLE)
    by_name: dict[str, int] = aristaproto.map_field(
        7, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32
    )


class Checked(aristaproto.pydantic.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    left: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="side")
    right: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, oneof="side")
    leaves: list[Leaf] = aristaproto.field(5, aristaproto.TYPE_MESSAGE, "Leaf", repeated=True)


class Old(aristaproto.Message, deprecated=True):
    fine: int = aristaproto.field(1, aristaproto.TYPE_INT32)


class Older(aristaproto.Message):
    fine: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    old: int = aristaproto.field(2, aristaproto.TYPE_INT32, deprecated=True)


pool = aristaproto.MessagePool()
note: aristaproto.Extension[Plain, str] = aristaproto.extension(
    "replacing.note", "replacing.Plain", 100, aristaproto.TYPE_STRING
)
pool.register("replacing", {"Plain": Plain, "note": note})

Replace = Callable[..., Any]
replaces: list[Replace] = [dataclasses.replace, aristaproto.Message.__replace__]
if sys.version_info >= (3, 13):
    replaces.append(copy.replace)
each = pytest.mark.parametrize("replace", replaces)
both = pytest.mark.parametrize("cls", [Plain, Checked])


@each
@both
def test_what_is_not_named_stays(replace: Replace, cls: Any) -> None:
    message = cls.parse(b"\x08\x01\x2a\x00\xf8\x7f\x05")
    copied = replace(message, number=2)
    assert bytes(copied) == b"\x08\x02\x2a\x00\xf8\x7f\x05"
    assert bytes(message) == b"\x08\x01\x2a\x00\xf8\x7f\x05"
    assert type(copied) is cls
    # As `copy.copy` and the constructor: the same lists.
    assert copied.leaves is message.leaves
    assert bytes(replace(message)) == bytes(message)
    assert replace(message) is not message
    unread = cls.parse(b"\x08\x01\xf8\x7f\x05")
    assert bytes(replace(unread, number=1)) == b"\x08\x01\xf8\x7f\x05"
    assert pickle.loads(pickle.dumps(copied)) == copied


@each
def test_extensions(replace: Replace) -> None:
    message = Plain(number=1)
    aristaproto.extensions(message)[note] = "a"
    copied = replace(message, number=2)
    assert aristaproto.extensions(copied)[note] == "a"
    aristaproto.extensions(copied)[note] = "b"
    assert aristaproto.extensions(message)[note] == "a"
    assert bytes(replace(Plain.parse(bytes(message)), number=1)) == bytes(message)


@each
@both
def test_oneofs(replace: Replace, cls: Any) -> None:
    message = cls(left=1)
    assert replace(message, right="a") == cls(right="a")
    assert replace(message, left=0) == cls(left=0)
    assert replace(message, left=None) == cls()
    assert replace(message, left=None, right="") == cls(right="")
    assert replace(message, right=None) == message
    assert replace(cls(), right="") == cls(right="")
    assert replace(cls.parse(b"\x10\x01"), right="a") == cls(right="a")
    assert message == cls(left=1)
    with pytest.raises((TypeError, pydantic.ValidationError), match="only one can be set"):
        replace(message, left=2, right="a")


@each
def test_values(replace: Replace) -> None:
    message = Plain(zero=0.0, leaves=[Leaf("a")], by_name={"a": 1}, leaf=Leaf("b"))
    assert str(replace(message, zero=-0.0).zero) == "-0.0"
    assert replace(message, leaves=None, by_name=None) == Plain(leaf=Leaf("b"))
    assert replace(message, leaf=message.leaf).leaf is message.leaf
    with pytest.raises(TypeError, match="nothing"):
        replace(message, nothing=1)


@each
def test_validation(replace: Replace) -> None:
    message: Any = Checked(number=1)
    assert replace(message, number="5") == Checked(number=5)
    with pytest.raises(pydantic.ValidationError):
        replace(message, number=2**31)
    with pytest.raises(pydantic.ValidationError):
        replace(message, nothing=1)


@each
def test_deprecation(replace: Replace) -> None:
    with pytest.warns(DeprecationWarning, match="Old is deprecated"):
        old = Old()
    with pytest.warns(DeprecationWarning, match="Old is deprecated"):
        replace(old, fine=1)
    message = Older()
    replace(message, fine=1)
    with pytest.warns(DeprecationWarning, match=r"Older\.old is deprecated"):
        replace(message, old=1)


@both
def test_nothing_else_sees_it(cls: Any) -> None:
    message = cls(number=1)
    names = list(cls.__match_args__)
    assert [field.name for field in dataclasses.fields(cls)] == names
    assert [field.name for field in dataclasses.fields(message)] == names
    assert list(dataclasses.asdict(message)) == names
    assert list(inspect.signature(cls).parameters) == names


def test_rich_repr() -> None:
    message = Plain(right="a", number=1)
    assert list(message.__rich_repr__()) == [("number", 1), ("right", "a")]
