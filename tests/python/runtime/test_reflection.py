"""Descriptors of generated code without google.protobuf, and pools that import what they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aristaproto
import pytest
from aristaproto import wkt
from aristaproto.wkt import descriptor as d
from trees.sync import custom_options, documentation, example, proto2
from trees.sync.message_pool import default_message_pool
from trees.unittest import protobuf_unittest


def test_message() -> None:
    found = aristaproto.descriptor(proto2.Proto2)
    assert found.name == "Proto2"
    assert found.full_name == "proto2.Proto2"
    assert found.file.name == "proto2.proto"
    assert found.file.package == "proto2"
    assert found.proto.name == "Proto2"
    by_name = {field.name: field for field in found.fields}
    text = by_name["required_text"]
    assert text.full_name == "proto2.Proto2.required_text"
    assert text.number == 1
    assert text.type is d.FieldDescriptorProtoType.STRING
    assert text.label is d.FieldDescriptorProtoLabel.REQUIRED
    assert text.json_name == "requiredText"
    assert text.type_name is None
    assert text.oneof is None
    assert by_name["level"].type_name == "proto2.Level"
    assert by_name["packed"].options.packed is True
    (choice,) = found.oneofs
    assert choice.name == "choice"
    assert [field.name for field in choice.fields] == ["chosen_text", "chosen_number"]
    (entry,) = found.nested
    assert entry.full_name == "proto2.Proto2.ByNameEntry"
    assert entry.options.map_entry is True
    assert found.file.messages["proto2.Proto2.ByNameEntry"] is entry
    assert aristaproto.descriptor(proto2.Proto2) is found


def test_enum() -> None:
    found = aristaproto.descriptor(proto2.Level)
    assert found.full_name == "proto2.Level"
    assert [(value.name, value.number) for value in found.values] == [
        ("LEVEL_LOW", 1),
        ("LEVEL_HIGH", 2),
    ]
    assert found.values[0].full_name == "proto2.LEVEL_LOW"


def test_no_comments() -> None:
    assert documentation.Documented.__doc__
    assert aristaproto.descriptor(documentation.Documented).file.proto.source_code_info is None


def test_subclass_of_a_generated_class() -> None:
    class Mine(example.Request):
        pass

    assert aristaproto.descriptor(Mine) is aristaproto.descriptor(example.Request)


def test_well_known_types() -> None:
    found = aristaproto.descriptor(wkt.Timestamp)
    assert [field.name for field in found.fields] == ["seconds", "nanos"]
    assert aristaproto.descriptor(wkt.NullValue).values[0].name == "NULL_VALUE"
    kind = aristaproto.descriptor(wkt.FieldKind)
    assert kind.full_name == "google.protobuf.Field.Kind"
    (own,) = aristaproto.descriptor(d.FileDescriptorSet).fields
    assert own.type_name == "google.protobuf.FileDescriptorProto"


def test_custom_options() -> None:
    found = aristaproto.descriptor(custom_options.Noted)
    assert found.option(custom_options.message_note) == "message"
    note = found.file.option(custom_options.file_note)
    assert isinstance(note, custom_options.Note)
    assert note.text == "file"
    name, unpacked = found.fields
    assert unpacked.option(custom_options.field_levels) == [1, 2]
    notes = name.option(custom_options.field_notes)
    assert [(note.text, note.level) for note in notes] == [("a", 0), ("b", 2)]
    # Reading leaves the bytes for the extension of another tree.
    assert name.option(custom_options.field_notes) == notes
    (zero,) = aristaproto.descriptor(custom_options.NotedEnum).values
    assert zero.option(custom_options.enum_value_note) is True
    plain = aristaproto.descriptor(custom_options.Note)
    assert plain.option(custom_options.message_note) == ""
    with pytest.raises(TypeError, match=r"extends google\.protobuf\.FileOptions, not"):
        plain.option(custom_options.file_note)


def test_extension() -> None:
    found = aristaproto.descriptor(custom_options.noted_service_note)
    assert found.full_name == "custom_options.Noted.service_note"
    assert found.number == 50001
    assert found.proto.extendee == ".google.protobuf.ServiceOptions"
    assert aristaproto.descriptor(custom_options.Noted).extensions == (found,)
    assert found.file.extensions["custom_options.Noted.service_note"] is found


def test_what_has_no_descriptor() -> None:
    class ByHand(aristaproto.Message):
        pass

    text = r"ByHand.* has no descriptor: only generated classes"
    with pytest.raises(LookupError, match=text):
        aristaproto.descriptor(ByHand)
    # Registered, but in a package without data.
    aristaproto.MessagePool().register("by.hand", {"ByHand": ByHand})
    with pytest.raises(LookupError, match=text):
        aristaproto.descriptor(ByHand)
    made: aristaproto.Extension[ByHand, int] = aristaproto.extension(
        "by.hand.number", "by.hand.ByHand", 100, aristaproto.TYPE_INT32
    )
    with pytest.raises(LookupError, match=r"by\.hand\.number = 100 .* has no descriptor"):
        aristaproto.descriptor(made)
    assert ByHand.__schema__.reserved_names == frozenset()


def test_reserved_names() -> None:
    cls = protobuf_unittest.TestReservedFields
    assert aristaproto.descriptor(cls).reserved_names == {"bar", "baz"}
    assert cls.__schema__.reserved_names == {"bar", "baz"}
    assert example.Request.__schema__.reserved_names == frozenset()


_LAZY = """
import sys

import aristaproto
from trees.sync import example, message_pool

pool = message_pool.default_message_pool
assert "trees.sync.proto2" not in sys.modules
assert "aristaproto.reflection" not in sys.modules
assert "aristaproto.wkt.descriptor" not in sys.modules
message = pool.find_message("proto2.Proto2")
assert message is sys.modules["trees.sync.proto2"].Proto2
enum = pool.find_enum("editions.implicit.Nothing")
assert enum is None and "trees.sync.editions.implicit" in sys.modules
extension = pool.find_extension_by_name("custom_options.Noted.service_note")
assert extension is sys.modules["trees.sync.custom_options"].noted_service_note
for name in ("modules.class.import.Nothing", "..os.x", "message_pool.X", "a/b.C", "", ".", "no.such.Type"):
    assert pool.find(name) is None, name
"""


def test_pools_import_modules_of_their_tree() -> None:
    trees = Path(example.__file__ or "").parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _LAZY], cwd=trees, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_pools_import_nothing_that_was_not_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "app_of_a_user"
    (root / "scripts").mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "scripts" / "__init__.py").write_text("raise SystemExit('imported')")
    (root / "generated.py").write_text(
        "import aristaproto\n\n\nclass X(aristaproto.Message):\n    pass\n\n\n"
        "pool = aristaproto.MessagePool()\npool.register('generated', {'X': X})\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    import importlib

    pool = importlib.import_module("app_of_a_user.generated").pool
    assert pool.find("scripts.X") is None
    assert pool.find("scripts.deploy.X") is None


def test_any_of_a_type_whose_module_was_not_imported() -> None:
    packed = wkt.Any(type_url="type.googleapis.com/modules.class.import.Type")
    with pytest.raises(
        TypeError, match=r"'modules\.class\.import\.Type' is not in the message pool"
    ):
        packed.unpack(message_pool=default_message_pool)
