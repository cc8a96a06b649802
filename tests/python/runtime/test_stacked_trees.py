"""Trees that stand on other trees (`extern_package`): shop on orders and shared, orders on shared, beside on one inside it.

What they are made of is in tests/stacked.
"""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from datetime import datetime, timezone

import aristaproto
import pytest
from aristaproto import descriptors, pydantic
from google.protobuf import message_factory
from trees.stacked.beside.acme import orders as beside_orders
from trees.stacked.beside.message_pool import default_message_pool as beside_pool
from trees.stacked.beside.vendored.acme import shared as vendored
from trees.stacked.orders.acme import orders
from trees.stacked.orders.google import protobuf as orders_protobuf
from trees.stacked.orders.google_proto_descriptor_pool import default_google_proto_descriptor_pool
from trees.stacked.orders.message_pool import default_message_pool as orders_pool
from trees.stacked.shared.acme import shared
from trees.stacked.shared.acme.shared.import_ import Label
from trees.stacked.shared.google import protobuf as shared_protobuf
from trees.stacked.shared.message_pool import default_message_pool as shared_pool
from trees.stacked.shop.acme.shop import Cart
from trees.stacked.shop.google import protobuf as shop_protobuf
from trees.stacked.shop.message_pool import default_message_pool as shop_pool


def full_order() -> orders.Order:
    return orders.Order(
        total=shared.Money(amount=7, unit=shared.Unit.EURO),
        items=[shared.Money(amount=1), shared.Money(amount=2)],
        by_name={"a": shared.Money(amount=3)},
        unit=shared.Unit.EURO,
        units=[shared.Unit.EURO, shared.Unit.UNSPECIFIED],
        rate=shared.MoneyRate(factor=0.5),
        extra=orders_protobuf.Any.pack(shared.Money(amount=9)),
        label=Label(text="label"),
        time=datetime(2024, 1, 2, tzinfo=timezone.utc),
        open=shared.Open(id=4),
        envelope=shared.Envelope(payload=shared_protobuf.Any.pack(shared.Money(amount=8))),
    )


def test_types_of_another_tree_in_every_place() -> None:
    order = full_order()
    parsed = orders.Order.parse(bytes(order))
    assert parsed == order
    assert type(parsed.total) is shared.Money
    assert type(parsed.items[1]) is type(parsed.by_name["a"]) is shared.Money
    assert parsed.unit is shared.Unit.EURO
    assert type(parsed.units[0]) is shared.Unit
    assert type(parsed.rate) is shared.MoneyRate
    assert type(parsed.label) is Label
    assert orders.Note().unit is None
    assert aristaproto.default(orders.Note, "unit") is shared.Unit.EURO
    assert pickle.loads(pickle.dumps(order)) == copy.deepcopy(order) == order

    cart = Cart(order=order, prices=[shared.Money(amount=1)], unit=shared.Unit.EURO)
    parsed_cart = Cart.parse(bytes(cart))
    assert parsed_cart == cart
    assert parsed_cart.order is not None
    assert type(parsed_cart.order.total) is shared.Money


def test_json_and_text_across_trees() -> None:
    cart = Cart(order=full_order(), extra=shop_protobuf.Any.pack(full_order()))
    text = cart.to_json()
    assert Cart.from_json(text) == cart
    packed = json.loads(text)["extra"]
    assert packed["@type"] == "type.googleapis.com/acme.orders.Order"
    assert packed["extra"] == {"@type": "type.googleapis.com/acme.shared.Money", "amount": "9"}
    assert Cart.from_dict(cart.to_dict()) == cart
    assert Cart.from_text(cart.to_text()) == cart


def test_any_finds_types_of_all_trees_below() -> None:
    for message in (shared.Money(amount=1), full_order(), Label(text="a")):
        unpacked = shop_protobuf.Any.parse(bytes(shop_protobuf.Any.pack(message))).unpack()
        assert unpacked == message
        assert type(unpacked) is type(message)
    upwards = shared_protobuf.Any.pack(full_order())
    with pytest.raises(TypeError, match=r"acme\.orders\.Order"):
        upwards.unpack()
    assert upwards.unpack(orders_pool) == full_order()


def test_pools_know_those_they_stand_on() -> None:
    assert shop_pool.find_message("acme.shared.Money") is shared.Money
    assert shop_pool.find_enum("acme.shared.Unit") is shared.Unit
    assert orders_pool.find("acme.shared.import.Label") is Label
    assert shop_pool.find("acme.orders.Note") is orders.Note
    assert shared_pool.find("acme.orders.Order") is None
    assert shop_pool.find("acme.nothing.Order") is None
    assert "acme.shared.Money" not in list(orders_pool)
    assert shop_pool.find_extension_by_name("acme.orders.note") is orders.note
    assert shop_pool.find_extension("acme.shared.Open", 100) is orders.note
    assert beside_pool.find("acme.shared.Money") is vendored.Money


def test_pools_import_what_is_looked_up() -> None:
    script = """
import sys
from trees.stacked.shop.message_pool import default_message_pool as pool
from trees.stacked.shop.google.protobuf import Any
assert "trees.stacked.shared.acme.shared" not in sys.modules
packed = Any(type_url="type.googleapis.com/acme.shared.import.Label", value=bytes([10, 1, 97]))
print(type(packed.unpack()).__module__, pool.find("acme.orders.Order").__module__)
"""
    printed = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert printed.stdout.split() == [
        "trees.stacked.shared.acme.shared.import_",
        "trees.stacked.orders.acme.orders",
    ]


def test_extensions_of_another_tree() -> None:
    opened = shared.Open(id=1)
    aristaproto.extensions(opened)[orders.note] = orders.Note(text="a")
    aristaproto.extensions(opened)[orders.prices] = [shared.Money(amount=5)]
    aristaproto.extensions(opened)[shared.own_note] = "own"
    parsed = shared.Open.parse(bytes(opened))
    assert parsed == opened
    assert aristaproto.extensions(parsed)[orders.note] == orders.Note(text="a")
    assert set(aristaproto.extensions(parsed)) == {orders.note, orders.prices, shared.own_note}
    order = orders.Order.parse(bytes(orders.Order(open=opened)))
    assert order.open == opened
    text = order.to_json()
    assert json.loads(text)["open"]["[acme.orders.note]"] == {"text": "a"}
    assert orders.Order.from_json(text) == order
    assert shared.Open.from_json(opened.to_json()) == opened
    assert shared.Open.from_text(opened.to_text()) == opened


def test_what_a_tree_says_of_an_extension_first_stays() -> None:
    shared_again = aristaproto.MessagePool(extern={shared.__name__: "acme.shared"})
    again = aristaproto.extension("acme.again", "acme.shared.Open", 100, aristaproto.TYPE_INT32)
    shared_again.register("acme", {"again": again})
    assert shared_again.find_extension("acme.shared.Open", 100) is again
    assert shared_pool.find_extension("acme.shared.Open", 100) is orders.note


def test_pools_of_trees_that_stand_on_each_other() -> None:
    below = aristaproto.MessagePool(extern={orders.__name__: "acme.orders"})
    assert below.find("acme.orders.Order") is orders.Order
    circle = aristaproto.MessagePool(extern={"circle": "acme.circle"})
    module = type(sys)("circle")
    vars(module)["pool"] = circle
    sys.modules["circle"] = module
    try:
        assert circle.find("acme.circle.Nothing") is None
        assert circle.find_extension("acme.circle.Nothing", 1) is None
    finally:
        del sys.modules["circle"]


def test_a_tree_that_is_not_installed_is_named() -> None:
    pool = aristaproto.MessagePool(extern={"acme_absent.acme.absent": "acme.absent"})
    with pytest.raises(ModuleNotFoundError, match="acme_absent"):
        pool.find("acme.absent.Message")


def test_a_class_of_the_wrong_tree_is_named_with_both_modules() -> None:
    order = beside_orders.Order(total=shared.Money(amount=1))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    expected = (
        r"expected trees\.stacked\.beside\.vendored\.acme\.shared\.Money, "
        r"got trees\.stacked\.shared\.acme\.shared\.Money Money\(amount=1\)"
    )
    hint = r" \(two trees have a class for acme\.shared\.Money: with extern_package, one uses the other's\)"
    with pytest.raises(aristaproto.EncodeError, match=f"^{expected}{hint} at `total`$"):
        bytes(order)
    with pytest.raises(aristaproto.JsonError, match=expected):
        order.to_json()
    with pytest.raises(aristaproto.JsonError, match=expected):
        order.to_dict()
    with pytest.raises(aristaproto.TextError, match=expected):
        order.to_text()
    with pytest.raises(aristaproto.JsonError, match=expected):
        beside_orders.Order.from_dict({"total": shared.Money(amount=1)})
    with pytest.raises(TypeError, match=expected):
        aristaproto.merge(vendored.Money(), shared.Money(amount=1))
    with pytest.raises(
        ValueError, match=r"expected trees\.stacked\.shared\.acme\.shared\.Money, got"
    ):
        Cart(prices=[vendored.Money(amount=1)])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
    # The well-known types are those of the runtime; each tree has a subclass of its Any, which the others take.
    extra = shared_protobuf.Any.pack(shared.Money(amount=1))
    taken = orders.Order(extra=extra)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert type(orders.Order.parse(bytes(taken)).extra) is orders_protobuf.Any


def test_descriptors_across_trees() -> None:
    fields = aristaproto.descriptor(orders.Order).fields
    assert fields[0].type_name == "acme.shared.Money"
    assert aristaproto.descriptor(orders.Order).option(shared.owner) == "sales"
    assert aristaproto.descriptor(beside_orders.Order).option(vendored.owner) == "sales"
    assert aristaproto.descriptor(orders.note).full_name == "acme.orders.note"
    # google's descriptors: those of the files below are in the tree's own pool.
    descriptor = orders.Order.DESCRIPTOR
    total = descriptor.fields_by_name["total"].message_type
    assert total is not None
    assert total.full_name == "acme.shared.Money"
    found = default_google_proto_descriptor_pool.FindMessageTypeByName("acme.shared.Open")
    assert message_factory.GetMessageClass(found)(id=3).SerializeToString() == bytes(
        shared.Open(id=3)
    )


def test_a_file_that_the_other_tree_calls_otherwise_is_named() -> None:
    files = descriptors.DescriptorFiles()
    data = type(sys)("renamed_descriptors")
    no_files: dict[str, bytes] = {}
    vars(data)["FILES"] = no_files
    above = type(sys)("above_descriptors")
    # A file `above.proto` that imports `money.proto`.
    above_proto = b"\n\x0babove.proto\x1a\x0bmoney.proto"
    imports = {"money.proto": "renamed_descriptors"}
    vars(above)["FILES"] = {"above.proto": above_proto}
    vars(above)["IMPORTS"] = imports
    sys.modules.update(renamed_descriptors=data, above_descriptors=above)
    try:
        files.register_module("above_descriptors")
        with pytest.raises(LookupError, match=r"^renamed_descriptors has no file 'money\.proto': "):
            files.find("above.proto")
    finally:
        del sys.modules["renamed_descriptors"], sys.modules["above_descriptors"]


def test_pydantic_takes_and_checks_messages_of_other_trees() -> None:
    assert issubclass(Cart, pydantic.Message)
    assert Cart(unit=shared.Unit.EURO).unit is shared.Unit.EURO
    with pytest.raises(ValueError, match="order"):
        Cart(order=shared.Money())  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
