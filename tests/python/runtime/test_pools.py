"""Pools: classes by full proto name, one pool for each tree."""

from __future__ import annotations

import aristaproto
from aristaproto import wkt


class Outer(aristaproto.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)


class OuterInner(aristaproto.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)


class Level(aristaproto.Enum):
    ZERO = 0


POOL = aristaproto.MessagePool()
POOL.register("a.b", {"Outer": Outer, "Outer.Inner": OuterInner, "Level": Level})


def test_find() -> None:
    assert POOL.find_message("a.b.Outer.Inner") is OuterInner
    assert POOL.find_enum("a.b.Level") is Level
    assert POOL.find_message("a.b.Level") is None
    assert POOL.find("a.b.Nothing") is None
    assert "a.b.Outer" in POOL
    assert list(POOL) == ["a.b.Outer", "a.b.Outer.Inner", "a.b.Level"]


def test_root_package() -> None:
    class Root(aristaproto.Message):
        pass

    pool = aristaproto.MessagePool()
    pool.register("", {"Root": Root})
    assert pool.find("Root") is Root


def test_classes_know_their_name_and_pool() -> None:
    assert OuterInner.__schema__.full_name == "a.b.Outer.Inner"
    assert OuterInner.__schema__.pool is POOL

    class Mine(OuterInner):
        pass

    assert Mine.__schema__.full_name == "a.b.Outer.Inner"
    assert POOL.find("a.b.Outer.Inner") is OuterInner


def test_well_known_types_are_in_every_pool() -> None:
    assert POOL.find("google.protobuf.Timestamp") is wkt.Timestamp
    assert aristaproto.MessagePool().find("google.protobuf.Nothing") is None


def test_pools_are_apart() -> None:
    assert aristaproto.MessagePool().find("a.b.Outer") is None
