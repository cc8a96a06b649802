"""Classes that the native codec makes are those that Python would make of the same statement."""

from __future__ import annotations

import ctypes
import gc
import inspect
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import aristaproto
import pytest

native = pytest.mark.skipif(
    aristaproto.implementation() == "python", reason="there is one way to make a class"
)

# Positions in CPython's PyTypeObject, in words: what the interpreter calls, the offsets and tables of functions.
FUNCTIONS = (*range(4, 10), 11, *range(15, 20), *range(23, 29), *range(34, 41))
TABLES = {10: 4, 12: 36, 13: 10, 14: 3, 20: 2}
# What releases an object: that of messages is the codec's own.
DEALLOC = 6
# Which of the flags say what a class is and not what the interpreter has found out about it.
CACHES = 1 << 19 | 1 << 17 | 1 << 12


def words(address: int, count: int) -> list[int]:
    return list((ctypes.c_size_t * count).from_address(address))


def functions(cls: type[Any]) -> dict[str, Any]:
    own = words(id(cls), 41)
    tables = {at: words(own[at], count) for at, count in TABLES.items()}
    return {"functions": {at: own[at] for at in FUNCTIONS}, "tables": tables}


def by_python(base: type[Any]) -> Callable[..., Any]:
    """The metaclass without its short cut."""

    def make(name: str, bases: tuple[type, ...], body: dict[str, Any], **options: Any) -> Any:
        return type.__call__(type(base), name, bases, dict(body), **options)

    return make


def message_body() -> dict[str, Any]:
    return {
        "__module__": __name__,
        "__qualname__": "Somewhere.Made",
        "__doc__": "Docs.",
        "__annotations__": {"name": "str", "tags": "list[str]", "ö": "int"},
        "name": aristaproto.field(1, aristaproto.TYPE_STRING),
        "tags": aristaproto.field(2, aristaproto.TYPE_STRING, repeated=True),
        "ö": aristaproto.field(3, aristaproto.TYPE_INT32),
    }


@native
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"deprecated": True},
        {"extendable": True},
        {"extendable": True, "message_set": True},
        {"pool": aristaproto.MessagePool()},
    ],
    ids=str,
)
def test_message_classes(options: dict[str, Any]) -> None:
    metaclass: Any = type(aristaproto.Message)
    made = metaclass("Made", (aristaproto.Message,), message_body(), **options)
    expected = by_python(aristaproto.Message)(
        "Made", (aristaproto.Message,), message_body(), **options
    )
    assert type(made) is type(expected)
    found, wanted = functions(made), functions(expected)
    assert found["functions"].pop(DEALLOC) != wanted["functions"].pop(DEALLOC)
    assert found == wanted
    assert made.__flags__ | CACHES == expected.__flags__ | CACHES
    assert (made.__name__, made.__qualname__, made.__module__, made.__doc__) == (
        "Made",
        "Somewhere.Made",
        __name__,
        "Docs.",
    )
    assert made.__mro__[1:] == expected.__mro__[1:]
    assert made.__bases__ == expected.__bases__
    assert set(made.__dict__) == set(expected.__dict__)
    assert list(made.__fields__) == ["name", "tags", "ö"]
    for name in (
        "__slots__",
        "__match_args__",
        "__annotations__",
        "__eq__",
        "__hash__",
        "__init__",
    ):
        assert vars(made)[name] == vars(expected)[name]
    for name in ("__deprecated__", "__extendable__", "__message_set__"):
        assert getattr(made, name) == getattr(expected, name)
    assert getattr(made, "__pool__", None) is options.get("pool")
    assert inspect.signature(made) == inspect.signature(expected)


@native
def test_an_empty_class() -> None:
    metaclass: Any = type(aristaproto.Message)
    made = metaclass("Made", (aristaproto.Message,), {"__module__": __name__})
    expected = by_python(aristaproto.Message)(
        "Made", (aristaproto.Message,), {"__module__": __name__}
    )
    assert made.__dict__.keys() == expected.__dict__.keys()
    assert (made.__doc__, made.__annotations__, made.__slots__) == (None, {}, ())
    assert made() == made()
    nowhere = metaclass("Made", (aristaproto.Message,), {})
    assert nowhere.__module__ == by_python(aristaproto.Message)("Made", (_Base,), {}).__module__


@native
def test_enum_classes() -> None:
    body = {"__module__": __name__, "__qualname__": "Far.Made", "RED": 1, "ROT": 1, "MINUS": -1}
    options: dict[str, Any] = {"prefix": "COLOUR_", "renamed": {"ROT": "ROUGE"}, "closed": True}
    metaclass: Any = type(aristaproto.Enum)
    made = metaclass("Made", (aristaproto.Enum,), dict(body), **options)
    expected = by_python(aristaproto.Enum)("Made", (aristaproto.Enum,), body, **options)
    assert type(made) is type(expected)
    assert functions(made) == functions(expected)
    assert made.__flags__ | CACHES == expected.__flags__ | CACHES
    assert made.__mro__[1:] == expected.__mro__[1:]
    assert (made.__name__, made.__qualname__, made.__doc__) == (
        "Made",
        "Far.Made",
        expected.__doc__,
    )
    assert set(made.__dict__) == set(expected.__dict__)
    assert list(made.__members__.items()) == [("RED", made.RED), ("ROT", made.RED), ("MINUS", -1)]
    assert [vars(member) for member in made] == [vars(member) for member in expected]
    assert (made.RED.proto_name, made.MINUS.proto_name) == ("COLOUR_RED", "COLOUR_MINUS")
    assert made.from_string("ROUGE") is made.RED
    assert made.__closed__ is True


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
