"""`Generic` and `TypeVar` for classes: to checkers those of `typing`, at run time as little as subscripts need.

Imported by the modules that generated code imports; see ARCHITECTURE.md, "The runtime imports without typing".
"""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, TypeVar
else:

    class Generic:
        """A base that can be subscripted."""

        __slots__ = ()

        __class_getitem__ = classmethod(GenericAlias)

    def TypeVar(name, bound=None):
        """What stands in a subscript."""
        return name


__all__ = ("Generic", "TypeVar")
