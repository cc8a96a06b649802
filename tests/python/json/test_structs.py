"""`Struct` and `ListValue` used as the dict and the list that they stand for; a dict and a list are the judges."""

from __future__ import annotations

import copy
import itertools
import math
import operator
import pickle
from collections import OrderedDict, UserDict, UserList
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any

import aristaproto
import pytest
from aristaproto import wkt
from aristaproto.wkt import ListValue, Struct, Value

PLAIN: dict[str, Any] = {
    "null": None,
    "truth": True,
    "number": 2.5,
    "text": "a",
    "object": {"inner": {"deep": [1.0, None]}},
    "list": [1.0, "b", [False], {"c": 3.0}],
}


def some_value(random: Random, depth: int = 2) -> Any:
    kinds: list[Any] = [None, True, False, 0.0, 1.0, 2, "", "a"]
    if depth and random.random() < 0.4:
        if random.random() < 0.5:
            return [some_value(random, depth - 1) for _ in range(random.randrange(3))]
        return {key: some_value(random, depth - 1) for key in "ab" if random.random() < 0.5}
    return random.choice(kinds)


def outcome(call: Any) -> Any:
    """What a call gives; the class of its error."""
    try:
        made = call()
    except (KeyError, IndexError, ValueError, TypeError) as error:
        return type(error)
    if isinstance(made, (Struct, ListValue)):
        return made.to_dict()
    if issubclass(type(made), tuple):
        return tuple(it.to_dict() if isinstance(it, aristaproto.Message) else it for it in made)
    return made


Step = Callable[[Any], Any]


def dict_steps(random: Random) -> list[Step]:
    key, value, other = random.choice("abc"), some_value(random), some_value(random)
    given = {random.choice("abc"): other, key: value}

    def put(target: Any) -> None:
        target[key] = value

    def delete(target: Any) -> None:
        del target[key]

    def join(target: Any) -> None:
        target |= given

    steps: list[Step] = [
        put,
        delete,
        join,
        lambda it: it[key],
        lambda it: it.get(key),
        lambda it: it.get(key, 5),
        lambda it: it.pop(key),
        lambda it: it.pop(key, None),
        lambda it: it.pop(key, "none"),
        lambda it: it.popitem(),
        lambda it: it.setdefault(key, value),
        lambda it: it.update(given),
        lambda it: it.update([(key, value)], b=other),
        lambda it: it | given,
        lambda it: given | it,
        lambda it: key in it,
        lambda it: len(it),
        lambda it: list(it),
        lambda it: list(reversed(it)),
        lambda it: list(it.keys()),
        lambda it: bool(it),
        lambda it: it.copy(),
        lambda it: it.clear() if random.random() < 0.2 else None,
    ]
    return steps


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def list_steps(random: Random) -> list[Step]:
    index, value, more = random.randrange(-3, 4), some_value(random), some_value(random)
    part = slice(*(random.choice((None, -2, -1, 0, 1, 2)) for _ in range(2)))

    def put(target: Any) -> None:
        target[index] = value

    def put_part(target: Any) -> None:
        target[part] = [value, more]

    def delete(target: Any) -> None:
        del target[index]

    def delete_part(target: Any) -> None:
        del target[part]

    def join(target: Any) -> None:
        target += (value, more)

    def repeat(target: Any) -> None:
        if len(target) < 20:
            target *= 2

    steps: list[Step] = [
        put,
        put_part,
        delete,
        delete_part,
        join,
        repeat,
        lambda it: it[index],
        lambda it: len(it[part]),
        lambda it: it.append(value),
        lambda it: it.extend([value, more]),
        lambda it: it.insert(index, value),
        lambda it: it.pop(),
        lambda it: it.pop(index),
        lambda it: it.remove(value),
        lambda it: it.index(value),
        lambda it: it.index(value, index),
        lambda it: it.index(value, 0, index),
        lambda it: it.count(value),
        lambda it: it + [value],  # noqa: RUF005
        lambda it: [value] + it,  # noqa: RUF005
        lambda it: it * 2,
        lambda it: 2 * it,
        lambda it: it.sort(key=text_of, reverse=True),
        lambda it: value in it,
        lambda it: len(it),
        lambda it: bool(it),
        lambda it: it.reverse(),
        lambda it: it.copy(),
        lambda it: it.clear() if random.random() < 0.2 else None,
    ]
    return steps


def check_equal(message: Any, plain: Any) -> None:
    """Each of the four comparisons, and what none of them may take for equal."""
    assert message == plain
    assert plain == message
    assert not message != plain  # noqa: SIM202
    assert not plain != message  # noqa: SIM202
    is_list = isinstance(message, ListValue)
    more: list[Any] = [[*plain, 0], {}] if is_list else [{**plain, "": 0}, list(plain)]
    for other in (*more, [plain], {"": plain}, tuple(plain), None, 0):
        assert message != other
        assert other != message
        assert not message == other  # noqa: SIM201
        assert not other == message  # noqa: SIM201


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("cls", "steps", "plain"), [(Struct, dict_steps, {}), (ListValue, list_steps, [])]
)
def test_like_python(cls: Any, steps: Any, plain: Any, seed: int) -> None:
    random = Random(seed)
    mine, theirs = cls(), copy.copy(plain)
    for _ in range(300):
        every = steps(random)
        step = random.choice(every)
        state = random.getstate()
        expected = outcome(lambda step=step: copy.deepcopy(step(theirs)))
        random.setstate(state)
        assert outcome(lambda step=step: step(mine)) == expected, step
        assert mine.to_dict() == theirs
        check_equal(mine, theirs)
        assert cls.parse(bytes(mine)) == mine
    with pytest.raises(TypeError, match="unhashable"):
        hash(mine)


def test_equal_to_plain_values() -> None:
    struct = Struct.from_dict(PLAIN)
    check_equal(struct, PLAIN)
    check_equal(Struct.parse(bytes(struct)), PLAIN)
    check_equal(struct["list"], PLAIN["list"])
    assert struct["object"] == {"inner": {"deep": [1, None]}}
    assert struct["object"] != {"inner": {"deep": [1, 0]}}
    assert [struct, struct["list"]] == [PLAIN, PLAIN["list"]]
    assert {"a": {"b": struct}} == {"a": {"b": PLAIN}}
    # As in a dict of floats, nan is equal where it is the same object.
    nan = math.nan
    assert ListValue(values=[Value(number_value=nan)]) == [nan]
    assert ListValue(values=[Value(number_value=nan)]) != [float("nan")]
    assert Struct(fields={"nothing": Value()}) == {"nothing": None}
    # What compares itself with mappings and sequences goes on to do so.
    for mapping in (OrderedDict(PLAIN), UserDict(PLAIN), MappingProxyType(PLAIN)):
        assert struct == mapping
        assert mapping == struct
    items: Any = UserList[Any](PLAIN["list"])
    assert struct["list"] == items
    assert items == struct["list"]

    class Labels(Struct):
        pass

    assert Labels.from_dict({"a": 1}) == {"a": 1}
    assert Labels.from_dict({"a": 1}) != {"a": 2}
    # Other messages are no containers.
    others: list[Any] = [Value.from_dict({}), wkt.FieldMask(), wkt.Empty()]
    nothing: list[Any] = [{}, []]
    for other in others:
        for plain in nothing:
            assert other != plain
            assert plain != other


COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)


def test_order() -> None:
    """As of lists, whatever is on which side; no other message has one."""
    plain: list[Any] = [[], [1.0], [1.0, 2.0], [1.0, [2.0]], [1.0, [2.0, 1.0]], ["a"], [{}], [None]]
    for one, other in itertools.product(plain, repeat=2):
        mine, theirs = ListValue.from_dict(one), ListValue.from_dict(other)
        for compare in COMPARISONS:
            expected = outcome(partial(compare, one, other))
            assert outcome(partial(compare, mine, theirs)) == expected
            assert outcome(partial(compare, mine, other)) == expected
            assert outcome(partial(compare, one, theirs)) == expected
    rows = [ListValue.from_dict(row) for row in ([2, "a"], [1, "b"], [1, "a"])]
    assert sorted(rows) == [[1, "a"], [1, "b"], [2, "a"]]
    assert max(rows) > [2]
    struct: Any = Struct.from_dict(PLAIN)
    messages: list[Any] = [struct, Value(), wkt.Empty(), wkt.FieldMask()]
    others: list[Any] = [struct, PLAIN, [], wkt.Empty(), 1, None]
    for message, right in itertools.product(messages, others):
        for compare in COMPARISONS[:4]:
            assert outcome(partial(compare, message, right)) is TypeError
            assert outcome(partial(compare, right, message)) is TypeError


def test_comparison_ends_at_some_depth() -> None:
    message, plain = ListValue(), list[Any]()
    for _ in range(100):
        message, plain = ListValue(values=[Value(list_value=message)]), [plain]
    check_equal(message, plain)
    for _ in range(5000):
        message, plain = ListValue(values=[Value(list_value=message)]), [plain]
    with pytest.raises(RecursionError):
        assert message == plain


def test_sorting() -> None:
    items = ListValue.from_dict([2, 10, -1.5])
    items.sort()
    assert items == [-1.5, 2, 10]
    items.sort(key=str, reverse=True)
    assert items == [2, 10, -1.5]
    items.append(None)
    with pytest.raises(TypeError):
        items.sort()


def test_values_below_are_those_of_the_message() -> None:
    struct = Struct.from_dict(PLAIN)
    struct["object"]["inner"]["deep"].append("new")
    struct["list"][3]["c"] = {"d": []}
    struct["list"][2][0] = True
    expected = copy.deepcopy(PLAIN)
    expected["object"]["inner"]["deep"].append("new")
    expected["list"][3]["c"] = {"d": []}
    expected["list"][2][0] = True
    assert struct.to_dict() == expected
    assert Struct.parse(bytes(struct)) == struct
    plain = {key: expected[key] for key in ("null", "truth", "number", "text")}
    assert plain.items() <= dict(struct).items()
    assert plain.items() <= {**struct}.items()
    assert list(dict(struct.items())) == list(expected)
    assert list(struct.values())[:4] == list(expected.values())[:4]
    assert list(struct["list"])[:2] == [1.0, "b"]
    assert list(reversed(struct["list"]))[-2:] == ["b", 1.0]


def test_messages_are_put_in_themselves() -> None:
    inner, items = Struct.from_dict({"a": 1}), ListValue.from_dict([1])
    struct = Struct()
    struct["inner"] = inner
    struct.update(items=items, value=Value(string_value="text"))
    inner["b"] = 2
    items.append(None)
    assert struct.to_dict() == {"inner": {"a": 1, "b": 2}, "items": [1, None], "value": "text"}
    items[0] = inner
    assert items.to_dict() == [{"a": 1, "b": 2}, None]
    struct["copied"] = {"below": inner}
    inner["c"] = 3
    assert struct["copied"].to_dict() == {"below": {"a": 1, "b": 2, "c": 3}}


def test_what_json_has_not() -> None:
    struct, items = Struct.from_dict({"a": 1}), ListValue.from_dict([1])
    for value in (math.nan, math.inf, object(), {1: 2}, b"bytes"):
        with pytest.raises(aristaproto.JsonError):
            struct["b"] = value
        with pytest.raises(aristaproto.JsonError):
            struct.update({"c": 1, "d": value})
        with pytest.raises(aristaproto.JsonError):
            items.append(value)
        with pytest.raises(aristaproto.JsonError):
            items.extend([2, value])
    assert struct.to_dict() == {"a": 1}
    assert items.to_dict() == [1]


def test_kinds() -> None:
    struct, items = Struct.from_dict({"a": [1, "b"]}), ListValue.from_dict([1, "b"])
    assert isinstance(struct, MutableMapping)
    assert isinstance(items, MutableSequence)
    assert not isinstance(struct, Sequence)
    assert not isinstance(items, Mapping)
    subject: Any = struct
    match subject:
        case {"a": [first, *_]}:
            assert first == 1.0
        case _:
            pytest.fail("a Struct is no mapping")
    subject = items
    match subject:
        case [1, second]:
            assert second == "b"
        case _:
            pytest.fail("a ListValue is no sequence")


def test_they_stay_messages() -> None:
    struct = Struct.from_dict(PLAIN)
    assert struct == Struct.from_dict(PLAIN)
    assert struct != Struct.from_dict({**PLAIN, "null": False})
    other: Any = wkt.FieldMask()
    assert struct != other
    assert ListValue() == ListValue()
    assert not Struct()
    assert repr(Struct.from_dict({"a": None})) == (
        "Struct(fields={'a': Value(null_value=<NullValue.NULL_VALUE: 0>)})"
    )
    for copied in (copy.copy(struct), copy.deepcopy(struct), pickle.loads(pickle.dumps(struct))):
        assert copied == struct
    assert Value(struct_value=struct) == Value.from_dict(PLAIN)
    assert Struct(fields={"nothing": Value()})["nothing"] is None
    # A Struct is read wherever a mapping is.
    assert Struct.from_dict(struct) == struct
    assert Struct(fields={"a": Value(number_value=math.nan)}) == Struct(
        fields={"a": Value(number_value=math.nan)}
    )


class Holder(aristaproto.Message):
    struct: Struct | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Struct")
    values: ListValue | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "ListValue")
    value: Value | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Value")


@pytest.mark.parametrize("write", [bytes, Holder.to_json, Holder.to_text])
@pytest.mark.parametrize(
    ("field", "plain", "maker"),
    [
        ("struct", {"a": 1}, "Struct"),
        ("values", [1], "ListValue"),
        ("value", 1, "Value"),
        ("value", "a", "Value"),
        ("struct", [1], None),
        ("values", {}, None),
    ],
)
def test_plain_values_in_their_place(
    write: Callable[[Holder], Any], field: str, plain: Any, maker: str | None
) -> None:
    with pytest.raises(aristaproto.Error) as caught:
        write(Holder(**{field: plain}))
    hint = f"(`{maker}.from_dict` makes one of it) at `{field}`"
    assert (hint in str(caught.value)) == (maker is not None)
    assert ("from_dict" in str(caught.value)) == (maker is not None)
