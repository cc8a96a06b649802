"""The casing functions, against a table of names."""

from __future__ import annotations

import pytest
from aristaproto.casing import Casing, camel_case, pascal_case, snake_case


@pytest.mark.parametrize(
    ("name", "pascal", "camel", "snake"),
    [
        ("", "", "", ""),
        ("a", "A", "a", "a"),
        ("foobar", "Foobar", "foobar", "foobar"),
        ("fooBar", "FooBar", "fooBar", "foo_bar"),
        ("FooBar", "FooBar", "fooBar", "foo_bar"),
        ("foo.bar", "FooBar", "fooBar", "foo_bar"),
        ("foo~bar", "FooBar", "fooBar", "foo_bar"),
        ("foo:bar", "FooBar", "fooBar", "foo_bar"),
        ("foo-bar", "FooBar", "fooBar", "foo_bar"),
        ("foo_bar", "FooBar", "fooBar", "foo_bar"),
        ("foo__bar", "FooBar", "fooBar", "foo_bar"),
        ("foo_Bar", "FooBar", "fooBar", "foo_bar"),
        ("FOOBAR", "Foobar", "foobar", "foobar"),
        ("FOOBar", "FooBar", "fooBar", "foo_bar"),
        ("UInt32", "UInt32", "uInt32", "u_int32"),
        ("GetUInt64", "GetUInt64", "getUInt64", "get_u_int64"),
        ("FOO_BAR", "FooBar", "fooBar", "foo_bar"),
        ("FOOBAR1", "Foobar1", "foobar1", "foobar1"),
        ("FOOBAR_1", "Foobar1", "foobar1", "foobar_1"),
        ("FOOBAR_123", "Foobar123", "foobar123", "foobar_123"),
        ("FOO1BAR2", "Foo1Bar2", "foo1Bar2", "foo1_bar2"),
        ("foobaR", "FoobaR", "foobaR", "fooba_r"),
        ("1foobar", "1Foobar", "1Foobar", "1_foobar"),
        ("_foobar", "Foobar", "foobar", "foobar"),
    ],
)
def test_strict(name: str, pascal: str, camel: str, snake: str) -> None:
    assert pascal_case(name) == pascal
    assert camel_case(name) == camel
    assert snake_case(name) == snake
    assert Casing.CAMEL(name) == camel
    assert Casing.SNAKE(name) == snake


@pytest.mark.parametrize(
    ("name", "camel", "snake"),
    [
        ("foo_bar", "fooBar", "foo_bar"),
        ("foo__bar", "foo_Bar", "foo__bar"),
        ("foo__Bar", "foo__Bar", "foo___bar"),
        ("foo_Bar", "foo_Bar", "foo__bar"),
        ("fooBar", "fooBar", "foo_bar"),
        ("__foo", "_Foo", "__foo"),
        ("FOO_BAR", "foo_Bar", "foo_bar"),
    ],
)
def test_not_strict(name: str, camel: str, snake: str) -> None:
    assert camel_case(name, strict=False) == camel
    assert snake_case(name, strict=False) == snake
