"""Messages of three Python packages cross: two of proto crates, one of the extension module's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import acme_pricing
import pytest
from acme_common.acme.common import Currency, Money
from acme_pricing.gen.acme.pricing import Quote
from acme_shop.acme.shop import Item, Order, Receipt

EURO = Currency.EURO
ORDER = Order(
    items=[
        Item(name="apple", price=Money(cents=30, currency=EURO)),
        Item(name="pear", price=Money(cents=50, currency=EURO)),
        Item(name="stamp", price=Money(cents=7)),
    ]
)

IN_A_PROCESS_OF_ITS_OWN = """
import acme_pricing
from acme_common.acme.common import Currency, Money
from acme_shop.acme.shop import Item, Order
quote = acme_pricing.quote(Order(items=[Item(price=Money(cents=5, currency=1))]), Currency.EURO)
import acme_pricing.gen.acme.pricing as module
assert type(quote) is module.Quote
assert type(quote.total) is Money
assert "class Quote(" in module.__loader__.get_source(module.__name__)
print(module.__spec__.origin, quote.total.cents)
"""


def test_each_message_is_of_the_class_that_everybody_imports() -> None:
    quote = acme_pricing.quote(ORDER, EURO)
    assert quote == Quote(order=ORDER, total=Money(cents=80, currency=EURO))
    assert type(quote) is Quote
    assert type(quote.order) is Order
    assert type(quote.total) is Money


def test_a_message_of_another_package_is_refused() -> None:
    wrong: Any = Receipt()
    with pytest.raises(TypeError) as caught:
        acme_pricing.quote(wrong, EURO)
    expected = "expected acme_shop.acme.shop.Order, got acme_shop.acme.shop.Receipt"
    assert str(caught.value).endswith(expected)


def test_without_the_installed_tree_the_embedded_one_is_imported(tmp_path: Path) -> None:
    installed = Path(acme_pricing.__file__).parent
    assert (installed / "gen/acme/pricing/__init__.py").is_file()
    shutil.copytree(installed, tmp_path / "acme_pricing", ignore=shutil.ignore_patterns("gen"))
    path = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "<embedded> 5\n"
