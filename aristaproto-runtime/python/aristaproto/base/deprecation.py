"""The warning about what a proto file marks as deprecated."""

from __future__ import annotations

import sys

__all__ = ("warn_deprecated",)

_PACKAGE = __name__.partition(".")[0] + "."


def warn_deprecated(what: str) -> None:
    """Warn that `what` is deprecated, at the first frame outside this package.

    Args:
        what: A class, or a class and a field: ``Request``, ``Request.name``.
    """
    import warnings

    level = 2
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(f"{what} is deprecated", DeprecationWarning, stacklevel=level)
