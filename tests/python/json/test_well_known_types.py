"""The well-known types: their methods, the values of fields of their types, their JSON forms."""

from __future__ import annotations

import copy
import datetime
import json
import math
import pickle
from typing import Any, ClassVar

import aristaproto
import pytest
from aristaproto import OutputFormat, wkt
from aristaproto.nano_datetime import NanoDatetime, NanoTimedelta
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2

WKT = "aristaproto.wkt:"
UTC = datetime.timezone.utc

ISO_8601 = [
    "2009",
    "2009-05",
    "2009-05-19",
    "20090519",
    "2009123",
    "2009-123",
    "2009-222",
    "2009-001",
    "2009-W01-1",
    "2009-W51-1",
    "2009-W33",
    "2009W511",
    "2009-W21-2",
    "2009-W21-2T01:22",
    "2009-139",
    "2009-12-12T12:34",
    "2009-05-19T14:39Z",
    "20090621T0545Z",
    "2007-04-06T00:00",
    "2007-04-05T24:00",
    "2010-02-18T16:23:48.5",
    "2010-02-18T16:23:48,444",
    "2010-02-18T16:23:48,3-06:00",
    "2010-02-18T16:23:00.4",
    "2010-02-18T16:23:00,25",
    "2010-02-18T16:23:00.33+0600",
    "2010-02-18T16:00:00.23334444",
    "2010-02-18T16:00:00,2283",
    "2009-05-19 00:00",
    "2009-05-19 14",
    "2009-05-19 14:31",
    "2009-05-19 14:39:22",
    "2009-05-19 14:39:22-06:00",
    "2009-05-19 14:39:22+0600",
    "2009-05-19 14:39:22-01",
    "2009-05-19 143922",
    "2009-05-19 1439",
]


class Fields(aristaproto.Message):
    when: datetime.datetime | None = aristaproto.field(
        1, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp"
    )
    span: datetime.timedelta | None = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, f"{WKT}Duration"
    )
    whens: list[datetime.datetime] = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp", repeated=True
    )
    spans: dict[str, datetime.timedelta] = aristaproto.map_field(
        4, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, f"{WKT}Duration"
    )
    one_span: datetime.timedelta | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, f"{WKT}Duration", oneof="one"
    )
    text: str | None = aristaproto.field(6, aristaproto.TYPE_MESSAGE, f"{WKT}StringValue")
    texts: list[str] = aristaproto.field(
        7, aristaproto.TYPE_MESSAGE, f"{WKT}StringValue", repeated=True
    )
    numbers: dict[int, float] = aristaproto.map_field(
        8, aristaproto.TYPE_INT32, aristaproto.TYPE_MESSAGE, f"{WKT}DoubleValue"
    )


pool = aristaproto.MessagePool()


class TreeAny(wkt.Any, pool=pool):
    """What the `google.protobuf` module of a generated tree holds."""


class Holder(aristaproto.Message):
    content: TreeAny | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "TreeAny")
    contents: dict[str, TreeAny] = aristaproto.map_field(
        2, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "TreeAny"
    )
    name: str = aristaproto.field(3, aristaproto.TYPE_STRING)


pool.register("tests.wkt", {"Holder": Holder, "Fields": Fields})


class TestTimestamp:
    def test_from_datetime(self) -> None:
        for moment in (
            datetime.datetime.min.replace(tzinfo=UTC),
            datetime.datetime.max.replace(tzinfo=UTC),
            datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime.datetime(2242, 12, 31, 23, 0, 0, 1, tzinfo=UTC),
            datetime.datetime(
                2020, 2, 29, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-8))
            ),
        ):
            google = timestamp_pb2.Timestamp()
            google.FromDatetime(moment)
            made = wkt.Timestamp.from_datetime(moment)
            assert bytes(made) == google.SerializeToString()
            assert bytes(Fields(when=moment))[2:] == google.SerializeToString()
            assert made.to_datetime() == moment
            assert 0 <= made.nanos < 10**9

    def test_naive(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            wkt.Timestamp.from_datetime(datetime.datetime(2020, 1, 1))
        with pytest.raises(aristaproto.EncodeError, match="`when`"):
            bytes(Fields(when=datetime.datetime(2020, 1, 1)))

    def test_to_datetime(self) -> None:
        moment = wkt.Timestamp(1, 123456789).to_datetime()
        assert isinstance(moment, NanoDatetime)
        assert moment.microsecond == 123456
        assert moment.nanosecond_remainder == 789
        assert moment.total_nanoseconds == 123456789
        assert moment.tzinfo is not None
        assert wkt.Timestamp.from_datetime(moment) == wkt.Timestamp(1, 123456789)
        with pytest.raises(ValueError, match="years 1 to 9999"):
            wkt.Timestamp(253402300800).to_datetime()

    def test_fields(self) -> None:
        message = Fields.parse(b"\x0a\x05\x08\x01\x10\xe8\x07")
        assert type(message.when) is datetime.datetime
        assert message.when == datetime.datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC)
        precise = Fields.parse(b"\x0a\x05\x08\x01\x10\xe9\x07")
        assert isinstance(precise.when, NanoDatetime)
        assert precise.when.nanosecond_remainder == 1
        assert bytes(precise) == b"\x0a\x05\x08\x01\x10\xe9\x07"
        assert Fields.from_json(precise.to_json()) == precise

    @pytest.mark.parametrize(
        ("seconds", "nanos"),
        [(253402300800, 0), (-62135596801, 0), (0, -1), (0, 10**9), (2**63 - 1, -(2**31))],
    )
    def test_what_no_datetime_holds_is_kept(self, seconds: int, nanos: int) -> None:
        google = timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos).SerializeToString()
        data = b"\x0a" + bytes([len(google)]) + google
        message = Fields.parse(data)
        assert message.when == wkt.Timestamp(seconds, nanos)
        assert bytes(message) == data
        assert pickle.loads(pickle.dumps(message)) == copy.deepcopy(message) == message
        with pytest.raises(aristaproto.JsonError, match="`when`"):
            message.to_json()

    @pytest.mark.parametrize("text", ISO_8601)
    def test_iso_8601_in_dicts(self, text: str) -> None:
        message = Fields.from_dict({"when": text})
        assert isinstance(message.when, datetime.datetime)
        assert message.when.tzinfo is not None
        assert wkt.Timestamp.from_dict(text).to_wrapped() == message.when

    def test_json(self) -> None:
        assert wkt.Timestamp(1, 500_000_000).to_dict() == "1970-01-01T00:00:01.500Z"
        assert wkt.Timestamp().to_json() == '"1970-01-01T00:00:00Z"'
        assert wkt.Timestamp.from_json('"1970-01-01T00:00:01.5Z"') == wkt.Timestamp(1, 500_000_000)
        assert wkt.Timestamp.from_dict("1969-12-31T23:59:59.5Z") == wkt.Timestamp(-1, 500_000_000)
        python = wkt.Timestamp(1).to_dict(output_format=OutputFormat.PYTHON)
        assert python == datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
        assert wkt.Timestamp.from_dict(python) == wkt.Timestamp(1)


class TestDuration:
    @pytest.mark.parametrize(
        ("text", "seconds", "nanos"),
        [
            ("86400s", 86400, 0),
            ("1.200s", 1, 200_000_000),
            ("1s", 1, 0),
            ("0s", 0, 0),
            ("-0.500s", 0, -500_000_000),
            ("-3.000010s", -3, -10_000),
            ("0.000000001s", 0, 1),
            ("315576000000.999999999s", 315576000000, 999_999_999),
            ("-315576000000.999999999s", -315576000000, -999_999_999),
        ],
    )
    def test_text(self, text: str, seconds: int, nanos: int) -> None:
        made = wkt.Duration(seconds, nanos)
        assert made.to_dict() == text
        assert wkt.Duration.from_dict(text) == made
        google = duration_pb2.Duration()
        google.FromJsonString(text)
        assert bytes(made) == google.SerializeToString()
        message = Fields.from_dict({"span": text, "spans": {"a": text}, "oneSpan": text})
        assert message.to_dict() == {"span": text, "spans": {"a": text}, "oneSpan": text}
        assert Fields.parse(bytes(message)) == message

    def test_from_timedelta(self) -> None:
        assert wkt.Duration.from_timedelta(datetime.timedelta(seconds=1.2)) == wkt.Duration(
            1, 200_000_000
        )
        assert wkt.Duration.from_timedelta(datetime.timedelta(microseconds=-1)) == wkt.Duration(
            0, -1000
        )
        nano = wkt.Duration(-1, -1).to_timedelta()
        assert isinstance(nano, NanoTimedelta)
        assert wkt.Duration.from_timedelta(nano) == wkt.Duration(-1, -1)
        assert type(wkt.Duration(1, 1000).to_timedelta()) is datetime.timedelta
        with pytest.raises(ValueError, match="315576000000"):
            wkt.Duration.from_timedelta(datetime.timedelta.max)

    @pytest.mark.parametrize("parts", [(1, -1), (-1, 1), (315576000001, 0), (0, 10**9)])
    def test_what_no_timedelta_holds_is_kept(self, parts: tuple[int, int]) -> None:
        google = duration_pb2.Duration(seconds=parts[0], nanos=parts[1]).SerializeToString()
        data = b"\x12" + bytes([len(google)]) + google
        message = Fields.parse(data)
        assert message.span == wkt.Duration(*parts)
        assert bytes(message) == data
        with pytest.raises(ValueError, match="expected"):
            wkt.Duration(*parts).to_timedelta()
        with pytest.raises(aristaproto.JsonError):
            message.to_dict()

    def test_zero_in_a_oneof_stays_set(self) -> None:
        message = Fields(one_span=datetime.timedelta())
        assert message.to_dict() == {"oneSpan": "0s"}
        assert Fields.from_json(message.to_json()) == message
        assert aristaproto.which_one_of(message, "one") == ("one_span", datetime.timedelta())

    @pytest.mark.parametrize("value", [1, 1.5, "1s", None, datetime.datetime(2020, 1, 1)])
    def test_wrong_type(self, value: Any) -> None:
        with pytest.raises(TypeError, match=r"expected datetime\.timedelta"):
            wkt.Duration.from_wrapped(value)


class TestWrappers:
    @pytest.mark.parametrize(
        ("cls", "value", "form"),
        [
            (wkt.BoolValue, True, True),
            (wkt.BytesValue, b"\xff", "/w=="),
            (wkt.DoubleValue, math.inf, "Infinity"),
            (wkt.FloatValue, 0.5, 0.5),
            (wkt.Int32Value, -5, -5),
            (wkt.Int64Value, -5, "-5"),
            (wkt.StringValue, "ä", "ä"),
            (wkt.UInt32Value, 5, 5),
            (wkt.UInt64Value, 2**64 - 1, "18446744073709551615"),
        ],
    )
    def test_forms(self, cls: Any, value: Any, form: Any) -> None:
        message = cls(value=value)
        assert message.value == value
        assert message.to_dict() == form
        assert json.loads(message.to_json()) == form
        assert cls.from_dict(form) == cls.from_json(json.dumps(form)) == message
        assert cls.from_dict(value) == message
        assert cls.parse(bytes(message)) == message
        assert message.to_dict(output_format=OutputFormat.PYTHON) == value
        assert cls.from_wrapped(value).to_wrapped() == value

    def test_fields(self) -> None:
        message = Fields(text="", texts=["", "a"], numbers={1: 0.0})
        assert Fields.parse(bytes(message)) == message
        assert message.to_dict() == {"text": "", "texts": ["", "a"], "numbers": {"1": 0.0}}
        assert Fields.from_dict(message.to_dict()) == message
        with pytest.raises(aristaproto.EncodeError, match=r"texts\[1\]"):
            bytes(Fields(texts=["", 1]))  # type: ignore[list-item]


class TestStruct:
    values: ClassVar[dict[str, Any]] = {
        "null": None,
        "int": 1,
        "float": 2.5,
        "text": "x",
        "true": True,
        "nested_key": {"innerKey": {}},
        "list": [None, 1, "a", [False], {}],
    }

    def test_round_trips(self) -> None:
        struct = wkt.Struct.from_dict(self.values)
        assert struct.to_dict() == self.values
        assert struct.to_dict(output_format=OutputFormat.PYTHON) == self.values
        assert isinstance(struct.to_dict()["int"], int)
        assert struct.fields["true"].bool_value is True
        assert wkt.Struct.parse(bytes(struct)) == struct
        assert wkt.Struct.from_json(struct.to_json()) == struct
        google = struct_pb2.Struct()
        google.update(self.values)
        assert struct_pb2.Struct.FromString(bytes(struct)) == google
        assert wkt.Struct.parse(google.SerializeToString()) == struct
        assert pickle.loads(pickle.dumps(struct)) == struct

    def test_lists_and_values(self) -> None:
        assert wkt.ListValue.from_dict([42, False, {}]).to_dict() == [42, False, {}]
        assert wkt.Value.from_dict([1, 2, False]).to_dict() == [1, 2, False]
        assert wkt.Value.from_dict(None) == wkt.Value(null_value=wkt.NullValue.NULL_VALUE)
        assert bytes(wkt.Value(null_value=wkt.NullValue.NULL_VALUE)) == b"\x08\x00"
        assert wkt.Value.from_dict(True) == wkt.Value(bool_value=True)
        assert wkt.Value(number_value=1) == wkt.Value.parse(bytes(wkt.Value(number_value=1.0)))
        assert wkt.Value.from_json("-0.0").to_json() == "-0.0"
        assert wkt.Value.from_json("1e300").to_json() == "1e+300"
        assert wkt.Value().to_dict() is None

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, object(), b"x", {1: 2}])
    def test_refused(self, value: Any) -> None:
        with pytest.raises(aristaproto.JsonError):
            wkt.Value.from_dict([value])

    @pytest.mark.parametrize("number", [math.nan, math.inf])
    def test_not_finite(self, number: float) -> None:
        struct = wkt.Struct(
            {"a": wkt.Value(list_value=wkt.ListValue([wkt.Value(number_value=number)]))}
        )
        with pytest.raises(aristaproto.JsonError, match="finite"):
            struct.to_json()


class TestAny:
    def test_pack(self) -> None:
        packed = TreeAny.pack(Holder(name="x"))
        assert isinstance(packed, TreeAny)
        assert packed.type_url == "type.googleapis.com/tests.wkt.Holder"
        assert packed.unpack() == Holder(name="x")
        filled = TreeAny()
        assert filled.pack(Holder(name="x")) is filled
        assert filled == packed
        assert TreeAny().unpack() is None

    def test_unknown_type(self) -> None:
        with pytest.raises(TypeError, match=r"'nowhere\.Message' is not in the message pool"):
            TreeAny(type_url="type.googleapis.com/nowhere.Message").unpack()
        packed = wkt.Any.pack(Holder(name="x"))
        with pytest.raises(TypeError, match="message_pool"):
            packed.unpack()
        assert packed.unpack(pool) == Holder(name="x")
        assert packed.unpack(message_pool=pool) == Holder(name="x")

    def test_another_pool(self) -> None:
        packed = wkt.Any.pack(Holder(name="x"))
        with pytest.raises(aristaproto.JsonError, match=r"tests\.wkt\.Holder"):
            packed.to_dict()
        shown = packed.to_dict(message_pool=pool)
        assert shown == {"@type": "type.googleapis.com/tests.wkt.Holder", "name": "x"}
        assert packed.to_json(message_pool=pool) == json.dumps(shown)
        assert wkt.Any.from_dict(shown, message_pool=pool) == packed
        assert wkt.Any.from_json(json.dumps(shown), message_pool=pool) == packed
        text = packed.to_text(message_pool=pool)
        assert text == '[type.googleapis.com/tests.wkt.Holder] {\n  name: "x"\n}\n'
        assert wkt.Any.from_text(text, message_pool=pool) == packed

        class Unregistered(aristaproto.Message):
            pass

        with pytest.raises(TypeError, match="no message pool"):
            TreeAny.pack(Unregistered())
        with pytest.raises(TypeError, match="expected a message"):
            TreeAny.pack("x")  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("message", "form"),
        [
            (Holder(name="x"), {"@type": "type.googleapis.com/tests.wkt.Holder", "name": "x"}),
            (
                wkt.Timestamp(1),
                {
                    "@type": "type.googleapis.com/google.protobuf.Timestamp",
                    "value": "1970-01-01T00:00:01Z",
                },
            ),
            (
                wkt.Int64Value(1),
                {"@type": "type.googleapis.com/google.protobuf.Int64Value", "value": "1"},
            ),
            (
                wkt.Struct.from_dict({"a": [1]}),
                {"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"a": [1]}},
            ),
            (
                TreeAny.pack(Holder(name="x")),
                {
                    "@type": "type.googleapis.com/google.protobuf.Any",
                    "value": {"@type": "type.googleapis.com/tests.wkt.Holder", "name": "x"},
                },
            ),
            (wkt.Empty(), {"@type": "type.googleapis.com/google.protobuf.Empty"}),
        ],
    )
    def test_json(self, message: aristaproto.Message, form: dict[str, Any]) -> None:
        packed = TreeAny.pack(message)
        assert packed.to_dict() == form
        assert TreeAny.from_dict(form) == packed
        assert TreeAny.from_dict(dict(reversed(list(form.items())))) == packed
        assert TreeAny.from_json(packed.to_json()) == packed
        holder = Holder(content=packed, contents={"k": packed})
        assert holder.to_dict() == {"content": form, "contents": {"k": form}}
        assert Holder.from_dict(holder.to_dict()) == holder
        assert pickle.loads(pickle.dumps(holder)) == holder

    def test_empty(self) -> None:
        assert TreeAny().to_dict() == {"@type": ""}
        assert TreeAny().to_json() == "{}"
        assert TreeAny.from_dict({"@type": ""}) == TreeAny.from_json("{}") == TreeAny()

    @pytest.mark.parametrize(
        ("form", "text"),
        [
            ({"@type": "nowhere"}, "expected a type URL"),
            ({"@type": "type.googleapis.com/"}, "expected a type URL"),
            ({"@type": "/tests.wkt.Holder"}, "expected a type URL"),
            ({"@type": "type.googleapis.com/no.Such"}, "expected the URL of a type in the message"),
            ({"@type": 1}, "expected the URL of a type as text, got int 1 at `@type`"),
            ({"name": "x"}, "expected the URL of a type as text, got None at `@type`"),
            ({"@type": "", "value": ""}, "expected a type URL"),
            ({"@type": "x/tests.wkt.Holder", "nope": 1}, "got 'nope'"),
            ({"@type": "x/google.protobuf.Duration"}, "under the key value"),
            ({"@type": "x/google.protobuf.Duration", "value": "1s", "b": 1}, "got also 'b'"),
            ([], "expected an object with the key @type"),
        ],
    )
    def test_refused(self, form: Any, text: str) -> None:
        with pytest.raises(aristaproto.JsonError) as caught:
            TreeAny.from_dict(form)
        assert text in str(caught.value)

    def test_garbage_in_value(self) -> None:
        packed = TreeAny(type_url="type.googleapis.com/tests.wkt.Holder", value=b"\x0a\xff")
        with pytest.raises(aristaproto.JsonError, match="serialised"):
            packed.to_dict()
        with pytest.raises(aristaproto.DecodeError):
            packed.unpack()


class TestFieldMask:
    @pytest.mark.parametrize(
        ("paths", "text"),
        [([], ""), (["a"], "a"), (["foo_bar", "a.b_c"], "fooBar,a.bC"), (["a1.b2"], "a1.b2")],
    )
    def test_text(self, paths: list[str], text: str) -> None:
        assert wkt.FieldMask(paths).to_dict() == text
        assert wkt.FieldMask.from_dict(text) == wkt.FieldMask(paths)
        assert wkt.FieldMask.from_json(json.dumps(text)) == wkt.FieldMask(paths)

    @pytest.mark.parametrize("path", ["fooBar", "foo_3_bar", "foo__bar", "foo_", "foo_Bar", "a,b"])
    def test_what_does_not_come_back(self, path: str) -> None:
        with pytest.raises(aristaproto.JsonError, match=r"paths\[0\]"):
            wkt.FieldMask([path]).to_dict()


def test_pool() -> None:
    assert wkt.message_pool.find_message("google.protobuf.Timestamp") is wkt.Timestamp
    assert pool.find_message("google.protobuf.Timestamp") is wkt.Timestamp
    assert wkt.message_pool.find_enum("google.protobuf.Field.Kind") is wkt.FieldKind
    assert sorted(wkt.__all__) == list(wkt.__all__)


def test_python_values_of_times() -> None:
    def python(message: Any) -> Any:
        return message.to_dict(output_format=OutputFormat.PYTHON)

    for nanos, kind in ((0, datetime.datetime), (1000, datetime.datetime), (1, NanoDatetime)):
        assert type(python(wkt.Timestamp(5, nanos))) is kind
        # As where the message is the value of a field.
        assert python(wkt.Timestamp(5, nanos)) == wkt.Timestamp(5, nanos).to_wrapped()
    for message in (wkt.Timestamp(2**50), wkt.Timestamp(0, -1), wkt.Timestamp(0, 10**9)):
        with pytest.raises(aristaproto.JsonError, match="expected"):
            python(message)
