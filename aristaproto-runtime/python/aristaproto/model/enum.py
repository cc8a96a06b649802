"""`Enum`, the base class of generated and hand-written protobuf enums.

Members are ints. A number without a name gives a nameless member, because open enums carry it on.
The classes are real `enum.IntEnum`s, but made without the standard metaclass' work for each member:
packages of thousands of types must import fast.
"""

from __future__ import annotations

import enum

from .. import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

    from typing_extensions import Self

    from .pool import MessagePool

__all__ = ("Enum", "json_names", "read_names", "written_names")


def _is_member(name: str, value: object) -> bool:
    if type(value) is not int and not isinstance(value, enum.auto):
        return False
    # The standard library's rule: `_x_` and `__x__` are its own, but `_x__` or `___x__` are members.
    if len(name) > 4 and name[:2] == name[-2:] == "__":
        return name[2] == "_" or name[-3] == "_"
    if len(name) > 2 and name[0] == name[-1] == "_":
        return name[1] == "_" or name[-2] == "_"
    return True


class _EnumType(enum.EnumMeta):
    """Makes the members itself and leaves look-up, iteration and `in` to `enum.EnumMeta`."""

    @classmethod
    def __prepare__(metacls, *_: Any, **options: Any) -> Any:
        return {}

    def __new__(
        metacls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        prefix: str = "",
        renamed: Mapping[str, str] | None = None,
        json_names: Mapping[str, str] | None = None,
        closed: bool = False,
    ) -> _EnumType:
        for base in bases:
            if getattr(base, "_member_names_", None):
                raise TypeError(
                    f"{name}: an enum with members cannot be extended ({base.__name__})"
                )
        raw = {key: value for key, value in namespace.items() if _is_member(key, value)}
        for key in raw:
            del namespace[key]
        for key in json_names or ():
            if key not in raw:
                raise TypeError(f"{name}: json_names gives a name to {key}, which is no member")
        by_name: dict[str, Any] = {}
        by_value: dict[int, Any] = {}
        names: list[str] = []
        namespace["_member_map_"] = by_name
        namespace["_value2member_map_"] = by_value
        namespace["_member_names_"] = names
        namespace["_member_type_"] = int
        namespace["_unhashable_values_"] = []
        namespace["_unhashable_values_map_"] = {}
        namespace["_hashable_values_"] = []
        namespace["__prefix__"] = prefix
        namespace["__renamed__"] = renamed or {}
        namespace["__json_names__"] = json_names or {}
        namespace["__closed__"] = closed
        cls: Any = type.__new__(metacls, name, bases, namespace)
        last = -1
        for key, value in raw.items():
            number: int = last + 1 if isinstance(value, enum.auto) else value
            last = number
            member = by_value.get(number)
            if member is None:
                member = int.__new__(cls, number)
                member._name_ = key
                member._value_ = number
                member._sort_order_ = len(names)
                by_value[number] = member
                names.append(key)
            by_name[key] = member
            type.__setattr__(cls, key, member)
        made: _EnumType = cls
        return made

    def __init__(
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        prefix: str = "",
        renamed: Mapping[str, str] | None = None,
        json_names: Mapping[str, str] | None = None,
        closed: bool = False,
    ) -> None:
        type.__init__(cls, name, bases, namespace)

    if not TYPE_CHECKING:
        # Checkers know better than Any what calling an enum class gives.
        def __call__(cls, value: Any, *args: Any, **options: Any) -> Any:
            """The member for a number; nameless when the number has no name."""
            if args or options:
                raise TypeError(
                    f"{cls.__name__}() takes one value; write a class to make a new enum"
                )
            try:
                return cls._value2member_map_[value]
            except (KeyError, TypeError):
                missing: Any = cls.__dict__.get("_missing_") or Enum.__dict__["_missing_"]
                return missing.__func__(cls, value)

        def __getitem__(cls, name: str) -> Any:
            """The member of a Python name. `KeyError` that says which name a value of the proto file has."""
            try:
                return cls._member_map_[name]
            except KeyError:
                raise KeyError(_no_member(cls, name)) from None

        def __getattr__(cls, name: str) -> Any:
            if name[:2] == "__":
                raise AttributeError(name)
            member = cls.__dict__.get("_member_map_", {}).get(name)
            if member is None:
                raise AttributeError(_no_member(cls, name), name=name, obj=cls)
            return member


if TYPE_CHECKING:

    class _EnumBase(enum.IntEnum):
        """What type checkers see: an `IntEnum` with the class keywords of generated enums."""

        def __init_subclass__(
            cls,
            *,
            prefix: str = "",
            renamed: Mapping[str, str] | None = None,
            json_names: Mapping[str, str] | None = None,
            closed: bool = False,
        ) -> None: ...

else:
    _EnumBase = enum.IntEnum


class Enum(_EnumBase, metaclass=_EnumType):
    """Base class of protobuf enums.

    ```python
    class Colour(aristaproto.Enum, prefix="COLOUR_"):
        RED = 0
        GREEN = 1
    ```

    Class keywords: `prefix`, what stands before each name in the proto file; `renamed`, the proto names of
    members for which the prefix does not tell; `json_names`, the names in JSON of members that have one of their
    own there (the option `(pb.enumvalue.json).string`); `closed`, whether numbers without a name are refused
    (https://protobuf.dev/programming-guides/enum/).
    """

    if TYPE_CHECKING:
        __prefix__: ClassVar[str]
        __renamed__: ClassVar[Mapping[str, str]]
        __json_names__: ClassVar[Mapping[str, str]]
        __closed__: ClassVar[bool]
        __proto_name__: ClassVar[str]
        __pool__: ClassVar[MessagePool]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """How pydantic validates and serialises a member inside a model of its own."""
        return codec.pydantic.enum_schema_of(cls)

    @classmethod
    def _missing_(cls, value: object) -> Self:
        if not isinstance(value, int):
            # The standard library's enums raise ValueError, too.
            raise ValueError(  # noqa: TRY004
                f"{codec.errors.show(value)} is not a number of {cls.__name__}"
            )
        member: Any = int.__new__(cls, value)
        member._name_ = ""
        member._value_ = int(value)
        found: Self = member
        return found

    @classmethod
    def from_string(cls, name: str) -> Self:
        """The member with this Python name or proto name. `ValueError` when there is none."""
        member: Any = cls._member_map_.get(name)
        if member is None:
            member = cls._member_map_.get(_python_names(cls).get(name, ""))
        if member is None:
            raise ValueError(
                f"{codec.errors.show(name)} is not a name in {cls.__name__}: expected one of "
                f"{codec.errors.listed(cls._member_map_)}"
            )
        found: Self = member
        return found

    @property
    def proto_name(self) -> str:
        """The name in the proto file; empty for a number without a name."""
        name: str = self._name_
        if not name:
            return ""
        cls = type(self)
        return cls.__renamed__.get(name) or cls.__prefix__ + name

    def __str__(self) -> str:
        return self._name_ or f"UNKNOWN({self._value_})"

    def __format__(self, format_spec: str) -> str:
        # Up to Python 3.10 the standard library formats the name, and refuses what is for numbers.
        return int.__format__(self, format_spec) if format_spec else str(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self._name_ or '~UNKNOWN'}: {self._value_}>"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return (type(self), (self._value_,))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


def _no_member(cls: Any, name: object) -> str:
    members: dict[str, Any] = cls.__dict__.get("_member_map_", {})
    python_name = _python_names(cls).get(name) if isinstance(name, str) and members else None
    if python_name is not None:
        return f"{cls.__name__} has no member {name!r}: in Python it is {python_name!r}"
    from difflib import get_close_matches

    # As where another prefix is taken away than the one that the name has.
    ends = [member for member in members if str(name).endswith(f"_{member}")]
    nearest = [max(ends, key=len)] if ends else get_close_matches(str(name), members, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"{cls.__name__} has no member {name!r}{hint}"


def _python_names(cls: type[Enum]) -> dict[str, str]:
    """Python name for each proto name, aliases included."""
    prefix, renamed = cls.__prefix__, cls.__renamed__
    return {renamed.get(name) or prefix + name: name for name in cls._member_map_}


def json_names(cls: type[Enum]) -> dict[str, str]:
    """What ProtoJSON calls each member, by Python name, aliases included: its own name there, or its proto name."""
    prefix, renamed, own = cls.__prefix__, cls.__renamed__, cls.__json_names__
    return {name: own.get(name, renamed.get(name) or prefix + name) for name in cls._member_map_}


def written_names(cls: type[Enum]) -> dict[int, str]:
    """The name that ProtoJSON writes for each number; of aliases, the first one's."""
    names = json_names(cls)
    return {member._value_: names[member._name_] for member in cls}


def read_names(cls: type[Enum]) -> dict[str, Enum]:
    """The members by the names that are read from JSON: proto names before names of JSON, and Python names last."""
    members = cls.__members__
    own = {text: members[name] for name, text in cls.__json_names__.items()}
    proto_names = {text: members[name] for text, name in _python_names(cls).items()}
    return {**members, **own, **proto_names}
