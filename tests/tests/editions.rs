//! Editions after 2023, in tests/editions: their features through generation, wire format, JSON, text format and descriptors.

use std::fs;

use aristaproto_build::{Config, FrontEnd};
use aristaproto_tests::{run_python, workspace};

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

#[test]
fn each_feature_of_a_later_edition_is_as_google_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let protos = workspace().join("tests/editions");
    let mut config = Config::new();
    config
        .front_end(FrontEnd::PrebuiltProtoc)
        .google_protobuf_descriptors(true);
    let set = config.load(&[&protos], &[&protos]).unwrap();
    let generated = config.generate(&set).unwrap();
    assert_eq!(generated.warnings, []);
    for file in generated.files {
        let path = folder.path().join("lib").join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
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
