//! A package of more types than pyright can analyse in one module: for its users it is as any other, though its classes stand in
//! parts. The protos are made here by a loop; checkers look at what is generated and at what a user writes, Python runs it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use aristaproto_build::DescriptorSet;
use aristaproto_build::{
    AsyncTransport, ClientGeneration, Config, FrontEnd, Options, ServerGeneration,
};
use aristaproto_tests::{python, run_python, workspace};
use tempfile::TempDir;

/// `First` is at the beginning, `Last` after all that fills the first part; each refers to the other.
const BIG: &str = r#"
syntax = "proto3";
package big.v1;
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
enum Level { LEVEL_UNSPECIFIED = 0; LEVEL_HIGH = 5; }
message First {
  Last last = 1;
  repeated Last lasts = 2;
  map<string, Last> by_name = 3;
  oneof choice { Last chosen = 4; string text = 5; Level level = 6; }
  google.protobuf.Any any = 7;
  google.protobuf.Timestamp at = 8;
}
message Outer { message Inner { First first = 1; } }
service Keeper {
  rpc Keep(First) returns (Last);
  rpc Watch(Last) returns (stream First);
}
"#;
const LAST: &str = r"
message Last {
  First first = 1;
  repeated Outer.Inner inner = 2;
  map<int32, Level> levels = 3;
  google.protobuf.Timestamp at = 4;
  optional Filler0 filler = 5;
}
";
/// Of the same package: a closed enum of the first part whose default a field of the second has, and an extension.
const OLD: &str = r#"
syntax = "proto2";
package big.v1;
import "big/v1/big.proto";
enum Shade { DARK = 1; LIGHT = 2; }
message Open { extensions 100 to 199; optional Shade shade = 1 [default = LIGHT]; }
extend Open { optional First _part1 = 100; }
"#;
/// Of a package that is called like a part.
const LIKE_A_PART: &str = r#"
syntax = "proto3";
package big.v1._part2;
import "big/v1/big.proto";
message Below { big.v1.Last last = 1; }
"#;
const USER: &str = r#"
syntax = "proto3";
package user;
import "big/v1/big.proto";
message User { big.v1.First first = 1; big.v1.Last last = 2; big.v1.Level level = 3; }
"#;

/// With twenty fields each they weigh 793: in one module pyright would refuse them.
const FILLERS: usize = 520;

fn write_protos(folder: &Path, fillers: usize) {
    let mut big = BIG.to_owned();
    for filler in 0..fillers {
        write!(big, "message Filler{filler} {{").unwrap();
        for field in 1..=20 {
            write!(big, " int32 f{field} = {field};").unwrap();
        }
        big.push_str(" }\n");
    }
    if fillers == 0 {
        big.push_str("message Filler0 {}\n");
    }
    big.push_str(LAST);
    for (name, text) in [
        ("big/v1/big.proto", big.as_str()),
        ("big/v1/old.proto", OLD),
        ("big/v1/_part2/below.proto", LIKE_A_PART),
        ("user.proto", USER),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn load(protos: &Path, front_end: FrontEnd) -> DescriptorSet {
    Config::new()
        .front_end(front_end)
        .load(&[protos], &[protos])
        .unwrap()
}

/// Two trees in a package `trees`, with all that can be generated between them.
fn trees(protos: &Path) -> TempDir {
    let plain = Options {
        client_generation: ClientGeneration::SyncAsync,
        client_async_transport: AsyncTransport::Grpcio,
        server_generation: ServerGeneration::Async,
        server_async_transport: AsyncTransport::Grpcio,
        ..Options::default()
    };
    let more = Options {
        pydantic_dataclasses: true,
        google_protobuf_descriptors: true,
        ..Options::default()
    };
    let set = load(protos, FrontEnd::PrebuiltProtoc);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("trees")).unwrap();
    fs::write(folder.path().join("trees/__init__.py"), "").unwrap();
    for (name, options) in [("plain", plain), ("more", more)] {
        let mut config = Config::new();
        config
            .options(options)
            .out_dir(folder.path().join("trees").join(name));
        config.compile_descriptors(&set).unwrap();
    }
    folder
}

/// What a user writes, held to the types by the checkers and then run.
const USE: &str = r#"
from __future__ import annotations

import asyncio
import copy
import datetime
import importlib
import inspect
import pickle
import typing
from collections.abc import AsyncIterator

import aristaproto
import aristaproto.grpcio
import grpc.aio
from typing_extensions import assert_type

from trees.more.big import v1 as more
from trees.plain.big import v1
from trees.plain.google.protobuf import Any
from trees.plain.message_pool import default_message_pool as pool
from trees.plain.user import User

last = v1.Last(first=v1.First(text="deep"), levels={1: v1.Level.HIGH}, filler=v1.Filler0(f20=3))
first = v1.First(last=last, lasts=[last], by_name={"a": last}, level=v1.Level.HIGH)
user = User(first=first, last=last, level=v1.Level.HIGH)
if user.first is not None and user.first.last is not None:
    assert_type(user.first, v1.First)
    assert_type(user.first.last.levels, "dict[int, v1.Level]")
    assert_type(user.first.last.inner, "list[v1.OuterInner]")
    assert_type(user.first.chosen, "v1.Last | None")

# There and back, in each way.
packed = v1.First(any=Any.pack(last))
for message in (last, first, user, packed, v1.OuterInner(first=first)):
    again = type(message)
    assert again.parse(bytes(message)) == message
    assert again.from_json(message.to_json()) == message
    assert again.from_text(message.to_text()) == message
    assert copy.deepcopy(message) == message
    pickled = pickle.dumps(message)
    assert pickle.loads(pickled) == message
    assert b"_part" not in pickled
assert packed.any is not None
assert packed.any.unpack() == last
assert "type.googleapis.com/big.v1.Last" in packed.to_json()
assert aristaproto.get(v1.Open(), "shade") is v1.Shade.LIGHT
opened = v1.Open()
extension = pool.find_extension_by_name("big.v1._part1")
assert extension is not None
aristaproto.extensions(opened)[extension] = first
assert v1.Open.parse(bytes(opened)) == opened

# A class is one of the package, whatever file holds it.
for name in v1.__all__:
    found = getattr(v1, name)
    if inspect.isclass(found):
        assert found.__module__ == "trees.plain.big.v1", name
        assert pickle.loads(pickle.dumps(found)) is found
        assert inspect.getmodule(found) is v1
assert repr(v1.Last) == "<class 'trees.plain.big.v1.Last'>"
assert pickle.loads(pickle.dumps(v1.Level.HIGH)) is v1.Level.HIGH
assert list(inspect.signature(v1.Last).parameters)[:2] == ["first", "inner"]
assert pool.find_message("big.v1.Filler519") is v1.Filler519
assert pool.find_enum("big.v1.Shade") is v1.Shade
assert aristaproto.descriptor(v1.Last).full_name == "big.v1.Last"

# What annotations name is imported by the parts, and looked up in the package.
hints = typing.get_type_hints(v1.First)
assert typing.get_args(hints["at"]) == (datetime.datetime, type(None))
assert typing.get_args(hints["last"]) == (v1.Last, type(None))

# What wants the name of a part has it.
below = importlib.import_module("trees.plain.big.v1._part2")
assert below.Below(last=last).last is last
assert vars(v1)["_part1"] is extension

# The other tree has pydantic's checks and google's descriptors.
assert more.First.parse(bytes(first)).to_json() == first.to_json()
assert more.Last.DESCRIPTOR is more.First.DESCRIPTOR.fields_by_name["last"].message_type
try:
    more.First(last=more.First())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
except ValueError:
    pass
else:
    raise AssertionError


class Keeper(v1.KeeperBase):
    async def keep(self, message: v1.First) -> v1.Last:
        return message.last or v1.Last()

    async def watch(self, message: v1.Last) -> AsyncIterator[v1.First]:
        yield v1.First(last=message)


async def call() -> None:
    server = grpc.aio.server()
    aristaproto.grpcio.add_to_server(Keeper(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = v1.KeeperAsyncStub(channel)
        assert assert_type(await stub.keep(first), v1.Last) == last
        assert [answer async for answer in stub.watch(last)] == [v1.First(last=last)]
    await server.stop(None)


asyncio.run(call())
"#;

fn files_of_package(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_package_in_parts_is_as_any_other() {
    let protos = tempfile::tempdir().unwrap();
    write_protos(protos.path(), FILLERS);
    let folder = trees(protos.path());
    let folder = folder.path();
    for tree in ["plain", "more"] {
        assert_eq!(
            files_of_package(&folder.join("trees").join(tree).join("big/v1")),
            [
                "__init__.py",
                "_descriptors.py",
                "_part1_.py",
                "_part2",
                "_part2_.py"
            ]
        );
    }
    fs::write(folder.join("use.py"), USE).unwrap();
    fs::write(
        folder.join("first.py"),
        "import trees.plain.big.v1._part2_\n",
    )
    .unwrap();
    let settings = format!(
        r#"{{"include": ["trees/plain", "use.py"], "typeCheckingMode": "strict", "pythonVersion": "3.10",
            "extraPaths": [{:?}]}}"#,
        workspace().join("aristaproto-runtime/python")
    );
    fs::write(folder.join("pyrightconfig.json"), settings).unwrap();
    for command in [
        "-W error use.py".to_owned(),
        "-W error first.py".to_owned(),
        "-m ruff format --isolated --check trees".to_owned(),
        "-m ruff check --isolated --extend-select I,UP,F,E,W --ignore E501 trees".to_owned(),
        "-m mypy --strict trees use.py".to_owned(),
        format!("-m pyright --pythonpath {}", python().display()),
    ] {
        println!("{command}\n{}", run_python(folder, command.split(' ')));
    }
}

#[test]
fn parts_are_the_same_from_each_front_end_and_go_when_they_are_not_needed() {
    let protos = tempfile::tempdir().unwrap();
    write_protos(protos.path(), FILLERS);
    let tree = tempfile::tempdir().unwrap();
    let package = tree.path().join("big/v1");
    let generate = |check: bool| {
        let set = load(protos.path(), FrontEnd::Protox);
        let mut config = Config::new();
        config.out_dir(tree.path()).check(check);
        config.compile_descriptors(&set)
    };
    let set = load(protos.path(), FrontEnd::PrebuiltProtoc);
    Config::new()
        .out_dir(tree.path())
        .compile_descriptors(&set)
        .unwrap();
    generate(true).unwrap();

    write_protos(protos.path(), 0);
    let error = generate(true).unwrap_err().to_string();
    assert!(error.contains("_part1_.py"), "{error}");
    generate(false).unwrap();
    assert_eq!(
        files_of_package(&package),
        ["__init__.py", "_descriptors.py", "_part2"]
    );
    let module = fs::read_to_string(package.join("__init__.py")).unwrap();
    assert!(module.contains("\nclass Last("), "{module}");
}
