"""The attribute of a oneof: which member is set, with its value."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import threading
from typing import Any, Literal

import aristaproto
import aristaproto.pydantic
import pytest
from aristaproto.wkt import NullValue, Struct, Value


class Card(aristaproto.Message):
    number: str = aristaproto.field(1, aristaproto.TYPE_STRING)


class Order(aristaproto.Message, oneofs={"as_": "as"}):
    card: Card | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Card", oneof="payload")
    cash: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="payload")
    is_free: bool | None = aristaproto.field(3, aristaproto.TYPE_BOOL, oneof="payload")
    note: str = aristaproto.field(4, aristaproto.TYPE_STRING)
    gift: str | None = aristaproto.field(5, aristaproto.TYPE_STRING, oneof="as")
    # Like a method, like a field, like nothing that Python could spell.
    other: int | None = aristaproto.field(6, aristaproto.TYPE_INT32, oneof="to_dict")
    another: int | None = aristaproto.field(7, aristaproto.TYPE_INT32, oneof="note")

    if TYPE_CHECKING := False:
        payload: aristaproto.Oneof[
            tuple[Literal["card"], Card]
            | tuple[Literal["cash"], int]
            | tuple[Literal["is_free"], bool]
        ] = aristaproto.oneof()
        as_: aristaproto.Oneof[tuple[Literal["gift"], str]] = aristaproto.oneof()


class Declared(aristaproto.Message):
    """Declares its oneofs at run time, too."""

    left: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, oneof="side")
    right: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="side")
    side: aristaproto.Oneof[tuple[Literal["left"], int] | tuple[Literal["right"], int]] = (
        aristaproto.oneof()
    )
    same: aristaproto.Oneof[tuple[Literal["left"], int] | tuple[Literal["right"], int]] = (
        aristaproto.oneof("side")
    )
    nothing: aristaproto.Oneof[tuple[Literal["none"], int]] = aristaproto.oneof()


class Inherited(Order):
    more: int | None = aristaproto.field(8, aristaproto.TYPE_INT32, oneof="payload")
    own: int | None = aristaproto.field(9, aristaproto.TYPE_INT32, oneof="owned")


class Checked(aristaproto.pydantic.Message):
    text: str | None = aristaproto.field(1, aristaproto.TYPE_STRING, oneof="payload")
    number: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="payload")


def attribute(message: Any, name: str = "payload") -> Any:
    return getattr(message, name)


def test_reading() -> None:
    assert attribute(Order()) is None
    assert attribute(Order(cash=0)) == ("cash", 0)
    assert attribute(Order(is_free=False)) == ("is_free", False)
    card = Card("1")
    name, value = attribute(Order(card=card))
    assert name == "card"
    assert value is card
    order = Order.parse(b"\x10\x05")
    assert attribute(order) == ("cash", 5)
    assert attribute(Order.from_dict({"card": {"number": "2"}})) == ("card", Card("2"))
    assert attribute(copy.deepcopy(order)) == attribute(pickle.loads(pickle.dumps(order)))
    order.card = card
    assert attribute(order) == ("card", card)
    order.card = None
    assert attribute(order) is None
    assert attribute(Checked(text="a")) == ("text", "a")


def test_setting() -> None:
    order: Any = Order(card=Card("1"), note="n")
    order.payload = ("cash", 0)
    assert order == Order(cash=0, note="n")
    assert bytes(order) == b"\x10\x00\x22\x01n"
    order.payload = None
    assert order == Order(note="n")
    unread: Any = Order.parse(b"\x10\x05\x22\x01n")
    unread.payload = None
    assert bytes(unread) == b"\x22\x01n"
    unread = Order.parse(b"\x10\x05\x22\x01n")
    unread.payload = ("is_free", True)
    assert unread == Order(is_free=True, note="n")
    checked: Any = Checked(text="a")
    checked.payload = ("number", 1)
    assert checked == Checked(number=1)


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (
            ("crad", Card()),
            ValueError,
            "Order.payload: expected one of card, cash, is_free, got 'crad'",
        ),
        (("card", None), TypeError, "expected a value for card, got None"),
        (
            "card",
            TypeError,
            "expected a pair of a member's name and value, or None, got str 'card'",
        ),
        (("card",), TypeError, "expected a pair"),
        (["card", Card()], TypeError, "expected a pair"),
        ((["card"], 1), ValueError, "expected one of card, cash, is_free, got ['card']"),
    ],
)
def test_what_is_no_member(wrong: object, error: type[Exception], text: str) -> None:
    order: Any = Order(cash=1)
    with pytest.raises(error) as caught:
        order.payload = wrong
    assert text in str(caught.value)
    assert order == Order(cash=1)


def test_names() -> None:
    order: Any = Order(gift="a", other=1, another=2, note="n")
    assert order.as_ == ("gift", "a")
    assert not hasattr(order, "as")
    # What the class has already stays.
    assert order.to_dict() == {"note": "n", "gift": "a", "other": 1, "another": 2}
    assert order.note == "n"
    assert aristaproto.which_one_of(order, "to_dict") == ("other", 1)
    assert aristaproto.which_one_of(order, "as") == ("gift", "a")


def test_a_oneof_is_no_field() -> None:
    with pytest.raises(AttributeError, match="Order has no field 'payload': that is a oneof"):
        aristaproto.clear(Order(), "payload")
    with pytest.raises(AttributeError, match="assign None to clear it"):
        Order().is_set("payload")


def test_declared_at_run_time() -> None:
    message = Declared(right=1)
    assert message.side == message.same == ("right", 1)
    message.same = ("left", 2)
    assert message == Declared(left=2)
    assert [field.name for field in dataclasses.fields(Declared)] == ["left", "right"]
    assert repr(Declared.nothing) == "<oneof nothing>"
    with pytest.raises(TypeError, match=r"Declared\.nothing: no field names the oneof 'nothing'"):
        _ = message.nothing


def test_inheritance() -> None:
    message: Any = Inherited(cash=1)
    assert message.payload == ("cash", 1)
    message.payload = ("more", 2)
    assert message == Inherited(more=2)
    message.own = 3
    assert message.owned == ("own", 3)
    assert message.as_ is None
    assert attribute(Order(cash=1)) == ("cash", 1)


def test_nothing_else_changes() -> None:
    assert Order.__match_args__ == ("card", "cash", "is_free", "note", "gift", "other", "another")
    assert [field.name for field in dataclasses.fields(Order)] == list(Order.__match_args__)
    assert repr(Order(cash=1)) == "Order(cash=1)"
    constructor: Any = Order
    for wrong in (None, ("cash", 1)):
        with pytest.raises(TypeError):
            constructor(payload=wrong)
    with pytest.raises(KeyError):
        Order.from_dict({"payload": {}})


def test_value() -> None:
    assert Value.from_dict(None).kind == ("null_value", NullValue.NULL_VALUE)
    value = Value(number_value=1.5)
    assert value.kind == ("number_value", 1.5)
    value.kind = ("struct_value", Struct.from_dict({"a": 1}))
    assert value.to_dict() == {"a": 1}
    assert Value().kind is None


def test_threads_that_use_a_class_first() -> None:
    for _ in range(20):

        class Fresh(aristaproto.Message):
            a: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, oneof="choice")
            b: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="choice")

        barrier = threading.Barrier(4)
        found: list[Any] = []

        def use(
            cls: Any = Fresh, barrier: threading.Barrier = barrier, found: list[Any] = found
        ) -> None:
            barrier.wait()
            message = cls(b=1)
            found.append(message.choice)
            message.choice = ("a", 2)
            found.append(message.choice)

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [("a", 2)] * 4 + [("b", 1)] * 4


@pytest.mark.parametrize("tree", ["sync", "pydantic", "descriptors"])
def test_generated(tree: str) -> None:
    pytest.importorskip("trees", reason="run `cargo xtask test trees` first")
    collisions: Any = importlib.import_module(f"trees.{tree}.hostile.collisions")
    oneofs = {
        "choice_": "choice",
        "foo_bar_": "fooBar",
        "number_": "Number",
        "parse_": "parse",
        "class_": "class",
        "tuple": "tuple",
        "int": "int",
        "aristaproto": "aristaproto",
        "TYPE_CHECKING": "TYPE_CHECKING",
        "Literal_": "Literal_",
        "_9_": "_9",
    }
    cls = collisions.Oneofs
    for name, proto_name in oneofs.items():
        members = cls.__schema__.oneofs[proto_name]
        assert len(members) == 2, proto_name
        for member in members:
            value = "a" if member.type == aristaproto.TYPE_STRING else 5
            message = cls(**{member.name: value})
            assert getattr(message, name) == (member.name, value)
            assert aristaproto.which_one_of(message, proto_name) == (member.name, value)
            setattr(message, name, None)
            assert message == cls()


def test_the_compiled_attribute() -> None:
    class Sub(Order):
        """Has the attribute of its base."""

    class Fresh(aristaproto.Message):
        left: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, oneof="side")
        side: aristaproto.Oneof[tuple[Literal["left"], int]] = aristaproto.oneof()

    fresh: Any = Fresh()
    with pytest.raises(AttributeError, match="oneof cannot be deleted; None clears it"):
        del fresh.side
    for cls in (Order, Sub):
        order: Any = cls.parse(b"\x10\x05")
        assert order.payload == ("cash", 5)
        descriptor: Any = Order.__dict__["payload"]
        assert descriptor.__get__(order, cls) == ("cash", 5)
        assert descriptor.__get__(None, cls) is descriptor
        with pytest.raises(AttributeError, match="oneof cannot be deleted; None clears it"):
            del order.payload
        with pytest.raises(TypeError):
            descriptor.__get__(Card())
        with pytest.raises(TypeError):
            descriptor.__get__(object())
    assert attribute(Order) is Order.__dict__["payload"]


def test_a_class_attribute_with_an_attribute_of_that_name_stays() -> None:
    class Held(aristaproto.Message):
        class payload(aristaproto.Message):
            oneof: int = aristaproto.field(1, aristaproto.TYPE_INT32)

        left: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, oneof="payload")

    assert Held(left=1).left == 1
    assert isinstance(Held.payload(), aristaproto.Message)
