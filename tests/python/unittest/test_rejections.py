"""What each kind of field refuses, in every format, with the path of the value: tables over generated classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aristaproto
import pytest
from aristaproto.schema.fields import INT_RANGES, Field
from trees.unittest import protobuf_unittest as u
from trees.unittest.protobuf_test_messages import proto2, proto3
from trees.unittest.protobuf_test_messages.editions import proto3 as editions

WRITERS: dict[str, tuple[Callable[[aristaproto.Message], object], type[aristaproto.Error]]] = {
    "binary": (bytes, aristaproto.EncodeError),
    "json": (lambda message: message.to_json(), aristaproto.JsonError),
    "text": (lambda message: message.to_text(), aristaproto.TextError),
}


def _bad_values(field: Field) -> list[Any]:
    """Values that no field of this type can carry."""
    if field.wrapped:
        return ["no such value" if field.message.__name__ != "StringValue" else 5, object()]  # type: ignore[union-attr]
    if field.message is not None:
        return [5, "text", u.TestRequired(a=1, b=2, c=3)]
    if field.enum is not None:
        return ["NAME", 2**31, -(2**31) - 1, 1.5]
    if field.type in INT_RANGES:
        low, high = INT_RANGES[field.type]
        return [low - 1, high + 1, "1", 1.5, b"", 10**5000]
    if field.type == aristaproto.TYPE_BOOL:
        return [2, "true", 1.5]
    if field.type == aristaproto.TYPE_STRING:
        return [5, b"bytes", "\ud800"]
    if field.type == aristaproto.TYPE_BYTES:
        return [5, "text"]
    if field.type == aristaproto.TYPE_FLOAT:
        return ["1.5", 1e300, 10**400]
    return ["1.5", 10**400]


def _placements(field: Field) -> list[tuple[Any, str]]:
    """What to assign, and the path of the bad value below the field."""
    if field.key is not None and field.value is not None:
        good_key: Any = {8: True, 9: "k"}.get(field.key.type, 1)
        values = [({good_key: bad}, f"[{good_key!r}]") for bad in _bad_values(field.value)]
        # A float that is whole is refused, too: 1.5 stands for all of them.
        keys = [bad for bad in _bad_values(field.key) if isinstance(bad, (int, str))]
        good = field.value.default
        good = field.value.message.__schema__.new() if field.value.message is not None else good
        return values + [({bad: good}, "[") for bad in keys]
    if field.repeated:
        return [([bad], "[0]") for bad in _bad_values(field)]
    return [(bad, "") for bad in _bad_values(field)]


CLASSES: list[type[aristaproto.Message]] = [
    proto3.TestAllTypesProto3,
    editions.TestAllTypesProto3,
    proto2.TestAllTypesProto2,
]


@pytest.mark.parametrize("format_", WRITERS)
@pytest.mark.parametrize("cls", CLASSES)
def test_no_bad_value_is_written(cls: type[aristaproto.Message], format_: str) -> None:
    write, error = WRITERS[format_]
    checked = 0
    for field in cls.__schema__.fields:
        for value, below in _placements(field):
            inner = cls()
            field.assign(inner, value)
            outer: Any = cls()
            outer.recursive_message = inner
            with pytest.raises(error) as caught:
                write(outer)
            wanted = f"recursive_message.{field.name}{below}"
            # What follows is the key that was refused, or the field inside a wrapper.
            assert caught.value.path.startswith(wanted), (field, value)
            assert "got" in caught.value.reason, (field, value)
            checked += 1
    assert checked > 400


_BAD_JSON: dict[int, list[str]] = {
    **{
        type_: ['"x"', "1.5", "true", "{}", "[1]", str(10**30), '""', '" 1"']
        for type_ in INT_RANGES
    },
    aristaproto.TYPE_BOOL: ["1", '"true"', "{}"],
    aristaproto.TYPE_STRING: ["1", "{}", "true", r'"\ud800"'],
    aristaproto.TYPE_BYTES: ["1", "{}", '"*"', '"a"'],
    aristaproto.TYPE_FLOAT: ['"x"', "1e300", "true", "{}"],
    aristaproto.TYPE_DOUBLE: ['"x"', "1e999", "true", "{}"],
    aristaproto.TYPE_ENUM: ['"NO_SUCH_NAME"', "1.5", "{}", "true", str(2**31)],
}


def _bad_json(field: Field) -> list[str]:
    if field.message is not None:
        name = field.message.__schema__.full_name
        if name in ("google.protobuf.Value", "google.protobuf.Struct"):
            return []
        if name == "google.protobuf.FieldMask":
            return ["1.5", "{}", '"a_b"']
        return ["1e999"] if field.wrapped else ["1.5", "true", '"text"']
    if field.enum is not None and field.enum.__name__ == "NullValue":
        return ["1.5"]
    return _BAD_JSON[field.type]


@pytest.mark.parametrize("cls", CLASSES)
def test_no_bad_json_is_read(cls: type[aristaproto.Message]) -> None:
    checked = 0
    for field in cls.__schema__.fields:
        element = field.value if field.value is not None else field
        for bad in _bad_json(element):
            key = json.dumps(field.json_name)
            if field.key is not None:
                entry = {8: "true", 9: "k"}.get(field.key.type, "1")
                content = f'{{"{entry}": {bad}}}'
                below = f"[{entry!r}]"
            elif field.repeated:
                content, below = f"[{bad}]", "[0]"
            else:
                content, below = bad, ""
            text = f'{{"recursiveMessage": {{{key}: {content}}}}}'
            with pytest.raises(aristaproto.JsonError) as caught:
                cls.from_json(text)
            wanted = f"recursive_message.{field.name}{below}"
            assert caught.value.path.startswith(wanted), (text, caught.value)
            checked += 1
    assert checked > 200


def test_extensions_are_named_in_paths() -> None:
    message = u.TestAllExtensions()
    held: Any = aristaproto.extensions(message)
    held[u.repeated_int32_extension] = [1, "2"]
    for write, error in WRITERS.values():
        with pytest.raises(error) as caught:
            write(message)
        assert caught.value.path == "[protobuf_unittest.repeated_int32_extension][1]"
    with pytest.raises(aristaproto.JsonError) as refused:
        u.TestAllExtensions.from_json('{"[protobuf_unittest.optional_int32_extension]": "x"}')
    assert refused.value.path == "[protobuf_unittest.optional_int32_extension]"


def test_required_fields_are_named_in_paths() -> None:
    whole = u.TestRequired(a=1, b=2, c=3)
    cases: list[tuple[Any, str]] = [
        (u.TestRequired(a=1, b=2), "c"),
        (u.TestRequiredForeign(optional_message=u.TestRequired(a=1)), "optional_message.b"),
        (
            u.TestRequiredForeign(repeated_message=[whole, u.TestRequired()]),
            "repeated_message[1].a",
        ),
        (u.TestRequiredMessageMap(map_field={7: u.TestRequired(a=1)}), "map_field[7].b"),
    ]
    holder = u.TestAllExtensions()
    aristaproto.extensions(holder)[u.test_required_single] = u.TestRequired(a=1, b=2)
    cases.append((holder, "[protobuf_unittest.TestRequired.single].c"))
    for message, path in cases:
        assert not aristaproto.is_initialized(message)
        with pytest.raises(aristaproto.EncodeError, match="required field") as written:
            bytes(message)
        assert written.value.path == path
    with pytest.raises(aristaproto.DecodeError, match="required field") as read:
        u.TestRequiredForeign.parse(b"\x12\x02\x08\x01")
    assert read.value.path == "repeated_message[0].b"
    with pytest.raises(aristaproto.JsonError, match="required field") as parsed:
        u.TestRequiredForeign.from_json('{"optionalMessage": {"a": 1, "b": 2}}')
    assert parsed.value.path == "optional_message.c"
    with pytest.raises(aristaproto.TextError, match="required field") as texted:
        u.TestRequiredForeign.from_text("optional_message { a: 1 }")
    assert texted.value.path == "optional_message.b"
    assert aristaproto.is_initialized(u.TestRequiredForeign(optional_message=whole))
    assert bytes(u.TestRequiredForeign(optional_message=whole))


def test_the_check_for_required_fields_consumes_nothing() -> None:
    whole = u.TestRequired(a=1, b=2, c=3)
    for write in (bytes, WRITERS["json"][0], aristaproto.is_initialized):
        message = u.TestRequiredForeign()
        message.repeated_message = (item for item in [whole, whole])  # type: ignore[assignment] # pyright: ignore[reportAttributeAccessIssue]
        write(message)
        assert list(message.repeated_message) == [whole, whole]


def test_a_message_inside_itself() -> None:
    message = u.NestedTestAllTypes()
    message.child = message
    strict = proto2.TestAllTypesProto2()
    strict.recursive_message = strict
    for write, error in WRITERS.values():
        for endless in (message, strict):
            with pytest.raises(error, match="levels of messages"):
                write(endless)


BAD_WIRE = {
    "varint that does not end": (b"\x08\x80", "optional_int32"),
    "varint of more than ten bytes": (b"\x08" + b"\xff" * 10 + b"\x01", "optional_int32"),
    "fixed32 cut short": (b"\x3d\x00", "optional_fixed32"),
    "fixed64 cut short": (b"\x41\x00", "optional_fixed64"),
    "string longer than the data": (b"\x72\x05a", "optional_string"),
    "string that is no UTF-8": (b"\x72\x01\xff", "optional_string"),
    "message longer than the data": (b"\x92\x01\x05", "optional_nested_message"),
    "message cut short inside": (b"\x92\x01\x01\x08", "optional_nested_message.a"),
    "packed varint cut short": (b"\xfa\x01\x02\x01\x80\x08\x01", "repeated_int32[1]"),
    "packed fixed cut short": (b"\xaa\x02\x03\x00\x00\x00", "repeated_fixed32"),
    "map key that is no UTF-8": (b"\xaa\x04\x03\x0a\x01\xff", "map_string_string"),
    "map value that is no UTF-8": (b"\xaa\x04\x06\x0a\x01k\x12\x01\xff", "map_string_string['k']"),
    "map value cut short": (b"\xc2\x03\x04\x08\x01\x10\x80\x08\x01", "map_int32_int32[1]"),
    "map entry cut short": (b"\xc2\x03\x05\x08\x01", "map_int32_int32"),
    "unknown group that does not end": (b"\xa3\x7d", ""),
    "group end without a start": (b"\xa4\x7d", ""),
    "wire type 7": (b"\x0f", "optional_int32"),
    "field number 0": (b"\x02\x00", ""),
    "tag of more than 32 bits": (b"\xff" * 9 + b"\x01", ""),
}


@pytest.mark.parametrize("case", BAD_WIRE)
def test_no_bad_wire_is_read(case: str) -> None:
    wire, path = BAD_WIRE[case]
    with pytest.raises(aristaproto.DecodeError) as caught:
        proto3.TestAllTypesProto3.parse(wire)
    assert caught.value.path == path
    with pytest.raises(aristaproto.DecodeError) as inside:
        # The same below a message, whose length is right.
        proto3.TestAllTypesProto3.parse(b"\xda\x01" + bytes([len(wire)]) + wire)
    assert inside.value.path == ("recursive_message" + (f".{path}" if path else ""))


def test_groups_that_do_not_end_well() -> None:
    cls = proto2.TestAllTypesProto2
    cases = [
        (b"\xcb\x0c", "data"),
        (b"\xcb\x0c\x04", "data"),
        (b"\xcb\x0c\xd0\x0c\x80", "data.group_int32"),
    ]
    for wire, path in cases:
        with pytest.raises(aristaproto.DecodeError) as caught:
            cls.parse(wire)
        assert caught.value.path == path


BAD_TEXT = {
    "optional_int32: 2147483648": (1, 17),
    "optional_int32: 'x'": (1, 17),
    "optional_uint32: -1": (1, 19),
    "optional_bool: 2": (1, 16),
    "optional_string: 5": (1, 18),
    'optional_string: "\\xff"': (1, 18),
    "optional_nested_enum: NO_SUCH": (1, 23),
    "optional_nested_message: 5": (1, 26),
    "\n  no_such_field: 5": (2, 3),
    "recursive_message {\n  optional_int32: 1.5\n}": (2, 19),
    "repeated_int32: [1, x]": (1, 21),
    "map_int32_int32 { key: 'a' }": (1, 24),
    "recursive_message {": (1, 20),
    "recursive_message }": (1, 19),
    "optional_int32: 1 optional_int32: 2": (1, 19),
    "oneof_uint32: 1 oneof_string: 'a'": (1, 17),
}


@pytest.mark.parametrize("text", BAD_TEXT)
def test_no_bad_text_is_read(text: str) -> None:
    with pytest.raises(aristaproto.TextError) as caught:
        proto3.TestAllTypesProto3.from_text(text)
    line, column = BAD_TEXT[text]
    assert f"in line {line} column {column}" in str(caught.value)


def _nested(levels: int) -> proto3.TestAllTypesProto3:
    message = proto3.TestAllTypesProto3()
    for _ in range(levels):
        message = proto3.TestAllTypesProto3(recursive_message=message)
    return message


def _wire(levels: int) -> bytes:
    wire = b""
    for _ in range(levels):
        wire = b"\xda\x01" + aristaproto.encode_varint(len(wire)) + wire
    return wire


def _json(levels: int) -> str:
    return '{"recursiveMessage": ' * levels + "{}" + "}" * levels


def _text(levels: int) -> str:
    return "recursive_message {" * levels + "}" * levels


def _struct(levels: int) -> str:
    return '{"optionalValue": ' + "[" * levels + "]" * levels + "}"


def _groups(levels: int) -> bytes:
    return b"\xa3\x7d" * levels + b"\xa4\x7d" * levels


_T3 = proto3.TestAllTypesProto3
LIMITED: dict[str, tuple[Callable[[int], object], type[aristaproto.Error]]] = {
    "parse": (lambda levels: _T3.parse(_wire(levels)), aristaproto.DecodeError),
    "unknown groups": (lambda levels: _T3.parse(_groups(levels)), aristaproto.DecodeError),
    "bytes": (lambda levels: bytes(_nested(levels)), aristaproto.EncodeError),
    "from_json": (lambda levels: _T3.from_json(_json(levels)), aristaproto.JsonError),
    "to_json": (lambda levels: _nested(levels).to_json(), aristaproto.JsonError),
    "from_text": (lambda levels: _T3.from_text(_text(levels)), aristaproto.TextError),
    "to_text": (lambda levels: _nested(levels).to_text(), aristaproto.TextError),
}


@pytest.mark.parametrize("call", LIMITED)
def test_depth(call: str) -> None:
    run, error = LIMITED[call]
    run(100)
    with pytest.raises(error, match="at most 100 levels"):
        run(101)
    with aristaproto.limits(depth=5):
        run(5)
        with pytest.raises(error, match="at most 5 levels"):
            run(6)
    with aristaproto.limits(depth=120):
        run(120)


def test_depth_of_json_values() -> None:
    _T3.from_json(_struct(40))
    with pytest.raises(aristaproto.JsonError, match="at most 100 levels"):
        _T3.from_json(_struct(101))


SIZED: dict[str, tuple[Callable[[], object], type[aristaproto.Error]]] = {
    "parse": (lambda: _T3.parse(b"\x72\x08abcdefgh"), aristaproto.DecodeError),
    "bytes": (lambda: bytes(_T3(optional_string="abcdefgh")), aristaproto.EncodeError),
    "from_json": (lambda: _T3.from_json('{"optionalString": "a"}'), aristaproto.JsonError),
    "from_text": (lambda: _T3.from_text("optional_string: 'a'"), aristaproto.TextError),
}


@pytest.mark.parametrize("call", SIZED)
def test_size(call: str) -> None:
    run, error = SIZED[call]
    run()
    with aristaproto.limits(size=9), pytest.raises(error, match="expected at most 9 "):
        run()


COUNTED: dict[str, tuple[Callable[[], object], type[aristaproto.Error]]] = {
    "parse": (lambda: _T3.parse(b"\x82\x03\x00" * 3), aristaproto.DecodeError),
    "from_json": (
        lambda: _T3.from_json('{"repeatedNestedMessage": [{}, {}, {}]}'),
        aristaproto.JsonError,
    ),
    "from_text": (lambda: _T3.from_text("repeated_nested_message {} " * 3), aristaproto.TextError),
}


@pytest.mark.parametrize("call", COUNTED)
def test_number_of_messages(call: str) -> None:
    run, error = COUNTED[call]
    with aristaproto.limits(messages=4):
        run()
    with aristaproto.limits(messages=2), pytest.raises(error, match="messages"):
        run()
