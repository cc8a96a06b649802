"""What people see of messages and their classes: `help`, signatures, pprint, rich, weak references."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import pickle
import pprint
import pydoc
import re
import weakref
from typing import Any, Generic, TypeVar
from unittest import mock

import aristaproto
import aristaproto.pydantic
import pytest
from rich.console import Console
from rich.pretty import pretty_repr


class Card(aristaproto.Message):
    """A card of a bank."""

    number: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The digits.

    Without blanks.
    """


class Order(aristaproto.Message, extendable=True):
    """What somebody buys."""

    id: int = aristaproto.field(2, aristaproto.TYPE_UINT64)
    """Given by the shop."""
    card: Card | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Card", oneof="payment")
    """A card."""
    cash: int | None = aristaproto.field(3, aristaproto.TYPE_INT64, oneof="payment")
    notes: list[str] = aristaproto.field(4, aristaproto.TYPE_STRING, repeated=True)
    orders: dict[str, Order] = aristaproto.map_field(
        5, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Order"
    )


class Checked(aristaproto.pydantic.Message):
    """Of the other flavour."""

    id: int = aristaproto.field(2, aristaproto.TYPE_UINT64)
    """Given by the shop."""
    cash: int | None = aristaproto.field(3, aristaproto.TYPE_INT64, oneof="payment")


class Later(Order):
    """With one more."""

    more: bool = aristaproto.field(6, aristaproto.TYPE_BOOL)
    """One more."""


shade: aristaproto.Extension[Order, int] = aristaproto.extension(
    "inspection.shade", "inspection.Order", 100, aristaproto.TYPE_INT32
)
pool = aristaproto.MessagePool()
pool.register("inspection", {"Order": Order, "shade": shade})


def page(cls: type[Any]) -> str:
    """What `help` prints, without the lines at its left."""
    text = pydoc.render_doc(cls, renderer=vars(pydoc)["plaintext"])
    lines = (line.removeprefix(" |").removeprefix("  ").rstrip() for line in text.splitlines())
    return "\n".join(lines)


def unused(name: str) -> type[Any]:
    """A class that nobody has used, so that its schema is not yet built."""

    class Unused(aristaproto.Message):
        """Nobody has used it."""

        id: int = aristaproto.field(1, aristaproto.TYPE_UINT64)
        left: int | None = aristaproto.field(2, aristaproto.TYPE_INT64, oneof="side")
        """On the left."""
        right: int | None = aristaproto.field(3, aristaproto.TYPE_INT64, oneof="side")

    Unused.__name__ = name
    return Unused


def test_help_shows_the_fields() -> None:
    text = page(Order)
    # On one line, or on one for each since Python 3.14.
    assert re.search(r"Order\(\s*id: int = 0,\s+card: ", text)
    assert "What somebody buys." in text
    fields = text[text.index("Data descriptors defined here") :]
    assert "\nid\n    int\n\n    Given by the shop." in fields
    assert "\ncard\n    Card | None\n\n    A card." in fields
    assert "\nnotes\n    list[str]\n" in fields
    assert "\norders\n    dict[str, Order]\n" in fields
    assert "members of this oneof: card, cash" in fields
    assert "\nid\n    int\n\n    Given by the shop." in page(Checked)
    assert "\nnumber\n    str\n\n    The digits.\n\n    Without blanks." in page(Card)


def test_help_shows_inherited_fields() -> None:
    text = page(Later)
    own, inherited = text.split("Data descriptors inherited from ")
    assert "\nmore\n    bool\n\n    One more." in own
    assert "\nid\n    int\n\n    Given by the shop." in inherited


@pytest.mark.parametrize("cls", [Order, Card, Checked, Later, aristaproto.Message])
def test_help_shows_nothing_internal(cls: type[Any]) -> None:
    # Special methods that a user may call: copies, truth and bytes.
    shown = {"__bool__", "__bytes__", "__copy__", "__deepcopy__", "__replace__"}
    # What Python has for every class.
    plain = {"__class__", "__doc__", "__module__", *dir(object)}
    assert {name for name in dir(cls) if name.startswith("__")} <= shown | plain
    text = page(cls)
    for internal in ("schema", "dataclass_", "__fields", "\n_unknown", "_extensions", "slots"):
        assert internal not in text
    assert "parse(" in text


def test_a_class_that_nobody_has_used() -> None:
    assert inspect.getdoc(unused("First").left) == "int | None\n\nOn the left."
    cls = unused("Second")
    assert "\nid\n    int\n" in page(cls)
    assert inspect.getdoc(cls.left) == "int | None\n\nOn the left."
    assert "members of this oneof: left, right" in str(inspect.getdoc(cls.side))
    assert cls(left=1).side == ("left", 1)


def test_descriptors_tell_what_they_are() -> None:
    """As the member descriptors of classes with `__slots__` do."""
    Later()  # The plain codec makes its descriptors at the first use.
    for cls in (Order, Checked, Later):
        for name in cls.__match_args__:
            descriptor = inspect.getattr_static(cls, name)
            owner = next(base for base in cls.__mro__ if name in vars(base))
            assert (descriptor.__name__, descriptor.__objclass__) == (name, owner)
            assert inspect.isdatadescriptor(descriptor)
            about = str(inspect.getdoc(descriptor))
            assert about.startswith(inspect.get_annotations(owner)[name])
    assert inspect.getdoc(Order.id) == "int\n\nGiven by the shop."
    assert inspect.getdoc(vars(aristaproto.Message)["_unknown_fields"]) is None
    assert "Given by the shop." in pydoc.render_doc(Order.id, renderer=vars(pydoc)["plaintext"])


def test_signatures() -> None:
    parameters = inspect.signature(Order).parameters
    assert {name: it.annotation for name, it in parameters.items()} == {
        "id": int,
        "card": Card | None,
        "cash": int | None,
        "notes": list[str],
        "orders": dict[str, Order],
    }
    assert str(inspect.signature(Checked)) == "(id: int = 0, cash: int | None = None)"


class Elsewhere(aristaproto.Message):
    card: Unknown | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, Card)  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore


def test_a_type_that_is_not_there() -> None:
    assert inspect.signature(Elsewhere).parameters["card"].annotation == "Unknown | None"
    assert "\ncard\n    Unknown | None" in page(Elsewhere)


def test_names_for_completion() -> None:
    names = {name for name in dir(Order) if not name.startswith("_")}
    assert {*Order.__match_args__, "payment", "parse", "to_json"} <= names
    assert {*Order.__match_args__, "payment", "parse", "to_json"} <= set(dir(Order()))
    stand_in = mock.create_autospec(Order, instance=True)
    stand_in.to_json.return_value = "{}"
    assert stand_in.to_json() == "{}"
    assert mock.MagicMock(spec=Order).notes is not None


LONG = Order(2, Card("4" * 30), notes=["n" * 40, "m" * 40], orders={"a": Order(1), "b": Order(3)})


def test_pprint() -> None:
    assert pprint.pformat(Order(1, notes=["a"])) == "Order(id=1, notes=['a'])"
    assert pprint.pformat(LONG).splitlines() == [
        "Order(card=Card(number='444444444444444444444444444444'),",
        "      id=2,",
        "      notes=['nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn',",
        "             'mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm'],",
        "      orders={'a': Order(id=1), 'b': Order(id=3)})",
    ]
    text = pprint.pformat([LONG, {"key": LONG}])
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("notes=") == 2
    assert pprint.pformat(Checked(id=10**18, cash=10**18), width=30).splitlines() == [
        "Checked(id=1000000000000000000,",
        "        cash=1000000000000000000)",
    ]


def test_pprint_of_a_message_that_holds_itself() -> None:
    message = copy.copy(LONG)
    message.orders = {"own": message}
    assert "<Recursion on Order" in pprint.pformat(message)


def test_pprint_of_extensions() -> None:
    message = copy.copy(LONG)
    aristaproto.extensions(message)[shade] = 5
    assert "      [inspection.shade]=5)" in pprint.pformat(message).splitlines()
    assert "[inspection.shade]=5" in repr(message)


def test_pprint_of_a_class_with_its_own_repr() -> None:
    class Own(Card):
        def __repr__(self) -> str:
            return "own " * 30

    assert pprint.pformat(Own()) == "own " * 30


def test_rich() -> None:
    assert pretty_repr(Order(1)) == "Order(id=1)"
    assert pretty_repr(LONG, max_width=60).splitlines() == [
        "Order(",
        "    card=Card(number='444444444444444444444444444444'),",
        "    id=2,",
        "    notes=[",
        "        'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn',",
        "        'mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm'",
        "    ],",
        "    orders={'a': Order(id=1), 'b': Order(id=3)}",
        ")",
    ]
    out = io.StringIO()
    Console(file=out, width=40, color_system=None).print(LONG, Checked(1))
    assert "    id=2,\n" in out.getvalue()
    assert "Checked(id=1)" in out.getvalue()


@pytest.mark.parametrize("cls", [Card, Order, Later, Checked])
def test_weak_references(cls: Any) -> None:
    seen: list[object] = []
    message = cls()
    reference = weakref.ref(message, seen.append)
    copies = [copy.copy(message), copy.deepcopy(message), pickle.loads(pickle.dumps(message))]
    parsed = cls.parse(bytes(message))
    others = [weakref.ref(it) for it in (*copies, parsed)]
    assert reference() is message
    by_message = weakref.WeakValueDictionary({"key": message})
    del message, copies, parsed
    gc.collect()
    assert reference() is None
    assert seen == [reference]
    assert not by_message
    assert [it() for it in others] == [None] * 4


def test_weak_references_to_classes_that_asked_for_them() -> None:
    class Own(aristaproto.Message):
        __slots__ = ("__weakref__", "other")
        id: int = aristaproto.field(1, aristaproto.TYPE_UINT64)

    class Below(Own):
        __slots__ = ("__weakref__",)
        more: int = aristaproto.field(2, aristaproto.TYPE_UINT64)

    T = TypeVar("T")

    class Mixed(Generic[T], Card):  # noqa: PYI059
        more: int = aristaproto.field(2, aristaproto.TYPE_UINT64)

    classes: list[Any] = [Own, Below, Mixed]
    for cls in classes:
        message = cls()
        assert weakref.ref(message)() is message
    assert Below.parse(bytes(Below(1, 2))) == Below(1, 2)
    mixed: Mixed[int] = Mixed("1", 2)
    assert Mixed.parse(bytes(mixed)) == mixed
