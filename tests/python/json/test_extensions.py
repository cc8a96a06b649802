"""Extensions in JSON and in text format: under their full names in brackets."""

from __future__ import annotations

import aristaproto
import pytest
from aristaproto import Casing, OutputFormat


class Foo(aristaproto.Message, extendable=True):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    child: Foo | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Foo")


class Bar(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)


long: aristaproto.Extension[Foo, int] = aristaproto.extension(
    "extended.long", "extended.Foo", 100, aristaproto.TYPE_INT64
)
numbers: aristaproto.Extension[Foo, list[int]] = aristaproto.extension(
    "extended.numbers", "extended.Foo", 101, aristaproto.TYPE_INT32, repeated=True
)
bar: aristaproto.Extension[Foo, Bar | None] = aristaproto.extension(
    "extended.Bar.bar", "extended.Foo", 102, aristaproto.TYPE_MESSAGE, "Bar"
)
group: aristaproto.Extension[Foo, Bar | None] = aristaproto.extension(
    "extended.group", "extended.Foo", 103, aristaproto.TYPE_GROUP, "Bar"
)
of_bar: aristaproto.Extension[Bar, int] = aristaproto.extension(
    "extended.of_bar", "extended.Bar", 100, aristaproto.TYPE_INT32
)

pool = aristaproto.MessagePool()
pool.register(
    "extended",
    {
        "Foo": Foo,
        "Bar": Bar,
        "long": long,
        "numbers": numbers,
        "Bar.bar": bar,
        "group": group,
        "of_bar": of_bar,
    },
)


@pytest.fixture
def message() -> Foo:
    made = Foo(number=1, child=Foo())
    extensions = aristaproto.extensions(made)
    extensions[long] = 5
    extensions[numbers] = [1, 2]
    extensions[bar] = Bar(3)
    extensions[group] = Bar()
    assert made.child is not None
    aristaproto.extensions(made.child)[long] = 0
    return made


VALUES = {
    "number": 1,
    "child": {"[extended.long]": "0"},
    "[extended.long]": "5",
    "[extended.numbers]": [1, 2],
    "[extended.Bar.bar]": {"number": 3},
    "[extended.group]": {},
}

TEXT = """number: 1
child {
  [extended.long]: 0
}
[extended.long]: 5
[extended.numbers]: 1
[extended.numbers]: 2
[extended.Bar.bar] {
  number: 3
}
[extended.group] {
}
"""


def test_json(message: Foo) -> None:
    assert message.to_dict() == VALUES
    assert message.to_dict(casing=Casing.SNAKE) == VALUES
    assert Foo.from_dict(VALUES) == message
    assert Foo.from_json(message.to_json()) == message
    python = message.to_dict(output_format=OutputFormat.PYTHON)
    assert python["[extended.long]"] == 5
    assert Foo.from_dict(python) == message
    assert Foo.parse(bytes(Foo.from_dict(VALUES))) == message


def test_text(message: Foo) -> None:
    assert message.to_text() == TEXT
    assert Foo.from_text(TEXT) == message
    split = "[extended.numbers]: [1] number: 1 [ extended . numbers ]: 2"
    assert aristaproto.extensions(Foo.from_text(split))[numbers] == [1, 2]


@pytest.mark.parametrize("key", ["[extended.no]", "[extended.of_bar]", "[number]", "extended.long"])
def test_unknown(key: str) -> None:
    with pytest.raises(KeyError):
        Foo.from_dict({key: 1})
    assert Foo.from_dict({key: 1}, ignore_unknown_fields=True) == Foo()
    if key.startswith("["):
        with pytest.raises(aristaproto.TextError, match="expected a field"):
            Foo.from_text(f"{key}: 1")
        assert Foo.from_text(f"{key}: 1", ignore_unknown_fields=True) == Foo()


def test_path_of_an_error() -> None:
    with pytest.raises(aristaproto.JsonError, match=r"at `child\[extended\.numbers\]\[1\]`"):
        Foo.from_dict({"child": {"[extended.numbers]": [1, "x"]}})
    with pytest.raises(aristaproto.TextError, match=r"at `child\[extended\.long\]`"):
        Foo.from_text("child { [extended.long]: x }")
    with pytest.raises(aristaproto.TextError, match="one value"):
        Foo.from_text("[extended.long]: 1 [extended.long]: 1")


def test_another_pool() -> None:
    class Late(aristaproto.Message, extendable=True):
        pass

    late = aristaproto.extension("late.number", "late.Late", 1, aristaproto.TYPE_INT32)
    aristaproto.MessagePool().register("late", {"Late": Late})
    other = aristaproto.MessagePool()
    other.register("late", {"number": late})
    with pytest.raises(KeyError):
        Late.from_dict({"[late.number]": 1})
    for made in (
        Late.from_dict({"[late.number]": 1}, message_pool=other),
        Late.from_json('{"[late.number]": 1}', message_pool=other),
        Late.from_text("[late.number]: 1", message_pool=other),
    ):
        assert aristaproto.extensions(made)[late] == 1
        assert made.to_dict() == {"[late.number]": 1}
