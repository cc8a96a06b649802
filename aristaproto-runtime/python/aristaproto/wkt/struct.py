"""The messages of google/protobuf/struct.proto: any JSON value as a message.

`Struct.from_dict({...})` and `to_dict()` convert from and to plain Python values; the JSON codec
does the work. A Struct is used like the dict, and a ListValue like the list that it stands for, without being converted.
"""

from __future__ import annotations

from collections.abc import ItemsView, Mapping, MutableMapping, MutableSequence, ValuesView

import aristaproto

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, KeysView
    from typing import Any, Literal, SupportsIndex

    from typing_extensions import Self

__all__ = ("ListValue", "NullValue", "Struct", "Value")


class NullValue(aristaproto.Enum):
    """The one value that JSON's `null` is. Its JSON form is `null`.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#null-value>
    """

    NULL_VALUE = 0
    """Null."""


class Struct(aristaproto.Message):
    """A JSON object: values by name.

    It is a mutable mapping of plain values, as a dict is: None, bool, float, str, and a Struct or ListValue for what holds
    others, which is that of this message and not a copy. What is put in is converted as `Value.from_dict` does, or is a Struct,
    ListValue or Value, which is put in itself; `JsonError` (a ValueError) for what JSON has not. It equals a Struct and a dict of the
    same values.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#struct>

    ```python
    labels = Struct.from_dict({"size": {"width": 3}})
    labels["size"]["height"] = 4
    assert labels.to_dict() == {"size": {"width": 3, "height": 4}}
    ```
    """

    fields: dict[str, Value] = aristaproto.map_field(
        1, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Value"
    )
    """The values by name."""

    def __getitem__(self, key: str) -> Any:
        return _plain(self.fields[key])

    def __setitem__(self, key: str, value: Any) -> None:
        self.fields[key] = _value(value)

    def __delitem__(self, key: str) -> None:
        del self.fields[key]

    def __contains__(self, key: object) -> bool:
        return key in self.fields

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __or__(self, other: Struct | Mapping[str, Any]) -> Self:
        merged = self.copy()
        merged.update(other)
        return merged

    def __ror__(self, other: Mapping[str, Any]) -> Self:
        merged = type(self)()
        merged.update(other)
        merged.update(self)
        return merged

    def __ior__(self, other: Struct | Mapping[str, Any]) -> Self:
        self.update(other)
        return self

    if TYPE_CHECKING:
        # mypy would refuse the comparison with a dict.
        def __eq__(self, other: object) -> bool: ...

    def __plain__(self) -> dict[str, Any]:
        return dict(self.items())

    def keys(self) -> KeysView[str]:
        """Return a view of the names."""
        return self.fields.keys()

    def values(self) -> ValuesView[Any]:
        """Return a view of the plain values."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:
        """Return a view of the pairs of name and plain value."""
        return ItemsView(self)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the plain value of a name, or `default` where there is none."""
        return self[key] if key in self.fields else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the plain value of a name, after setting it to `default` where there is none."""
        if key not in self.fields:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a name and return its plain value; where there is none, `default`, or `KeyError` without one."""
        if default and key not in self.fields:
            return default[0]
        return _plain(self.fields.pop(key))

    def popitem(self) -> tuple[str, Any]:
        """Remove the name that came last and return it with its plain value; `KeyError` when there is none."""
        key, value = self.fields.popitem()
        return key, _plain(value)

    def update(
        self,
        other: Struct | Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        /,
        **named: Any,
    ) -> None:
        """Set the names of a mapping, of pairs, and of keywords; nothing when one of the values has no JSON form."""
        given: dict[str, Any] = {**dict(other), **named}
        self.fields.update({key: _value(value) for key, value in given.items()})

    def copy(self) -> Self:
        """Return a Struct of the same values, which are not copied."""
        return type(self)(fields=dict(self.fields))

    def clear(self) -> None:
        """Remove all names."""
        self.fields.clear()


class Value(aristaproto.Message):
    """Any JSON value: null, a number, text, a truth value, an object or a list.

    One of the fields is set; a Value without any stands for no value and is refused or written as
    null, as the other side takes it. Numbers that are not finite have no JSON form.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#value>
    """

    null_value: NullValue | None = aristaproto.field(
        1, aristaproto.TYPE_ENUM, "NullValue", oneof="kind"
    )
    """Null."""
    number_value: float | None = aristaproto.field(2, aristaproto.TYPE_DOUBLE, oneof="kind")
    """A number."""
    string_value: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, oneof="kind")
    """Text."""
    bool_value: bool | None = aristaproto.field(4, aristaproto.TYPE_BOOL, oneof="kind")
    """A truth value."""
    struct_value: Struct | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, "Struct", oneof="kind"
    )
    """An object."""
    list_value: ListValue | None = aristaproto.field(
        6, aristaproto.TYPE_MESSAGE, "ListValue", oneof="kind"
    )
    """A list."""

    if TYPE_CHECKING:
        kind: aristaproto.Oneof[
            tuple[Literal["null_value"], NullValue]
            | tuple[Literal["number_value"], float]
            | tuple[Literal["string_value"], str]
            | tuple[Literal["bool_value"], bool]
            | tuple[Literal["struct_value"], Struct]
            | tuple[Literal["list_value"], ListValue]
        ] = aristaproto.oneof()


class ListValue(aristaproto.Message):
    """A JSON list.

    It is a mutable sequence of plain values, as a list is; see `Struct` for what is read, what can be put in and what equals it.
    `<` and its like order it and lists as they order lists: by the first value that differs.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#list-value>
    """

    values: list[Value] = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Value", repeated=True)
    """The elements."""

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return [_plain(value) for value in self.values[index]]
        return _plain(self.values[index])

    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if isinstance(index, slice):
            self.values[index] = [_value(item) for item in value]
        else:
            self.values[index] = _value(value)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        del self.values[index]

    def __contains__(self, value: object) -> bool:
        return value in list(self)

    def __iter__(self) -> Iterator[Any]:
        return map(_plain, self.values)

    def __reversed__(self) -> Iterator[Any]:
        return map(_plain, reversed(self.values))

    def __len__(self) -> int:
        return len(self.values)

    def __add__(self, other: Iterable[Any]) -> Self:
        joined = self.copy()
        joined.extend(other)
        return joined

    def __radd__(self, other: Iterable[Any]) -> Self:
        joined = type(self)()
        joined.extend(other)
        joined.extend(self)
        return joined

    def __iadd__(self, other: Iterable[Any]) -> Self:
        self.extend(other)
        return self

    def __mul__(self, times: SupportsIndex) -> Self:
        return type(self)(values=self.values * times)

    __rmul__ = __mul__

    def __imul__(self, times: SupportsIndex) -> Self:
        self.values *= times
        return self

    if TYPE_CHECKING:
        # mypy would refuse the comparison with a list.
        def __eq__(self, other: object) -> bool: ...
        # Both codecs have them for all messages, and ask `__plain__`.
        def __lt__(self, other: ListValue | list[Any]) -> bool: ...
        def __le__(self, other: ListValue | list[Any]) -> bool: ...
        def __gt__(self, other: ListValue | list[Any]) -> bool: ...
        def __ge__(self, other: ListValue | list[Any]) -> bool: ...

    def __plain__(self) -> list[Any]:
        return list(self)

    def append(self, value: Any) -> None:
        """Put a value at the end."""
        self.values.append(_value(value))

    def extend(self, values: Iterable[Any]) -> None:
        """Put values at the end; nothing when one of them has no JSON form."""
        self.values.extend([_value(value) for value in values])

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Put a value before an index."""
        self.values.insert(index, _value(value))

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Remove the value at an index and return it, plain; `IndexError` when there is none."""
        return _plain(self.values.pop(index))

    def remove(self, value: Any) -> None:
        """Remove the first value that equals this one; `ValueError` when there is none."""
        del self.values[self.index(value)]

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the index of the first value that equals this one, from `start` to before `stop`; `ValueError` when there is none."""
        return list(self).index(value, start, len(self) if stop is None else stop)

    def count(self, value: Any) -> int:
        """Return how many values equal this one."""
        return list(self).count(value)

    def reverse(self) -> None:
        """Turn the order around."""
        self.values.reverse()

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
        """Sort the plain values, or what `key` makes of them; `TypeError` when two of these have no order."""
        self.values.sort(
            key=lambda value: _plain(value) if key is None else key(_plain(value)), reverse=reverse
        )

    def copy(self) -> Self:
        """Return a ListValue of the same values, which are not copied."""
        return type(self)(values=list(self.values))

    def clear(self) -> None:
        """Remove all values."""
        self.values.clear()


# So that `match` takes them for what they are; the stubs for checkers have no `register`.
_MAPPING: Any = MutableMapping
_MAPPING.register(Struct)
_SEQUENCE: Any = MutableSequence
_SEQUENCE.register(ListValue)


def _plain(value: Value) -> Any:
    """What a Value stands for; None where it stands for nothing."""
    kind = value.kind
    return None if kind is None or kind[0] == "null_value" else kind[1]


def _value(value: Any) -> Value:
    """The Value that stands for something."""
    if isinstance(value, Value):
        return value
    if isinstance(value, Struct):
        return Value(struct_value=value)
    if isinstance(value, ListValue):
        return Value(list_value=value)
    return Value.from_dict(value)
