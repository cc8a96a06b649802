"""What crosses between Python and Rust, and what does not."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from typing import Any

import acme_routes
import aristaproto
import pytest
from acme_routes.gen.acme.routes import Mode, PlanRequest, PlanResponse, PlanResponseLeg, Point

TRIANGLE = [Point(x=0, y=0), Point(x=3, y=4), Point(x=3, y=0)]


def test_a_message_goes_and_another_comes_back() -> None:
    response = acme_routes.plan(PlanRequest(stops=TRIANGLE, mode=Mode.WALK))
    assert type(response) is PlanResponse
    assert [leg.minutes for leg in response.legs] == pytest.approx([5 / 0.08, 4 / 0.08])
    assert response.legs[0].to == TRIANGLE[1]
    assert response.minutes == pytest.approx(9 / 0.08)
    assert PlanResponse.parse(bytes(response)) == response


def test_empty_messages_cross() -> None:
    assert acme_routes.plan(PlanRequest(mode=Mode.BIKE)) == PlanResponse(minutes=0.0)
    assert acme_routes.nearest(Point(), [Point()]) == Point()


def test_an_object_of_a_class_below_is_taken() -> None:
    class Request(PlanRequest):
        """One of the user's own."""

    request = Request(stops=TRIANGLE, mode=Mode.WALK)
    assert acme_routes.plan(request) == acme_routes.plan(
        PlanRequest(stops=TRIANGLE, mode=Mode.WALK)
    )


def test_a_message_that_was_parsed_is_not_read_for_rust() -> None:
    wire = bytes(PlanRequest(stops=TRIANGLE, mode=Mode.WALK))
    request = PlanRequest.parse(wire)
    assert acme_routes.plan(request).legs
    if aristaproto.implementation() == "native":
        assert bytes(request) is wire
    # What was changed crosses changed.
    request.stops[0] = Point(x=3, y=4)
    assert acme_routes.plan(request).legs[0].minutes == 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (Point(), "acme_routes.gen.acme.routes.Point"),
        ("a", "str"),
        (None, "NoneType"),
        (b"", "bytes"),
    ],
)
def test_another_class_is_a_type_error_that_names_both(wrong: Any, named: str) -> None:
    with pytest.raises(TypeError) as caught:
        acme_routes.plan(wrong)
    expected = f"expected acme_routes.gen.acme.routes.PlanRequest, got {named}"
    assert str(caught.value).endswith(expected)
    # PyO3 names the argument: in a note, or before Python 3.11 in the text.
    notes: list[str] = getattr(caught.value, "__notes__", [])
    assert "'request'" in f"{caught.value}{notes}"


def test_a_class_of_the_same_name_is_told_apart() -> None:
    class PlanRequest(aristaproto.Message):
        """Of this module."""

    request: Any = PlanRequest()
    with pytest.raises(TypeError) as caught:
        acme_routes.plan(request)
    assert f"got {__name__}.{PlanRequest.__qualname__}" in str(caught.value)


def test_errors_of_rust_and_of_the_message_reach_the_caller() -> None:
    with pytest.raises(ValueError, match="names no mode"):
        acme_routes.plan(PlanRequest())
    no_stop: Any = "no stop"
    request = PlanRequest(mode=Mode.WALK)
    request.stops.append(no_stop)
    with pytest.raises(aristaproto.EncodeError, match=r"at `stops\[0\]`"):
        acme_routes.plan(request)


def test_messages_in_containers() -> None:
    near = acme_routes.nearest(Point(x=1), TRIANGLE, 2)
    assert near == Point()
    assert acme_routes.nearest(Point(x=9), TRIANGLE, 2) is None
    assert acme_routes.nearest(Point(), []) is None
    no_point: Any = 1
    with pytest.raises(TypeError, match=r"expected acme_routes\.gen\.acme\.routes\.Point, got int"):
        acme_routes.nearest(Point(), [no_point])


def test_enums() -> None:
    fastest, reach = acme_routes.modes()
    assert fastest is Mode.BIKE
    assert reach == pytest.approx({"MODE_WALK": 4.8, "MODE_BIKE": 15})
    assert acme_routes.is_known(Mode.WALK)
    assert not acme_routes.is_known(Mode.UNSPECIFIED)
    # Open enums carry numbers that they do not know.
    assert not acme_routes.is_known(Mode(7))
    no_mode: Any = 1
    with pytest.raises(TypeError, match=r"expected acme_routes\.gen\.acme\.routes\.Mode, got int"):
        acme_routes.is_known(no_mode)


def test_unknown_fields_end_in_rust() -> None:
    # Field 15, a varint, which no version here knows.
    point = Point.parse(bytes(Point(x=1)) + b"\x78\x01")
    assert bytes(point) != bytes(Point(x=1))
    crossed = acme_routes.nearest(point, [point])
    assert crossed is not None
    assert bytes(crossed) == bytes(Point(x=1))


def test_a_stream() -> None:
    request = PlanRequest(stops=TRIANGLE, mode=Mode.WALK)
    legs = acme_routes.stream(request)
    assert isinstance(legs, Iterator)
    first = next(legs)
    assert type(first) is PlanResponseLeg
    assert [first, *legs] == acme_routes.plan(request).legs
    assert list(legs) == []
    assert list(acme_routes.stream(PlanRequest(mode=Mode.WALK))) == []


def test_threads() -> None:
    request = PlanRequest(stops=TRIANGLE * 50, mode=Mode.WALK)
    expected = acme_routes.plan(request)
    wrong: list[PlanResponse] = []

    def work() -> None:
        for _ in range(50):
            response = acme_routes.plan(request)
            if response != expected:
                wrong.append(response)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not wrong


def test_docstrings_and_signatures() -> None:
    assert str(inspect.signature(acme_routes.plan)) == "(request)"
    assert acme_routes.plan.__doc__ == "Plans the way from stop to stop."
