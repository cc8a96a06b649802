//! Editions after 2023, in tests/editions: their features through generation, wire format, JSON, text format and descriptors.

use std::fs;

use aristaproto_build::{Config, FrontEnd};
use aristaproto_tests::{run_python, workspace};
use tempfile::TempDir;

const PROGRAM: &str = r#"
import aristaproto
from aristaproto.wkt import descriptor
from google.protobuf import descriptor_pb2, message_factory
from lib.editions.e2024 import Changed, Closed, Defaults, DefaultsInner, DefaultsOpen
from lib.editions.e2026 import Later
from lib.editions.names import LegacyName
from lib.editions.options import note
from lib.google_proto_descriptor_pool import default_google_proto_descriptor_pool as pool

def google(cls, message):
    other = message_factory.GetMessageClass(cls.DESCRIPTOR)()
    other.ParseFromString(bytes(message))
    assert other.SerializeToString() == bytes(message), (other, message)
    return other

# Presence, packed lists, open enums, length-prefixed messages: the defaults since 2023.
assert Defaults().explicit is None and Defaults(explicit=0).explicit == 0
full = Defaults(explicit=0, text="", packed=[1, 2], open=DefaultsOpen(7), child=Defaults(), inner=DefaultsInner(number=3))
assert bytes(full) == b"\x08\x00\x12\x00\x1a\x02\x01\x02\x20\x07\x2a\x00\x32\x02\x08\x03"
google(Defaults, full)
assert Defaults.from_json(full.to_json()) == full and Defaults.from_text(full.to_text()) == full
assert full.to_dict() == {"explicit": 0, "text": "", "packed": [1, 2], "open": 7, "child": {}, "inner": {"number": 3}}

# What a file may change.
assert Changed(required=1).implicit == 0
changed = Changed(required=0, implicit=0, expanded=[1, 2], delimited=DefaultsInner(number=1), closed=Closed.TWO)
assert bytes(changed) == b"\x10\x00\x18\x01\x18\x02\x23\x08\x01\x24\x28\x02"
google(Changed, changed)
assert Changed.from_json(changed.to_json()) == changed and Changed.from_text(changed.to_text()) == changed
try:
    bytes(Changed())
except aristaproto.EncodeError:
    pass
else:
    raise AssertionError("a required field is missing")
# A closed enum's unknown value is an unknown field; a string of this file may be no UTF-8.
unknown = Changed.parse(b"\x10\x00\x28\x09\x32\x01\xe9")
assert unknown.closed is None and bytes(unknown).count(b"\x28\x09") == 1

# Options of `import option`, visibility and edition are in the descriptors, and what is only for the source is not.
file = descriptor_pb2.FileDescriptorProto()
pool.FindFileByName("e2024.proto").CopyToProto(file)
assert file.edition == descriptor_pb2.EDITION_2024
own = descriptor.FileDescriptorProto.parse(__import__("lib.editions.e2024._descriptors", fromlist=["FILES"]).FILES["e2024.proto"])
assert own.edition == descriptor.Edition._2024 and own.option_dependency == ["options.proto"]
assert own.message_type[0].visibility == descriptor.SymbolVisibility.VISIBILITY_EXPORT
assert own.options is None or own.options.features is None or own.options.features.default_symbol_visibility is None
assert own.message_type[0].options is not None

# A later edition, and names that are not in its style.
later = Later(number=1, legacy=LegacyName(camel_case=2))
assert Later.from_json('{"number": 1, "legacy": {"camelCase": 2}}') == later
google(Later, later)
print("good")
"#;

/// A folder with the tree of these files of tests/editions, `lib`.
fn tree(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let protos = workspace().join("tests/editions");
    let mut config = Config::new();
    config
        .front_end(FrontEnd::PrebuiltProtoc)
        .google_protobuf_descriptors(true);
    let files: Vec<_> = files.iter().map(|file| protos.join(file)).collect();
    let set = config.load(&files, &[&protos]).unwrap();
    let generated = config.generate(&set).unwrap();
    assert_eq!(generated.warnings, []);
    for file in generated.files {
        let path = folder.path().join("lib").join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
    folder
}

#[test]
fn each_feature_of_a_later_edition_is_as_google_has_it() {
    // The folder itself: all of them.
    let folder = tree(&[""]);
    assert_eq!(run_python(folder.path(), ["-c", PROGRAM]), "good\n");
}

/// What only options come from is an input, too: cargo must run again when it changes.
#[test]
fn a_file_that_is_imported_for_its_options_is_read() {
    let protos = workspace().join("tests/editions");
    let set = Config::new()
        .front_end(FrontEnd::PrebuiltProtoc)
        .load(&[protos.join("e2024.proto")], &[&protos])
        .unwrap();
    assert!(
        set.files_read.contains(&protos.join("options.proto")),
        "{:?}",
        set.files_read
    );
}

const JSON_NAMES: &str = r#"
import json, os, sys
os.environ["ARISTAPROTO_IMPLEMENTATION"] = sys.argv[1]

import aristaproto
import pydantic
from google.protobuf import json_enumvalue_options_pb2, json_format, message_factory
from lib.editions.json_names import Hue, Palette, Shade, more
from lib.google.protobuf import Any
from lib.google_proto_descriptor_pool import default_google_proto_descriptor_pool as pool

assert aristaproto.implementation() == sys.argv[1]
GooglePalette = message_factory.GetMessageClass(Palette.DESCRIPTOR)

full = Palette(
    one=Hue.RED, many=[*Hue, Hue(99)], by_name={"a": Hue.RED, "b": Hue.GREEN}, chosen=Hue.BLUE,
    implicit=Hue.RED, shade=Shade.DARK, inner=Palette(one=Hue.EMPTY), packed=Any.pack(Palette(one=Hue.RED)),
)
aristaproto.extensions(full)[more] = Hue.RED
messages = [full, Palette(), *(Palette(one=hue, many=[hue], by_name={"k": hue}, chosen=hue, implicit=hue) for hue in Hue)]
for message in messages:
    google = GooglePalette.FromString(bytes(message))
    assert message.to_dict() == json_format.MessageToDict(google, descriptor_pool=pool), (message, google)
    assert json.loads(message.to_json()) == message.to_dict()
    assert json_format.Parse(message.to_json(), GooglePalette(), descriptor_pool=pool) == google
    assert Palette.from_json(json_format.MessageToJson(google, descriptor_pool=pool)) == message
    assert Palette.from_dict(json_format.MessageToDict(google, descriptor_pool=pool)) == message
    # Text format and wire bytes know nothing of them.
    assert "rouge" not in message.to_text() and Palette.from_text(message.to_text()) == message
assert Palette(one=Hue.RED).to_dict() == {"one": "rouge"}
assert full.to_dict()["many"] == ["HUE_NONE", "rouge", "GREEN", "HUE_GREEN", "", '"é\\\n', "6", 99]
assert Palette().to_dict(include_default_values=True)["implicit"] == "HUE_NONE"
assert Palette(one=Hue.RED).to_dict(output_format=aristaproto.OutputFormat.PYTHON) == {"one": Hue.RED}

# What is read: proto names, names in JSON, numbers; of ours the names in Python as well, where they are no name in JSON.
for value in ("HUE_RED", "HUE_CRIMSON", "rouge", 1, "HUE_BLUE", "GREEN", "HUE_GREEN", "", "6"):
    google = json_format.ParseDict({"one": value}, GooglePalette(), descriptor_pool=pool)
    for read in (Palette.from_dict({"one": value}), Palette.from_json(json.dumps({"one": value}))):
        assert bytes(read) == google.SerializeToString(), value
assert Palette.from_dict({"one": "CRIMSON"}).one is Hue.RED
assert Palette.from_dict({"one": "GREEN"}).one is Hue.BLUE
for value in ("Rouge", "dark"):
    for read in (Palette.from_dict, lambda it: Palette.from_json(json.dumps(it))):
        try:
            read({"one": value})
        except aristaproto.JsonError as error:
            assert error.path == "one", error
        else:
            raise AssertionError(value)
    assert Palette.from_dict({"one": value}, ignore_unknown_fields=True) == Palette()

# JSON Schema, and enums as fields of models.
class Model(pydantic.BaseModel):
    hue: Hue
    palette: Palette

schema = Model.model_json_schema()["$defs"]
names = ["HUE_NONE", "rouge", "GREEN", "HUE_GREEN", "", '"é\\\n', "6"]
assert schema["Hue"]["enum"] == names, schema["Hue"]
assert "- rouge: Like blood." in schema["Hue"]["description"], schema["Hue"]
assert schema["Shade"]["enum"] == ["dark", "SHADE_LIGHT"]
for name, hue in zip(names, Hue, strict=True):
    model = Model.model_validate({"hue": name, "palette": {"one": name}})
    assert model.hue is hue and model.palette.one is hue
    assert json.loads(model.model_dump_json()) == {"hue": name, "palette": {"one": name}}
assert Model.model_validate_json('{"hue": "HUE_RED", "palette": {}}').hue is Hue.RED
print("good")
"#;

#[test]
fn names_of_enum_values_in_json_are_as_google_has_them() {
    let folder = tree(&["json_names.proto"]);
    let module = folder.path().join("lib/editions/json_names/__init__.py");
    let module = fs::read_to_string(module).unwrap();
    assert!(
        module.contains(
            "\n    aristaproto.Enum, prefix=\"SHADE_\", json_names={\"DARK\": \"dark\"}, closed=True\n"
        ),
        "{module}"
    );
    for codec in ["native", "python"] {
        assert_eq!(
            run_python(folder.path(), ["-c", JSON_NAMES, codec]),
            "good\n"
        );
    }
}
