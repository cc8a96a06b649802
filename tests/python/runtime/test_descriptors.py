"""google descriptors of generated modules, here in modules made by hand."""

from __future__ import annotations

import sys
from types import ModuleType

import aristaproto
import pytest
from aristaproto import descriptors
from google.protobuf import descriptor_pb2


class Outer(aristaproto.Message):
    pass


class OuterInner(aristaproto.Message):
    pass


class Level(aristaproto.Enum):
    ZERO = 0


def file(name: str, package: str, *imports: str) -> bytes:
    made = descriptor_pb2.FileDescriptorProto(
        name=name, package=package, syntax="proto3", dependency=imports
    )
    made.message_type.add(name="Outer").nested_type.add(name="Inner")
    made.enum_type.add(name="Level").value.add(name="ZERO", number=0)
    return made.SerializeToString()


def register(
    monkeypatch: pytest.MonkeyPatch, name: str, files: dict[str, bytes], imports: dict[str, str]
) -> str:
    """Make a data module as the generator prints it importable."""
    module = ModuleType(name)
    module.__dict__.update(FILES=files, IMPORTS=imports)
    monkeypatch.setitem(sys.modules, name, module)
    return name


def test_files_enter_the_pool_with_what_they_import(monkeypatch: pytest.MonkeyPatch) -> None:
    files = descriptors.DescriptorFiles()
    # Two packages whose modules import each other, though no file does: a1 → b1 → a2.
    for name in ("tree", "tree.a", "tree.b"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    register(
        monkeypatch,
        "tree.b._descriptors",
        {"b1.proto": file("b1.proto", "b", "a2.proto")},
        {"a2.proto": "..a._descriptors"},
    )
    a = register(
        monkeypatch,
        "tree.a._descriptors",
        {
            "a1.proto": file("a1.proto", "a", "b1.proto"),
            "a2.proto": file("a2.proto", "a2"),
        },
        {"b1.proto": "..b._descriptors"},
    )
    files.register_module(a)
    with pytest.raises(KeyError):
        files.pool.FindFileByName("a1.proto")
    found = files.find("a1.proto")
    assert found.serialized_pb == file("a1.proto", "a", "b1.proto")
    assert [imported.name for imported in found.dependencies] == ["b1.proto"]
    assert files.pool.FindMessageTypeByName("a2.Outer").full_name == "a2.Outer"
    assert files.find("a1.proto") is found


def test_names_of_files_beyond_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    files = descriptors.DescriptorFiles()
    path = "straße.proto"
    files.register_module(register(monkeypatch, "_x", {path: file(path, "x")}, {}))
    assert files.find(path).name == path
    assert files.find(path) is files.find(path)


def test_attach(monkeypatch: pytest.MonkeyPatch) -> None:
    files = descriptors.DescriptorFiles()
    files.register_module(register(monkeypatch, "_x", {"x.proto": file("x.proto", "x")}, {}))
    found = files.find("x.proto")
    assert not hasattr(Outer, "DESCRIPTOR")
    descriptors.attach(found, {"Outer": Outer, "Outer.Inner": OuterInner, "Level": Level})
    assert Outer.DESCRIPTOR.full_name == "x.Outer"  # type: ignore[attr-defined]
    assert OuterInner.DESCRIPTOR.full_name == "x.Outer.Inner"  # type: ignore[attr-defined]
    assert Level.DESCRIPTOR.full_name == "x.Level"  # type: ignore[attr-defined]
    with pytest.raises(KeyError, match=r"x\.proto has no type 'Nothing'"):
        descriptors.attach(found, {"Nothing": Outer})


def test_a_file_that_nobody_registered() -> None:
    with pytest.raises(KeyError, match=r"'none\.proto' is not registered"):
        descriptors.DescriptorFiles().find("none.proto")
