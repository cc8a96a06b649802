"""The rules of ProtoJSON and of dicts, as tables: what is accepted, what is refused and where."""

from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal
from typing import Any

import aristaproto
import pytest
from aristaproto import Casing, OutputFormat, wkt
from aristaproto.json import UnknownFieldError
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

WKT = "aristaproto.wkt:"
UTC = datetime.timezone.utc


class Level(aristaproto.Enum, prefix="LEVEL_", renamed={"None_": "none"}):
    None_ = 0
    LOW = 1
    HIGH = 2
    TOP = 2


class Child(aristaproto.Message):
    sub: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    children: list[Child] = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Child", repeated=True)
    child: Child | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Child")


class Thing(aristaproto.Message):
    an_int32: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    a_uint32: int = aristaproto.field(2, aristaproto.TYPE_UINT32)
    an_int64: int = aristaproto.field(3, aristaproto.TYPE_INT64)
    a_uint64: int = aristaproto.field(4, aristaproto.TYPE_UINT64)
    a_float: float = aristaproto.field(5, aristaproto.TYPE_FLOAT)
    a_double: float = aristaproto.field(6, aristaproto.TYPE_DOUBLE)
    a_bool: bool = aristaproto.field(7, aristaproto.TYPE_BOOL)
    a_string: str = aristaproto.field(8, aristaproto.TYPE_STRING)
    some_bytes: bytes = aristaproto.field(9, aristaproto.TYPE_BYTES)
    level: Level = aristaproto.field(10, aristaproto.TYPE_ENUM, "Level")
    child: Child | None = aristaproto.field(11, aristaproto.TYPE_MESSAGE, "Child")
    children: list[Child] = aristaproto.field(12, aristaproto.TYPE_MESSAGE, "Child", repeated=True)
    numbers: list[int] = aristaproto.field(13, aristaproto.TYPE_INT32, repeated=True)
    levels: list[Level] = aristaproto.field(14, aristaproto.TYPE_ENUM, "Level", repeated=True)
    by_text: dict[str, Child] = aristaproto.map_field(
        15, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Child"
    )
    by_int: dict[int, int] = aristaproto.map_field(
        16, aristaproto.TYPE_INT64, aristaproto.TYPE_INT64
    )
    by_bool: dict[bool, Level] = aristaproto.map_field(
        17, aristaproto.TYPE_BOOL, aristaproto.TYPE_ENUM, "Level"
    )
    maybe: int | None = aristaproto.field(18, aristaproto.TYPE_INT64, optional=True)
    left: int | None = aristaproto.field(19, aristaproto.TYPE_INT32, oneof="side")
    right: str | None = aristaproto.field(20, aristaproto.TYPE_STRING, oneof="side")
    from_: str = aristaproto.field(21, aristaproto.TYPE_STRING, proto_name="from")
    renamed: str = aristaproto.field(22, aristaproto.TYPE_STRING, json_name="custom.Name")
    fooBar2: str = aristaproto.field(23, aristaproto.TYPE_STRING)
    when: datetime.datetime | None = aristaproto.field(
        24, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp"
    )
    span: datetime.timedelta | None = aristaproto.field(
        25, aristaproto.TYPE_MESSAGE, f"{WKT}Duration"
    )
    wrapped: int | None = aristaproto.field(26, aristaproto.TYPE_MESSAGE, f"{WKT}UInt64Value")
    value: wkt.Value | None = aristaproto.field(27, aristaproto.TYPE_MESSAGE, f"{WKT}Value")
    null: wkt.NullValue | None = aristaproto.field(
        28, aristaproto.TYPE_ENUM, f"{WKT}NullValue", oneof="nullable"
    )
    mask: wkt.FieldMask | None = aristaproto.field(29, aristaproto.TYPE_MESSAGE, f"{WKT}FieldMask")
    times: list[datetime.datetime] = aristaproto.field(
        30, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp", repeated=True
    )


POOL = aristaproto.MessagePool()
POOL.register("rules", {"Thing": Thing, "Child": Child, "Level": Level})

ACCEPTED: list[tuple[str, str, Any]] = [
    ("anInt32", "1", 1),
    ("anInt32", '"1"', 1),
    ("anInt32", "1.0", 1),
    ("anInt32", "1e3", 1000),
    ("anInt32", '"1e3"', 1000),
    ("anInt32", "100000e-5", 1),
    ("anInt32", "-2147483648", -(2**31)),
    ("anInt32", "2147483647.000", 2**31 - 1),
    ("anInt32", "null", 0),
    ("anInt32", "0e999999999", 0),
    ("aUint32", "4294967295", 2**32 - 1),
    ("anInt64", '"-9223372036854775808"', -(2**63)),
    ("anInt64", "9223372036854775807", 2**63 - 1),
    ("anInt64", "9223372036854775807.0", 2**63 - 1),
    ("aUint64", "1.8446744073709551615e19", 2**64 - 1),
    ("aDouble", "1", 1.0),
    ("aDouble", '"1.5e-3"', 0.0015),
    ("aDouble", '"NaN"', math.nan),
    ("aDouble", '"-Infinity"', -math.inf),
    ("aDouble", "1.7976931348623157e308", 1.7976931348623157e308),
    ("aFloat", "0.1", 0.10000000149011612),
    ("aFloat", "3.4028235e38", 3.4028234663852886e38),
    ("aFloat", '"Infinity"', math.inf),
    ("aBool", "true", True),
    ("aString", '"\\ud83d\\ude00"', "😀"),
    ("someBytes", '"-_8="', b"\xfb\xff"),
    ("someBytes", '"+/8"', b"\xfb\xff"),
    ("someBytes", '""', b""),
    ("level", '"LEVEL_LOW"', Level.LOW),
    ("level", '"LOW"', Level.LOW),
    ("level", '"LEVEL_TOP"', Level.HIGH),
    ("level", '"none"', Level.None_),
    ("level", "2", Level.HIGH),
    ("level", "2.0", Level.HIGH),
    ("level", "-7", Level(-7)),
    ("child", "{}", Child()),
    ("child", "null", None),
    ("numbers", '[1, "2", 3.0]', [1, 2, 3]),
    ("numbers", "null", []),
    ("byInt", '{"1": "2", "-3": 4}', {1: 2, -3: 4}),
    ("byBool", '{"true": 1, "false": "LEVEL_HIGH"}', {True: Level.LOW, False: Level.HIGH}),
    ("byText", '{"": {"sub": 1}}', {"": Child(1)}),
    ("maybe", "0", 0),
    ("maybe", "null", None),
    ("custom.Name", '"x"', "x"),
    ("when", '"1970-01-01T00:00:01.5+00:00"', datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, UTC)),
    ("span", '"-0.5s"', datetime.timedelta(seconds=-0.5)),
    ("wrapped", '"18446744073709551615"', 2**64 - 1),
    ("wrapped", "null", None),
    ("value", "null", wkt.Value(null_value=wkt.NullValue.NULL_VALUE)),
    ("null", "null", wkt.NullValue.NULL_VALUE),
    ("null", '"NULL_VALUE"', wkt.NullValue.NULL_VALUE),
    ("mask", '"fooBar,a.bC"', wkt.FieldMask(["foo_bar", "a.b_c"])),
    ("mask", '""', wkt.FieldMask()),
]


@pytest.mark.parametrize(("key", "text", "expected"), ACCEPTED)
def test_accepted(key: str, text: str, expected: Any) -> None:
    message = Thing.from_json(f"{{{json.dumps(key)}: {text}}}")
    schema = Thing.__schema__
    found = schema.by_json_name[key].get(message)
    assert type(found) is type(expected)
    assert found == expected or (math.isnan(found) and math.isnan(expected))


REFUSED: list[tuple[str, str]] = [
    ('{"anInt32": 1.5}', "expected int32, got number 1.5 at `an_int32`"),
    ('{"anInt32": "1.5"}', "expected int32, got str '1.5' at `an_int32`"),
    ('{"anInt32": ""}', "expected int32, got str '' at `an_int32`"),
    ('{"anInt32": " 1"}', "expected int32, got str ' 1' at `an_int32`"),
    ('{"anInt32": "0x1"}', "expected int32, got str '0x1' at `an_int32`"),
    ('{"anInt32": true}', "expected int32, got bool True at `an_int32`"),
    ('{"anInt32": []}', "expected int32, got list [] at `an_int32`"),
    ('{"anInt32": "NaN"}', "expected int32, got str 'NaN' at `an_int32`"),
    ('{"anInt32": 2147483648}', "int 2147483648 at `an_int32`"),
    ('{"anInt32": 1e999999999}', "expected int32, got number 1E+999999999 at `an_int32`"),
    ('{"anInt32": 1e9999999999999999999999}', "range of double"),
    ('{"aUint32": -1}', "expected uint32 (0 to 4294967295), got int -1 at `a_uint32`"),
    ('{"anInt64": 9223372036854775808}', "at `an_int64`"),
    ('{"anInt64": 9223372036854775807.5}', "at `an_int64`"),
    ('{"aUint64": "18446744073709551616"}', "at `a_uint64`"),
    ('{"aDouble": 1.8e308}', "range of double, got number 1.8E+308 at `a_double`"),
    ('{"aDouble": "1.8e308"}', "range of double"),
    ('{"aDouble": "nan"}', "expected a number, got str 'nan' at `a_double`"),
    ('{"aDouble": "1_0"}', "expected a number"),
    ('{"aDouble": NaN}', "expected a JSON value, got NaN"),
    ('{"aDouble": -Infinity}', "expected a JSON value, got -Infinity"),
    ('{"aDouble": false}', "expected a number, got bool False at `a_double`"),
    ('{"aFloat": 3.5e38}', "range of float"),
    ('{"aBool": 1}', "expected bool, got int 1 at `a_bool`"),
    ('{"aBool": "true"}', "expected bool, got str 'true' at `a_bool`"),
    ('{"aString": 1}', "expected string, got int 1 at `a_string`"),
    ('{"aString": "\\ud800"}', "lone surrogate at character 0 at `a_string`"),
    ('{"someBytes": "a"}', "expected base64 text, got str 'a' at `some_bytes`"),
    ('{"someBytes": "YQ="}', "expected base64 text"),
    ('{"someBytes": "Y Q="}', "expected base64 text"),
    ('{"someBytes": 1}', "expected base64 text, got int 1"),
    ('{"level": "LEVEL_MIDDLE"}', "expected a name of enum Level, got 'LEVEL_MIDDLE' at `level`"),
    ('{"level": 1.5}', "expected enum Level, got number 1.5 at `level`"),
    ('{"level": true}', "expected enum Level, got bool True at `level`"),
    ('{"level": 2147483648}', "32 bits"),
    ('{"child": []}', "expected an object for rules.Child, got list [] at `child`"),
    ('{"children": {}}', "expected a list, got dict {} at `children`"),
    ('{"children": [{}, null]}', "expected Child, got null at `children[1]`"),
    ('{"children": [{}, {"sub": "x"}]}', "expected int32, got str 'x' at `children[1].sub`"),
    ('{"numbers": [1, null]}', "expected int32, got null at `numbers[1]`"),
    ('{"numbers": 1}', "expected a list, got int 1 at `numbers`"),
    ('{"byText": {"k": {"child": {"sub": []}}}}', "got list [] at `by_text['k'].child.sub`"),
    ('{"byText": {"k": null}}', "expected Child, got null at `by_text['k']`"),
    ('{"byText": []}', "expected an object for a map, got list [] at `by_text`"),
    ('{"byInt": {"x": 1}}', "expected int64, got str 'x' at `by_int['x']`"),
    ('{"byInt": {"1": 1, "1.0": 2}}', "expected each key once, got int 1 twice"),
    ('{"byBool": {"True": 1}}', "at `by_bool['True']`"),
    ('{"byInt": {"1": 1, "1": 2}}', "expected each key once, got '1' twice at `by_int`"),
    ('{"anInt32": 1, "anInt32": 1}', "expected each key once, got 'anInt32' twice"),
    ('{"anInt32": 1, "an_int32": 1}', "under the keys 'anInt32' and 'an_int32' at `an_int32`"),
    ('{"anInt32": null, "an-int32": null}', "under the keys"),
    (
        '{"left": 1, "right": "x"}',
        "one member of the oneof 'side', got the keys 'left' and 'right'",
    ),
    ('{"zzz": 1}', "expected a field of rules.Thing, got 'zzz'"),
    ('{"child": {"subb": 1}}', "got 'subb' (did you mean 'sub'?) at `child`"),
    ('{"when": "2009-05-19"}', "expected a time in RFC 3339 form"),
    ('{"when": "0000-01-01T00:00:00Z"}', "expected a time that exists"),
    ('{"when": 1}', "expected a time as RFC 3339 text, got int 1 at `when`"),
    ('{"times": ["1970-01-01T00:00:00Z", null]}', "got null at `times[1]`"),
    ('{"span": "1"}', "expected a duration in seconds such as 1.5s, got '1' at `span`"),
    ('{"span": "315576000001s"}', "315576000000"),
    ('{"span": "1.0000000001s"}', "expected a duration"),
    ('{"wrapped": -1}', "expected uint64"),
    ('{"wrapped": {"value": 1}}', "expected uint64, got dict"),
    ('{"mask": "foo_bar"}', "expected paths in lowerCamelCase, got 'foo_bar' at `mask`"),
    ('{"mask": {"paths": ["a"]}}', "expected paths joined by commas"),
    ("[]", "expected an object for rules.Thing, got list []"),
    ("null", "expected an object for rules.Thing, got None"),
    ("", "line 1 column 1"),
    ('{"anInt32": 1,}', "line 1 column"),
    ("{'anInt32': 1}", "line 1 column 2"),
    ('{"anInt32": 01}', "line 1 column"),
    ('{"anInt32": 1} x', "line 1 column 16"),
    ('{"aString": "\n"}', "line 1 column"),
    ("[" * 100_000, "nested less deeply"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(aristaproto.JsonError) as caught:
        Thing.from_json(text)
    assert message in str(caught.value)


def test_bytes_must_be_utf_8() -> None:
    assert Thing.from_json('{"aString": "ä"}'.encode()) == Thing(a_string="ä")
    with pytest.raises(aristaproto.JsonError, match="UTF-8"):
        Thing.from_json(b'{"aString": "\xff"}')
    with pytest.raises(TypeError):
        Thing.from_json(1)  # type: ignore[arg-type]


class TestKeys:
    @pytest.mark.parametrize("key", ["anInt32", "an_int32", "AnInt32", "an-int32", "AN_INT32"])
    def test_spellings(self, key: str) -> None:
        assert Thing.from_dict({key: 1}) == Thing(an_int32=1)
        assert Thing.from_json(json.dumps({key: 1})) == Thing(an_int32=1)

    @pytest.mark.parametrize("key", ["from", "from_", "From"])
    def test_keyword(self, key: str) -> None:
        assert Thing.from_dict({key: "x"}).from_ == "x"
        assert Thing(from_="x").to_dict() == {"from": "x"}
        assert Thing(from_="x").to_dict(casing=Casing.SNAKE) == {"from": "x"}

    def test_json_name(self) -> None:
        assert Thing(renamed="x").to_dict() == {"custom.Name": "x"}
        assert Thing(renamed="x").to_dict(casing=Casing.SNAKE) == {"renamed": "x"}
        assert Thing(fooBar2="x").to_dict() == {"fooBar2": "x"}
        for key in ("fooBar2", "foo_bar2"):
            assert Thing.from_dict({key: "x"}).fooBar2 == "x"

    def test_an_empty_json_name(self) -> None:
        class Empty(aristaproto.Message):
            foo_bar: int = aristaproto.field(1, aristaproto.TYPE_INT32, json_name="")

        assert Empty(1).to_dict() == json.loads(Empty(1).to_json()) == {"": 1}
        assert Empty.from_json('{"": 1}') == Empty.from_dict({"foo_bar": 1}) == Empty(1)
        file = descriptor_pb2.FileDescriptorProto(name="empty.proto", package="empty_json_name")
        message = file.message_type.add(name="Empty")
        message.field.add(name="foo_bar", number=1, type=5, label=1, json_name="")
        pool = descriptor_pool.DescriptorPool()
        pool.AddSerializedFile(file.SerializeToString())
        google = message_factory.GetMessageClass(
            pool.FindMessageTypeByName("empty_json_name.Empty")
        )
        assert json_format.MessageToDict(google(foo_bar=1)) == {"": 1}

    def test_map_keys_stay(self) -> None:
        message = Thing(by_text={"blah": Child(1), "Blah_2": Child()})
        assert message.to_dict() == {"byText": {"blah": {"sub": 1}, "Blah_2": {}}}
        assert Thing.from_dict(message.to_dict()) == message

    def test_one_spelling_for_two_fields_names_neither(self) -> None:
        class Near(aristaproto.Message):
            foo_bar: int = aristaproto.field(1, aristaproto.TYPE_INT32)
            fooBar: int = aristaproto.field(2, aristaproto.TYPE_INT32, json_name="other")

        assert Near.from_dict({"fooBar": 1, "other": 2}) == Near(1, 2)
        assert Near.from_dict({"foo_bar": 1}) == Near(1, 0)
        with pytest.raises(UnknownFieldError):
            Near.from_dict({"FooBar": 1})

    def test_unknown(self) -> None:
        with pytest.raises(KeyError):
            Thing.from_dict({"nope": 1})
        with pytest.raises(KeyError):
            Thing.from_json('{"child": {"nope": 1}}')
        values = {"nope": 1, "child": {"nope": {"x": [None]}, "sub": 1}, "children": [{"no": 1}]}
        expected = Thing(child=Child(1), children=[Child()])
        assert Thing.from_dict(values, ignore_unknown_fields=True) == expected
        assert Thing.from_json(json.dumps(values), ignore_unknown_fields=True) == expected

    def test_unknown_names_of_enum_values(self) -> None:
        values = {"level": "NO", "levels": ["LEVEL_LOW", "NO"], "byBool": {"true": "NO"}}
        with pytest.raises(ValueError, match="expected a name of enum Level"):
            Thing.from_dict(values)
        assert Thing.from_dict(values, ignore_unknown_fields=True) == Thing(levels=[Level.LOW])


class TestOut:
    def test_values(self) -> None:
        message = Thing(
            an_int32=1,
            an_int64=2,
            a_float=0.1,
            a_double=math.inf,
            some_bytes=b"\xff\xfe",
            level=1,  # type: ignore[arg-type]
            levels=(0, Level.HIGH, 9),  # type: ignore[arg-type]
            by_int={1: 2},
            by_bool={True: Level.LOW},
            maybe=0,
            left=0,
            when=datetime.datetime(2020, 1, 1, tzinfo=UTC),
            span=datetime.timedelta(seconds=1.2),
            wrapped=0,
            value=wkt.Value(null_value=wkt.NullValue.NULL_VALUE),
        )
        assert message.to_dict() == {
            "anInt32": 1,
            "anInt64": "2",
            "aFloat": 0.1,
            "aDouble": "Infinity",
            "someBytes": "//4=",
            "level": "LEVEL_LOW",
            "levels": ["none", "LEVEL_HIGH", 9],
            "byInt": {"1": "2"},
            "byBool": {"true": "LEVEL_LOW"},
            "maybe": "0",
            "left": 0,
            "when": "2020-01-01T00:00:00Z",
            "span": "1.200s",
            "wrapped": "0",
            "value": None,
        }
        assert list(message.to_dict()) == sorted(
            message.to_dict(), key=lambda key: Thing.__schema__.by_json_name[key].number
        )

    def test_python_values(self) -> None:
        naive = datetime.datetime(2020, 1, 1)
        message = Thing(
            an_int64=2,
            some_bytes=b"x",
            level=1,  # type: ignore[arg-type]
            child=Child(1),
            by_int={1: 2},
            when=naive,
            times=[naive],
            mask=wkt.FieldMask(["a_b"]),
        )
        values = message.to_dict(output_format=OutputFormat.PYTHON, casing=Casing.SNAKE)
        assert values == {
            "an_int64": 2,
            "some_bytes": b"x",
            "level": Level.LOW,
            "child": {"sub": 1},
            "by_int": {1: 2},
            "when": naive,
            "times": [naive],
            "mask": {"paths": ["a_b"]},
        }
        assert isinstance(values["level"], Level)
        assert Thing.from_dict(values) == message

    def test_defaults(self) -> None:
        values = Thing().to_dict(include_default_values=True)
        assert values["anInt32"] == 0
        assert values["anInt64"] == "0"
        assert values["aDouble"] == 0.0
        assert values["aBool"] is False
        assert values["aString"] == ""
        assert values["someBytes"] == ""
        assert values["level"] == "none"
        assert values["child"] is None
        assert values["maybe"] is None
        assert values["left"] is None
        assert values["when"] is None
        assert values["wrapped"] is None
        assert values["children"] == []
        assert values["byText"] == {}
        # Null would be a value of these.
        assert values.keys().isdisjoint({"value", "null"})
        assert len(values) == len(Thing.__schema__.fields) - 2
        assert Thing.from_dict(values) == Thing()

    def test_empty_messages_and_iterators(self) -> None:
        assert Thing(child=Child()).to_dict() == {"child": {}}
        assert Thing(numbers=(n for n in (1, 2))).to_dict() == {"numbers": [1, 2]}  # type: ignore[arg-type]
        assert Thing(numbers=iter(())).to_dict() == {}  # type: ignore[arg-type]

    def test_message_is_not_changed(self) -> None:
        message = Thing(child=Child(1), by_text={"k": Child(2)}, children=[Child()])
        before = bytes(message)
        message.to_dict()
        message.to_json()
        assert bytes(message) == before
        assert isinstance(message.by_text["k"], Child)

    def test_text(self) -> None:
        message = Thing(an_int32=1, a_string="ä\u2028")
        assert message.to_json() == '{"anInt32": 1, "aString": "\\u00e4\\u2028"}'
        assert message.to_json(0) == json.dumps(message.to_dict(), indent=0)
        assert message.to_json(indent=2) == json.dumps(message.to_dict(), indent=2)
        assert message.to_json(casing=Casing.SNAKE).startswith('{"an_int32"')
        assert json.loads(Thing().to_json(include_default_values=True))["children"] == []

    @pytest.mark.parametrize(
        ("message", "text"),
        [
            (
                Thing(an_int32=2**31),
                "expected int32 (-2147483648 to 2147483647), got int 2147483648 at `an_int32`",
            ),
            (Thing(a_uint64=-1), "at `a_uint64`"),
            (Thing(an_int32="1"), "expected int32, got str '1' at `an_int32`"),  # type: ignore[arg-type]
            (Thing(a_float=1e39), "range of float, got 1e+39 at `a_float`"),
            (Thing(a_float="1"), "expected float, got str '1' at `a_float`"),  # type: ignore[arg-type]
            (Thing(a_float=10**400), "within the range of float, got int 1"),
            (Thing(a_double="1"), "expected double, got str '1' at `a_double`"),  # type: ignore[arg-type]
            (Thing(a_bool="x"), "expected bool, got str 'x' at `a_bool`"),  # type: ignore[arg-type]
            (Thing(a_string=b"x"), "expected string, got bytes b'x' at `a_string`"),  # type: ignore[arg-type]
            (Thing(a_string="\ud800"), "lone surrogate at character 0 at `a_string`"),
            (Thing(some_bytes="x"), "expected bytes, got str 'x' at `some_bytes`"),  # type: ignore[arg-type]
            (Thing(level="LOW"), "expected enum Level, got str 'LOW' at `level`"),  # type: ignore[arg-type]
            (Thing(child=Thing()), "expected Child, got Thing Thing() at `child`"),  # type: ignore[arg-type]
            (Thing(children=[Child(), Child(sub=[])]), "got list [] at `children[1].sub`"),  # type: ignore[arg-type]
            (Thing(numbers="12"), "expected a list, got str '12' at `numbers`"),  # type: ignore[arg-type]
            (Thing(by_int={1: None}), "expected int64, got None at `by_int[1]`"),  # type: ignore[dict-item]
            (Thing(by_int=[1]), "expected a dict, got list [1] at `by_int`"),  # type: ignore[arg-type]
            (Thing(when=datetime.datetime(2020, 1, 1)), "time zone"),
            (Thing(when=1), "expected datetime.datetime, got int"),  # type: ignore[arg-type]
            (Thing(span=datetime.timedelta.max), "315576000000"),
            (Thing(mask=wkt.FieldMask(["ok", "fooBar"])), "got 'fooBar' at `mask.paths[1]`"),
            (Thing(value=wkt.Value(number_value=math.nan)), "got NaN at `value.number_value`"),
        ],
    )
    def test_refused(self, message: Thing, text: str) -> None:
        with pytest.raises(aristaproto.JsonError) as caught:
            message.to_dict()
        assert text in str(caught.value)


class TestPythonValuesIn:
    def test_from_instance(self) -> None:
        message = Thing(an_int32=7)
        assert message.from_dict({"aBool": True}) == Thing(a_bool=True)
        assert message.from_json('{"aBool": true}') == Thing(a_bool=True)
        assert message == Thing(an_int32=7)

    def test_values(self) -> None:
        when = datetime.datetime(2020, 1, 1, tzinfo=UTC)
        span = datetime.timedelta(microseconds=1)
        message = Thing.from_dict(
            {
                "when": when,
                "span": span,
                "wrapped": 5,
                "someBytes": bytearray(b"x"),
                "level": Level.LOW,
                "byInt": {1: 2},
                "byBool": {True: Level.HIGH},
                "child": Child(3),
                "anInt32": Decimal(4),
                "aDouble": math.nan,
                "times": (when,),
            }
        )
        assert message == Thing(
            when=when,
            span=span,
            wrapped=5,
            some_bytes=b"x",
            level=Level.LOW,
            by_int={1: 2},
            by_bool={True: Level.HIGH},
            child=Child(3),
            an_int32=4,
            a_double=math.nan,
            times=[when],
        )

    @pytest.mark.parametrize(
        "values",
        [
            {"anInt32": math.inf},
            {"anInt32": math.nan},
            {"anInt32": Decimal("NaN")},
            {"anInt32": Decimal("Infinity")},
            {"aDouble": 10**400},
            {"aDouble": Decimal("1e400")},
            {"when": datetime.timedelta(1)},
            {"span": datetime.datetime(2020, 1, 1)},
            {"child": Thing()},
            {"numbers": "12"},
            {1: 2},
        ],
    )
    def test_refused(self, values: dict[Any, Any]) -> None:
        with pytest.raises(aristaproto.JsonError):
            Thing.from_dict(values)


class TestLimits:
    def nested(self, levels: int) -> str:
        return '{"child": ' * levels + "{}" + "}" * levels

    def test_depth_in(self) -> None:
        Child.from_json(self.nested(100))
        with pytest.raises(aristaproto.JsonError, match="100 levels"):
            Child.from_json(self.nested(101))
        with aristaproto.limits(depth=200):
            Child.from_json(self.nested(101))

    def test_depth_out(self) -> None:
        with aristaproto.limits(depth=200):
            message = Child.from_json(self.nested(101))
        with pytest.raises(aristaproto.JsonError, match="100 levels"):
            message.to_json()
        with aristaproto.limits(depth=200):
            assert json.loads(message.to_json()) == json.loads(self.nested(101))

    def test_depth_of_values(self) -> None:
        wkt.Value.from_json("[" * 50 + "]" * 50)
        with pytest.raises(aristaproto.JsonError, match="levels"):
            wkt.Value.from_json("[" * 101 + "]" * 101)

    def test_deeper_than_the_stack(self) -> None:
        values: dict[str, Any] = {}
        for _ in range(100_000):
            values = {"child": values}
        with aristaproto.limits(depth=10**6), pytest.raises(aristaproto.JsonError, match="stack"):
            Child.from_dict(values)

    def test_size(self) -> None:
        with aristaproto.limits(size=10), pytest.raises(aristaproto.JsonError, match="characters"):
            Child.from_json('{"sub": 100}')
        with aristaproto.limits(messages=2):
            Child.from_dict({"children": [{}, {}]})
            with pytest.raises(aristaproto.JsonError, match="messages"):
                Child.from_dict({"children": [{}, {}, {}]})
