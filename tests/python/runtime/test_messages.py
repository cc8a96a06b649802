"""Messages as Python objects: construction, attributes, presence, comparison, copies, pickles, dataclasses."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import aristaproto
import pytest
from aristaproto import wkt


class Colour(aristaproto.Enum, prefix="COLOUR_"):
    RED = 0
    GREEN = 1


class Point(aristaproto.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    y: int = aristaproto.field(2, aristaproto.TYPE_INT32)


class Everything(aristaproto.Message):
    """Declared out of the order of numbers."""

    child: Everything | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Everything")
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    ratio: float = aristaproto.field(3, aristaproto.TYPE_DOUBLE)
    on: bool = aristaproto.field(4, aristaproto.TYPE_BOOL)
    data: bytes = aristaproto.field(5, aristaproto.TYPE_BYTES)
    colour: Colour = aristaproto.field(6, aristaproto.TYPE_ENUM, "Colour")
    points: list[Point] = aristaproto.field(7, aristaproto.TYPE_MESSAGE, "Point", repeated=True)
    counts: dict[str, int] = aristaproto.map_field(
        8, aristaproto.TYPE_STRING, aristaproto.TYPE_INT64
    )
    maybe: int | None = aristaproto.field(9, aristaproto.TYPE_INT32, optional=True)
    text: str | None = aristaproto.field(10, aristaproto.TYPE_STRING, oneof="payload")
    point: Point | None = aristaproto.field(11, aristaproto.TYPE_MESSAGE, "Point", oneof="payload")
    signal: Colour | None = aristaproto.field(12, aristaproto.TYPE_ENUM, "Colour", oneof="payload")
    ratios: list[float] = aristaproto.field(13, aristaproto.TYPE_DOUBLE, repeated=True)


class Declared(aristaproto.Message):
    """proto2: defaults and a required field."""

    number: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, optional=True, default=42)
    colour: Colour | None = aristaproto.field(
        2, aristaproto.TYPE_ENUM, "Colour", optional=True, default=1
    )
    key: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, required=True)
    inner: Declared | None = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Declared")
    many: list[Declared] = aristaproto.field(5, aristaproto.TYPE_MESSAGE, "Declared", repeated=True)
    by_id: dict[int, Declared] = aristaproto.map_field(
        6, aristaproto.TYPE_INT32, aristaproto.TYPE_MESSAGE, "Declared"
    )


class Old(aristaproto.Message, deprecated=True):
    value: int = aristaproto.field(1, aristaproto.TYPE_INT32)


class Aging(aristaproto.Message):
    value: int = aristaproto.field(1, aristaproto.TYPE_INT32, deprecated=True)
    maybe: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, optional=True, deprecated=True)
    old: Old | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Old")
    many: list[int] = aristaproto.field(4, aristaproto.TYPE_INT32, repeated=True, deprecated=True)


@dataclasses.dataclass
class Decorated(aristaproto.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    left: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="side")
    right: int | None = aristaproto.field(3, aristaproto.TYPE_INT32, oneof="side")
    last: str = aristaproto.field(4, aristaproto.TYPE_STRING)


class Labelled(Point):
    """A user's subclass: no fields of its own, a method and a constructor."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.x += 1

    def length(self) -> float:
        return math.hypot(self.x, self.y)


class Extended(Point):
    z: int = aristaproto.field(3, aristaproto.TYPE_INT32)


def full() -> Everything:
    return Everything(
        name="n",
        child=Everything(name="c"),
        ratio=math.nan,
        on=True,
        data=b"\0",
        colour=Colour.GREEN,
        points=[Point(1, 2), Point()],
        counts={"a": 1, "": 0},
        maybe=0,
        signal=Colour.RED,
        ratios=[math.nan, -0.0],
    )


class TestConstruction:
    def test_fields_are_positional_in_order_of_declaration(self) -> None:
        child = Everything()
        assert Everything(child, "n").child is child
        assert Everything(child, "n").name == "n"
        assert Point(3, 4) == Point(x=3, y=4)

    def test_defaults(self) -> None:
        empty = Everything()
        assert empty.name == ""
        assert empty.ratio == 0.0
        assert empty.on is False
        assert empty.data == b""
        assert empty.colour is Colour.RED
        assert empty.colour.name == "RED"
        assert empty.points == []
        assert empty.counts == {}
        assert [empty.child, empty.maybe, empty.text, empty.point, empty.signal] == [None] * 5

    def test_lists_and_dicts_are_fresh(self) -> None:
        Everything().points.append(Point())
        Everything.parse(b"").counts["a"] = 1
        assert Everything().points == []
        assert Everything.parse(b"").counts == {}

    @pytest.mark.parametrize("name", ["child", "maybe", "text", "points", "counts"])
    def test_none_is_as_leaving_out(self, name: str) -> None:
        arguments: dict[str, Any] = {name: None}
        assert Everything(**arguments) == Everything()

    def test_unknown_keyword(self) -> None:
        with pytest.raises(TypeError, match="nmae"):
            Everything(nmae="x")  # type: ignore[call-arg]

    def test_two_members_of_a_oneof(self) -> None:
        with pytest.raises(TypeError, match="text and point are members of the oneof 'payload'"):
            Everything(text="a", point=Point())

    def test_signature_shows_the_fields(self) -> None:
        class Fresh(aristaproto.Message):
            x: int = aristaproto.field(1, aristaproto.TYPE_INT32)

        assert list(inspect.signature(Fresh).parameters) == ["x"]
        Fresh(1)
        assert list(inspect.signature(Fresh).parameters) == ["x"]

    def test_subclass(self) -> None:
        made = Labelled(2, 4)
        assert made.length() == 5
        assert Labelled.parse(bytes(made)) == made
        assert made != Point(3, 4)
        assert type(copy.copy(made)) is Labelled
        assert bytes(Everything(points=[made])) == bytes(Everything(points=[Point(3, 4)]))

    def test_subclass_with_fields(self) -> None:
        assert Extended(1, 2, 3).z == 3
        assert Extended.parse(bytes(Extended(1, 2, 3))) == Extended(1, 2, 3)
        assert Extended.__match_args__ == ("x", "y", "z")
        assert [field.name for field in dataclasses.fields(Extended)] == ["x", "y", "z"]
        assert Point.parse(bytes(Extended(1, 2, 3))) == Point(1, 2)

    def test_fields_named_like_the_constructor_s_own_names(self) -> None:
        class Hostile(aristaproto.Message):
            _self: int = aristaproto.field(1, aristaproto.TYPE_INT32)
            _set0: list[int] = aristaproto.field(2, aristaproto.TYPE_INT32, repeated=True)
            self: int = aristaproto.field(4, aristaproto.TYPE_INT32)

        assert bytes(Hostile(1, [2], self=4)) == b"\x08\x01\x12\x01\x02\x20\x04"

    def test_threads_that_use_a_class_first(self) -> None:
        for _ in range(20):

            class Fresh(aristaproto.Message):
                a: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, oneof="o")
                b: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="o")

            barrier = threading.Barrier(4)

            def use(cls: type[Fresh] = Fresh, barrier: threading.Barrier = barrier) -> bool:
                barrier.wait()
                message = cls(a=1)
                message.b = 2
                return message.a is None and bytes(message) == b"\x10\x02"

            with ThreadPoolExecutor(4) as threads:
                results = [threads.submit(use) for _ in range(4)]
            assert [result.result() for result in results] == [True] * 4

    def test_slots(self) -> None:
        assert not hasattr(Point(), "__dict__")

    def test_number_twice(self) -> None:
        class Twice(aristaproto.Message):
            a: int = aristaproto.field(1, aristaproto.TYPE_INT32)
            b: int = aristaproto.field(1, aristaproto.TYPE_INT32)

        with pytest.raises(TypeError, match=r"Twice\.b has number 1, as has Twice\.a"):
            Twice()

    def test_class_that_does_not_exist(self) -> None:
        class Lost(aristaproto.Message):
            a: Any = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Nowhere")

        with pytest.raises(TypeError, match=r"Lost\.a: there is no 'Nowhere' in module"):
            Lost()

    def test_class_given_by_a_callable(self) -> None:
        class Outer(aristaproto.Message):
            inner: Any = aristaproto.field(1, aristaproto.TYPE_MESSAGE, lambda: Point)

        assert Outer.parse(b"\x0a\x02\x08\x05").inner == Point(5)


class TestAttributes:
    def test_any_value_is_taken(self) -> None:
        message = Everything()
        message.colour = 1  # type: ignore[assignment]
        message.points = (Point(), Point(1))  # type: ignore[assignment]
        message.maybe = 2**40
        assert message.colour == Colour.GREEN
        assert len(message.points) == 2

    def test_generators_are_read_once_and_kept(self) -> None:
        message = Everything()
        message.points = (Point(i) for i in range(3))  # type: ignore[assignment]
        assert len(Everything.parse(bytes(message)).points) == 3
        assert bytes(message) == bytes(Everything(points=[Point(0), Point(1), Point(2)]))

    def test_what_is_no_field_names_the_nearest(self) -> None:
        with pytest.raises(
            AttributeError, match="Everything has no field 'nmae'; did you mean 'name'"
        ):
            Everything().nmae = 1  # type: ignore[attr-defined]
        with pytest.raises(
            AttributeError, match="Point has no field 'wholly_else': its fields are x, y"
        ):
            Point().wholly_else = 1  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="Point has no field 'parse'"):
            Point().parse = 1  # type: ignore[assignment, method-assign]

    def test_match(self) -> None:
        match Everything(text="t"):
            case Everything(point=Point(x=x)):
                found: object = x
            case Everything(text=str(text)):
                found = text
            case _:
                found = None
        assert found == "t"
        match Point(3, 4):
            case Point(x, y):
                assert (x, y) == (3, 4)
            case _:
                pytest.fail("positional patterns do not match")


class TestOneof:
    def test_setting_one_clears_the_others(self) -> None:
        message = Everything(text="a")
        message.point = Point(1)
        assert message.text is None
        assert aristaproto.which_one_of(message, "payload") == ("point", Point(1))
        message.signal = Colour.RED
        assert message.point is None
        assert aristaproto.which_one_of(message, "payload") == ("signal", Colour.RED)

    def test_setting_none_clears_only_itself(self) -> None:
        message = Everything(text="a")
        message.point = None
        assert message.text == "a"
        message.text = None
        assert aristaproto.which_one_of(message, "payload") == ("", None)

    def test_parsing_clears_the_others(self) -> None:
        wire = bytes(Everything(text="a")) + bytes(Everything(signal=Colour.GREEN))
        message = Everything.parse(wire)
        assert (message.text, message.signal) == (None, Colour.GREEN)

    def test_unknown_group(self) -> None:
        with pytest.raises(KeyError, match="has no oneof 'nothing', only 'payload'"):
            aristaproto.which_one_of(Everything(), "nothing")

    def test_zero_is_set_and_survives(self) -> None:
        assert bytes(Everything(text="")) == b"\x52\x00"
        assert bytes(Everything(point=Point())) == b"\x5a\x00"
        assert Everything.parse(b"\x60\x00").signal is Colour.RED


class TestPresence:
    def test_is_set(self) -> None:
        message = full()
        assert message.is_set("maybe")
        assert message.is_set("on")
        assert message.is_set("points")
        assert message.is_set("signal")
        assert not message.is_set("text")
        assert not Everything().is_set("maybe")
        assert not Everything().is_set("points")
        assert Everything(ratio=-0.0).is_set("ratio")
        with pytest.raises(AttributeError, match="did you mean 'maybe'"):
            message.is_set("maybee")

    def test_bool(self) -> None:
        message = Point()
        assert not message
        message.x = 1
        assert message
        message.x = 0
        assert not message
        assert Everything(maybe=0)
        assert Everything(child=Everything())

    def test_defaults_and_clear(self) -> None:
        assert aristaproto.default(Declared, "number") == 42
        assert aristaproto.default(Declared, "colour") is Colour.GREEN
        assert aristaproto.default(Declared, "key") == ""
        assert aristaproto.default(Declared, "inner") is None
        assert aristaproto.default(Everything, "points") == []
        message = Declared(key="k")
        assert message.number is None
        assert aristaproto.get(message, "number") == 42
        message.number = 0
        assert aristaproto.get(message, "number") == 0
        aristaproto.clear(message, "number")
        assert message.number is None
        with pytest.raises(AttributeError, match="did you mean 'number'"):
            aristaproto.clear(message, "numer")

    def test_required(self) -> None:
        assert not aristaproto.is_initialized(Declared())
        assert aristaproto.is_initialized(Declared(key=""))
        assert not aristaproto.is_initialized(Declared(key="", inner=Declared()))
        with pytest.raises(aristaproto.EncodeError, match=r"at `inner\.key`"):
            bytes(Declared(key="", inner=Declared()))
        with pytest.raises(aristaproto.EncodeError, match=r"at `many\[1\]\.key`"):
            bytes(Declared(key="", many=[Declared(key=""), Declared()]))
        with pytest.raises(aristaproto.EncodeError, match=r"at `by_id\[7\]\.key`"):
            bytes(Declared(key="", by_id={7: Declared()}))
        with pytest.raises(aristaproto.DecodeError, match="required field, got none at `key`"):
            Declared.parse(b"")


class TestEquality:
    def test_same_class_only(self) -> None:
        others: list[Any] = [1, Everything(), Labelled(), None]
        for other in others:
            assert Point() != other
            assert Point().__eq__(other) is NotImplemented
        assert Point() == mock.ANY

    def test_nan(self) -> None:
        assert full() == full()
        assert Everything(ratio=math.nan) == Everything(ratio=float("nan"))
        assert Everything(ratios=[float("nan")]) == Everything(ratios=[float("nan")])
        assert Everything(ratio=math.nan) != Everything(ratio=1.0)
        assert Everything(ratios=[math.nan, 1.0]) != Everything(ratios=[math.nan, 2.0])

    def test_lists_equal_tuples(self) -> None:
        message = Everything(ratios=[1.0])
        message.ratios = (1.0,)  # type: ignore[assignment]
        assert message == Everything(ratios=[1.0])

    def test_unknown_fields_do_not_count(self) -> None:
        assert Point.parse(b"\x08\x01\x18\x05") == Point(1)

    def test_unhashable(self) -> None:
        with pytest.raises(TypeError, match="unhashable"):
            hash(Point())


class TestRepr:
    def test_fields_by_number_that_differ_from_the_default(self) -> None:
        assert repr(Everything(Everything(), name="Loki")) == (
            "Everything(name='Loki', child=Everything())"
        )
        assert repr(Everything(maybe=0, colour=Colour.GREEN)) == (
            "Everything(colour=<Colour.GREEN: 1>, maybe=0)"
        )

    def test_message_inside_itself(self) -> None:
        message = Everything()
        message.child = message
        assert repr(message) == "Everything(child=...)"


class TestCopies:
    def test_copy_shares_lists(self) -> None:
        message = full()
        copied = copy.copy(message)
        assert copied == message
        assert copied is not message
        assert copied.points is message.points

    def test_deepcopy_does_not(self) -> None:
        message = full()
        copied = copy.deepcopy(message)
        assert copied == message
        assert copied.points is not message.points
        assert copied.points[0] is not message.points[0]
        copied.counts["b"] = 1
        assert "b" not in message.counts

    @pytest.mark.parametrize(
        "last", [2.0, True, Colour.GREEN, 1 << 70, "text", None, (1,), [1], Point(x=1)]
    )
    def test_deepcopy_of_lists(self, last: Any) -> None:
        ratios: list[Any] = [1.0, 2, last]
        one, other = copy.deepcopy((Everything(ratios=ratios), Everything(ratios=ratios)))
        assert one.ratios is other.ratios
        assert one.ratios is not ratios
        assert [*map(type, one.ratios)] == [*map(type, ratios)]
        assert one.ratios == ratios
        assert (one.ratios[2] is last) == (not isinstance(last, list | Point))

    def test_deepcopy_tells_of_what_was_copied(self) -> None:
        memo: dict[int, Any] = {}
        message = Point(x=1)
        copied = copy.deepcopy(message, memo)
        assert memo[id(message)] is copied
        assert copy.deepcopy(message, memo) is copied
        # What is told by its `id` must live on.
        assert any(it is message for it in memo[id(memo)])

    def test_deepcopy_of_a_cycle(self) -> None:
        message = Everything()
        message.child = message
        copied = copy.deepcopy(message)
        assert copied.child is copied

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle(self, protocol: int) -> None:
        message = full()
        restored = pickle.loads(pickle.dumps(message, protocol))
        assert restored == message
        assert restored.text is None
        # The wire would round it to 32 bits.
        assert pickle.loads(pickle.dumps(Declared(number=2**40), protocol)).number == 2**40

    def test_unknown_fields_are_kept(self) -> None:
        wire = b"\x08\x01\x18\x05"
        message = Point.parse(wire)
        for duplicate in (
            copy.copy(message),
            copy.deepcopy(message),
            pickle.loads(pickle.dumps(message)),
        ):
            assert bytes(duplicate) == wire


class TestMerge:
    def test_as_on_the_wire(self) -> None:
        message = Everything(
            name="a",
            child=Everything(name="x"),
            points=[Point(1)],
            counts={"a": 1, "b": 1},
            text="t",
        )
        other = Everything(
            child=Everything(on=True), points=[Point(2)], counts={"b": 2}, signal=Colour.RED
        )
        wire = bytes(message) + bytes(other)
        aristaproto.merge(message, other)
        assert message == Everything.parse(wire)
        assert message.points[1] is not other.points[0]
        assert message.text is None

    def test_unknown_fields_follow(self) -> None:
        message = Point.parse(b"\x18\x01")
        aristaproto.merge(message, Point.parse(b"\x18\x02"))
        assert bytes(message) == b"\x18\x01\x18\x02"

    def test_another_class(self) -> None:
        with pytest.raises(TypeError, match="expected Point, got Everything"):
            aristaproto.merge(Point(), Everything())


class TestByteSize:
    def test_the_number_of_bytes(self) -> None:
        assert aristaproto.byte_size(Point()) == 0
        assert aristaproto.byte_size(Point(x=1)) == 2

    @pytest.mark.parametrize("wrong", [Point(x="a"), Everything(points=[3]), Declared(), 3])  # type: ignore[arg-type,list-item]
    def test_what_cannot_be_written(self, wrong: Any) -> None:
        with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever it is
            aristaproto.codec.encode(wrong)
        with pytest.raises(type(expected.value)) as found:
            aristaproto.byte_size(wrong)
        assert str(found.value) == str(expected.value)


class TestDataclasses:
    def test_fields(self) -> None:
        assert dataclasses.is_dataclass(Everything)
        assert dataclasses.is_dataclass(Point())
        fields = dataclasses.fields(Point(1, 2))
        assert [(field.name, field.default) for field in fields] == [("x", 0), ("y", 0)]
        assert [field.name for field in dataclasses.fields(Everything)][:2] == ["child", "name"]

    def test_replace(self) -> None:
        assert dataclasses.replace(Point(1, 2), y=3) == Point(1, 3)

    def test_asdict(self) -> None:
        assert dataclasses.asdict(Point(1, 2)) == {"x": 1, "y": 2}

    def test_decorated_class(self) -> None:
        message = Decorated("n", left=1, last="z")
        message.right = 2
        assert message.left is None
        assert repr(message) == "Decorated(name='n', right=2, last='z')"
        assert Decorated.parse(bytes(message)) == message
        assert dataclasses.replace(message, name="m").name == "m"
        assert [field.name for field in dataclasses.fields(Decorated)] == [
            "name",
            "left",
            "right",
            "last",
        ]


class TestDeprecation:
    def test_message(self) -> None:
        with pytest.warns(DeprecationWarning, match="^Old is deprecated$") as caught:
            old = Old(value=1)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Aging(old=old)

    def test_field(self) -> None:
        with pytest.warns(DeprecationWarning, match=r"^Aging\.value is deprecated$") as caught:
            aging = Aging(value=1)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        with pytest.warns(DeprecationWarning, match=r"^Aging\.maybe is deprecated$"):
            Aging(maybe=0)
        with pytest.warns(DeprecationWarning, match=r"^Aging\.many is deprecated$"):
            Aging(many=[1])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert aging.value == 1
            Aging()
            Aging(value=0, many=[])
            Aging.parse(bytes(aging))

    def test_validate_needs_the_pydantic_flavour(self) -> None:
        with pytest.raises(TypeError, match="pydantic"):
            Point()._validate()


class Cached(aristaproto.Message):
    structs: dict[str, wkt.Struct] = aristaproto.map_field(
        1, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, wkt.Struct
    )
    anys: dict[int, wkt.Any] = aristaproto.map_field(
        2, aristaproto.TYPE_INT32, aristaproto.TYPE_MESSAGE, wkt.Any
    )
    left: int | None = aristaproto.field(3, aristaproto.TYPE_INT32, oneof="side")
    right: int | None = aristaproto.field(4, aristaproto.TYPE_INT32, oneof="side")


def test_cachelib() -> None:
    cachelib = pytest.importorskip("cachelib")
    message = Cached(
        structs={"a": wkt.Struct.from_dict({"b": [1, None, {"c": "d"}]})},
        anys={1: wkt.Any(type_url="type.googleapis.com/google.protobuf.Empty")},
        right=0,
    )
    cache = cachelib.SimpleCache()
    cache.set("key", message)
    assert cache.get("key") == message
    assert cache.get("key").left is None
    assert aristaproto.which_one_of(cache.get("key"), "side") == ("right", 0)
