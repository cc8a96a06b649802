"""Enums written by hand and generated ones look the same."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import enum
import json
import pickle
import types

import aristaproto
import pytest
from aristaproto.model.enum import read_names, written_names


class Colour(aristaproto.Enum, prefix="COLOUR_", renamed={"_3D": "COLOUR_3D"}):
    """Docs."""

    NONE = 0
    RED = 1
    MINUS = -1
    ROT = 1
    _3D = 3


class Plain(aristaproto.Enum):
    ZERO = 0


def test_members() -> None:
    red: int = Colour.RED
    assert red == 1
    assert [10, 11][Colour.RED] == 11
    assert isinstance(Colour.RED, Colour)
    assert isinstance(Colour.RED, enum.Enum)
    assert list(Colour) == [Colour.NONE, Colour.RED, Colour.MINUS, Colour["_3D"]]
    assert list(Colour.__members__) == ["NONE", "RED", "MINUS", "ROT", "_3D"]
    assert len(Colour) == 4
    assert Colour.RED in Colour
    assert Colour(1) is Colour.RED
    assert Colour["RED"] is Colour.RED
    assert Colour.__doc__ == "Docs."
    assert json.dumps(Colour.RED) == "1"


def test_alias_is_the_first_member() -> None:
    assert Colour["ROT"] is Colour.RED
    assert Colour.ROT is Colour.RED  # type: ignore[comparison-overlap]
    assert Colour(1).name == "RED"


def test_text() -> None:
    assert str(Colour.RED) == "RED"
    assert f"{Colour.RED}" == "RED"
    assert repr(Colour.RED) == "<Colour.RED: 1>"
    assert (Colour.MINUS.name, Colour.MINUS.value) == ("MINUS", -1)


def test_number_without_a_name() -> None:
    unknown = Colour(4)
    assert isinstance(unknown, Colour)
    assert (unknown.name, unknown.value) == ("", 4)
    assert str(unknown) == "UNKNOWN(4)"
    assert repr(unknown) == "<Colour.~UNKNOWN: 4>"
    assert unknown == Colour(4) == 4
    assert hash(unknown) == hash(Colour(4))
    assert 4 not in Colour._value2member_map_
    assert unknown.proto_name == ""


def test_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="'RED' is not a number of Colour"):
        Colour("RED")  # type: ignore[arg-type]


def test_proto_names() -> None:
    assert Colour.RED.proto_name == "COLOUR_RED"
    assert Colour["_3D"].proto_name == "COLOUR_3D"
    assert Plain.ZERO.proto_name == "ZERO"
    assert Colour.from_string("RED") is Colour.RED
    assert Colour.from_string("COLOUR_RED") is Colour.RED
    assert Colour.from_string("COLOUR_ROT") is Colour.RED
    assert Colour.from_string("COLOUR_3D") is Colour(3)
    with pytest.raises(
        ValueError, match="'BLUE' is not a name in Colour: expected one of NONE, RED"
    ):
        Colour.from_string("BLUE")


@pytest.mark.parametrize("member", [Colour.RED, Colour(4)])
def test_copies(member: Colour) -> None:
    assert copy.copy(member) is member
    assert copy.deepcopy([member])[0] is member
    restored = pickle.loads(pickle.dumps(member))
    assert restored == member
    assert repr(restored) == repr(member)


def test_auto() -> None:
    class Automatic(aristaproto.Enum):
        ZERO = enum.auto()
        ONE = enum.auto()

    assert [Automatic.ZERO.value, Automatic.ONE.value] == [0, 1]


def test_names_with_underscores() -> None:
    class Odd(aristaproto.Enum):
        _note_ = 7
        __note__ = 8
        ZERO = 0
        _A__ = 1
        __A___ = 2
        _0 = 3

    assert list(Odd.__members__) == ["ZERO", "_A__", "__A___", "_0"]
    assert Odd._note_ == 7


def test_names_in_json() -> None:
    class Hue(aristaproto.Enum, prefix="HUE_", json_names={"RED": "rouge", "BLUE": "GREEN"}):
        NONE = 0
        RED = 1
        BLUE = 2
        GREEN = 3

    assert written_names(Hue) == {0: "HUE_NONE", 1: "rouge", 2: "GREEN", 3: "HUE_GREEN"}
    read = read_names(Hue)
    assert read["rouge"] is read["HUE_RED"] is read["RED"] is Hue.RED
    # A name that is written reads as the same member, whatever Python calls another one.
    assert read["GREEN"] is Hue.BLUE
    assert Hue.RED.proto_name == "HUE_RED"
    with pytest.raises(ValueError, match="'rouge' is not a name in Hue"):
        Hue.from_string("rouge")
    with pytest.raises(TypeError, match="Wrong: json_names gives a name to ROT, which is no"):
        types.new_class("Wrong", (aristaproto.Enum,), {"json_names": {"ROT": "rot"}})


def test_proto_names_go_before_names_in_json() -> None:
    class Swapped(aristaproto.Enum, json_names={"A": "B", "B": "twice", "C": "twice"}):
        A = 0
        B = 1
        C = 2

    assert written_names(Swapped)[0] == "B"
    assert read_names(Swapped)["B"] is Swapped.B
    assert read_names(Swapped)["twice"] is Swapped.C


def test_members_cannot_be_changed_or_extended() -> None:
    with pytest.raises(AttributeError):
        Colour.RED = 5  # type: ignore[misc]
    with pytest.raises(TypeError, match="an enum with members cannot be extended"):

        class More(Colour):  # type: ignore[misc]
            BLUE = 2


def test_match() -> None:
    match Colour(1):
        case Colour.RED:
            pass
        case _:
            pytest.fail("a member does not match")


class Spelled(aristaproto.Enum, prefix="SPELLED_", renamed={"mro_": "SPELLED_mro"}):
    OPEN = 0
    mro_ = 1


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SPELLED_OPEN", "in Python it is 'OPEN'"),
        ("SPELLED_mro", "in Python it is 'mro_'"),
        ("OPNE", "did you mean 'OPEN'?"),
        ("STATE_OPEN", "did you mean 'OPEN'?"),
        ("elsewhere", "Spelled has no member 'elsewhere'"),
    ],
)
def test_a_name_that_is_none_says_which_to_use(name: str, hint: str) -> None:
    with pytest.raises(KeyError) as by_key:
        _ = Spelled[name]
    with pytest.raises(AttributeError) as by_attribute:
        getattr(Spelled, name)
    assert hint in str(by_key.value)
    assert hint in str(by_attribute.value)
    assert by_attribute.value.name == name
    assert Spelled["OPEN"] is Spelled.OPEN
    assert not hasattr(Spelled, "__nothing__")


@pytest.mark.parametrize(
    ("spec", "known", "unknown"),
    [
        ("", "RED", "UNKNOWN(77)"),
        ("d", "1", "77"),
        ("x", "1", "4d"),
        ("03", "001", "077"),
        (">5", "    1", "   77"),
        ("<+4d", "+1  ", "+77 "),
        (".1f", "1.0", "77.0"),
    ],
)
def test_formats_are_the_same_on_each_python(spec: str, known: str, unknown: str) -> None:
    """A name alone, and with a specification the number, as `enum.IntEnum` has it since Python 3.11."""
    assert format(Colour.RED, spec) == known
    assert format(Colour(77), spec) == unknown
    assert f"{Colour.RED!s:>5}" == "  RED"
    assert "%s %d" % (Colour.RED, Colour.RED) == "RED 1"  # noqa: UP031
    with pytest.raises(ValueError, match="format code"):
        format(Colour.RED, "s")
