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


class Kinds(aristaproto.Message):
    real: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    single: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    whole: int = aristaproto.field(3, aristaproto.TYPE_INT64)
    truth: bool = aristaproto.field(4, aristaproto.TYPE_BOOL)
    reals: list[float] = aristaproto.field(5, aristaproto.TYPE_DOUBLE, repeated=True)
    singles: list[float] = aristaproto.field(6, aristaproto.TYPE_FLOAT, repeated=True)
    wholes: list[int] = aristaproto.field(7, aristaproto.TYPE_INT64, repeated=True)
    truths: list[bool] = aristaproto.field(8, aristaproto.TYPE_BOOL, repeated=True)


class Checked(aristaproto.pydantic.Message):
    truth: bool = aristaproto.field(1, aristaproto.TYPE_BOOL)


class Measured:
    def __float__(self) -> float:
        return 1.5


class Counted:
    def __index__(self) -> int:
        return 1


REALS: list[Any] = [Decimal("1.5"), Fraction(3, 2), Measured(), Counted()]
WHOLES: list[Any] = [Counted()]
TRUTHS: list[Any] = []
if find_spec("numpy") is not None:
    numpy: Any = importlib.import_module("numpy")
    TRUTHS.extend([numpy.bool_(True), numpy.bool_(False)])
    WHOLES.extend([numpy.int8(1), numpy.int64(1), numpy.uint64(1)])
    REALS.extend([numpy.float16(1.5), numpy.float32(1.5), numpy.float64(1.5), numpy.int8(1)])
    REALS.extend(TRUTHS)

WRITERS: tuple[Any, ...] = (bytes, Kinds.to_json, Kinds.to_dict, Kinds.to_text)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("name", "own", "values"),
    [
        ("real", float, REALS),
        ("single", float, REALS),
        ("whole", operator.index, WHOLES),
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
        ("truth", "bool", [*nothing, 2, 1.0, *REALS[:4], *WHOLES]),
    ):
        for value in values:
            given: dict[str, Any] = {name: value}
            with pytest.raises(aristaproto.Error, match=f"expected ({said})"):
                write(Kinds(**given))


def test_arrays_of_lists_of_them() -> None:
    message = Kinds(reals=REALS, truths=TRUTHS)
    assert aristaproto.array(message, "reals").tolist() == [float(it) for it in REALS]
    assert aristaproto.array(message, "truths").tolist() == [bool(it) for it in TRUTHS]


def test_the_pydantic_flavour() -> None:
    for value in TRUTHS:
        assert Checked(truth=value).truth is bool(value)
    with pytest.raises(pydantic.ValidationError):
        Checked(truth=2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
