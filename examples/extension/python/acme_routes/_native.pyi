from collections.abc import Iterator, Sequence

from .gen.acme.routes import Mode, PlanRequest, PlanResponse, PlanResponseLeg, Point

__all__ = ["is_known", "modes", "nearest", "plan", "stream"]

def plan(request: PlanRequest) -> PlanResponse:
    """Plans the way from stop to stop."""

def stream(request: PlanRequest) -> Iterator[PlanResponseLeg]:
    """The legs one by one, as they are planned."""

def nearest(place: Point, stops: Sequence[Point], furthest: float | None = None) -> Point | None:
    """The stop that is nearest to a place; None without stops."""

def modes() -> tuple[Mode, dict[str, float]]:
    """The fastest mode, and how far each gets in an hour."""

def is_known(mode: Mode) -> bool:
    """Whether a request can name a mode."""
