"""Prices of orders, worked out in Rust."""

from __future__ import annotations

from ._native import quote

__all__ = ("quote",)
