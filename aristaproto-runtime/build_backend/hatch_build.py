"""The tag of a wheel without the codec in Rust, for hatchling."""

from __future__ import annotations

from typing import Any

# The front end has put this folder on the path: it is the backend's.
from backend import plain_tag
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PlainTag(BuildHookInterface[Any]):
    """Gives the wheel the tag that the backend decides on."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["tag"] = plain_tag()
