"""Field names that a generated message reserves, in text format."""

from __future__ import annotations

import aristaproto
import pytest
from trees.sync.proto2 import Level, Other, Proto2

WHOLE = 'required_text: "x" required_level: LEVEL_LOW other {}'
EXPECTED = Proto2(required_text="x", required_level=Level.LOW, other=Other())


@pytest.mark.parametrize(
    "value",
    [": 1", ": -1.5", ": 'text'", ": NAME", " { a: 1 b { c: 2 } }", ": < a: 1 >", ": [1, 2]"],
)
def test_reserved_name_is_passed_over(value: str) -> None:
    assert Proto2.from_text(f"gone{value}, {WHOLE}") == EXPECTED
    assert Proto2.from_text(f"{WHOLE} child {{ {WHOLE} gone{value} }}").child == EXPECTED


def test_its_value_must_be_one() -> None:
    with pytest.raises(aristaproto.TextError, match=r"a value, got .* in line 1 column 7"):
        Proto2.from_text("gone: } " + WHOLE)


@pytest.mark.parametrize("name", ["Gone", "gone_", "[gone]"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(aristaproto.TextError, match=r"expected a field of proto2\.Proto2"):
        Proto2.from_text(f"{name}: 1 {WHOLE}")


def test_names_reserved_elsewhere_are_refused() -> None:
    with pytest.raises(aristaproto.TextError, match=r"expected a field of proto2\.Other"):
        Other.from_text("gone: 1")
