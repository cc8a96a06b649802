"""Class statements below `Message` and `Enum`: what they may hold, what is refused, and field specifications."""

from __future__ import annotations

import gc
import inspect
import pickle
import weakref
from typing import Any

import aristaproto
import pytest


class _Base(aristaproto.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)


def test_what_else_a_class_may_hold_is_kept() -> None:
    class Odd(aristaproto.Message):
        plain = 7

        def __len__(self) -> int:
            return 3

    class Derived(_Base):
        more: int = aristaproto.field(2, aristaproto.TYPE_INT32)

    assert len(Odd()) == 3
    assert Odd.plain == 7
    metaclass: Any = type(aristaproto.Message)
    private = {"__name": aristaproto.field(1, aristaproto.TYPE_STRING)}
    assert hasattr(metaclass("Hidden", (aristaproto.Message,), private), "_Hidden__name")
    assert Derived(name="a", more=1).SerializeToString() == b"\n\x01a\x10\x01"
    assert Derived.__match_args__ == ("name", "more")


def test_refusals() -> None:
    metaclass: Any = type(aristaproto.Message)
    with pytest.raises(TypeError, match="keyword"):
        metaclass("Made", (aristaproto.Message,), {}, unknown=1)
    with pytest.raises(TypeError):
        metaclass("Made", (aristaproto.Message,))
    with pytest.raises(TypeError, match="identifiers"):
        metaclass("Made", (aristaproto.Message,), {"a b": aristaproto.field(1, 9)})
    enum_type: Any = type(aristaproto.Enum)
    with pytest.raises(TypeError, match="cannot be extended"):
        enum_type("Made", (_Colour,), {})


class _Colour(aristaproto.Enum):
    RED = 0


def test_a_class_goes_when_nobody_has_it() -> None:
    def make() -> weakref.ref[Any]:
        class Gone(aristaproto.Message):
            name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
            other: Any = aristaproto.field(2, aristaproto.TYPE_MESSAGE, lambda: Gone)

        assert Gone(name="a").name == "a"
        return weakref.ref(Gone)

    gone = make()
    gc.collect()
    assert gone() is None


def test_field_specifications() -> None:
    name: Any = aristaproto.field(
        536870911,
        aristaproto.TYPE_STRING,
        repeated=True,
        optional=True,
        required=True,
        oneof="group",
        packed=False,
        proto_name="a",
        json_name="b",
        default="c",
        deprecated=True,
        utf8=False,
    )
    assert (name.number, name.type, name.ref, name.key_type) == (536870911, 9, None, None)
    assert (name.repeated, name.optional, name.required, name.oneof) == (True, True, True, "group")
    assert (name.packed, name.proto_name, name.json_name, name.default) == (False, "a", "b", "c")
    assert (name.deprecated, name.utf8) == (True, False)
    few: Any = aristaproto.field(1, aristaproto.TYPE_MESSAGE, ".a:B")
    assert (few.ref, few.repeated, few.packed, few.utf8, few.default) == (
        ".a:B",
        False,
        True,
        True,
        None,
    )
    entries: Any = aristaproto.map_field(
        3, aristaproto.TYPE_INT32, aristaproto.TYPE_ENUM, "E", json_name="x", deprecated=True
    )
    assert (entries.number, entries.key_type, entries.type) == (3, 5, 14)
    assert (entries.ref, entries.json_name, entries.deprecated) == ("E", "x", True)
    # What can hold anything is kept as well.
    held: Any = aristaproto.field(1, aristaproto.TYPE_MESSAGE, lambda: _Base)
    assert held.ref() is _Base


def test_wrong_arguments_of_a_field() -> None:
    field: Any = aristaproto.field
    map_field: Any = aristaproto.map_field
    wrong: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
        (field, (1,), {}),
        (field, (1, 9, None, True), {}),
        (field, (1, 9), {"repeat": True}),
        (map_field, (1, 9), {}),
        (map_field, (1, 9, 9), {"repeated": True}),
    ]
    for function, positional, named in wrong:
        with pytest.raises(TypeError):
            function(*positional, **named)
    assert list(inspect.signature(field).parameters)[:3] == ["number", "type", "ref"]
    assert "number" in str(field.__doc__)


def test_a_message_of_such_a_class_is_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(_Base(name="a"))) == _Base(name="a")


class _Slotted(_Base):
    __slots__ = ("own",)


class _SlottedByOneName(_Base):
    __slots__ = "single"  # noqa: PLC0205


class _WithDict(_Base):
    __slots__ = ("__dict__",)


class _WithProperty(_Base):
    __slots__ = ("deleted",)

    @property
    def half(self) -> int:
        return 1

    @half.setter
    def half(self, value: int) -> None:
        raise AttributeError(f"no half of {value}")

    @half.deleter
    def half(self) -> None:
        self.deleted = True

    @property
    def fixed(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("cls", "name"), [(_Slotted, "own"), (_SlottedByOneName, "single"), (_WithDict, "any")]
)
def test_attributes_of_subclasses(cls: type[Any], name: str) -> None:
    message = cls(name="a")
    setattr(message, name, 5)
    assert getattr(message, name) == 5
    delattr(message, name)
    for act in (getattr, delattr):
        with pytest.raises(AttributeError, match=name):
            act(message, name)
    # A field is unset, and what is neither is refused as in a message without attributes of its own.
    del message.name
    assert message == cls()
    with pytest.raises(AttributeError, match=f"{cls.__name__} has no field 'nope'"):
        del message.nope
    if cls is not _WithDict:
        with pytest.raises(AttributeError, match=f"{cls.__name__} has no field 's'"):
            message.s = 5


def test_properties_say_themselves_what_is_wrong() -> None:
    message: Any = _WithProperty()
    with pytest.raises(AttributeError, match="no half of 5"):
        message.half = 5
    del message.half
    assert message.deleted
    with pytest.raises(AttributeError) as caught:
        message.fixed = 5
    assert "has no field" not in str(caught.value)
    with pytest.raises(AttributeError, match="has no field 'to_json'"):
        message.to_json = 5
