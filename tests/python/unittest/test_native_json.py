"""JSON of the codec in Rust and of the plain one: the same text, the same values, or the same error."""

from __future__ import annotations

import math
import struct
from random import Random
from typing import Any

import aristaproto
import pytest
from aristaproto import codec, json
from aristaproto.casing import Casing
from trees.unittest.message_pool import default_message_pool as pool

from .filling import Endless, filled
from .test_round_trips import MESSAGES, classes

pytestmark = pytest.mark.skipif(codec.NATIVE is None, reason="there is one codec")

TRIALS = 3000


class Numbers(aristaproto.Message):
    double: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    single: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    text: str = aristaproto.field(3, aristaproto.TYPE_STRING)
    data: bytes = aristaproto.field(4, aristaproto.TYPE_BYTES)
    big: int = aristaproto.field(5, aristaproto.TYPE_UINT64)


def outcome(function: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    try:
        return "text", function(*arguments, **options)
    except aristaproto.Error as error:
        return type(error).__name__, str(error)


def messages(seed: int) -> Any:
    random = Random(seed)
    for _ in range(TRIALS):
        cls, _ = classes(random.choice(MESSAGES))
        try:
            yield filled(random, cls, pool, density=random.choice([0.1, 0.3, 0.8]))
        except Endless:
            continue


@pytest.mark.parametrize("casing", list(Casing))
def test_same_text(casing: Casing) -> None:
    written = 0
    for message in messages(1):
        expected = outcome(json.to_json, message, casing=casing)
        assert outcome(message.to_json, casing=casing) == expected
        # What was parsed and not looked at, too.
        if expected[0] == "text":
            parsed = type(message).parse(bytes(message))
            assert outcome(parsed.to_json, casing=casing) == outcome(
                json.to_json, parsed, casing=casing
            )
        assert codec.NATIVE is not None
        written += codec.NATIVE.to_json(message, False) is not None
    # Most of it in Rust.
    assert written > TRIALS / 2


def test_same_numbers_and_texts() -> None:
    random = Random(2)
    for _ in range(20_000):
        (double,) = struct.unpack("<d", random.randbytes(8))
        (single,) = struct.unpack("<f", random.randbytes(4))
        if random.random() < 0.5:
            double = random.uniform(-1, 1) * 10.0 ** random.randint(-25, 25)
            single = round(random.uniform(-1000, 1000), random.randint(0, 8))
        message = Numbers(
            double=double,
            single=single,
            text="".join(
                chr(random.choice([random.randrange(256), 0x20AC, 0x1F600])) for _ in range(5)
            ),
            data=random.randbytes(random.randrange(8)),
            big=random.getrandbits(64),
        )
        assert outcome(message.to_json) == outcome(json.to_json, message)
    for number in (0.0, -0.0, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 5e-324, math.inf, 1e22):
        message = Numbers(double=number, single=number)
        assert outcome(message.to_json) == outcome(json.to_json, message)
