"""Every name that the runtime, its base classes, a generated module, Enum, dataclasses or pydantic has, as the name of a field, an
enum value, a message, a method, a package and a oneof: each is reached and used.

The names are read from the very objects, so that a new one is tested as soon as it is there. google.protobuf is the judge.
"""

from __future__ import annotations

import ast
import builtins
import copy
import dataclasses
import importlib
import inspect
import keyword
import os
import pickle
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import aristaproto
import aristaproto.grpcio
import aristaproto.grpclib
import aristaproto.pydantic
import aristaproto.testing
import aristaproto.wkt
import pydantic
import pydantic.dataclasses
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.compiler import plugin_pb2

ROOT = Path(__file__).parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PLUGIN = TARGET / "release" / "protoc-gen-python_aristaproto"

OPTIONS = {
    "threads": "client_generation=sync,server_generation=sync,google_protobuf_descriptors",
    "grpcio": "client_generation=sync_async,server_generation=async,"
    "client_async_transport=grpcio,server_async_transport=grpcio",
    "grpclib": "client_generation=async_sync,server_generation=async",
    "pydantic": "client_generation=none,pydantic_dataclasses,google_protobuf_descriptors",
}


@dataclasses.dataclass
class _Dataclass:
    field: int = 0


class _Model(pydantic.BaseModel):
    field: int = 0


@pydantic.dataclasses.dataclass
class _Checked:
    field: int = 0


def _objects() -> list[Any]:
    """What has names that generated code could meet."""
    found: list[Any] = [
        *(aristaproto, builtins, dataclasses, typing, pydantic.dataclasses),
        *(_Dataclass(), _Checked(), _Model(), _Dataclass.__dataclass_fields__["field"]),
        *(aristaproto.grpcio.ServiceStub, aristaproto.grpcio.ServiceBase),
        *(aristaproto.grpclib.ServiceStub, aristaproto.grpclib.ServiceBase),
        *(aristaproto.pydantic, aristaproto.pydantic.Message),
        aristaproto.wkt.NullValue.NULL_VALUE,
    ]
    for tree in ("sync", "grpcio", "grpclib", "pydantic", "descriptors"):
        module = importlib.import_module(f"trees.{tree}.calls")
        found += [module, *(getattr(module, name) for name in module.__all__)]
        found.append(module.Number())
        # What bases and stubs have besides, when they are made.
        found.append(sys.modules[f"trees.{tree}.message_pool"])
    found += [type(it) for it in found]
    return found


@cache
def every_name() -> list[str]:
    found = {*keyword.kwlist, *keyword.softkwlist}
    for held in _objects():
        found.update(dir(held))
        for base in getattr(held, "__mro__", type(held).__mro__):
            found.update(base.__dict__)
            for member in base.__dict__.values():
                if inspect.isfunction(member):
                    # Names of parameters, of attributes that it sets, and of other variables.
                    found.update(member.__code__.co_varnames)
                    found.update(member.__code__.co_names)
        if inspect.ismodule(held) and held.__name__.startswith("trees."):
            for node in ast.walk(ast.parse(inspect.getsource(held))):
                if isinstance(node, ast.Name):
                    found.add(node.id)
                elif isinstance(node, (ast.arg, ast.keyword)):
                    found.add(node.arg or "")
                elif isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.alias):
                    found.update((node.asname or node.name).split("."))
    return sorted(name for name in found if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name))


FIELD = descriptor_pb2.FieldDescriptorProto


def _field(message: Any, name: str, number: int, kind: int = FIELD.TYPE_STRING) -> Any:
    return message.field.add(
        name=name, number=number, type=kind, label=FIELD.LABEL_OPTIONAL, json_name=f"j{number}"
    )


@cache
def files() -> list[descriptor_pb2.FileDescriptorProto]:
    """The files as protoc hands them to the plugin; those of packages first, which the others refer to."""
    names = every_name()
    found: list[descriptor_pb2.FileDescriptorProto] = []

    def file(name: str, package: str) -> Any:
        made = descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto2")
        found.append(made)
        return made

    for index, name in enumerate(names):
        one = file(f"packages/p{index}.proto", name)
        _field(one.message_type.add(name="M"), "text", 1)
    used = file("every/packages.proto", "zz.packages")
    used.dependency.extend(it.name for it in found if it is not used)
    packages = used.message_type.add(name="Packages")
    for number, name in enumerate(names, 1):
        _field(packages, f"f{number}", number, FIELD.TYPE_MESSAGE).type_name = f".{name}.M"

    kinds = file("every/kinds.proto", "zz.kinds")
    _field(kinds.message_type.add(name="Leaf"), "text", 1)
    leaf = ".zz.kinds.Leaf"
    enum = kinds.enum_type.add(name="Every")
    for number, name in enumerate(names):
        enum.value.add(name=name, number=number)

    fields = file("every/fields.proto", "zz.fields")
    fields.dependency.append(kinds.name)
    # Of each type, because a name may hide what the next annotation needs.
    message = fields.message_type.add(name="Fields")
    for number, name in enumerate(names, 1):
        made = _field(message, name, number)
        if number % 6 == 1:
            made.type = FIELD.TYPE_INT32
        elif number % 6 == 2:
            made.label = FIELD.LABEL_REPEATED
        elif number % 6 == 3:
            made.type, made.type_name = FIELD.TYPE_MESSAGE, leaf
        elif number % 6 == 4:
            made.type, made.type_name = FIELD.TYPE_ENUM, ".zz.kinds.Every"
        elif number % 6 == 5:
            made.type = FIELD.TYPE_BYTES

    messages = file("every/messages.proto", "zz.messages")
    for name in names:
        _field(messages.message_type.add(name=name), "text", 1)

    oneofs = file("every/oneofs.proto", "zz.oneofs")
    for number, name in enumerate(names):
        message = oneofs.message_type.add(name=f"O{number}")
        message.oneof_decl.add(name=name)
        for at, member in ((1, f"a{number}"), (2, f"b{number}")):
            _field(message, member, at).oneof_index = 0

    calls = file("every/calls.proto", "zz.calls")
    _field(calls.message_type.add(name="Request"), "text", 1)
    service = calls.service.add(name="Every")
    for name in names:
        service.method.add(
            name=name, input_type=".zz.calls.Request", output_type=".zz.calls.Request"
        )
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not PLUGIN.exists():
        pytest.skip("run `cargo xtask test plugin` first")
    folder = tmp_path_factory.mktemp("names")
    request = plugin_pb2.CodeGeneratorRequest(proto_file=files())
    for tree, options in OPTIONS.items():
        request.parameter = options
        del request.file_to_generate[:]
        request.file_to_generate.extend(
            file.name
            for file in files()
            if "every/calls" in file.name
            or tree == "threads"
            or (tree == "pydantic" and "packages" not in file.name)
        )
        done = subprocess.run(
            [PLUGIN],
            input=request.SerializeToString(),
            capture_output=True,
            check=True,
            timeout=120,
        )
        response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
        assert not response.error
        for file in response.file:
            path = folder / "every_name" / tree / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.content, encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [it for it in sys.modules if it.partition(".")[0] == "every_name"]:
        del sys.modules[name]


def module(tree: str, name: str) -> Any:
    return importlib.import_module(f"every_name.{tree}.zz.{name}")


@cache
def google(name: str) -> Any:
    pool = descriptor_pool.DescriptorPool()
    for file in files():
        pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


# The transports of stubs and bases make no difference to messages.
each = pytest.mark.parametrize("tree", ["threads", "pydantic"])


def test_the_names_are_there() -> None:
    """Some of each source, so that the list does not become empty unseen."""
    expected = {
        *("__schema__", "__fields__", "_unknown_fields", "_extensions", "to_dict", "__replaced__"),
        *("__prefix__", "_value2member_map_", "proto_name", "as_integer_ratio", "mro", "name"),
        *("_unary_unary", "_grpcio_context", "_channel", "__mapping__", "timeout", "messages"),
        *("__dataclass_fields__", "model_fields", "__pydantic_validator__"),
        *("default_message_pool", "aristaproto", "TYPE_CHECKING", "annotations", "list", "None"),
        *("lambda", "match", "DESCRIPTOR", "self", "cls", "Message", "str", "Iterator"),
    }
    assert expected <= {*every_name()}


@each
def test_fields(tree: str, folder: Path) -> None:
    cls, kinds = module(tree, "fields").Fields, module(tree, "kinds")
    names = list(cls.__match_args__)
    assert len({*names}) == len(names) == len(every_name())
    values: list[Any] = [
        (f"t{number}", number, [str(number)], kinds.Leaf(str(number)), kinds.Every(5), b"b")[
            number % 6
        ]
        for number in range(1, len(names) + 1)
    ]
    by_name = dict(zip(names, values, strict=True))
    message = cls(**by_name)
    assert message == cls(*values)
    theirs = google("zz.fields.Fields").FromString(bytes(message))
    other = cls()
    for number, (name, value) in enumerate(by_name.items()):
        assert getattr(message, name) == value, name
        assert message.is_set(name), name
        assert not other.is_set(name), name
        assert cls.__schema__.by_proto_name[every_name()[number]].name == name
        setattr(other, name, value)
    assert bytes(other) == bytes(message)
    for name in names:
        delattr(other, name)
        assert not other.is_set(name), name
    assert not other
    assert bytes(other) == b""
    # Of a field named `SerializeToString`, google's class has the field.
    google_bytes = google("zz.fields.Fields").__mro__[1].SerializeToString(theirs)
    assert cls.parse(google_bytes) == message
    assert list(message.to_dict()) == [f"j{number}" for number in range(1, len(names) + 1)]
    snake = message.to_dict(casing=aristaproto.Casing.SNAKE)
    assert list(snake) == every_name()
    assert cls.from_dict(snake) == cls.from_json(message.to_json()) == message
    assert cls.from_text(message.to_text()) == message
    for made in (copy.copy(message), copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert made == message
    assert dataclasses.replace(message, **by_name) == message
    assert [field.name for field in dataclasses.fields(cls)] == names
    assert [name for name in typing.get_type_hints(cls) if name != "DESCRIPTOR"] == names
    assert list(inspect.signature(cls).parameters) == names
    assert {*names} <= {*dir(cls)}
    assert set(names) <= {*dir(message)}
    if tree == "pydantic":
        message._validate()
    checked: Any = pydantic.TypeAdapter(cls)
    assert checked.validate_python(checked.dump_python(message)) == message
    assert len(checked.json_schema()["properties"]) == len(names)


@each
def test_enum_values(tree: str, folder: Path) -> None:
    cls, leaf = module(tree, "kinds").Every, module(tree, "kinds").Leaf
    names = list(cls.__members__)
    assert len({*names}) == len(names) == len(every_name())
    for number, (name, proto_name) in enumerate(zip(names, every_name(), strict=True)):
        member = cls(number)
        assert getattr(cls, name) is cls[name] is member is cls.from_string(proto_name), name
        assert (member.name, member.value, member.proto_name) == (name, number, proto_name)
        assert (str(member), repr(member)) == (name, f"<Every.{name}: {number}>")
        assert pickle.loads(pickle.dumps(member)) is member
    assert list(cls) == [cls(number) for number in range(len(names))]
    assert leaf() is not None


@each
def test_messages(tree: str, folder: Path) -> None:
    messages = module(tree, "messages")
    found: dict[str, Any] = {}
    for name in messages.__all__:
        cls: Any = getattr(messages, name)
        assert cls.__name__ == name
        assert cls.parse(bytes(cls("a"))) == cls.from_json(cls("a").to_json()) == cls("a"), name
        full_name = str(cls.__schema__.full_name)
        found[full_name.removeprefix("zz.messages.")] = cls
        assert (hasattr(cls, "DESCRIPTOR")) == ("descriptors" in OPTIONS[tree])
    assert sorted(found) == every_name()
    pool = importlib.import_module(f"every_name.{tree}.message_pool").default_message_pool
    assert all(pool.find_message(f"zz.messages.{name}") is cls for name, cls in found.items())


@each
def test_oneofs(tree: str, folder: Path) -> None:
    oneofs = module(tree, "oneofs")
    for number, name in enumerate(every_name()):
        cls = getattr(oneofs, f"O{number}")
        attribute = {group: python for python, group in cls.__oneofs__.items()}.get(name, name)
        for text in ("", "x"):
            message = cls(**{f"b{number}": text})
            assert getattr(message, attribute) == (f"b{number}", text), name
            assert aristaproto.which_one_of(message, name) == (f"b{number}", text)
            setattr(message, attribute, (f"a{number}", text))
            assert message == cls(**{f"a{number}": text}) == cls.parse(bytes(message)), name
            setattr(message, attribute, None)
            assert not message
            assert getattr(message, attribute) is None, name


def test_packages(folder: Path) -> None:
    tree = "threads"
    packages = module(tree, "packages")
    cls: Any = packages.Packages
    message = cls()
    modules: set[str] = set()
    for number, name in enumerate(every_name(), 1):
        leaf: Any = cls.__schema__.by_number[number].message
        assert leaf.__schema__.full_name == f"{name}.M"
        modules.add(leaf.__module__)
        assert importlib.import_module(leaf.__module__).M is leaf
        setattr(message, f"f{number}", leaf(name))
    assert len(modules) == len(every_name())
    assert cls.parse(bytes(message)) == cls.from_json(message.to_json()) == message
    theirs = google("zz.packages.Packages").FromString(bytes(message))
    assert json_format.MessageToDict(theirs) == message.to_dict()
    assert len({*typing.get_type_hints(cls)} - {"DESCRIPTOR"}) == len(every_name())


def _methods(cls: Any) -> list[str]:
    members: Any = cls.__dict__
    return [
        name
        for name, it in members.items()
        if inspect.isfunction(it) and name not in ("_grpcio_rpc_handler", "__mapping__")
    ]


@pytest.mark.parametrize(
    ("tree", "stub"),
    [("grpcio", "EveryAsyncStub"), ("grpclib", "EveryStub"), ("threads", "EveryStub")],
)
async def test_methods(tree: str, stub: str, folder: Path) -> None:
    calls = module(tree, "calls")
    base, client = calls.EveryBase, getattr(calls, stub)
    names = _methods(base)
    assert names == _methods(client)
    assert len({*names}) == len(names) == len(every_name())

    def answer(name: str) -> Any:
        if tree == "threads":

            def sync(self: Any, message: Any) -> Any:
                return calls.Request(f"{name} {message.text}")

            return sync

        async def method(self: Any, message: Any) -> Any:
            return calls.Request(f"{name} {message.text}")

        return method

    service = type("Service", (base,), {name: answer(name) for name in names})()
    if tree == "threads":
        with aristaproto.testing.connect(service, client) as connected:
            for name in names:
                assert getattr(connected, name)(calls.Request("a")).text == f"{name} a"
    else:
        async with aristaproto.testing.connect(service, client) as connected:
            for name in names:
                assert (await getattr(connected, name)(calls.Request("a"))).text == f"{name} a"
