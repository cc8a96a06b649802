"""The classes of hostile.proto and modern.proto, generated into a folder on the path: ours, and google's for the bombs."""

from __future__ import annotations

import importlib
from typing import Any

tree: Any = importlib.import_module("ours.hostile")
POOL: Any = importlib.import_module("ours.message_pool").default_message_pool
CLASSES: list[Any] = [tree.Node, tree.Modern, tree.Node, tree.Group, tree.Needs]
"""Node twice: it has the most that can go wrong."""
