"""`import public` makes the names of one package part of another: `tests/protos/public`."""

import pickle
from importlib import import_module

import aristaproto
import pytest
from trees.grpclib.public import builtins_own, nothing_own, old_place
from trees.grpclib.public.Mixed.Case.V1 import Deep
from trees.grpclib.public.new_place.v1 import Both, Kind, Moved, MovedInner


def test_a_moved_class_is_found_at_its_old_place() -> None:
    assert old_place.Moved is Moved
    assert old_place.Kind.OTHER is Kind.OTHER
    assert old_place.MovedInner is MovedInner
    message = old_place.Here(moved=old_place.Moved(kind=old_place.Kind.OTHER))
    assert old_place.Here.parse(bytes(message)) == message
    assert pickle.loads(pickle.dumps(message.moved)) == message.moved
    assert Moved.__module__ == "trees.grpclib.public.new_place.v1"


def test_public_imports_of_public_imports_count() -> None:
    assert old_place.Deep is Deep
    assert nothing_own.Deep is Deep
    assert nothing_own.Here is old_place.Here


def test_the_own_class_hides_the_other() -> None:
    here: object = old_place.Both
    assert here is not Both
    assert nothing_own.Both is old_place.Both


def test_names_of_builtins_are_the_packages_own() -> None:
    assert builtins_own.Moved is Moved
    assert not hasattr(builtins_own, "nothing")
    message = builtins_own.AttributeError()
    aristaproto.extensions(message)[builtins_own.getattr] = 5
    assert bytes(message) == b"\x08\x05"


def test_all_names_them() -> None:
    names: dict[str, object] = {}
    exec("from trees.grpclib.public.nothing_own import *", names)  # noqa: S102
    assert {"Both", "Deep", "Here", "Kind", "Moved", "MovedInner"} <= names.keys()
    assert "Moved" in old_place.__all__


def test_what_is_not_there_is_an_attribute_error() -> None:
    module = import_module("trees.grpclib.public.old_place")
    with pytest.raises(AttributeError, match="old_place' has no attribute 'Nothing'"):
        _ = module.Nothing
