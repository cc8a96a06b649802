"""What classes take from `typing`: to checkers that itself, at run time as little as they need.

Imported by the modules that messages need; see docs/decisions/the-runtime-imports-without-typing.md.
"""

from __future__ import annotations

from collections import namedtuple
from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, NamedTuple, TypeVar
else:

    class Generic:
        """A base that can be subscripted."""

        __slots__ = ()

        __class_getitem__ = classmethod(GenericAlias)

    def TypeVar(name, bound=None):
        """What stands in a subscript."""
        return name

    class _NamedTupleType(type):
        def __new__(metacls, name, bases, namespace):
            if not bases:
                return super().__new__(metacls, name, bases, namespace)
            types = namespace["__annotations__"]
            defaults = [namespace[field] for field in types if field in namespace]
            made = namedtuple(name, types, defaults=defaults, module=namespace["__module__"])
            made.__doc__ = namespace["__doc__"]
            made.__annotations__ = types
            return made

    class NamedTuple(metaclass=_NamedTupleType):
        """A base of classes that hold fields and nothing else."""


__all__ = ("Generic", "NamedTuple", "TypeVar")
