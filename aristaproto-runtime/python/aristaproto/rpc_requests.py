"""Requests as callers hand them to a stub, for both gRPC transports.

In: a stub class, the route of a method, a request. Out: TypeError for a request of another class, before anything is
sent: a server would read its bytes as if they were of the right one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ("check_request", "request_type_of")

# A request may be large; an error shows its beginning.
_SHOWN = 80


def check_request(request: object, request_type: type[Any] | None) -> None:
    """TypeError if the request is not of that class; with None, if it is no message."""
    if request_type is None:
        if hasattr(request, "SerializeToString"):
            return
        raise TypeError(f"expected a request message, got {_shown(request)}")
    if not isinstance(request, request_type):
        name, got = request_type.__name__, _shown(request)
        if name == got:  # of another tree
            name = f"{request_type.__module__}.{name}"
            got = f"{type(request).__module__}.{got}"
        raise TypeError(f"expected a request of {name}, got {got}")


def _shown(value: object) -> str:
    if hasattr(value, "SerializeToString"):
        return type(value).__name__
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class _ByName(type):
    """The class of stand-ins for a class that a module imports for type checkers only: one of that name is taken for it."""

    def __instancecheck__(cls, instance: object) -> bool:
        # The module may have had to add underscores.
        name = cls.__name__.rstrip("_")
        return any(it.__name__.rstrip("_") == name for it in instance.__class__.__mro__)


def request_type_of(stub_class: type[Any], route: str) -> type[Any] | None:
    """The class of the requests of a method with one request, as the annotation of its generated method says.

    A generated method of this kind hands over its route and the class of the response, not that of the request. A stand-in
    where the annotation names a class that is not imported at run time; None if no method of the class names the route, or its
    annotation is of another kind.
    """
    from types import FunctionType
    from typing import get_args

    for cls in stub_class.__mro__:
        for method in vars(cls).values():
            if not isinstance(method, FunctionType) or route not in method.__code__.co_consts:
                continue
            try:
                name = method.__code__.co_varnames[1]
                annotation: Any = method.__annotations__[name]
                if isinstance(annotation, str):
                    annotation = _evaluated(annotation, method.__globals__)
            except (LookupError, AttributeError, SyntaxError, TypeError):
                return None
            for choice in (annotation, *get_args(annotation)):
                if not isinstance(choice, type):
                    continue
                if isinstance(choice, _ByName) or hasattr(choice, "SerializeToString"):
                    return choice
            return None
    return None


def _evaluated(annotation: str, names: dict[str, Any]) -> Any:
    """What the text of an annotation stands for."""
    try:
        return eval(annotation, names)
    except NameError:
        # `Request`, `package.Request`, `Request | None`
        return _ByName(annotation.partition(" ")[0].rpartition(".")[2], (), {})
