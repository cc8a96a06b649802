"""The pydantic flavour: what its constructor refuses, and messages inside pydantic models."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import datetime
import json
import math
from typing import Any, Generic, TypeVar

import aristaproto
import aristaproto.pydantic
import pydantic
import pydantic_core
import pytest
from aristaproto import wkt

NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)


class Colour(aristaproto.Enum):
    RED = 0
    GREEN = 1


class Box(aristaproto.pydantic.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    flag: bool = aristaproto.field(2, aristaproto.TYPE_BOOL)
    int32: int = aristaproto.field(3, aristaproto.TYPE_INT32)
    int64: int = aristaproto.field(4, aristaproto.TYPE_INT64)
    uint32: int = aristaproto.field(5, aristaproto.TYPE_UINT32)
    uint64: int = aristaproto.field(6, aristaproto.TYPE_UINT64)
    sint32: int = aristaproto.field(7, aristaproto.TYPE_SINT32)
    sint64: int = aristaproto.field(8, aristaproto.TYPE_SINT64)
    fixed32: int = aristaproto.field(9, aristaproto.TYPE_FIXED32)
    fixed64: int = aristaproto.field(10, aristaproto.TYPE_FIXED64)
    sfixed32: int = aristaproto.field(11, aristaproto.TYPE_SFIXED32)
    sfixed64: int = aristaproto.field(12, aristaproto.TYPE_SFIXED64)
    double: float = aristaproto.field(14, aristaproto.TYPE_DOUBLE)
    single: float = aristaproto.field(13, aristaproto.TYPE_FLOAT)
    data: bytes = aristaproto.field(15, aristaproto.TYPE_BYTES)
    colour: Colour = aristaproto.field(16, aristaproto.TYPE_ENUM, "Colour")
    box: Box | None = aristaproto.field(17, aristaproto.TYPE_MESSAGE, "Box")
    boxes: list[Box] = aristaproto.field(18, aristaproto.TYPE_MESSAGE, "Box", repeated=True)
    by_key: dict[str, Box] = aristaproto.map_field(
        19, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Box"
    )
    left: int | None = aristaproto.field(20, aristaproto.TYPE_INT32, oneof="side")
    right: str | None = aristaproto.field(21, aristaproto.TYPE_STRING, oneof="side")
    at: datetime.datetime | None = aristaproto.field(22, aristaproto.TYPE_MESSAGE, wkt.Timestamp)
    count: int | None = aristaproto.field(23, aristaproto.TYPE_MESSAGE, wkt.Int32Value)
    numbers: list[int] = aristaproto.field(24, aristaproto.TYPE_INT32, repeated=True)


SIGNED_32 = ["int32", "sint32", "sfixed32"]
SIGNED_64 = ["int64", "sint64", "sfixed64"]
UNSIGNED_32 = ["uint32", "fixed32"]
UNSIGNED_64 = ["uint64", "fixed64"]
BOUNDS = [
    *[(name, -(2**31), 2**31 - 1) for name in SIGNED_32],
    *[(name, -(2**63), 2**63 - 1) for name in SIGNED_64],
    *[(name, 0, 2**32 - 1) for name in UNSIGNED_32],
    *[(name, 0, 2**64 - 1) for name in UNSIGNED_64],
]


@pytest.mark.parametrize(("name", "low", "high"), BOUNDS)
def test_integers(name: str, low: int, high: int) -> None:
    for bound in (low, high):
        arguments: dict[str, Any] = {name: bound}
        assert Box.parse(bytes(Box(**arguments))) == Box(**arguments)
    for wrong in (low - 1, high + 1, "x", None, 1.5):
        arguments = {name: wrong}
        with pytest.raises(pydantic.ValidationError, match=name):
            Box(**arguments)


REFUSED: list[dict[str, Any]] = [
    {"unknown": 1},
    {"flag": 123},
    {"single": 3.5e38},
    {"single": -3.5e38},
    {"double": "x"},
    {"name": "\ud800"},
    {"name": 5},
    {"data": 5},
    {"colour": 2**31},
    {"colour": "BLUE"},
    {"box": 5},
    {"box": wkt.Empty()},
    {"box": {"int32": 2**31}},
    {"box": {"unknown": 1}},
    {"boxes": [5]},
    {"by_key": {"a": 5}},
    {"by_key": {5: Box()}},
    {"left": 1, "right": ""},
    {"at": 5},
    {"at": NOON.replace(tzinfo=None)},
    {"count": 2**31},
    {"numbers": [1, 2**31]},
]


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError, match="1 validation error for Box") as caught:
        Box(**arguments)
    assert isinstance(caught.value, ValueError)


ACCEPTED: list[dict[str, Any]] = [
    {"name": "", "single": 0.0, "double": 3.14},
    {"single": 3.4028234663852886e38},
    {"single": math.inf},
    {"colour": 1},
    {"colour": 77},
    {"boxes": (Box(int32=i) for i in range(2))},
    {"by_key": {"a": Box(left=0)}},
    {"left": None, "right": ""},
    {"at": NOON, "count": 0},
    {"box": None, "boxes": None},
]


@pytest.mark.parametrize("arguments", ACCEPTED)
def test_accepted(arguments: dict[str, Any]) -> None:
    box = Box(**arguments)
    assert Box.parse(bytes(box)) == box


def test_positional_arguments_and_defaults() -> None:
    assert Box("n", True).name == "n"
    assert Box().boxes == []
    assert Box().colour is Colour.RED
    assert math.isnan(Box(single=math.nan).single)
    assert Box(box={"name": "inner"}).box == Box("inner")  # type: ignore[arg-type]
    assert aristaproto.which_one_of(Box(left=0), "side") == ("left", 0)


def test_assignments_are_validated_on_request() -> None:
    box = Box(box=Box(), boxes=[Box()], by_key={"a": Box()})
    box._validate()
    box.uint32 = 2**50
    with pytest.raises(pydantic.ValidationError, match="uint32"):
        box._validate()
    for inner in (box.box, box.boxes[0], box.by_key["a"]):
        box.uint32 = 0
        box._validate()
        assert inner is not None
        inner.uint32 = 2**50
        with pytest.raises(pydantic.ValidationError, match="uint32"):
            box._validate()
        inner.uint32 = 0


class Plain(aristaproto.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    size: int = aristaproto.field(2, aristaproto.TYPE_INT64)


class Model(pydantic.BaseModel):
    box: Box
    plain: Plain | None = None


def test_messages_in_a_model() -> None:
    model = Model(box=Box("b", uint64=5), plain=Plain("p", 7))
    assert model.model_dump() == {
        "box": {"name": "b", "uint64": 5},
        "plain": {"name": "p", "size": 7},
    }
    assert Model.model_validate_json(model.model_dump_json()) == model
    assert '"uint64":"5"' in model.model_dump_json()
    assert Model(box={"name": "b"}).box == Box("b")  # type: ignore[arg-type]
    with pytest.raises(pydantic.ValidationError):
        Model(box=5)  # type: ignore[arg-type]
    with pytest.raises(pydantic.ValidationError):
        Model.model_validate_json('{"box": {"nothing": 1}}')
    schema = Model.model_json_schema()
    assert schema["properties"]["box"] == {"$ref": "#/$defs/Box"}
    assert schema["$defs"]["Box"]["properties"]["uint64"] == {
        "type": "string",
        "format": "uint64",
        "pattern": "^[0-9]+$",
    }


T = TypeVar("T")


class Anything(pydantic.BaseModel):
    it: Any


class Chosen(pydantic.BaseModel, Generic[T]):
    it: T


class Duck(pydantic.BaseModel):
    it: pydantic.SerializeAsAny[Plain | Box]


def test_messages_whose_type_pydantic_is_not_told() -> None:
    for message in (
        Plain("p", 7),
        Box(data=b"\xff", box=Box(uint64=1), at=datetime.datetime.now(datetime.timezone.utc)),
        wkt.Timestamp(5),
        wkt.Struct.from_dict({"a": [1, None]}),
    ):
        plain, snake = message.to_dict(), pydantic.TypeAdapter(type(message)).dump_python(message)
        for model in (Anything(it=message), Chosen(it=message)):
            assert json.loads(model.model_dump_json()) == {"it": plain}
            assert model.model_dump(mode="json") == {"it": plain}
            assert model.model_dump() == {"it": snake}
        assert pydantic_core.to_jsonable_python([message]) == [plain]
        assert json.loads(pydantic_core.to_json({"a": message})) == {"a": plain}
    typed = Model(box=Box("b", data=b"\xff"))
    assert typed.model_dump_json(serialize_as_any=True) == typed.model_dump_json()
    assert Duck(it=Plain("p", 7)).model_dump_json() == '{"it":{"name":"p","size":"7"}}'


class Holder(aristaproto.pydantic.Message):
    plain: Plain | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, Plain)
    by_key: dict[str, Plain] = aristaproto.map_field(
        2, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, Plain
    )
    boxes: list[Box] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, Box, repeated=True)


def test_names_that_are_not_unicode_are_refused() -> None:
    wrong: Any = {"\ud800": 1}
    for name, value in (("plain", wrong), ("by_key", {"a": wrong}), ("boxes", [wrong])):
        given: dict[str, Any] = {name: value}
        with pytest.raises(pydantic.ValidationError, match=name):
            Holder(**given)
        with pytest.raises(pydantic.ValidationError):
            pydantic.TypeAdapter(Holder).validate_python(given)
    inner: Any
    for inner in ({"colour": "\ud800"}, {"name": "\ud800"}, wrong):
        with pytest.raises(pydantic.ValidationError):
            Box(**inner)
        with pytest.raises(pydantic.ValidationError):
            Model(box=inner)
