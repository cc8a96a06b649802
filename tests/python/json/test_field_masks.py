"""What `FieldMask` does, beside the FieldMask of google.protobuf on the same messages."""

from __future__ import annotations

import datetime
from random import Random
from typing import Any

import aristaproto
import pytest
from aristaproto import wkt
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    field_mask_pb2,
    json_format,
    message_factory,
    timestamp_pb2,
)


class Leaf(aristaproto.Message):
    text: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    numbers: list[int] = aristaproto.field(2, aristaproto.TYPE_INT32, repeated=True)
    note: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, optional=True)
    leaf: Leaf | None = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Leaf")


class Tree(aristaproto.Message):
    id: int = aristaproto.field(1, aristaproto.TYPE_UINT32)
    note: str | None = aristaproto.field(2, aristaproto.TYPE_STRING, optional=True)
    leaf: Leaf | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Leaf")
    leaves: list[Leaf] = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Leaf", repeated=True)
    by_name: dict[str, Leaf] = aristaproto.map_field(
        5, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Leaf"
    )
    left: int | None = aristaproto.field(6, aristaproto.TYPE_INT32, oneof="side")
    right: Leaf | None = aristaproto.field(7, aristaproto.TYPE_MESSAGE, "Leaf", oneof="side")
    time: datetime.datetime | None = aristaproto.field(8, aristaproto.TYPE_MESSAGE, wkt.Timestamp)
    from_: str = aristaproto.field(9, aristaproto.TYPE_STRING, proto_name="from")


def google_tree() -> Any:
    """google's class of the same message."""
    file = descriptor_pb2.FileDescriptorProto(name="masks.proto", package="masks", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    field = descriptor_pb2.FieldDescriptorProto
    for cls in (Leaf, Tree):
        made = file.message_type.add(name=cls.__name__)
        for each in cls.__schema__.fields:
            added = made.field.add(name=each.proto_name, number=each.number, type=each.type)
            repeated = each.repeated or each.is_map
            added.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            element = each.value if each.value is not None else each
            if element.message is not None:
                own = element.message.__module__ == __name__
                added.type_name = (
                    f".masks.{element.message.__name__}" if own else ".google.protobuf.Timestamp"
                )
            if each.is_map:
                entry = made.nested_type.add(name="ByNameEntry")
                entry.options.map_entry = True
                for number, kind in ((1, each.key), (2, each.value)):
                    assert kind is not None
                    part = entry.field.add(name=kind.name, number=number, type=kind.type)
                    part.label = field.LABEL_OPTIONAL
                    if kind.message is not None:
                        part.type_name = added.type_name
                added.type_name = ".masks.Tree.ByNameEntry"
            if each.oneof is not None:
                if not made.oneof_decl:
                    made.oneof_decl.add(name=each.oneof)
                added.oneof_index = 0
        for added, each in zip(made.field, cls.__schema__.fields, strict=True):
            if each.presence and each.message is None and each.oneof is None:
                added.proto3_optional = True
                added.oneof_index = len(made.oneof_decl)
                made.oneof_decl.add(name=f"_{added.name}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("masks.Tree"))


GOOGLE = google_tree()
NAMES = ("text", "numbers", "note", "leaf", "id", "leaves", "by_name", "left", "right", "time")
OTHERS = ("from", "seconds", "nanos", "from_", "byName", "nothing")


def some_path(random: Random) -> str:
    names = random.choices(NAMES + OTHERS, k=random.choice((1, 1, 2, 2, 3)))
    if random.random() < 0.8:
        # Mostly paths that there are.
        names[:-1] = random.choices(("leaf", "right"), k=len(names) - 1)
    return ".".join(names)


def some_leaf(random: Random, depth: int = 2) -> Leaf:
    return Leaf(
        text=random.choice(("", "a", "b")),
        numbers=random.choices(range(3), k=random.randrange(3)),
        note=random.choice((None, "", "n")),
        leaf=some_leaf(random, depth - 1) if depth and random.random() < 0.6 else None,
    )


def some_tree(random: Random) -> Tree:
    tree = Tree(
        id=random.randrange(3),
        note=random.choice((None, "", "n")),
        leaf=some_leaf(random) if random.random() < 0.7 else None,
        leaves=[some_leaf(random, 0) for _ in range(random.randrange(3))],
        by_name={key: some_leaf(random, 0) for key in "ab" if random.random() < 0.5},
        from_=random.choice(("", "f")),
    )
    if random.random() < 0.7:
        seconds = random.randrange(3)
        tree.time = datetime.datetime.fromtimestamp(seconds + 0.5, datetime.timezone.utc)
    if random.random() < 0.3:
        tree.left = random.randrange(2)
    elif random.random() < 0.5:
        tree.right = some_leaf(random)
    return tree


@pytest.mark.parametrize("seed", range(8))
def test_like_googles(seed: int) -> None:
    random = Random(seed)
    merged = 0
    for _ in range(150):
        mask = wkt.FieldMask([some_path(random) for _ in range(random.randrange(4))])
        theirs = field_mask_pb2.FieldMask(paths=mask.paths)
        assert mask.is_valid_for(Tree) == theirs.IsValidForDescriptor(GOOGLE.DESCRIPTOR), mask
        other = wkt.FieldMask([some_path(random) for _ in range(random.randrange(4))])
        for ours, call in ((mask.union, "Union"), (mask.intersection, "Intersect")):
            expected = field_mask_pb2.FieldMask()
            getattr(expected, call)(theirs, field_mask_pb2.FieldMask(paths=other.paths))
            assert ours(other).paths == list(expected.paths), (mask, other)
        canonical = field_mask_pb2.FieldMask()
        canonical.CanonicalFormFromMask(theirs)
        assert mask.canonical().paths == list(canonical.paths)
        if not mask.is_valid_for(Tree):
            continue
        source, destination = some_tree(random), some_tree(random)
        google_source = GOOGLE.FromString(bytes(source))
        expected = GOOGLE.FromString(bytes(destination))
        before = bytes(source)
        flags = random.random() < 0.5, random.random() < 0.5
        theirs.MergeMessage(google_source, expected, *flags)
        mask.merge(source, destination, replace_messages=flags[0], replace_repeated=flags[1])
        assert destination == Tree.parse(expected.SerializeToString()), (mask, flags)
        assert bytes(source) == before
        merged += 1
    assert merged > 30


def test_all_fields() -> None:
    expected = field_mask_pb2.FieldMask()
    expected.AllFieldsFromDescriptor(GOOGLE.DESCRIPTOR)
    assert wkt.FieldMask.all_fields(Tree).paths == list(expected.paths)
    assert wkt.FieldMask.all_fields(Tree).to_json() == json_format.MessageToJson(expected)


def test_from_paths() -> None:
    mask = wkt.FieldMask.from_paths(Tree, "leaf.text", "from", "time.seconds")
    assert mask == wkt.FieldMask(["leaf.text", "from", "time.seconds"])
    assert mask.to_json() == '"leaf.text,from,time.seconds"'
    assert wkt.FieldMask.from_paths(Tree) == wkt.FieldMask()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("leaff", "path 'leaff': Tree has no field 'leaff'; did you mean 'leaf'?"),
        ("leaf.txt", "path 'leaf.txt': Leaf has no field 'txt'; did you mean 'text'?"),
        ("", "path '': Tree has no field ''"),
        ("leaf.", "path 'leaf.': Leaf has no field ''"),
        ("from_", "Tree has no field 'from_'; did you mean 'from'?"),
        ("leaves.text", "Tree.leaves is not a singular message field, it must come last"),
        ("by_name.a", "Tree.by_name is not a singular message field, it must come last"),
        ("id.x", "Tree.id is not a singular message field, it must come last"),
    ],
)
def test_paths_that_are_none(path: str, text: str) -> None:
    with pytest.raises(ValueError, match="path") as caught:
        wkt.FieldMask.from_paths(Tree, "id", path)
    assert text in str(caught.value)
    source, destination = Tree(1), Tree(2)
    with pytest.raises(ValueError, match="path"):
        wkt.FieldMask(["id", path]).merge(source, destination)
    assert destination == Tree(2)
    with pytest.raises(ValueError, match="path"):
        wkt.FieldMask([path]).apply(source)


def test_merging_shares_nothing() -> None:
    source = Tree(leaf=Leaf("a", [1]), leaves=[Leaf("b")], by_name={"c": Leaf("d")})
    destination = Tree()
    wkt.FieldMask(["leaf", "leaves", "by_name"]).merge(source, destination)
    assert destination == source
    source.leaf.numbers.append(2)  # type: ignore[union-attr]
    source.leaves[0].text = "x"
    source.by_name["c"].text = "x"
    assert destination == Tree(leaf=Leaf("a", [1]), leaves=[Leaf("b")], by_name={"c": Leaf("d")})
    other: Any = Leaf()
    with pytest.raises(TypeError, match="expected Tree, got Leaf"):
        wkt.FieldMask(["leaf"]).merge(other, destination)


def test_applying() -> None:
    tree = Tree(5, leaf=Leaf("a", [1], "n", Leaf("b", [2])), leaves=[Leaf("c")], left=3)
    assert wkt.FieldMask(["id", "leaf.leaf.numbers", "left"]).apply(tree) == Tree(
        5, leaf=Leaf(leaf=Leaf(numbers=[2])), left=3
    )
    assert wkt.FieldMask(["leaves", "right"]).apply(tree) == Tree(leaves=[Leaf("c")])
    assert wkt.FieldMask().apply(tree) == Tree()
    assert wkt.FieldMask.all_fields(Tree).apply(tree) == tree
    moment = datetime.datetime(2020, 1, 1, 0, 0, 0, 5, datetime.timezone.utc)
    assert wkt.FieldMask(["time.nanos"]).apply(Tree(time=moment)).time == (
        datetime.datetime(1970, 1, 1, 0, 0, 0, 5, datetime.timezone.utc)
    )


def test_long_paths() -> None:
    path = ".".join(["leaf"] * 20_000)
    mask = wkt.FieldMask([path, "id"])
    assert mask.is_valid_for(Tree)
    assert mask.canonical().paths == ["id", path]
    assert mask.union(mask) == mask.canonical()
    assert mask.intersection(wkt.FieldMask(["leaf.leaf"])).paths == [path]
    assert mask.apply(Tree(1, leaf=Leaf(leaf=Leaf("a")))) == Tree(1)
