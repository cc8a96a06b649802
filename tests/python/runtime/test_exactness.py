"""Copies that are made when they are looked at, comparisons by bytes, numbers at the ends of their ranges: as if each value were
written, copied or compared by itself.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import importlib.util
import itertools
import math
import pickle
import struct
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import aristaproto
import pytest
from aristaproto import binary
from aristaproto.wkt import Duration, Int64Value, Timestamp


class Colour(aristaproto.Enum, prefix="COLOUR_"):
    RED = 0
    GREEN = 1


class Leaf(aristaproto.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    number: int = aristaproto.field(2, aristaproto.TYPE_INT64)
    single: float = aristaproto.field(3, aristaproto.TYPE_FLOAT)
    double: float = aristaproto.field(4, aristaproto.TYPE_DOUBLE)
    on: bool = aristaproto.field(5, aristaproto.TYPE_BOOL)
    data: bytes = aristaproto.field(6, aristaproto.TYPE_BYTES)
    colour: Colour = aristaproto.field(7, aristaproto.TYPE_ENUM, "Colour")
    singles: list[float] = aristaproto.field(8, aristaproto.TYPE_FLOAT, repeated=True)
    colours: list[Colour] = aristaproto.field(9, aristaproto.TYPE_ENUM, "Colour", repeated=True)
    when: datetime | None = aristaproto.field(
        10, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp"
    )
    text: str | None = aristaproto.field(11, aristaproto.TYPE_STRING, oneof="either")
    count: int | None = aristaproto.field(12, aristaproto.TYPE_INT32, oneof="either")


class Tree(aristaproto.Message):
    leaf: Leaf | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Leaf")
    other: Leaf | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Leaf")
    leaves: list[Leaf] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Leaf", repeated=True)
    by_id: dict[int, Leaf] = aristaproto.map_field(
        4, aristaproto.TYPE_INT32, aristaproto.TYPE_MESSAGE, "Leaf"
    )
    counts: dict[str, int] = aristaproto.map_field(
        5, aristaproto.TYPE_STRING, aristaproto.TYPE_INT64
    )


class Forest(aristaproto.Message):
    trees: list[Tree] = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Tree", repeated=True)


class Choice(aristaproto.Message):
    """One oneof and no more."""

    number: int | None = aristaproto.field(1, aristaproto.TYPE_INT64, oneof="kind")
    text: str | None = aristaproto.field(2, aristaproto.TYPE_STRING, oneof="kind")
    colour: Colour | None = aristaproto.field(3, aristaproto.TYPE_ENUM, "Colour", oneof="kind")
    leaf: Leaf | None = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Leaf", oneof="kind")
    when: datetime | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp", oneof="kind"
    )
    choices: Choices | None = aristaproto.field(
        6, aristaproto.TYPE_MESSAGE, "Choices", oneof="kind"
    )


class Choices(aristaproto.Message):
    choices: list[Choice] = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Choice", repeated=True)
    one: Choice | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Choice")


class Strict(aristaproto.Message):
    key: str | None = aristaproto.field(1, aristaproto.TYPE_STRING, required=True)
    inner: Strict | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Strict")


class Wrapping(aristaproto.Message):
    """Of the types of messages that plain values stand for."""

    count: Any = aristaproto.field(1, aristaproto.TYPE_MESSAGE, Int64Value)
    counts: list[Any] = aristaproto.field(2, aristaproto.TYPE_MESSAGE, Int64Value, repeated=True)
    by_name: dict[str, Any] = aristaproto.map_field(
        3, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, Int64Value
    )
    when: Any = aristaproto.field(4, aristaproto.TYPE_MESSAGE, Timestamp)
    span: Any = aristaproto.field(5, aristaproto.TYPE_MESSAGE, Duration)
    picked: Any = aristaproto.field(6, aristaproto.TYPE_MESSAGE, Int64Value, oneof="choice")
    number: int | None = aristaproto.field(7, aristaproto.TYPE_INT32, oneof="choice")
    inner: Wrapping | None = aristaproto.field(8, aristaproto.TYPE_MESSAGE, "Wrapping")
    several: list[Wrapping] = aristaproto.field(
        9, aristaproto.TYPE_MESSAGE, "Wrapping", repeated=True
    )
    by_key: dict[int, Wrapping] = aristaproto.map_field(
        10, aristaproto.TYPE_INT32, aristaproto.TYPE_MESSAGE, "Wrapping"
    )


def merged(message: Any) -> Any:
    made = type(message)()
    aristaproto.merge(made, message)
    return made


def pickled(message: Any) -> Any:
    return pickle.loads(pickle.dumps(message))


class Subclass(int):
    """An int that is more than one."""


UNUSUAL: dict[str, dict[str, Any]] = {
    "nothing": {
        "number": -5,
        "single": 0.5,
        "on": True,
        "colour": Colour.GREEN,
        "singles": [1.5],
        "when": datetime(2024, 5, 6, 7, tzinfo=timezone.utc),
        "text": "",
    },
    "a member that is the default": {"colour": Colour.RED},
    "more digits than 32 bits": {"single": 0.1},
    "digits in a list": {"singles": [0.5, 0.1]},
    "nan": {"double": math.nan},
    "minus zero": {"double": -0.0, "single": -0.0},
    "a bool as a number": {"number": True},
    "a number as a bool": {"on": 1},
    "a number of a subclass": {"number": Subclass(3)},
    "a number as a member": {"colour": 1},
    "a member as a number": {"number": Colour.GREEN},
    "numbers as members": {"colours": [1, 0]},
    "a member without a name": {"colour": 7},
    "a bytearray": {"data": bytearray(b"abc")},
    "a tuple": {"singles": (1.5, 2.5)},
    "an int as a float": {"double": 3},
    "too large": {"number": 1 << 70},
    "no UTF-8": {"name": "\ud800"},
    "of another type": {"name": 5},
    "the second of two same times": {"when": datetime(2024, 5, 6, 7, fold=1, tzinfo=timezone.utc)},
    "another zone": {"when": datetime(2024, 5, 6, 7, tzinfo=timezone(timedelta(hours=2)))},
    "a list of text": {"singles": ["a"]},
}


def again() -> Any:
    """This module with classes of its own: the codec stops trying its quick way for a class for which it was often in vain."""
    name = f"{__name__}_again"
    spec = importlib.util.spec_from_file_location(name, __file__)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def typed(value: Any) -> Any:
    """A value with the types of all that is in it."""
    if isinstance(value, aristaproto.Message):
        fields = type(value).__schema__.fields
        return type(value), [typed(field.get(value)) for field in fields]
    held: Any = value
    if isinstance(value, (list, tuple)):
        return held.__class__, [typed(item) for item in held]
    if isinstance(value, dict):
        return held.__class__, [(typed(key), typed(item)) for key, item in held.items()]
    fold = value.fold if isinstance(value, datetime) else None
    return type(value), repr(value), fold


class TestDeepCopies:
    @pytest.mark.parametrize("name", UNUSUAL)
    def test_keep_types_and_digits(self, name: str) -> None:
        own = again()
        fields = own.UNUSUAL[name]
        leaf = own.Leaf
        tree = own.Tree(leaves=[leaf(name="first"), leaf(**fields)], by_id={1: leaf(**fields)})
        before = typed(tree)
        copied = copy.deepcopy(tree)
        assert typed(copied) == before
        assert typed(tree) == before
        copied.leaves[1].name = "changed"
        copied.by_id[1].singles = [3.0]
        copied.counts["new"] = 1
        assert typed(tree) == before

    def test_of_what_is_changed_afterwards(self) -> None:
        tree = Tree(leaf=Leaf(name="before"), leaves=[Leaf(number=1)], counts={"a": 1})
        copied = copy.deepcopy(tree)
        assert tree.leaf is not None
        tree.leaf.name = "after"
        tree.leaves.append(Leaf())
        tree.leaves[0].number = 2
        tree.counts.clear()
        assert copied == Tree(leaf=Leaf(name="before"), leaves=[Leaf(number=1)], counts={"a": 1})

    def test_what_is_met_twice_is_copied_once(self) -> None:
        leaf = Leaf(name="shared")
        tree = Tree(leaf=leaf, other=leaf, leaves=[leaf], by_id={1: leaf})
        copied = copy.deepcopy(tree)
        assert copied.leaf is copied.other is copied.leaves[0] is copied.by_id[1]
        assert copied.leaf is not leaf
        one, other, below = copy.deepcopy((tree, tree, leaf))
        assert one is other
        assert below is one.leaf

    def test_lists_and_maps_that_are_met_twice(self) -> None:
        singles = [1.5]
        tree = copy.deepcopy(Tree(leaf=Leaf(singles=singles), leaves=[Leaf(singles=singles)]))
        assert tree.leaf is not None
        assert tree.leaf.singles is tree.leaves[0].singles
        assert tree.leaf.singles is not singles
        shared: list[tuple[str, Any]] = [
            ("leaves", [Leaf(number=1)]),
            ("leaves", []),
            ("counts", {"a": 1}),
            ("counts", {}),
            ("by_id", {1: Leaf()}),
        ]
        for name, held in shared:
            fields = {name: held}
            one, other = copy.deepcopy(Forest(trees=[Tree(**fields), Tree(**fields)])).trees
            assert getattr(one, name) is getattr(other, name)
            assert getattr(one, name) is not held
            assert getattr(one, name) == held

    def test_both_members_of_a_oneof(self) -> None:
        tree = Tree(leaf=Leaf(text="one"))
        Leaf.__schema__.by_name["count"].set(tree.leaf, 2)
        # Nobody else holds the leaf.
        twin = copy.deepcopy(tree).leaf
        assert twin is not None
        assert (twin.text, twin.count) == ("one", 2)

    @pytest.mark.parametrize("length", [1, 3, 300])
    def test_of_messages_that_are_one_oneof(self, length: int) -> None:
        chosen: list[dict[str, Any]] = [
            {},
            {"number": 0},
            {"number": -1, "text": None, "leaf": None},
            {"text": ""},
            {"text": "größer"},
            {"colour": Colour.RED},
            {"colour": 7},
            {"leaf": Leaf()},
            {"leaf": Leaf(singles=[0.1], text="in a oneof")},
            {"when": datetime(2024, 5, 6, tzinfo=timezone.utc)},
            {"choices": Choices([Choice(number=1), Choice()], one=Choice(text="below"))},
            {"number": True},
        ]
        for fields in chosen:
            own = again()
            for others in (0, length - 1):
                all_of_them = [own.Choice(text="x") for _ in range(others)]
                all_of_them.insert(others // 2, self.of(own, fields))
                around = own.Choices(all_of_them, one=self.of(own, fields))
                copied = copy.deepcopy(around)
                assert typed(copied) == typed(around)
                assert bytes(copied) == bytes(around)
                copied.one.number = 5
                assert typed(around) == typed(own.Choices(all_of_them, one=self.of(own, fields)))

    @staticmethod
    def of(module: Any, fields: dict[str, Any]) -> Any:
        """A Choice of the module's; messages are read from their bytes, so that they are of its classes, too."""
        made = module.Choice()
        for name, value in fields.items():
            if isinstance(value, aristaproto.Message):
                value = getattr(module, type(value).__name__).parse(bytes(value))
            if value is not None:
                setattr(made, name, value)
            else:
                module.Choice.__schema__.by_name[name].set(made, None)
        return made

    def test_two_members_of_a_message_that_is_one_oneof(self) -> None:
        choices = Choices(one=Choice(text="one"), choices=[Choice(number=1)])
        assert choices.one is not None
        Choice.__schema__.by_name["number"].set(choices.one, 2)
        twin = copy.deepcopy(choices).one
        assert twin is not None
        assert (twin.text, twin.number) == ("one", 2)

    def test_without_a_required_field(self) -> None:
        copied = copy.deepcopy(Strict(key="a", inner=Strict()))
        with pytest.raises(aristaproto.EncodeError) as caught:
            bytes(copied)
        assert "inner" in str(caught.value)

    def test_unknown_fields(self) -> None:
        unknown = b"\x98\x06\x01\xa2\x06\x01x"
        tree = Tree(leaf=Leaf.parse(b"\x0a\x01a" + unknown))
        copied = copy.deepcopy(tree)
        assert bytes(copied) == bytes(tree)
        assert copied.leaf is not None
        assert copied.leaf._unknown_fields == unknown
        # What a program put there is kept as it is.
        assert tree.leaf is not None
        for put in (b"\x0a\x01b", b"\xff"):
            tree.leaf._unknown_fields = put
            twin = copy.deepcopy(tree).leaf
            assert twin is not None
            assert (twin.name, twin._unknown_fields) == ("a", put)

    def test_of_what_is_read_in_part(self) -> None:
        tree = Tree.parse(
            bytes(Tree(leaf=Leaf(name="a"), leaves=[Leaf(number=5)], counts={"x": 1}))
        )
        assert len(tree.leaves) == 1
        tree.counts["y"] = 2
        copied = copy.deepcopy(tree)
        assert copied == tree
        tree.leaves[0].number = 6
        assert copied.leaves[0].number == 5

    @pytest.mark.parametrize(
        "fields",
        [
            lambda: {"count": Int64Value(4)},
            lambda: {"counts": [Int64Value(4), 5]},
            lambda: {"by_name": {"a": Int64Value(4)}},
            lambda: {"when": Timestamp(5)},
            lambda: {"span": Duration(5)},
            lambda: {"picked": Int64Value(4)},
        ],
    )
    @pytest.mark.parametrize("duplicate", [copy.deepcopy, merged, pickled])
    def test_of_messages_where_a_value_stands_for_one(self, fields: Any, duplicate: Any) -> None:
        """They stay messages, beside a message and below one."""
        makers: list[Callable[[], Wrapping]] = [
            lambda: Wrapping(**fields(), inner=Wrapping()),
            lambda: Wrapping(inner=Wrapping(**fields())),
            lambda: Wrapping(several=[Wrapping(**fields())]),
            lambda: Wrapping(by_key={1: Wrapping(**fields())}),
        ]
        for make in makers:
            # Nobody else holds what is in it.
            copied = duplicate(make())
            assert repr(copied) == repr(make())
            assert copied == make()

    def test_code_of_users_below_runs(self) -> None:
        class Counting(aristaproto.Message):
            number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
            copies = 0

            def __deepcopy__(self, memo: object) -> Counting:
                type(self).copies += 1
                return Counting(number=self.number + 1)

        class Around(aristaproto.Message):
            inner: Any = aristaproto.field(1, aristaproto.TYPE_MESSAGE, Counting)

        # Nobody else holds the inner one; pytest would, in an assertion.
        around = Around(inner=Counting(number=1))
        copied = copy.deepcopy(around)
        assert copied.inner.number == 2
        assert Counting.copies == 1


class TestEqualityByBytes:
    """A message of many bytes that is still to be read, and one that was constructed."""

    @staticmethod
    def tree(**last: Any) -> Tree:
        leaves = [Leaf(name=f"leaf {index}", number=index) for index in range(2000)]
        return Tree(leaf=Leaf(**last), leaves=leaves, counts={"a": 1, "b": 2})

    def test_equal(self) -> None:
        tree = self.tree(single=0.5)
        assert tree == Tree.parse(bytes(tree))
        assert Tree.parse(bytes(tree)) == tree

    def test_again(self) -> None:
        """By its bytes, then by its values: what was compared is copied, written and read as if it had not been."""
        tree = self.tree(single=0.5)
        wire = bytes(tree)
        forest = Forest.parse(bytes(Forest(trees=[Tree(leaf=Leaf(name="first")), tree])))
        for read in (Tree.parse(wire), forest.trees[1]):
            assert read == tree
            assert bytes(read) == wire
            assert copy.deepcopy(read) == tree
            assert read.leaf == tree.leaf
        for read in (Tree.parse(wire), forest.trees[1]):
            assert [read == tree, tree == read, read == tree] == [True] * 3
            assert bytes(read) == wire
            read.leaves[-1].number += 1
            assert [read == tree, tree == read] == [False] * 2

    @pytest.mark.parametrize("name", UNUSUAL)
    def test_unusual_values(self, name: str) -> None:
        own = again()
        tree = own.TestEqualityByBytes.tree(**own.UNUSUAL[name])
        try:
            wire = bytes(tree)
        except aristaproto.EncodeError:
            pytest.skip("it cannot be written")
        parse = own.Tree.parse
        read = parse(wire)
        assert read.leaves
        expected = read == tree
        assert (parse(wire) == tree, tree == parse(wire)) == (expected, expected)

    def test_different(self) -> None:
        tree = self.tree()
        wire = bytes(tree)
        tree.leaves[-1].number += 1
        assert tree != Tree.parse(wire)
        assert Tree.parse(wire) != tree

    def test_another_order(self) -> None:
        wire = bytes(self.tree())
        tree = self.tree()
        tree.counts = {"b": 2, "a": 1}
        assert bytes(tree) != wire
        assert tree == Tree.parse(wire)

    def test_unknown_fields_do_not_count(self) -> None:
        tree = self.tree()
        assert tree == Tree.parse(bytes(tree) + b"\x98\x06\x01")

    def test_code_of_users_below_runs(self) -> None:
        class Choosy(aristaproto.Message):
            text: str = aristaproto.field(1, aristaproto.TYPE_STRING)

            def __eq__(self, other: object) -> bool:
                return False

            __hash__ = None  # type: ignore[assignment]

        class Around(aristaproto.Message):
            inner: Any = aristaproto.field(1, aristaproto.TYPE_MESSAGE, Choosy)

        around = Around(inner=Choosy(text="x" * 40_000))
        assert around != Around.parse(bytes(around))


class Times(aristaproto.Message):
    moment: datetime | None = aristaproto.field(
        1, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp"
    )
    span: timedelta | None = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Duration"
    )
    moments: list[datetime] = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp", repeated=True
    )
    spans: dict[str, timedelta] = aristaproto.map_field(
        4, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Duration"
    )
    below: Times | None = aristaproto.field(5, aristaproto.TYPE_MESSAGE, "Times")


class ByDay(datetime):
    """Equal to whatever is of its day."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, datetime) and self.date() == other.date()

    __hash__ = datetime.__hash__


class SetBack(tzinfo):
    """A zone whose clock is set back by an hour each day."""

    def utcoffset(self, dt: datetime | None) -> timedelta:
        return timedelta(hours=1 if dt and dt.fold else 2)

    def dst(self, dt: datetime | None) -> timedelta:
        return timedelta()

    def tzname(self, dt: datetime | None) -> str:
        return "set back"


class TestEqualityOfTimes:
    """As `==` of the values says."""

    def test_moments(self) -> None:
        noon = datetime(2024, 5, 6, 12, tzinfo=timezone.utc)
        zone = SetBack()
        moments = [
            noon,
            noon.replace(year=1),
            noon.replace(month=1),
            noon.replace(day=1),
            noon.replace(hour=1),
            noon.replace(minute=1),
            noon.replace(second=1),
            noon.replace(microsecond=1),
            noon.replace(fold=1),
            noon.replace(tzinfo=None),
            noon.astimezone(timezone(timedelta(hours=2))),
            *(
                noon.replace(tzinfo=zone, fold=fold)
                for zone in (zone, SetBack())
                for fold in (0, 1)
            ),
            ByDay(2024, 5, 6, tzinfo=timezone.utc),
        ]
        for one, other in itertools.product(moments, repeat=2):
            # Not the same object, which would be equal at once.
            one = one.replace()
            self.check(one == other, [Times(moment=it, moments=[it]) for it in (one, other)])

    def test_spans(self) -> None:
        spans = [
            timedelta(),
            timedelta(days=1),
            timedelta(seconds=1),
            timedelta(microseconds=1),
            timedelta(microseconds=-1),
            timedelta(days=-1, seconds=86_399, microseconds=999_999),
            timedelta.max,
            timedelta.min,
        ]
        for one, other in itertools.product(spans, repeat=2):
            one = timedelta(one.days, one.seconds, one.microseconds)
            self.check(one == other, [Times(span=it, spans={"a": it}) for it in (one, other)])
        assert Times(span=timedelta()) != Times(moment=datetime(2024, 5, 6, tzinfo=timezone.utc))

    @staticmethod
    def check(expected: bool, pair: list[Times]) -> None:
        for _ in range(2):
            one, other = pair
            assert (one == other, other == one, one != other) == (expected, expected, not expected)
            pair = [Times(below=one), Times(below=other)]


class Numbers(aristaproto.Message):
    double: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    float: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    int64: int = aristaproto.field(3, aristaproto.TYPE_INT64)
    uint64: int = aristaproto.field(4, aristaproto.TYPE_UINT64)
    int32: int = aristaproto.field(5, aristaproto.TYPE_INT32)
    fixed64: int = aristaproto.field(16, aristaproto.TYPE_FIXED64)
    fixed32: int = aristaproto.field(17, aristaproto.TYPE_FIXED32)
    uint32: int = aristaproto.field(18, aristaproto.TYPE_UINT32)
    sfixed32: int = aristaproto.field(2048, aristaproto.TYPE_SFIXED32)
    sfixed64: int = aristaproto.field(2049, aristaproto.TYPE_SFIXED64)
    sint32: int = aristaproto.field(1 << 18, aristaproto.TYPE_SINT32)
    sint64: int = aristaproto.field((1 << 29) - 1, aristaproto.TYPE_SINT64)


class Lists(aristaproto.Message):
    """The same, packed."""

    double: list[float] = aristaproto.field(1, aristaproto.TYPE_DOUBLE, repeated=True)
    float: list[Any] = aristaproto.field(2, aristaproto.TYPE_FLOAT, repeated=True)
    int64: list[int] = aristaproto.field(3, aristaproto.TYPE_INT64, repeated=True)
    uint64: list[int] = aristaproto.field(4, aristaproto.TYPE_UINT64, repeated=True)
    int32: list[int] = aristaproto.field(5, aristaproto.TYPE_INT32, repeated=True)
    fixed64: list[int] = aristaproto.field(16, aristaproto.TYPE_FIXED64, repeated=True)
    fixed32: list[int] = aristaproto.field(17, aristaproto.TYPE_FIXED32, repeated=True)
    uint32: list[int] = aristaproto.field(18, aristaproto.TYPE_UINT32, repeated=True)
    sfixed32: list[int] = aristaproto.field(2048, aristaproto.TYPE_SFIXED32, repeated=True)
    sfixed64: list[int] = aristaproto.field(2049, aristaproto.TYPE_SFIXED64, repeated=True)
    sint32: list[int] = aristaproto.field(1 << 18, aristaproto.TYPE_SINT32, repeated=True)
    sint64: list[int] = aristaproto.field((1 << 29) - 1, aristaproto.TYPE_SINT64, repeated=True)


def written(message: aristaproto.Message) -> Any:
    """Wire bytes, or what is said when there are none."""
    try:
        return bytes(message)
    except aristaproto.EncodeError as error:
        return str(error)


def plainly(message: aristaproto.Message) -> Any:
    try:
        return binary.encode(message)
    except aristaproto.EncodeError as error:
        return str(error)


INTS = sorted(
    {sign * ((1 << bits) + near) for bits in range(67) for near in (-1, 0, 1) for sign in (1, -1)}
)
LARGEST = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
FLOATS = (
    0.0,
    -0.0,
    1.5,
    0.1,
    math.inf,
    -math.inf,
    math.nan,
    LARGEST,
    -LARGEST,
    # Half way to what would come next, and just before that.
    float(2**128 - 2**103),
    math.nextafter(float(2**128 - 2**103), 0),
    1e300,
    5e-324,
)


@pytest.mark.parametrize("name", [field.name for field in Numbers.__schema__.fields])
def test_numbers_as_the_plain_codec_writes_them(name: str) -> None:
    values: Sequence[Any] = FLOATS if name in ("double", "float") else INTS
    one: Any = Numbers
    many: Any = Lists
    for value in values:
        for message in (
            one(**{name: value}),
            many(**{name: [value]}),
            many(**{name: [type(value)(1), value, type(value)(2)]}),
        ):
            assert written(message) == plainly(message)
    fitting = [value for value in values if isinstance(written(one(**{name: value})), bytes)]
    whole = many(**{name: fitting * 3})
    assert written(whole) == plainly(whole)


@pytest.mark.parametrize(
    "length", [0, 1, 7, 8, 15, 16, 31, 32, 33, 63, 64, 127, 128, 129, 16383, 16384]
)
def test_text_and_bytes_of_all_lengths(length: int) -> None:
    for letter in ("a", "ä", "дa", "😀"):
        text = (letter * length)[:length]
        for message in (
            Leaf(name=text, data=text.encode()),
            Tree(leaves=[Leaf(name=text)], counts={text: length}),
        ):
            assert written(message) == plainly(message)
            assert type(message).parse(bytes(message)) == message


def test_merging_shares_nothing_and_takes_what_codecs_do_not_make() -> None:
    theirs = Tree(
        leaf=Leaf(name="theirs", singles=[1.0], count=0),
        leaves=[Leaf(number=1)],
        by_id={1: Leaf(name="one")},
        counts={"a": 1},
    )
    mine = Tree(
        leaf=Leaf(name="mine", number=5, singles=[2.0], text="gone"), counts={"a": 0, "b": 2}
    )
    leaf, singles, counts = mine.leaf, mine.leaf.singles if mine.leaf else None, mine.counts
    aristaproto.merge(mine, theirs)
    assert mine == Tree(
        leaf=Leaf(name="theirs", number=5, singles=[2.0, 1.0], count=0),
        leaves=[Leaf(number=1)],
        by_id={1: Leaf(name="one")},
        counts={"a": 1, "b": 2},
    )
    assert mine.leaf is leaf
    # Lists and maps grow in place, as the message below does, and as google's.
    assert singles == [2.0, 1.0]
    assert counts == {"a": 1, "b": 2}
    assert mine.leaves[0] is not theirs.leaves[0]
    assert mine.by_id[1] is not theirs.by_id[1]

    odd = Leaf(number=Subclass(7), double=-0.0)
    values: Any = (3.0,)
    odd.singles = values
    target = Leaf(singles=[1.0], double=1.0)
    aristaproto.merge(target, odd)
    assert target.singles == [1.0, 3.0]
    assert target.number == 7
    assert math.copysign(1, target.double) == -1
    aristaproto.merge(target, target)
    assert target.singles == [1.0, 3.0, 1.0, 3.0]

    with pytest.raises(TypeError, match="expected Tree, got Leaf"):
        aristaproto.merge(mine, odd)
    deep = Strict(key="a")
    for _ in range(10_000):
        deep = Strict(key="a", inner=deep)
    with pytest.raises(RecursionError):
        aristaproto.merge(deep, deep)


def test_a_signalling_nan_of_a_float_is_quiet_and_keeps_its_other_bits() -> None:
    class Numbers(aristaproto.Message):
        one: float = aristaproto.field(1, aristaproto.TYPE_FLOAT)
        packed: list[float] = aristaproto.field(2, aristaproto.TYPE_FLOAT, repeated=True)
        single: list[float] = aristaproto.field(
            3, aristaproto.TYPE_FLOAT, repeated=True, packed=False
        )
        entries: dict[int, float] = aristaproto.map_field(
            4, aristaproto.TYPE_INT32, aristaproto.TYPE_FLOAT
        )
        double: float = aristaproto.field(5, aristaproto.TYPE_DOUBLE)

    def wire(single: str, double: str) -> bytes:
        text = f"0d{single} 1204{single} 1d{single} 2207 0801 15{single} 29{double}"
        return bytes.fromhex(text)

    signalling, quiet = "010000000000f07f", "000000200000f87f"
    found = Numbers.parse(wire("0100807f", signalling))
    read = [found.one, *found.packed, *found.single, found.entries[1]]
    assert [struct.pack("<d", number).hex() for number in read] == [quiet] * 4
    # The bits of a double are nobody's to change.
    assert struct.pack("<d", found.double).hex() == signalling
    assert bytes(found) == wire("0100c07f", signalling)

    (number,) = struct.unpack("<d", bytes.fromhex(signalling))
    set_ = Numbers(one=number, packed=[number], single=[number], entries={1: number}, double=number)
    assert bytes(set_) == wire("0000c07f", signalling)
