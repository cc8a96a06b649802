"""Agreement with google.protobuf.json_format, value for value, on random messages, both ways.

The messages are written by hand; their google twins are made from the schema at run time, so that
both sides describe the same type. Well-known types are google's own.
"""

from __future__ import annotations

import datetime
import json
from typing import Any, cast

import aristaproto
import pytest
from aristaproto import wkt
from aristaproto.schema import fields as s
from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    json_format,
    message_factory,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from hypothesis import given, settings
from hypothesis import strategies as st

WKT = "aristaproto.wkt:"


class Colour(aristaproto.Enum, prefix="COLOUR_"):
    NONE = 0
    RED = 1
    GREEN = 2
    MINUS = -1


class Inner(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    inner: Inner | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Inner")
    texts: list[str] = aristaproto.field(3, aristaproto.TYPE_STRING, repeated=True)


class Everything(aristaproto.Message):
    a_double: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    a_float: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    an_int32: int = aristaproto.field(3, aristaproto.TYPE_INT32)
    an_int64: int = aristaproto.field(4, aristaproto.TYPE_INT64)
    a_uint32: int = aristaproto.field(5, aristaproto.TYPE_UINT32)
    a_uint64: int = aristaproto.field(6, aristaproto.TYPE_UINT64)
    a_sint32: int = aristaproto.field(7, aristaproto.TYPE_SINT32)
    a_sint64: int = aristaproto.field(8, aristaproto.TYPE_SINT64)
    a_fixed32: int = aristaproto.field(9, aristaproto.TYPE_FIXED32)
    a_fixed64: int = aristaproto.field(10, aristaproto.TYPE_FIXED64)
    an_sfixed32: int = aristaproto.field(11, aristaproto.TYPE_SFIXED32)
    an_sfixed64: int = aristaproto.field(12, aristaproto.TYPE_SFIXED64)
    a_bool: bool = aristaproto.field(13, aristaproto.TYPE_BOOL)
    a_string: str = aristaproto.field(14, aristaproto.TYPE_STRING)
    some_bytes: bytes = aristaproto.field(15, aristaproto.TYPE_BYTES)
    colour: Colour = aristaproto.field(16, aristaproto.TYPE_ENUM, "Colour")
    inner: Inner | None = aristaproto.field(17, aristaproto.TYPE_MESSAGE, "Inner")
    optional_int: int | None = aristaproto.field(18, aristaproto.TYPE_INT64, optional=True)
    optional_text: str | None = aristaproto.field(19, aristaproto.TYPE_STRING, optional=True)
    renamed: str = aristaproto.field(20, aristaproto.TYPE_STRING, json_name="@other name")
    one_int: int | None = aristaproto.field(21, aristaproto.TYPE_INT32, oneof="one")
    one_inner: Inner | None = aristaproto.field(22, aristaproto.TYPE_MESSAGE, "Inner", oneof="one")
    one_colour: Colour | None = aristaproto.field(23, aristaproto.TYPE_ENUM, "Colour", oneof="one")
    one_null: wkt.NullValue | None = aristaproto.field(
        24, aristaproto.TYPE_ENUM, f"{WKT}NullValue", oneof="one"
    )
    many_doubles: list[float] = aristaproto.field(31, aristaproto.TYPE_DOUBLE, repeated=True)
    many_longs: list[int] = aristaproto.field(32, aristaproto.TYPE_UINT64, repeated=True)
    many_colours: list[Colour] = aristaproto.field(
        33, aristaproto.TYPE_ENUM, "Colour", repeated=True
    )
    many_inners: list[Inner] = aristaproto.field(
        34, aristaproto.TYPE_MESSAGE, "Inner", repeated=True
    )
    many_bytes: list[bytes] = aristaproto.field(35, aristaproto.TYPE_BYTES, repeated=True)
    text_map: dict[str, float] = aristaproto.map_field(
        41, aristaproto.TYPE_STRING, aristaproto.TYPE_FLOAT
    )
    int_map: dict[int, Inner] = aristaproto.map_field(
        42, aristaproto.TYPE_SINT64, aristaproto.TYPE_MESSAGE, "Inner"
    )
    bool_map: dict[bool, Colour] = aristaproto.map_field(
        43, aristaproto.TYPE_BOOL, aristaproto.TYPE_ENUM, "Colour"
    )
    when: datetime.datetime | None = aristaproto.field(
        51, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp"
    )
    span: datetime.timedelta | None = aristaproto.field(
        52, aristaproto.TYPE_MESSAGE, f"{WKT}Duration"
    )
    wrapped_long: int | None = aristaproto.field(53, aristaproto.TYPE_MESSAGE, f"{WKT}Int64Value")
    wrapped_bool: bool | None = aristaproto.field(54, aristaproto.TYPE_MESSAGE, f"{WKT}BoolValue")
    wrapped_float: float | None = aristaproto.field(
        55, aristaproto.TYPE_MESSAGE, f"{WKT}FloatValue"
    )
    wrapped_bytes: bytes | None = aristaproto.field(
        56, aristaproto.TYPE_MESSAGE, f"{WKT}BytesValue"
    )
    struct: wkt.Struct | None = aristaproto.field(57, aristaproto.TYPE_MESSAGE, f"{WKT}Struct")
    value: wkt.Value | None = aristaproto.field(58, aristaproto.TYPE_MESSAGE, f"{WKT}Value")
    list_value: wkt.ListValue | None = aristaproto.field(
        59, aristaproto.TYPE_MESSAGE, f"{WKT}ListValue"
    )
    mask: wkt.FieldMask | None = aristaproto.field(60, aristaproto.TYPE_MESSAGE, f"{WKT}FieldMask")
    empty: wkt.Empty | None = aristaproto.field(61, aristaproto.TYPE_MESSAGE, f"{WKT}Empty")
    anything: wkt.Any | None = aristaproto.field(62, aristaproto.TYPE_MESSAGE, f"{WKT}Any")
    many_times: list[datetime.datetime] = aristaproto.field(
        63, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp", repeated=True
    )
    many_values: list[wkt.Value] = aristaproto.field(
        64, aristaproto.TYPE_MESSAGE, f"{WKT}Value", repeated=True
    )
    value_map: dict[str, wkt.Value] = aristaproto.map_field(
        65, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, f"{WKT}Value"
    )
    span_map: dict[str, datetime.timedelta] = aristaproto.map_field(
        66, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, f"{WKT}Duration"
    )


POOL = aristaproto.MessagePool()
POOL.register("agreement", {"Everything": Everything, "Inner": Inner, "Colour": Colour})


def describe(field: s.Field, into: descriptor_pb2.DescriptorProto) -> None:
    """Add a field of a schema to google's description of the message."""
    made = into.field.add(
        name=field.proto_name, number=field.number, json_name=field.json_name, type=field.type
    )
    made.label = made.LABEL_REPEATED if field.repeated or field.is_map else made.LABEL_OPTIONAL
    if field.is_map:
        entry = into.nested_type.add(name=f"{s.json_name('_' + field.proto_name)}Entry")
        entry.options.map_entry = True
        assert field.key is not None
        assert field.value is not None
        describe(field.key, entry)
        describe(field.value, entry)
        made.type_name = f".agreement.{into.name}.{entry.name}"
    elif field.message is not None:
        made.type_name = f".{field.message.__schema__.full_name}"
    elif field.enum is not None:
        made.type_name = f".{field.enum.__proto_name__}"
    if field.oneof is not None:
        names = [oneof.name for oneof in into.oneof_decl]
        if field.oneof not in names:
            into.oneof_decl.add(name=field.oneof)
            names.append(field.oneof)
        made.oneof_index = names.index(field.oneof)


def google_twins() -> tuple[descriptor_pool.DescriptorPool, type[Any]]:
    """Build google's classes for the messages above."""
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(
        name="agreement.proto", package="agreement", syntax="proto3"
    )
    for module in (
        any_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        struct_pb2,
        timestamp_pb2,
        wrappers_pb2,
    ):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        file.dependency.append(module.DESCRIPTOR.name)
    colour = file.enum_type.add(name="Colour")
    for member in Colour:
        colour.value.add(name=member.proto_name, number=member.value)
    for cls in (Inner, Everything):
        message = file.message_type.add(name=cls.__name__)
        optional: list[str] = []
        for field in cls.__schema__.fields:
            describe(field, message)
            if field.presence and field.oneof is None and field.message is None:
                message.field[-1].proto3_optional = True
                optional.append(field.proto_name)
        for made in message.field:
            if made.name in optional:
                made.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{made.name}")
    pool.Add(file)
    return pool, message_factory.GetMessageClass(pool.FindMessageTypeByName("agreement.Everything"))


GOOGLE_POOL, GoogleEverything = google_twins()

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# Google prints the largest float as 3.4028235e+38, which its own parser refuses.
small_float = st.floats(width=32).filter(lambda number: abs(number) != (2 - 2**-23) * 2.0**127)
int32 = st.integers(-(2**31), 2**31 - 1)
int64 = st.integers(-(2**63), 2**63 - 1)
uint32 = st.integers(0, 2**32 - 1)
uint64 = st.integers(0, 2**64 - 1)
colour = st.sampled_from(list(Colour)) | int32.map(Colour)
inner = st.recursive(
    st.builds(Inner, number=int32, texts=st.lists(text, max_size=2)),
    lambda below: st.builds(Inner, number=int32, inner=below),
    max_leaves=3,
)


def _when(seconds: int, nanos: int) -> datetime.datetime | wkt.Timestamp:
    return wkt.Timestamp(seconds, nanos).to_wrapped()


def _span(seconds: int, nanos: int) -> datetime.timedelta | wkt.Duration:
    return wkt.Duration(seconds, -nanos if seconds < 0 else nanos).to_wrapped()


when = st.builds(_when, st.integers(-62135596800, 253402300799), st.integers(0, 999_999_999))
span = st.builds(_span, st.integers(-315_576_000_000, 315_576_000_000), st.integers(0, 999_999_999))


def plain_values(keys: int) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | text,
        lambda below: st.lists(below, max_size=2) | st.dictionaries(text, below, max_size=keys),
        max_leaves=4,
    )


plain = plain_values(2)
value = plain.map(wkt.Value.from_dict)
# An Any compares by its bytes, and google writes the entries of a map in an order of its own.
ordered = plain_values(1)
path = st.from_regex(r"[a-z]+(_[a-z]+)*(\.[a-z]+)?", fullmatch=True)
packed = st.one_of(
    inner,
    st.builds(wkt.Int64Value, int64),
    st.builds(wkt.StringValue, text),
    st.builds(wkt.FieldMask, st.lists(path, max_size=2)),
    st.builds(wkt.Timestamp, st.integers(0, 10**9)),
    st.dictionaries(text, ordered, max_size=1).map(wkt.Struct.from_dict),
    ordered.map(wkt.Value.from_dict),
).map(wkt.Any.pack)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "a_double": st.floats(),
    "a_float": small_float,
    "an_int32": int32,
    "an_int64": int64,
    "a_uint32": uint32,
    "a_uint64": uint64,
    "a_sint32": int32,
    "a_sint64": int64,
    "a_fixed32": uint32,
    "a_fixed64": uint64,
    "an_sfixed32": int32,
    "an_sfixed64": int64,
    "a_bool": st.booleans(),
    "a_string": text,
    "some_bytes": st.binary(max_size=8),
    "colour": colour,
    "inner": inner,
    "optional_int": int64,
    "optional_text": text,
    "renamed": text,
    "many_doubles": st.lists(st.floats(), max_size=3),
    "many_longs": st.lists(uint64, max_size=3),
    "many_colours": st.lists(colour, max_size=3),
    "many_inners": st.lists(inner, max_size=2),
    "many_bytes": st.lists(st.binary(max_size=4), max_size=2),
    "text_map": st.dictionaries(text, small_float, max_size=2),
    "int_map": st.dictionaries(int64, inner, max_size=2),
    "bool_map": st.dictionaries(st.booleans(), colour, max_size=2),
    "when": when,
    "span": span,
    "wrapped_long": int64,
    "wrapped_bool": st.booleans(),
    "wrapped_float": small_float,
    "wrapped_bytes": st.binary(max_size=4),
    "struct": st.dictionaries(text, plain, max_size=3).map(wkt.Struct.from_dict),
    "value": value,
    "list_value": st.lists(plain, max_size=3).map(wkt.ListValue.from_dict),
    "mask": st.builds(wkt.FieldMask, st.lists(path, max_size=3)),
    "empty": st.builds(wkt.Empty),
    "anything": packed,
    "many_times": st.lists(when, max_size=2),
    "many_values": st.lists(value, max_size=2),
    "value_map": st.dictionaries(text, value, max_size=2),
    "span_map": st.dictionaries(text, span, max_size=2),
}
NOTHING: dict[str, st.SearchStrategy[Any]] = {}
ONEOF: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"one_int": int32}),
    st.fixed_dictionaries({"one_inner": inner}),
    st.fixed_dictionaries({"one_colour": colour}),
    st.fixed_dictionaries({"one_null": st.just(wkt.NullValue.NULL_VALUE)}),
    st.fixed_dictionaries(NOTHING),
)


@st.composite
def messages(draw: st.DrawFn) -> Everything:
    names = draw(st.lists(st.sampled_from(list(FIELDS)), max_size=6, unique=True))
    return Everything(**{name: draw(FIELDS[name]) for name in names}, **draw(ONEOF))


def same(a: object, b: object) -> bool:
    """Equality of JSON values in which 1 is 1.0, but True is not 1."""
    return a == b and typed(a) == typed(b)


def typed(value: object) -> object:
    """The value with each number as a float, which is unlike True and False in `repr`."""
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return repr(sorted((key, typed(item)) for key, item in items))
    if isinstance(value, list):
        return repr([typed(item) for item in cast("list[object]", value)])
    return repr(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


@given(messages())
@settings(max_examples=400, deadline=None)
def test_out(message: Everything) -> None:
    google = GoogleEverything.FromString(bytes(message))
    expected = json_format.MessageToDict(google, descriptor_pool=GOOGLE_POOL)
    assert same(message.to_dict(), expected)
    assert same(json.loads(message.to_json()), expected)
    expected = json_format.MessageToDict(
        google, preserving_proto_field_name=True, descriptor_pool=GOOGLE_POOL
    )
    assert same(message.to_dict(casing=aristaproto.Casing.SNAKE), expected)


@given(messages())
@settings(max_examples=400, deadline=None)
def test_in(message: Everything) -> None:
    google = GoogleEverything.FromString(bytes(message))
    for names in (False, True):
        text_form = json_format.MessageToJson(
            google, preserving_proto_field_name=names, descriptor_pool=GOOGLE_POOL
        )
        assert Everything.from_json(text_form) == message
        assert Everything.from_dict(json.loads(text_form)) == message
    back = GoogleEverything()
    json_format.Parse(message.to_json(), back, descriptor_pool=GOOGLE_POOL)
    # nan is unequal to nan, and may have other bits; -0.0 equals 0.0.
    assert repr(json_format.MessageToDict(back, descriptor_pool=GOOGLE_POOL)) == repr(
        json_format.MessageToDict(google, descriptor_pool=GOOGLE_POOL)
    )


@given(messages())
@settings(max_examples=200, deadline=None)
def test_round_trips(message: Everything) -> None:
    for casing in aristaproto.Casing:
        for defaults in (False, True):
            for output_format in aristaproto.OutputFormat:
                values = message.to_dict(
                    output_format=output_format, casing=casing, include_default_values=defaults
                )
                assert Everything.from_dict(values) == message
            form = message.to_json(casing=casing, include_default_values=defaults)
            assert Everything.from_json(form) == message
            assert Everything.from_json(form.encode()) == message


@pytest.mark.parametrize(
    "module",
    [
        any_pb2,
        api_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        source_context_pb2,
        struct_pb2,
        timestamp_pb2,
        type_pb2,
        wrappers_pb2,
    ],
)
def test_well_known_types_are_declared_as_google_does(module: Any) -> None:
    for theirs in module.DESCRIPTOR.message_types_by_name.values():
        cls = wkt.message_pool.find_message(theirs.full_name)
        assert cls is not None, theirs.full_name
        assert cls is getattr(wkt, theirs.name)
        schema = cls.__schema__
        assert [field.number for field in schema.ordered] == sorted(theirs.fields_by_number)
        for number, described in theirs.fields_by_number.items():
            field = schema.by_number[number]
            assert field.proto_name == described.name
            assert field.json_name == described.json_name
            assert field.type == described.type
            assert (field.repeated or field.is_map) == described.is_repeated
            assert (field.oneof is not None) == (described.containing_oneof is not None)
            if described.enum_type is not None:
                assert field.enum is not None
                assert field.enum.__proto_name__ == described.enum_type.full_name
            elif described.message_type is not None and not field.is_map:
                assert field.message is not None
                assert field.message.__schema__.full_name == described.message_type.full_name
    enums = list(module.DESCRIPTOR.enum_types_by_name.values())
    for theirs in module.DESCRIPTOR.message_types_by_name.values():
        enums.extend(theirs.enum_types)
    for described in enums:
        found = wkt.message_pool.find_enum(described.full_name)
        assert found is not None, described.full_name
        assert {member.proto_name: member.value for member in found} == {
            item.name: item.number for item in described.values
        }
