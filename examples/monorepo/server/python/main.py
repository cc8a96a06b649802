"""A client on grpcio. Its messages come from two Python packages, of which one stands on the other."""

from __future__ import annotations

import sys

import grpc
from acme_common.acme.common import Currency, Money
from acme_shop.acme.shop import Item, Order, ShopStub


def main(address: str) -> None:
    prices = {"apple": 30, "pear": 50}
    order = Order(
        items=[
            Item(name=name, price=Money(cents=cents, currency=Currency.EURO))
            for name, cents in prices.items()
        ]
    )
    with grpc.insecure_channel(address) as channel:
        shop = ShopStub(channel)
        for left in shop.pay(order, timeout=10):
            # The server's messages are of the class that everybody imports.
            assert type(left) is Money
            print("left to pay:", left.cents)
        receipt = shop.buy(order, timeout=10)
    assert receipt.total is not None
    print(receipt.signature, "got", receipt.total.cents, receipt.total.currency.name)


if __name__ == "__main__":
    main(sys.argv[1])
