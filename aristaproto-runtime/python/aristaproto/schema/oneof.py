"""Oneofs as attributes: `message.payload` is the member that is set, as a pair of its name and value.

Class bodies declare them to type checkers only; `builder` installs what is behind them when it makes the schema of a
class with oneofs.
"""

from __future__ import annotations

from .. import codec
from ..base.errors import describe
from ..base.typing_lite import Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, NoReturn, overload

    from typing_extensions import Self

    from ..model.message import Message
    from .fields import Field, Schema

__all__ = ("Oneof", "compile_oneofs", "install_oneofs", "oneof")

_T = TypeVar("_T")


class Oneof(Generic[_T]):
    """The type of a oneof's attribute; `_T` is the union of ``tuple[Literal["member"], Type]`` of its members.

    Reading gives the pair of the member that is set, or None; setting takes such a pair, or None to clear the oneof
    (https://protobuf.dev/programming-guides/proto3/#oneof).

    ```python
    match order.payload:
        case "card", card:
            charge(card)
        case "cash", amount:
            count(amount)
        case None:
            print("not paid")
    ```
    """

    __slots__ = ("_group", "_name", "_property")

    def __init__(self, proto_name: str | None = None) -> None:
        self._group = self._name = proto_name or ""
        self._property: property | None = None

    def __set_name__(self, owner: type[Message], name: str) -> None:
        self._name = name
        self._group = self._group or name

    if TYPE_CHECKING:

        @overload
        def __get__(self, message: None, owner: type[Message]) -> Self: ...
        @overload
        def __get__(self, message: Message, owner: type[Message] | None = None) -> _T | None: ...
        def __get__(self, message: Message | None, owner: type[Message] | None = None) -> Any: ...
        def __set__(self, message: Message, value: _T | None) -> None: ...

    else:

        def __get__(self, message, owner=None):
            if message is None:
                return self
            return self._installed(type(message)).__get__(message)

        def __set__(self, message, value):
            self._installed(type(message)).__set__(message, value)

        def __delete__(self, message):
            _refuse_deletion(message)

    def _installed(self, cls: type[Message]) -> property:
        """The compiled attribute, which takes the place of this one in its class."""
        if self._property is None:
            bases: Any = cls.__mro__
            owner = next(base for base in bases if base.__dict__.get(self._name) is self)
            self._property = _compile(owner.__schema__, self._name, self._group)
            type.__setattr__(owner, self._name, self._property)
        return self._property

    def __repr__(self) -> str:
        return f"<oneof {self._group}>"


def oneof(proto_name: str | None = None, *, init: Literal[False] = False) -> Any:
    """A oneof in the body of a message class, below its members, annotated with `Oneof`.

    `proto_name`, where it differs from the Python name, is what the members name (`field(..., oneof="…")`). `init` tells
    type checkers that the constructor has no such parameter. `TypeError` when the attribute is first read and no member names it.
    <https://protobuf.dev/programming-guides/proto3/#oneof>
    """
    return Oneof[object](proto_name) if TYPE_CHECKING else Oneof(proto_name)


def install_oneofs(schema: Schema) -> None:
    """Give the class of a schema an attribute for each oneof, unless it has something else of that name."""
    cls = schema.cls
    python_names = {group: name for name, group in cls.__oneofs__.items()}
    own = cls.__dict__["__fields__"]
    for group, members in schema.oneofs.items():
        name = python_names.get(group, group)
        # An inherited one is right, unless the class adds members.
        if _is_free(cls, name) and any(member.name in own for member in members):
            attribute = Oneof[object](group) if TYPE_CHECKING else Oneof(group)
            attribute.__set_name__(cls, name)
            type.__setattr__(cls, name, attribute)


def compile_oneofs(cls: type[Message]) -> None:
    """Put the compiled attributes, which have documentation, in the place of those that nobody has read."""
    for base in cls.__mro__:
        for held in [*base.__dict__.values()]:
            if isinstance(held, Oneof):
                held.__get__(base.__schema__.new(), base)  # type: ignore[attr-defined]


def _is_free(cls: type[Message], name: str) -> bool:
    for base in cls.__mro__:
        if name in base.__dict__:
            held: Any = base.__dict__[name]
            is_compiled = hasattr(held.__class__, "oneof") or hasattr(
                getattr(held, "fget", None), "oneof"
            )
            return isinstance(held, Oneof) or is_compiled
    return True


def _compile(schema: Schema, name: str, group: str) -> property:
    members = schema.oneofs.get(group)
    if members is None:
        raise TypeError(f"{schema.cls.__name__}.{name}: no field names the oneof {group!r}")
    names = [member.name for member in members]
    doc = "The name and value of the member that is set, or None. The members of this oneof: "
    doc += ", ".join(names)
    setter = _setter(f"{schema.cls.__name__}.{name}", members)
    if codec.NATIVE is not None:
        return codec.NATIVE.oneof_slot(schema.cls, group, names, setter, doc)
    return property(_getter(schema, group, members), setter, _refuse_deletion, doc=doc)


def _refuse_deletion(_: object) -> NoReturn:
    raise AttributeError("a oneof cannot be deleted; None clears it")


def _getter(schema: Schema, group: str, members: tuple[Field, ...]) -> Any:
    # Source text, because a loop over members takes twice as long.
    lines = ["def get(message):"]
    scope: dict[str, Any] = {}
    for index, member in enumerate(members):
        # The member is a property, unless it is the only one; its slot is read directly.
        slot: Any = getattr(getattr(schema.cls, member.name), "slot", None)
        if slot is None:
            lines.append(f" value = message.{member.name}")
        else:
            scope[f"get{index}"] = slot.__get__
            lines.append(f" value = get{index}(message)")
        lines.append(f" if value is not None: return {member.name!r}, value")
    exec("\n".join(lines), scope)  # noqa: S102
    get: Any = scope["get"]
    get.oneof = group
    return get


def _setter(where: str, members: tuple[Field, ...]) -> Any:
    by_name = {member.name: member for member in members}

    def set_member(message: Any, pair: Any) -> None:
        if pair is None:
            for member in members:
                member.set(message, None)
            return
        # `isinstance` would make it a tuple of unknowns to checkers.
        if not issubclass(type(pair), tuple) or len(pair) != 2:
            raise TypeError(
                f"{where}: expected a pair of a member's name and value, or None, got {describe(pair)}"
            )
        name, value = pair
        chosen = by_name.get(name) if isinstance(name, str) else None
        if chosen is None:
            raise ValueError(f"{where}: expected one of {', '.join(by_name)}, got {name!r}")
        if value is None:
            raise TypeError(f"{where}: expected a value for {name}, got None; None alone clears it")
        chosen.assign(message, value)

    return set_member
