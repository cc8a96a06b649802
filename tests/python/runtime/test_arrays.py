"""Arrays as values of repeated fields of numbers, and `aristaproto.array`, under both codecs."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import struct
from array import array
from collections.abc import Callable
from io import BytesIO
from typing import Any

import aristaproto
import aristaproto.pydantic
import pytest
from aristaproto import OutputFormat

FORMATS = {
    aristaproto.TYPE_DOUBLE: "d",
    aristaproto.TYPE_FLOAT: "f",
    aristaproto.TYPE_INT64: "q",
    aristaproto.TYPE_UINT64: "Q",
    aristaproto.TYPE_INT32: "i",
    aristaproto.TYPE_FIXED64: "Q",
    aristaproto.TYPE_FIXED32: "I",
    aristaproto.TYPE_BOOL: "?",
    aristaproto.TYPE_UINT32: "I",
    aristaproto.TYPE_SFIXED32: "i",
    aristaproto.TYPE_SFIXED64: "q",
    aristaproto.TYPE_SINT32: "i",
    aristaproto.TYPE_SINT64: "q",
}


class Color(aristaproto.Enum):
    NONE = 0
    RED = 1


class Numbers(aristaproto.Message):
    """A repeated field of each type, packed or not, among others."""

    id: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    doubles: list[float] = aristaproto.field(2, aristaproto.TYPE_DOUBLE, repeated=True)
    floats: list[float] = aristaproto.field(3, aristaproto.TYPE_FLOAT, repeated=True)
    int64s: list[int] = aristaproto.field(4, aristaproto.TYPE_INT64, repeated=True)
    loose: list[int] = aristaproto.field(5, aristaproto.TYPE_INT32, repeated=True, packed=False)
    name: str = aristaproto.field(6, aristaproto.TYPE_STRING)
    loose_fixed: list[int] = aristaproto.field(
        7, aristaproto.TYPE_FIXED64, repeated=True, packed=False
    )
    colors: list[Color] = aristaproto.field(8, aristaproto.TYPE_ENUM, Color, repeated=True)
    strings: list[str] = aristaproto.field(9, aristaproto.TYPE_STRING, repeated=True)
    counts: dict[str, int] = aristaproto.map_field(
        10, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32
    )
    card: int | None = aristaproto.field(11, aristaproto.TYPE_INT32, oneof="pay")
    cash: int | None = aristaproto.field(12, aristaproto.TYPE_INT32, oneof="pay")
    child: Numbers | None = aristaproto.field(13, aristaproto.TYPE_MESSAGE, "Numbers")
    children: list[Numbers] = aristaproto.field(
        14, aristaproto.TYPE_MESSAGE, "Numbers", repeated=True
    )


class Strict(aristaproto.Message):
    """One with a required field."""

    id: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, required=True)
    values: list[float] = aristaproto.field(2, aristaproto.TYPE_DOUBLE, repeated=True)


class Holder(aristaproto.Message):
    strict: Strict | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Strict")


def class_of(type_: int, packed: bool) -> type[Any]:
    class Values(aristaproto.Message):
        values: list[Any] = aristaproto.field(1, type_, repeated=True, packed=packed)

    return Values


def samples(code: str, count: int) -> list[Any]:
    """Numbers of a format, its smallest and its largest among them."""
    if code == "?":
        return [index % 3 == 0 for index in range(count)]
    if code in "df":
        return [(index - count // 2) / 4 for index in range(count)]
    bits = 8 * struct.calcsize(code)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if code.islower() else (0, (1 << bits) - 1)
    spread = [low, high, low + 1, high - 1]
    spread += [sign << bit for bit in range(bits - 1) for sign in ((1, -1) if low else (1,))]
    return [spread[index % len(spread)] for index in range(count)]


def buffer(code: Any, values: list[Any]) -> Any:
    view: Any = memoryview(struct.pack(f"{len(values)}{code}", *values))
    return view.cast(code)


DOUBLES = [index / 8 for index in range(200)]
INT64S = samples("q", 200)


def with_lists(**others: Any) -> Numbers:
    return Numbers(id=7, doubles=list(DOUBLES), int64s=list(INT64S), name="n", **others)


def with_arrays(**others: Any) -> Numbers:
    values: dict[str, Any] = {"doubles": array("d", DOUBLES), "int64s": array("q", INT64S)}
    return Numbers(id=7, name="n", **values, **others)


@pytest.mark.parametrize("count", [0, 1, 3, 500])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("type_", FORMATS)
def test_each_type_there_and_back(type_: int, packed: bool, count: int) -> None:
    code = FORMATS[type_]
    cls, values = class_of(type_, packed), samples(code, count)
    wire = bytes(cls(values=values))
    given = cls(values=buffer(code, values))
    assigned = cls()
    assigned.values = buffer(code, values)
    for message in (given, assigned, cls.parse(wire), cls(values=values)):
        made = aristaproto.array(message, "values")
        assert (made.format, made.readonly, made.ndim) == (code, True, 1)
        assert made.tolist() == values
        assert bytes(message) == wire
        assert aristaproto.byte_size(message) == len(wire)
        read: list[Any] = message.values
        assert type(read) is list
        assert read == values
        assert [type(value) for value in read] == [type(value) for value in values]
        assert bytes(message) == wire
        # Once more, of the list.
        assert aristaproto.array(message, "values").tolist() == values


@pytest.mark.parametrize("type_", FORMATS)
def test_strides(type_: int) -> None:
    code = FORMATS[type_]
    values = samples(code, 30)
    cls = class_of(type_, True)
    assert cls(values=buffer(code, values)[::-2]) == cls(values=values[::-2])


def test_bytes_that_are_true_are_bools() -> None:
    cls = class_of(aristaproto.TYPE_BOOL, True)
    message = cls(values=memoryview(b"\0\1\2\xff").cast("?"))
    assert bytes(message) == b"\x0a\x04\0\1\1\1"


def test_several_records_are_one_array() -> None:
    cls = class_of(aristaproto.TYPE_SINT32, True)
    # Packed, one by one, a field that is unknown, packed.
    wire = b"\x0a\x02\x01\x02" + b"\x08\x03" + b"\x15abcd" + b"\x0a\x01\x04"
    assert aristaproto.array(cls.parse(wire), "values").tolist() == [-1, 1, -2, 2]
    message = cls.parse(wire)
    assert message.values == [-1, 1, -2, 2]
    assert bytes(message) == b"\x0a\x04\x01\x02\x03\x04\x15abcd"
    # An int32 may come as ten bytes, or as more than 32 bits.
    ints = class_of(aristaproto.TYPE_INT32, True)
    wire = b"\x0a\x0f" + b"\xff" * 9 + b"\x01" + b"\x81\x80\x80\x80\x10"
    assert aristaproto.array(ints.parse(wire), "values").tolist() == [-1, 1]


def test_an_array_beside_other_fields() -> None:
    others: dict[str, Any] = {
        "loose": [1, 2],
        "strings": ["a"],
        "counts": {"a": 1},
        "cash": 3,
        "child": with_lists(),
        "children": [with_lists(), Numbers()],
    }
    nested: dict[str, Any] = {
        **others,
        "loose": array("i", [1, 2]),
        "child": with_arrays(),
        "children": [with_arrays(), Numbers()],
    }
    plain, made = with_lists(**others), with_arrays(**nested)
    for message in (plain, made):
        message._unknown_fields = b"\xa0\x06\x01"  # pyright: ignore[reportPrivateUsage]
    assert bytes(made) == bytes(plain)
    assert aristaproto.byte_size(made) == len(bytes(plain))
    # Values that Python code converts are written beside it, too.
    for message in (plain, made):
        message.strings = iter(["x", "y"])  # type: ignore[assignment]
    assert bytes(made) == bytes(plain)
    assert aristaproto.array(made, "doubles").tolist() == DOUBLES
    assert made == plain


def set_both(message: Numbers) -> None:
    message.card = 8
    message.cash = 9


def merged(into: Numbers, message: Numbers) -> Numbers:
    aristaproto.merge(into, message)
    return into


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a list": lambda message: setattr(message, "doubles", [1.0]),
    "an array": lambda message: setattr(message, "doubles", array("d", [1.0])),
    "an array of another field": lambda message: setattr(message, "loose", array("i", [1])),
    "an array in between": lambda message: setattr(message, "floats", array("f", [1])),
    "no numbers": lambda message: setattr(message, "doubles", array("d")),
    "None": lambda message: setattr(message, "doubles", None),
    "deleted": lambda message: delattr(message, "doubles"),
    "cleared": lambda message: aristaproto.clear(message, "doubles"),
    "appended": lambda message: message.doubles.append(1.5),
    "a scalar": lambda message: setattr(message, "id", 8),
    "a scalar deleted": lambda message: delattr(message, "id"),
    "a member": lambda message: setattr(message, "card", 8),
    "another member": set_both,
    "read": lambda message: message.doubles[0],
    "another one read": lambda message: message.int64s[0],
    "a scalar read": lambda message: (message.id, message.card, message._unknown_fields),
    "initialised": lambda message: message.__init__(id=1, doubles=array("d", [2])),
    "merged into": lambda message: aristaproto.merge(message, with_lists()),
    "loaded": lambda message: message.load(BytesIO(bytes(with_lists()))),
}


@pytest.mark.parametrize("start", ["arrays", "parsed", "parsed and looked at"])
@pytest.mark.parametrize("change", CHANGES)
def test_changes(start: str, change: str) -> None:
    plain = with_lists(card=1)
    if start == "arrays":
        made = with_arrays(card=1)
    else:
        made = Numbers.parse(bytes(plain))
        if start == "parsed and looked at":
            assert made.name == "n"
    CHANGES[change](plain)
    CHANGES[change](made)
    for name in ("doubles", "int64s", "loose", "floats"):
        wanted: Any = getattr(plain, name) or []
        assert aristaproto.array(made, name).tolist() == wanted, name
    assert bytes(made) == bytes(plain)
    assert made == plain
    assert bytes(made) == bytes(plain)


SAME: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "bool": bool,
    "json": lambda message: message.to_json(),
    "text": lambda message: message.to_text(),
    "dict": lambda message: message.to_dict(),
    "python dict": lambda message: message.to_dict(output_format=OutputFormat.PYTHON),
    "is_set": lambda message: message.is_set("doubles"),
    "get": lambda message: aristaproto.get(message, "doubles"),
    "copy": lambda message: copy.copy(message),
    "deepcopy": lambda message: copy.deepcopy(message),
    "deepcopy of a list": lambda message: copy.deepcopy([message, message])[1],
    "pickle": lambda message: pickle.loads(pickle.dumps(message)),
    "merge": lambda message: merged(Numbers(doubles=[0.5]), message),
    "merge into arrays": lambda message: bytes(merged(with_arrays(), message)),
    "replace": lambda message: dataclasses.replace(message, id=3),
    "replace by an array": lambda message: dataclasses.replace(message, doubles=array("d", [3])),
    "deterministic": lambda message: bytes(message),
    "inside": lambda message: bytes(Numbers(child=message, children=[message, message])),
    "deepcopy inside": lambda message: copy.deepcopy(Numbers(child=message, id=1)),
    "parse and write": lambda message: bytes(Numbers.parse(bytes(message))),
}


@pytest.mark.parametrize("what", SAME)
@pytest.mark.parametrize("alone", [True, False])
def test_everybody_else_sees_a_list(what: str, alone: bool) -> None:
    if alone:
        values: Any = array("d", DOUBLES)
        plain, made = Numbers(doubles=DOUBLES), Numbers(doubles=values)
    else:
        plain, made = with_lists(), with_arrays()
    wanted = SAME[what](plain)
    got = SAME[what](made)
    assert got == wanted
    assert made == plain
    assert bytes(made) == bytes(plain)


def test_the_array_is_copied() -> None:
    values = array("d", [1, 2])
    message = Numbers(doubles=values)  # type: ignore[arg-type]
    values[0] = 5
    # Nothing of it is held: it can grow.
    values.append(3)
    assert message.doubles == [1.0, 2.0]
    assert bytes(message) == bytes(Numbers(doubles=[1, 2]))


def test_what_was_taken_does_not_change() -> None:
    for message in (Numbers(doubles=[1, 2]), Numbers.parse(bytes(Numbers(doubles=[1, 2])))):
        taken = aristaproto.array(message, "doubles")
        message.doubles[0] = 9.0
        message.doubles = []
        del message
        assert taken.tolist() == [1.0, 2.0]
        with pytest.raises(TypeError):
            taken[0] = 1.0


def test_copies_share_lists_only_where_lists_are_shared() -> None:
    message = with_arrays()
    shallow, deep = copy.copy(message), copy.deepcopy(message)
    assert shallow.doubles is message.doubles
    message.doubles.append(1.0)
    assert deep == with_lists()


def test_arrays_of_other_formats_become_lists() -> None:
    values: Any = array("i", [1, -2])
    message = Numbers(int64s=values, doubles=values)
    assert message.int64s == [1, -2]
    values[0] = 9
    assert message == Numbers(int64s=[1, -2], doubles=[1, -2])
    message = Numbers(loose=array("q", [1, 2**40]))  # type: ignore[arg-type]
    with pytest.raises(aristaproto.EncodeError, match=r"loose\[1\]"):
        bytes(message)
    with pytest.raises(aristaproto.EncodeError, match=r"loose\[1\]"):
        aristaproto.array(message, "loose")
    message = Numbers(loose=array("d", [1]))  # type: ignore[arg-type]
    with pytest.raises(aristaproto.EncodeError, match=r"loose\[0\]"):
        bytes(message)


def test_two_dimensions_are_refused() -> None:
    square: Any = memoryview(bytes(32)).cast("d", (2, 2))
    message = Numbers()
    with pytest.raises(TypeError, match="doubles: expected an array of one dimension"):
        message.doubles = square
    with pytest.raises(TypeError, match="doubles: expected an array of one dimension"):
        Numbers(doubles=square)
    assert message == Numbers()
    with pytest.raises(TypeError, match="one dimension"):
        aristaproto.from_array(square)


def test_bytes_are_no_array() -> None:
    for value in (b"abc", bytearray(b"abc"), "abc"):
        message = Numbers(loose=value)  # type: ignore[arg-type]
        with pytest.raises(aristaproto.EncodeError, match=r"expected a list.* `loose`"):
            bytes(message)
        with pytest.raises(aristaproto.EncodeError, match=r"expected a list.* `loose`"):
            aristaproto.array(message, "loose")


def test_other_iterables_are_as_before() -> None:
    message = Numbers(loose=(1, 2), int64s=(number for number in (3, 4)))  # type: ignore[arg-type]
    assert aristaproto.array(message, "int64s").tolist() == [3, 4]
    assert message.int64s == [3, 4]
    assert bytes(message) == bytes(Numbers(loose=[1, 2], int64s=[3, 4]))
    assert Numbers(loose=None).loose == []  # type: ignore[arg-type]


def test_released_views_and_hostile_buffers_are_refused() -> None:
    view = memoryview(bytes(8)).cast("d")
    view.release()
    with pytest.raises(ValueError, match="released"):
        Numbers(doubles=view)  # type: ignore[arg-type]


def test_a_list_of_wrong_elements() -> None:
    for bad in ([True, 2], [1, None], ["x"]):
        cls = class_of(aristaproto.TYPE_BOOL, True)
        with pytest.raises(aristaproto.EncodeError, match=r"values\["):
            aristaproto.array(cls(values=bad), "values")


def test_fields_of_other_types() -> None:
    message = Numbers(colors=[Color.RED])
    for name in ("colors", "strings", "id", "counts", "child", "children"):
        with pytest.raises(TypeError, match=f"{name}: expected a repeated field of numbers"):
            aristaproto.array(message, name)
    with pytest.raises(AttributeError, match="did you mean 'doubles'"):
        aristaproto.array(message, "double")
    # Enums are no numbers: an array of them is a list at once, and its elements are checked as those of lists are.
    message.colors = array("i", [1])  # type: ignore[assignment]
    assert bytes(message) == bytes(Numbers(colors=[Color.RED]))


def with_objects(make: Callable[[list[Any]], Any]) -> Numbers:
    """A message with what `make` makes of a list in its repeated fields of other types."""
    children = [Numbers(id=1), Numbers(id=2)]
    return Numbers(strings=make(["a", "b"]), children=make(children), colors=make([1, 0]))


def objects(values: list[Any]) -> Any:
    numpy: Any = importlib.import_module("numpy")
    return numpy.array(values, None if isinstance(values[0], (int, str)) else object)


WITHOUT_NUMBERS: list[Callable[[Numbers], Any]] = [
    bytes,
    Numbers.to_text,
    Numbers.to_json,
    Numbers.to_dict,
    lambda message: bytes(merged(message, with_objects(objects))),
    lambda message: bytes(merged(with_objects(list), message)),
]


@pytest.mark.parametrize("what", WITHOUT_NUMBERS)
def test_arrays_of_what_is_no_number(what: Callable[[Numbers], Any]) -> None:
    assert what(with_objects(objects)) == what(with_objects(list))


def test_arrays_of_what_is_no_number_are_lists_at_once() -> None:
    message, plain = with_objects(objects), with_objects(list)
    assert message == plain
    assert copy.deepcopy(message) == pickle.loads(pickle.dumps(message)) == plain
    for name in ("strings", "children", "colors"):
        assert type(getattr(message, name)) is list
    wire = bytes(plain)
    assert message.load(BytesIO(wire)) == plain.load(BytesIO(wire))


@pytest.mark.parametrize(
    ("name", "type_"), [("card", "int32"), ("id", "int32"), ("name", "string")]
)
def test_an_array_in_a_field_of_one_value(name: str, type_: str) -> None:
    # What a field cannot carry is refused when it is written; Python values are as they are.
    held = objects([1, 2])
    message = Numbers(**{name: held})
    assert message.to_dict(output_format=OutputFormat.PYTHON)[name] is held
    assert message.is_set(name)
    assert repr(message) == f"Numbers({name}={held!r})"
    for write in (bytes, Numbers.to_json, Numbers.to_text):
        with pytest.raises(aristaproto.Error, match=f"expected {type_}.*`{name}`"):
            write(message)


def test_views_of_other_formats() -> None:
    numpy: Any = importlib.import_module("numpy")
    for dtype in (">f4", "f2", ">i4"):
        view = memoryview(numpy.arange(4, dtype=dtype))
        assert Numbers(doubles=view).doubles == [0, 1, 2, 3]  # type: ignore[arg-type]
        assert Numbers(doubles=view[::-2]).doubles == [3, 1]  # type: ignore[arg-type]
    for dtype in ("U3", "O", "i4,f4"):
        with pytest.raises(TypeError, match="doubles: expected an array of numbers, got a memory"):
            Numbers(doubles=memoryview(numpy.zeros(2, dtype)))  # type: ignore[arg-type]


def test_required_fields_are_looked_for_beside_arrays() -> None:
    values: Any = array("d", DOUBLES)
    message = Strict(values=values)
    assert not aristaproto.is_initialized(message)
    for use in (bytes, aristaproto.byte_size):
        with pytest.raises(aristaproto.EncodeError, match="id"):
            use(message)
    holder = Holder(strict=Strict(values=values))
    for held in (holder, copy.deepcopy(holder), copy.copy(holder)):
        with pytest.raises(aristaproto.EncodeError, match="strict"):
            bytes(held)
    message.id = 1
    assert bytes(message) == bytes(Strict(id=1, values=DOUBLES))
    parsed = Strict.parse(bytes(message))
    assert aristaproto.array(parsed, "values").tolist() == DOUBLES
    assert aristaproto.is_initialized(parsed)


def test_subclasses() -> None:
    class Below(Numbers):
        more: list[int] = aristaproto.field(20, aristaproto.TYPE_INT32, repeated=True)

    values: Any = array("i", [1, 2])
    message = Below(loose=values, more=values)
    assert (message.loose, message.more) == ([1, 2], [1, 2])
    assert aristaproto.array(Below.parse(bytes(message)), "more").tolist() == [1, 2]


def test_the_pydantic_flavour() -> None:
    class Checked(aristaproto.pydantic.Message):
        values: list[float] = aristaproto.field(1, aristaproto.TYPE_DOUBLE, repeated=True)

    message = Checked(values=aristaproto.from_array(array("d", [1, 2])))
    assert message.values == [1.0, 2.0]
    message.values = aristaproto.from_array(array("d", [3]))
    assert aristaproto.array(message, "values").tolist() == [3.0]
    assert message == Checked(values=[3])


def test_from_array_gives_what_it_got() -> None:
    values = array("d", [1, 2])
    assert aristaproto.from_array(values) is values
    assert Numbers(doubles=aristaproto.from_array(values)).doubles == [1.0, 2.0]
    with pytest.raises(TypeError):
        aristaproto.from_array([1.0])  # type: ignore[arg-type]


def test_an_array_in_a_field_of_one_number() -> None:
    class One(aristaproto.Message):
        single: float = aristaproto.field(1, aristaproto.TYPE_FLOAT)
        double: float = aristaproto.field(2, aristaproto.TYPE_DOUBLE)

    numpy: Any = importlib.import_module("numpy")
    for name in ("single", "double"):
        given: dict[str, Any] = {name: numpy.array([1.0, 2.0])}
        message = One(**given)
        for write in (bytes, One.to_json, One.to_text):
            with pytest.raises(ValueError, match=f"got ndarray array.* at `{name}`"):
                write(message)


@pytest.mark.parametrize("type_", FORMATS)
def test_numpy(type_: int) -> None:
    numpy: Any = importlib.import_module("numpy")
    code = FORMATS[type_]
    values = samples(code, 60)
    cls = class_of(type_, True)
    given = numpy.array(values, code)
    # As it is, strided, backwards, of the other byte order, read-only.
    read_only = given.copy()
    read_only.flags.writeable = False
    for held, wanted in (
        (given, values),
        (given[::3], values[::3]),
        (given[::-1], values[::-1]),
        (given.astype(given.dtype.newbyteorder()), values),
        (read_only, values),
        (numpy.array(given, object), values),
    ):
        message = cls(values=held)
        taken = numpy.asarray(aristaproto.array(message, "values"))
        assert taken.dtype == given.dtype
        assert taken.tolist() == wanted
        assert not taken.flags.writeable
        assert taken.flags.aligned
        assert bytes(message) == bytes(cls(values=wanted))
    for wrong in (numpy.ones((2, 2), code), numpy.array(1, code)):
        with pytest.raises(TypeError, match="values: expected an array of one dimension"):
            cls(values=wrong)


def test_array_refuses_a_float_that_is_too_large() -> None:
    with pytest.raises(aristaproto.EncodeError, match=r"floats\[1\]"):
        aristaproto.array(Numbers(floats=[0.5, 1e300]), "floats")
