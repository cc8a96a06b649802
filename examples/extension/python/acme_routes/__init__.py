"""Routes: planned in Rust, with messages that are Python's."""

from __future__ import annotations

from ._native import is_known, modes, nearest, plan, stream

__all__ = ("is_known", "modes", "nearest", "plan", "stream")
