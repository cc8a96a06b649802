"""Numbers of types that are none of Python's own: all formats take the same ones, and write what they write of Python's."""

from __future__ import annotations

import importlib
import operator
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

import aristaproto
import aristaproto.pydantic
import pydantic
import pytest
from aristaproto import OutputFormat, wkt


class Level(aristaproto.Enum):
    NONE = 0
    HIGH = 1


class Kinds(aristaproto.Message):
    real: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    single: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    whole: int = aristaproto.field(3, aristaproto.TYPE_INT64)
    truth: bool = aristaproto.field(4, aristaproto.TYPE_BOOL)
    reals: list[float] = aristaproto.field(5, aristaproto.TYPE_DOUBLE, repeated=True)
    singles: list[float] = aristaproto.field(6, aristaproto.TYPE_FLOAT, repeated=True)
    wholes: list[int] = aristaproto.field(7, aristaproto.TYPE_INT64, repeated=True)
    truths: list[bool] = aristaproto.field(8, aristaproto.TYPE_BOOL, repeated=True)
    level: Level = aristaproto.field(9, aristaproto.TYPE_ENUM, "Level")
    levels: list[Level] = aristaproto.field(10, aristaproto.TYPE_ENUM, "Level", repeated=True)
    null: wkt.NullValue = aristaproto.field(
        11, aristaproto.TYPE_ENUM, "aristaproto.wkt:NullValue", oneof="one"
    )
    by_whole: dict[int, Level] = aristaproto.map_field(
        12, aristaproto.TYPE_INT64, aristaproto.TYPE_ENUM, "Level"
    )
    wrapped: int | None = aristaproto.field(
        13, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Int64Value"
    )
    wrapped_real: float | None = aristaproto.field(
        14, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:FloatValue"
    )
    by_truth: dict[bool, float] = aristaproto.map_field(
        15, aristaproto.TYPE_BOOL, aristaproto.TYPE_DOUBLE
    )


class Checked(aristaproto.pydantic.Message):
    truth: bool = aristaproto.field(1, aristaproto.TYPE_BOOL)
    level: Level = aristaproto.field(2, aristaproto.TYPE_ENUM, "Level")


class Measured:
    def __float__(self) -> float:
        return 1.5


class Counted:
    def __index__(self) -> int:
        return 1


REALS: list[Any] = [Decimal("1.5"), Fraction(3, 2), Measured(), Counted()]
WHOLES: list[Any] = [Counted()]
TRUTHS: list[Any] = []
NO_WHOLES: list[Any] = []
"""NumPy's bools, but for old versions, where they are integers, too, with a warning."""
if find_spec("numpy") is not None:
    numpy: Any = importlib.import_module("numpy")
    TRUTHS.extend([numpy.bool_(True), numpy.bool_(False)])
    WHOLES.extend([numpy.int8(1), numpy.int64(1), numpy.uint64(1)])
    REALS.extend([numpy.float16(1.5), numpy.float32(1.5), numpy.float64(1.5), numpy.int8(1)])
    REALS.extend(TRUTHS)
    if not hasattr(numpy.bool_, "__index__"):
        NO_WHOLES.extend(TRUTHS)


def python_dict(message: Kinds) -> dict[str, Any]:
    made: dict[str, Any] = message.to_dict(output_format=OutputFormat.PYTHON)
    return made


WRITERS: tuple[Any, ...] = (bytes, Kinds.to_json, Kinds.to_dict, Kinds.to_text)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("name", "own", "values"),
    [
        ("real", float, REALS),
        ("single", float, REALS),
        ("whole", operator.index, WHOLES),
        ("level", operator.index, WHOLES),
        ("truth", bool, TRUTHS),
    ],
)
def test_written_as_their_value(name: str, own: Any, values: list[Any], write: Any) -> None:
    for value in values:
        foreign: dict[str, Any] = {name: value, f"{name}s": [value, value]}
        plain: dict[str, Any] = {name: own(value), f"{name}s": [own(value)] * 2}
        assert write(Kinds(**foreign)) == write(Kinds(**plain)), value


@pytest.mark.parametrize("write", WRITERS)
def test_what_is_no_number_of_the_type(write: Any) -> None:
    nothing = ["1.5", b"1", None, 1j, [1]]
    for name, said, values in (
        ("real", "double", nothing),
        ("single", "float|double", nothing),
        ("whole", "int64", [*nothing, 1.0, *REALS[:3]]),
        ("level", "enum", [*nothing, 1.0, *REALS[:3], *NO_WHOLES[:1]]),
        ("truth", "bool", [*nothing, 2, 1.0, *REALS[:4], *WHOLES]),
    ):
        for value in values:
            given: dict[str, Any] = {name: value}
            with pytest.raises(aristaproto.Error, match=f"expected ({said})"):
                write(Kinds(**given))


def test_all_kinds_of_fields() -> None:
    for value in WHOLES:
        foreign = Kinds(null=value, by_whole={value: value}, wrapped=value)
        plain = Kinds(null=wkt.NullValue(1), by_whole={1: Level.HIGH}, wrapped=1)
        for write in WRITERS:
            assert write(foreign) == write(plain)


def test_python_values_of_enums_are_members() -> None:
    for value in WHOLES:
        made = python_dict(Kinds(level=value, levels=[value], by_whole={1: value}))
        assert made == {"level": 1, "levels": [1], "byWhole": {1: 1}}
        for member in (made["level"], *made["levels"], *made["byWhole"].values()):
            assert type(member) is Level


def test_keys_of_one_number() -> None:
    several: list[list[Any]] = [
        [Counted(), Counted()],
        [1, Counted()],
        [Counted(), 1],
        [Counted(), 2, Counted()],
    ]
    for keys in several:
        values: dict[Any, Any] = {key: place for place, key in enumerate(keys)}
        last = {operator.index(key): value for key, value in values.items()}
        message = Kinds(by_whole=values)
        assert message.to_json() == Kinds(by_whole=last).to_json()
        assert message.to_dict() == Kinds(by_whole=last).to_dict()
        assert Kinds.parse(bytes(message)).by_whole == last


def test_python_values_are_read_back() -> None:
    given: list[dict[str, Any]] = [
        *({"real": it, "single": it, "reals": [it]} for it in REALS if it not in TRUTHS),
        *({"wrapped_real": it, "by_truth": {True: it}} for it in REALS if it not in TRUTHS),
        *({"whole": it, "wholes": [it], "wrapped": it, "null": it} for it in WHOLES),
        *({"by_whole": {it: it}, "level": it, "levels": [it]} for it in WHOLES),
        *({"truth": it, "truths": [it], "by_truth": {it: 1.0}} for it in TRUTHS),
    ]
    for values in given:
        message = Kinds(**values)
        read = Kinds.from_dict(python_dict(message))
        assert bytes(read) == bytes(message)
        # As Python's own.
        assert read == Kinds.parse(bytes(message))
        assert read.to_json() == message.to_json()


def test_values_of_structs() -> None:
    for values, own in ((REALS[:3], float), (WHOLES, operator.index), (TRUTHS, bool)):
        for value in values:
            assert wkt.Value.from_dict(value) == wkt.Value.from_dict(own(value))
            assert wkt.Struct.from_dict({"a": [value]}) == wkt.Struct.from_dict({"a": [own(value)]})


def test_what_is_read_for_no_number_of_the_type() -> None:
    for name, values in (
        ("real", ["1,5", b"1", 1j, [1], True, *TRUTHS]),
        ("single", ["1,5", b"1", 1j, [1], True, *TRUTHS, 1e300]),
        ("whole", [b"1", 1j, [1], True, 1.5, Fraction(1, 1), Measured(), *NO_WHOLES]),
        ("level", [b"1", 1j, [1], True, 1.5, Fraction(1, 1), Measured(), *NO_WHOLES]),
        ("truth", ["true", 1, 1.0, *WHOLES]),
    ):
        for value in values:
            with pytest.raises(aristaproto.JsonError, match=f"expected .*`{name}`"):
                Kinds.from_dict({name: value})


def test_what_equals_a_default_is_shown_as_the_default() -> None:
    for value in (0, 0.0, False, 0j, Decimal(0), Fraction(0), Level.NONE):
        given: dict[str, Any] = dict.fromkeys(("real", "single", "whole", "truth", "level"), value)
        message = Kinds(**given)
        assert message.to_json(include_default_values=True) == Kinds().to_json(
            include_default_values=True
        )
        for output_format in OutputFormat:
            made = message.to_dict(output_format=output_format, include_default_values=True)
            wanted = Kinds().to_dict(output_format=output_format, include_default_values=True)
            assert repr(made) == repr(wanted)


def test_arrays_of_lists_of_them() -> None:
    message = Kinds(reals=REALS, truths=TRUTHS)
    assert aristaproto.array(message, "reals").tolist() == [float(it) for it in REALS]
    assert aristaproto.array(message, "truths").tolist() == [bool(it) for it in TRUTHS]


def test_the_pydantic_flavour() -> None:
    for value in TRUTHS:
        assert Checked(truth=value).truth is bool(value)
    with pytest.raises(pydantic.ValidationError):
        Checked(truth=2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for value in WHOLES:
        assert Checked(level=value).level is Level.HIGH
        model = pydantic.create_model("model", level=(Level, ...))(level=value)
        assert model.model_dump_json() == '{"level":"HIGH"}'
    several: list[Any] = [True, 1.5, None, *NO_WHOLES]
    for wrong in several:
        with pytest.raises(pydantic.ValidationError):
            Checked(level=wrong)
