"""google.protobuf.FieldMask: paths of the fields that a request is about."""

from __future__ import annotations

from operator import itemgetter

import aristaproto

from ..base.errors import nearest, show, wrong_message
from ..model.access import merge_field
from ..schema.fields import MESSAGE_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeVar

    from typing_extensions import Self

    from ..schema.fields import Field

    _M = TypeVar("_M", bound=aristaproto.Message)
    _Tree = dict[str, "_Tree"]

__all__ = ("FieldMask",)


class FieldMask(aristaproto.Message):
    """A set of paths of fields, such as `user.display_name`.

    Its JSON form is one text of the paths in lowerCamelCase, joined by commas:
    `user.displayName,photo`.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#field-mask>

    ```python
    mask = FieldMask.from_paths(User, "name", "address.city")
    mask.merge(request.user, user)
    ```
    """

    paths: list[str] = aristaproto.field(1, aristaproto.TYPE_STRING, repeated=True)
    """The paths, each the names of fields as the proto file spells them, joined by points."""

    @classmethod
    def from_paths(cls, message_type: type[aristaproto.Message], *paths: str) -> Self:
        """Return the mask of these paths, in this order.

        Args:
            message_type: The class that the paths start from.
            paths: As for `paths`; a path of a class that is known later goes to the constructor unchecked.

        Raises:
            ValueError: A path is none of the class; see `check`.
        """
        mask = cls(paths=list(paths))
        mask.check(message_type)
        return mask

    @classmethod
    def all_fields(cls, message_type: type[aristaproto.Message]) -> Self:
        """Return the mask of all fields of a class, a path for each, in the order of declaration."""
        return cls(paths=[field.proto_name for field in message_type.__schema__.fields])

    def check(self, message_type: type[aristaproto.Message]) -> None:
        """Check that each path is one of a message class.

        The names before the last point must be those of singular message fields.

        Raises:
            ValueError: A path is none; says which part, and which name is like it.
        """
        for path in self.paths:
            cls: Any = message_type
            *above, last = path.split(".")
            for name in above:
                cls = _message_of(cls, _find(cls, name, path), path)
            _find(cls, last, path)

    def is_valid_for(self, message_type: type[aristaproto.Message]) -> bool:
        """Return whether each path is one of a message class: whether `check` says nothing."""
        try:
            self.check(message_type)
        except ValueError:
            return False
        return True

    def canonical(self) -> Self:
        """Return the same set with its paths sorted, without those that another one covers: `a` covers `a.b`."""
        return type(self)(paths=list(_paths(_tree(self.paths))))

    def union(self, *others: FieldMask) -> Self:
        """Return the canonical mask of the fields that this mask or one of the others has."""
        every = list(self.paths)
        for mask in others:
            every += mask.paths
        return type(self)(paths=list(_paths(_tree(every))))

    def intersection(self, other: FieldMask) -> Self:
        """Return the canonical mask of the fields that both masks have: of `a` and `a.b`, that is `a.b`."""
        mine, theirs = _tree(self.paths), _tree(other.paths)
        common = [path for path in self.paths if _covers(theirs, path)]
        common += [path for path in other.paths if _covers(mine, path)]
        return type(self)(paths=list(_paths(_tree(common))))

    def merge(
        self,
        source: _M,
        destination: _M,
        *,
        replace_messages: bool = False,
        replace_repeated: bool = False,
    ) -> None:
        """Write the fields of the mask from one message to another of its class, as an update does.

        A scalar is replaced, by its default where `source` does not have it. A message is merged into the one that is
        there, lists are extended, maps updated, and what `source` does not have stays. Nothing of `source` is shared
        afterwards; it stays as it is. <https://protobuf.dev/reference/protobuf/google.protobuf/#field-mask>

        Args:
            source: Where values come from.
            destination: The message that is changed.
            replace_messages: Messages at the end of a path take the place of those that are there, or unset them.
            replace_repeated: So do lists and maps.

        Raises:
            TypeError: The messages are of two classes.
            ValueError: A path is none of the class; see `check`. Then nothing has been changed.
        """
        if type(source).__schema__.origin is not type(destination).__schema__.origin:
            raise TypeError(wrong_message(type(destination), source))
        self.check(type(destination))
        _merge(_tree(self.paths), source, destination, replace_messages, replace_repeated)

    def apply(self, message: _M) -> _M:
        """Return a new message that holds the fields of the mask only, as the answer to a request with this mask.

        A mask without paths leaves nothing. Unknown fields and extensions are in no mask. Nothing is shared with `message`.

        Raises:
            ValueError: A path is none of the class; see `check`.
        """
        kept: _M = type(message).__schema__.new()
        self.merge(message, kept)
        return kept


def _find(cls: type[aristaproto.Message], name: str, path: str) -> Field:
    names = cls.__schema__.by_proto_name
    field = names.get(name)
    if field is None:
        near = nearest(name, names)
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"path {show(path)}: {cls.__name__} has no field {show(name)}{hint}")
    return field


def _message_of(cls: type[aristaproto.Message], field: Field, path: str) -> Any:
    if field.repeated or field.is_map or field.type not in MESSAGE_TYPES:
        raise ValueError(
            f"path {show(path)}: {cls.__name__}.{field.proto_name} is not a singular message field, it must come last"
        )
    return field.message


def _tree(paths: Iterable[str]) -> _Tree:
    """The paths by their names; a name with nothing below it stands for all below it."""
    root: _Tree = {}
    for path in paths:
        node = root
        *above, last = path.split(".")
        for name in above:
            below = node.get(name)
            if below is None:
                below = node[name] = {}
            elif not below:
                break
            node = below
        else:
            node[last] = {}
    return root


def _paths(tree: _Tree) -> Iterator[str]:
    """The paths of a tree, sorted. Without recursion, because masks come from outside and paths have any length."""
    names: list[str] = []
    stack = [iter(sorted(tree.items(), key=itemgetter(0)))]
    while stack:
        for name, below in stack[-1]:
            if below:
                names.append(name)
                stack.append(iter(sorted(below.items(), key=itemgetter(0))))
                break
            yield ".".join((*names, name))
        else:
            stack.pop()
            del names[-1:]


def _covers(tree: _Tree, path: str) -> bool:
    """Whether the tree has the whole of a path."""
    for name in path.split("."):
        if name not in tree:
            return False
        tree = tree[name]
        if not tree:
            return True
    return False


def _merge(
    tree: _Tree,
    source: aristaproto.Message,
    destination: aristaproto.Message,
    replace_messages: bool,
    replace_repeated: bool,
) -> bool:
    """Whether a message that was not there is set for the sake of this: all but messages that `source` does not have."""
    written = False
    for name, below in tree.items():
        field = type(source).__schema__.by_proto_name[name]
        theirs, mine = field.get(source), field.get(destination)
        if below:
            if theirs is None:
                continue
            cls: Any = field.message
            inner: Any = cls.__schema__.new() if mine is None else mine
            if field.wrapped:
                theirs, inner = cls.from_wrapped(theirs), cls.from_wrapped(inner)
            if _merge(below, theirs, inner, replace_messages, replace_repeated):
                field.assign(destination, inner.to_wrapped() if field.wrapped else inner)
                written = True
            continue
        if field.repeated or field.is_map:
            replaces = replace_repeated
        else:
            replaces = replace_messages or field.message is None
        if replaces:
            field.set(destination, field.new_default())
        merge_field(destination, field, source)
        written = written or replaces or field.message is None or theirs is not None
    return written
