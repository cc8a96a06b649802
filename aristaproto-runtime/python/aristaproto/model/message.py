"""`Message`, the base class of all messages, and what stands in a class body: `field`, `map_field`.

The metaclass turns a class body into `__slots__` and `__match_args__` and leaves everything else (schema,
constructor, dataclass fields) to the first use of the class. The native codec does the same in `class.rs` for classes that
hold nothing but fields. Codecs are reached through `codec`.
"""

from __future__ import annotations

import operator
import sys
from enum import IntEnum

from .. import codec
from ..base.casing import Casing
from ..schema.fields import REPLACED, FieldSpec, LazySchema, Schema, set_extensions
from .printing import represent, set_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Callable, Iterator, Mapping
    from inspect import Signature
    from typing import Any, ClassVar, NoReturn, SupportsIndex

    from typing_extensions import Buffer, Self, dataclass_transform

    from ..base.wire import BinaryReader, BinaryWriter
    from ..schema.oneof import oneof
    from .extension import Extension
    from .pool import MessagePool
else:
    oneof = None

    def dataclass_transform(**_):
        return lambda cls: cls


__all__ = ("Message", "OutputFormat", "field", "is_message_of", "map_field")


class OutputFormat(IntEnum):
    """What `Message.to_dict` puts into the dict."""

    PYTHON = 0
    """Python values as they are: enum members, datetimes, bytes, ints."""
    PROTO_JSON = 1
    """Values of ProtoJSON (https://protobuf.dev/programming-guides/json/), ready for `json.dumps`."""


def field(
    number: int,
    type: int,
    ref: str | type[Any] | Callable[[], type[Any]] | None = None,
    *,
    repeated: bool = False,
    optional: bool = False,
    required: bool = False,
    oneof: str | None = None,
    packed: bool = True,
    proto_name: str | None = None,
    json_name: str | None = None,
    default: Any = None,
    deprecated: bool = False,
    utf8: bool = True,
) -> Any:
    """A field in the body of a message class.

    `number` and `type` (one of `TYPE_*`) as in the proto file; `ref` names the class of a message or enum
    field: ``"Name"`` in the same module, ``"..other.module:Name"``, a class, or a callable that gives it.

    `repeated`: a list. `optional`: presence, None when unset. `required`: as in proto2. `oneof`: name of the
    oneof. `packed`: how numbers of a list are written. `proto_name`, `json_name`: where they differ from the
    Python name and from its lowerCamelCase. `default`: the default declared in proto2. `deprecated`: warn when it is
    set in the constructor. `utf8`: refuse strings on the wire that are no UTF-8.

    `TypeError` when the class is first used, for a `ref` that is missing or leads nowhere, and for a number that is taken
    (https://protobuf.dev/programming-guides/proto3/#assigning).
    """
    spec = FieldSpec()
    spec.number = number
    spec.type = type
    spec.ref = ref
    spec.repeated = repeated
    spec.optional = optional
    spec.required = required
    spec.oneof = oneof
    spec.packed = packed
    spec.proto_name = proto_name
    spec.json_name = json_name
    spec.default = default
    spec.deprecated = deprecated
    spec.utf8 = utf8
    spec.key_type = None
    return spec


def map_field(
    number: int,
    key_type: int,
    value_type: int,
    ref: str | type[Any] | Callable[[], type[Any]] | None = None,
    *,
    proto_name: str | None = None,
    json_name: str | None = None,
    deprecated: bool = False,
    utf8: bool = True,
) -> Any:
    """A map field in the body of a message class: a dict (https://protobuf.dev/programming-guides/proto3/#maps).

    `key_type` and `value_type` are `TYPE_*`; `ref` is the class of message or enum values. The rest, and errors, as for `field`.
    """
    spec: FieldSpec = field(
        number,
        value_type,
        ref,
        proto_name=proto_name,
        json_name=json_name,
        deprecated=deprecated,
        utf8=utf8,
    )
    spec.key_type = key_type
    return spec


_SPECS: tuple[type[Any], ...] = (FieldSpec,)
"""What a field in a class body is."""

if codec.NATIVE is not None and not TYPE_CHECKING:
    field, map_field = codec.NATIVE.field_functions(field, map_field)
    _SPECS = (field(1, 1).__class__, FieldSpec)

# What messages are in memory.
if TYPE_CHECKING:
    _BASE = object
else:
    _BASE = object if codec.NATIVE is None else codec.NATIVE.MessageBase


_WEAK_BELOW = _BASE is not object and sys.version_info < (3, 12)
"""Whether `__weakref__` stands in the classes below `Message`: where it is a slot among others, the codec in Rust reads those before it."""


class _LazyDataclassFields:
    """What `dataclasses` reads as `__dataclass_fields__`."""

    def __get__(self, instance: object, owner: type[Message]) -> dict[str, dataclasses.Field[Any]]:
        schema = owner.__schema__
        if schema.dataclass_fields is None:
            schema.dataclass_fields = _dataclass_fields(owner)
        if instance is None:
            # Who reads the fields of a class evaluates their types next (msgspec, pydantic).
            codec.builder.import_types(owner)
            return schema.dataclass_fields
        # Of `dataclasses`, only `replace` minds what is no field: it hands it to the constructor.
        return {**schema.dataclass_fields, REPLACED: _replaced()}


class _DataclassParams:
    """What `dataclasses` asks of the bases of a decorated class."""

    init = match_args = slots = True
    repr = eq = order = unsafe_hash = frozen = kw_only = weakref_slot = False


class _PydanticSerializer:
    """What pydantic asks a value for whose type it was not told: in `typing.Any`, `SerializeAsAny`, a generic model without its type."""

    def __get__(self, instance: object, owner: type[Message]) -> Any:
        # Others who read all attributes, such as `inspect.getmembers`, need not wait for the import.
        if sys.modules.get("pydantic_core") is None:
            raise AttributeError("__pydantic_serializer__")
        return codec.pydantic.serializer_of(owner)


class _TypeHints:
    """What `typing.get_type_hints` asks a class for before it evaluates annotations: their names are imported then."""

    def __get__(self, cls: type[Message] | None, metaclass: type[Any]) -> bool:
        if cls is not None:
            codec.builder.import_types(cls)
        return False


_LAZY_SCHEMA = LazySchema()
_LAZY_FIELDS = _LazyDataclassFields()


@dataclass_transform(field_specifiers=(oneof,))
class _MessageType(type):
    """Makes message classes; does as little as it can, because packages of thousands must import fast."""

    if TYPE_CHECKING:
        __schema__: Schema
    else:
        __no_type_check__ = _TypeHints()

    def __new__(
        metacls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        deprecated: bool = False,
        pool: MessagePool | None = None,
        extendable: bool = False,
        message_set: bool = False,
        oneofs: Mapping[str, str] | None = None,
        **options: Any,
    ) -> _MessageType:
        specs = {key: value for key, value in namespace.items() if value.__class__ in _SPECS}
        for key in specs:
            del namespace[key]
        own = namespace.get("__slots__", ())
        slots = (*((own,) if isinstance(own, str) else own), *specs)
        if any(base.__weakrefoffset__ for base in bases):
            slots = tuple(it for it in slots if it != "__weakref__")
        elif bases[0] is not _BASE and "__weakref__" not in slots:
            slots += ("__weakref__",)
        namespace["__slots__"] = slots
        namespace["__fields__"] = specs
        namespace["__schema__"] = _LAZY_SCHEMA
        namespace["__dataclass_fields__"] = _LAZY_FIELDS
        if deprecated or getattr(bases[0] if bases else None, "__deprecated__", False):
            namespace["__deprecated__"] = deprecated
        if extendable or message_set:
            namespace["__slots__"] += ("_extensions",)
            namespace["__extendable__"] = True
            namespace["__message_set__"] = message_set
        if oneofs is not None:
            namespace["__oneofs__"] = oneofs
        if pool is not None:
            namespace["__pool__"] = pool
        inherited: tuple[str, ...] = ()
        for base in bases:
            inherited = getattr(base, "__match_args__", ())
            if inherited:
                break
        namespace["__match_args__"] = (*inherited, *specs) if inherited else tuple(specs)
        # In each class' own dict, so that `@dataclass` finds them there and leaves them alone.
        if "__init__" not in namespace:
            namespace["__init__"] = getattr(bases[0], "__initialiser__", _INITIALISER)
        if "__eq__" not in namespace:
            namespace["__eq__"] = _equal if _BASE is object else _BASE.__eq__
            namespace.setdefault("__hash__", None)
        if "__repr__" not in namespace:
            namespace["__repr__"] = represent
        return super().__new__(metacls, name, bases, namespace, **options)

    @property
    def __signature__(cls) -> Signature:
        import inspect

        init: Any = cls.__init__  # type: ignore[misc]
        if init is first_init or init is _BASE.__init__:
            init = cls.__schema__.init
        signature = inspect.signature(init)
        owner: Any = cls
        types = codec.comments.field_types(owner)
        parameters = [
            parameter.replace(annotation=types.get(name, parameter.empty))
            for name, parameter in list(signature.parameters.items())[1:]
            if name != REPLACED
        ]
        return signature.replace(parameters=parameters)

    def __dir__(cls) -> list[str]:
        """What `help` and completion show: all names but those that the runtime keeps in the class."""
        if "__fields__" in cls.__dict__ and cls.__schema__.oneofs:
            owner: Any = cls
            codec.oneofs.compile_oneofs(owner)
        return [name for name in super().__dir__() if name not in _INTERNAL]


def _documented_slots(cls: type[Message]) -> dict[str, str]:
    """What `inspect.getdoc` reads the documentation of slots from, the fields that a class declares."""
    return {name: codec.comments.describe_field(cls, name) for name in cls.__fields__}


if not TYPE_CHECKING:
    # In the body it would be the slots of the metaclass.
    _MessageType.__slots__ = property(_documented_slots)


_INTERNAL = frozenset(
    (
        *("__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__"),
        *("__constructor__", "__dataclass_fields__", "__dataclass_params__", "__deprecated__"),
        *("__extendable__", "__fields__", "__firstlineno__", "__get_pydantic_core_schema__"),
        *("__initialiser__", "__match_args__", "__message_set__", "__oneofs__", "__plain__"),
        *("__pool__", "__proto_name__", "__pydantic_serializer__", "__replaced__", "__rich_repr__"),
        *("__schema__", "__slots__", "__static_attributes__", "__weakref__"),
        # What any object has.
        *("__delattr__", "__eq__", "__ge__", "__gt__", "__hash__", "__init__", "__le__", "__lt__"),
        *("__ne__", "__new__", "__reduce__", "__reduce_ex__", "__repr__", "__setattr__"),
    )
)
"""Names in message classes that say nothing to their users."""


def first_init(self: Message, /, *args: Any, **kwargs: Any) -> None:
    """Constructor of a class that is used for the first time: puts the compiled one in its own place."""
    for cls in type(self).__mro__:
        if cls is Message:
            break
        if cls.__dict__.get("__init__") is first_init:
            owner: Any = cls
            init = owner.__schema__.init
            type.__setattr__(cls, "__init__", init)
            init(self, *args, **kwargs)
            return
    # Another thread was faster, or a class has its own `__init__` and calls that of `Message`.
    type(self).__schema__.init(self, *args, **kwargs)


# As `help` shows it.
first_init.__name__ = "__init__"

_INITIALISER: Any = first_init if _BASE is object else _BASE.__init__
"""`__init__` of all classes; `aristaproto.pydantic` has another."""


def _compare_plain(self: Message, other: object, compare: Callable[[Any, Any], Any]) -> Any:
    """Compare a message, as the dict or list that its class stands for."""
    is_comparable = type(other) is type(self) or isinstance(other, (dict, list))
    plain = self.__plain__() if is_comparable else None
    return NotImplemented if plain is None else compare(plain, other)


def _ordering(compare: Callable[[Any, Any], Any]) -> Callable[[Message, object], Any]:
    return lambda self, other: _compare_plain(self, other, compare)


def _equal(self: Message, other: object) -> Any:
    cls = type(self)
    if type(other) is not cls:
        return _compare_plain(self, other, operator.eq)
    schema = cls.__schema__
    mine, theirs = schema.values(self), schema.values(other)
    if schema.extendable:
        mine, theirs = (*mine, set_extensions(self)), (*theirs, set_extensions(other))
    if mine == theirs:
        return True
    return all(a is b or a == b or _same(a, b) for a, b in zip(mine, theirs, strict=True))


_equal.__name__ = "__eq__"

# Typed so that checkers see Any and not a container of unknowns.
_LISTS: Any = (list, tuple)
_DICT: Any = dict


def _same(a: Any, b: Any) -> bool:
    """Equality where `==` says no: nan equals nan, and any iterable of a repeated field is a list."""
    if isinstance(a, float):
        # Only nan is not itself.
        return isinstance(b, float) and a != a and b != b  # noqa: PLR0124
    if isinstance(a, _LISTS) and isinstance(b, _LISTS):
        return len(a) == len(b) and all(x == y or _same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, _DICT) and isinstance(b, _DICT):
        return a.keys() == b.keys() and all(x == b[key] or _same(x, b[key]) for key, x in a.items())
    return False


class Message(_BASE, metaclass=_MessageType):
    """Base class of protobuf messages, generated or written by hand.

    ```python
    class Request(aristaproto.Message):
        name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
        tags: list[str] = aristaproto.field(2, aristaproto.TYPE_STRING, repeated=True)
    ```

    Fields are parameters of the constructor, by name or in order of declaration. Attributes take any value;
    what the field cannot carry is refused when the message is written. Setting a member of a oneof clears the others.
    Unknown fields that were read are kept and written after the known ones.
    """

    if TYPE_CHECKING:
        # A property, because checkers would take an annotation for a parameter of the constructor.
        @property
        def _unknown_fields(self) -> bytes: ...
        @_unknown_fields.setter
        def _unknown_fields(self, value: bytes) -> None: ...

        @property
        def _extensions(self) -> dict[Extension[Any, Any], Any] | None: ...
        @_extensions.setter
        def _extensions(self, value: dict[Extension[Any, Any], Any] | None) -> None: ...

        __schema__: ClassVar[Schema]
        __fields__: ClassVar[dict[str, FieldSpec]]
        __deprecated__: ClassVar[bool]
        __extendable__: ClassVar[bool]
        __message_set__: ClassVar[bool]
        __oneofs__: ClassVar[Mapping[str, str]]
        __pool__: ClassVar[MessagePool]
        __proto_name__: ClassVar[str]
        __match_args__: ClassVar[tuple[str, ...]]
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    else:
        __slots__ = ("_unknown_fields",) if _WEAK_BELOW else ("_unknown_fields", "__weakref__")
        __initialiser__ = _INITIALISER
        __dataclass_params__ = _DataclassParams()
        __pydantic_serializer__ = _PydanticSerializer()
        __deprecated__ = False
        __extendable__ = False
        __message_set__ = False
        __oneofs__ = {}

    # Checkers would take it as leave to set any attribute. The base in Rust has both.
    if not TYPE_CHECKING and _BASE is object:

        def __setattr__(self, name: str, value: Any) -> None:
            try:
                object.__setattr__(self, name, value)
            except AttributeError:
                if _is_property(type(self), name):
                    raise  # it says itself what is wrong
                refuse_attribute(type(self), name, self)

        def __delattr__(self, name: str) -> None:
            member = type(self).__schema__.by_name.get(name)
            if member is not None:
                member.set(self, member.new_default())
                return
            try:
                object.__delattr__(self, name)
            except AttributeError:
                if _is_property(type(self), name):
                    raise
                refuse_attribute(type(self), name, self)

        __lt__, __le__ = _ordering(operator.lt), _ordering(operator.le)
        __gt__, __ge__ = _ordering(operator.gt), _ordering(operator.ge)

    @classmethod
    def __constructor__(cls, init: Callable[..., None]) -> Callable[..., None]:
        """What becomes `__init__`; `aristaproto.pydantic` puts validation before it."""
        return init

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """How pydantic validates and serialises a message inside a model of its own."""
        return codec.pydantic.core_schema_of(cls)

    # -- binary ------------------------------------------------------------------------------------------

    @classmethod
    def parse(cls, data: Buffer) -> Self:
        """Read a message from wire bytes. `DecodeError` when they are truncated, malformed or beyond a limit."""
        message: Self = cls.__schema__.new()
        codec.decode(message, data)
        return message

    @classmethod
    def FromString(cls, s: Buffer) -> Self:
        """`parse` under the name that google.protobuf gives it; `DecodeError` as there."""
        message: Self = cls.__schema__.new()
        codec.decode(message, s)
        return message

    def SerializeToString(self) -> bytes:
        """Wire bytes: known fields by number, then unknown ones. `EncodeError` names the path of a bad value."""
        return codec.encode(self)

    def __bytes__(self) -> bytes:
        return codec.encode(self)

    def dump(self, stream: BinaryWriter, delimit: bool = False) -> None:
        """Write the wire bytes to a binary stream, after their length as a varint if `delimit`.

        A stream that takes a part only gets the rest until it has all; `BlockingIOError` when it takes nothing more because
        it is not blocking.
        """
        data = codec.encode(self)
        codec.wire.write_all(
            stream, codec.wire.encode_varint(len(data)) + data if delimit else data
        )

    def load(self, stream: BinaryReader, size: int | None = None) -> Self:
        """Read wire bytes from a binary stream into this message, and return it.

        `size` is the number of bytes to read, None for all, or `SIZE_DELIMITED`: a varint in front tells.
        Fields that are read replace scalars, extend lists and maps, and merge into messages
        (https://protobuf.dev/programming-guides/encoding/#last-one-wins). `EOFError` when a delimited
        message was asked for at the end of the stream; `DecodeError` for the rest, with this message unchanged.
        """
        from copy import deepcopy

        if size is None:
            data = codec.wire.read_some(stream)
        else:
            if size == codec.wire.SIZE_DELIMITED:
                size, _ = codec.wire.load_varint(stream)
            data = codec.wire.read_exactly(stream, size)
        schema = type(self).__schema__
        # A subclass may call itself false.
        is_empty = not Message.__bool__(self) and not self._unknown_fields
        scratch = schema.new() if is_empty else deepcopy(self)
        codec.decode(scratch, data)
        if schema.extendable:
            self._extensions = None
        for member in schema.fields_of(scratch):
            member.set(self, member.get(scratch))
        self._unknown_fields = scratch._unknown_fields
        return self

    # -- JSON and dicts ----------------------------------------------------------------------------------

    def to_dict(
        self,
        *,
        output_format: OutputFormat = OutputFormat.PROTO_JSON,
        casing: Casing = Casing.CAMEL,
        include_default_values: bool = False,
        message_pool: MessagePool | None = None,
    ) -> Any:
        """This message as a dict, by default of ProtoJSON values.

        Keys are the JSON names for `Casing.CAMEL` and the proto names for `Casing.SNAKE`. Fields at their default are
        left out unless `include_default_values`. The types of Any are looked up in `message_pool`, then in the pool of
        this message's tree. `JsonError` for what JSON cannot express.
        """
        made = codec.to_dict(self, output_format, include_default_values, casing, message_pool)
        if made is not NotImplemented:
            return made
        return codec.json.to_dict(
            self,
            output_format=output_format,
            casing=casing,
            include_default_values=include_default_values,
            message_pool=message_pool,
        )

    @classmethod
    def from_dict(
        cls,
        value: Any,
        *,
        ignore_unknown_fields: bool = False,
        message_pool: MessagePool | None = None,
    ) -> Self:
        """A new message from a dict of ProtoJSON or Python values.

        Keys may be JSON names, proto names, or those in another casing. Extensions and the types of Any are looked up
        in `message_pool`, then in the pool of this class' tree. `KeyError` for an unknown key unless
        `ignore_unknown_fields`; `JsonError` for a value that does not fit.
        """
        message: Self | None = codec.from_dict(cls, value, ignore_unknown_fields, message_pool)
        if message is not None:
            return message
        return codec.json.from_dict(
            cls, value, ignore_unknown_fields=ignore_unknown_fields, message_pool=message_pool
        )

    def to_json(
        self,
        indent: int | str | None = None,
        include_default_values: bool = False,
        casing: Casing = Casing.CAMEL,
        *,
        message_pool: MessagePool | None = None,
    ) -> str:
        """This message as ProtoJSON text (https://protobuf.dev/programming-guides/json/); `JsonError` and the rest as for `to_dict`.

        `indent` as for `json.dumps`: the number of blanks for each level, or the text itself; None for a single line.
        """
        return codec.json.to_json(
            self,
            indent=indent,
            include_default_values=include_default_values,
            casing=casing,
            message_pool=message_pool,
        )

    @classmethod
    def from_json(
        cls,
        value: str | bytes,
        *,
        ignore_unknown_fields: bool = False,
        message_pool: MessagePool | None = None,
    ) -> Self:
        """A new message from ProtoJSON text (https://protobuf.dev/programming-guides/json/), as UTF-8 if it is bytes.

        Look-ups and errors as for `from_dict`; `JsonError` also for what is no JSON.
        """
        message: Self | None = codec.from_json(cls, value, ignore_unknown_fields, message_pool)
        if message is not None:
            return message
        return codec.json.from_json(
            cls, value, ignore_unknown_fields=ignore_unknown_fields, message_pool=message_pool
        )

    # -- text format ---------------------------------------------------------------------------

    def to_text(
        self, *, print_unknown_fields: bool = False, message_pool: MessagePool | None = None
    ) -> str:
        """This message in text format (https://protobuf.dev/reference/protobuf/textformat-spec/).

        A line for each value; an Any shows its message if its type is in `message_pool` or in the pool of
        this message's tree. With
        `print_unknown_fields` also what was read and has no field, by its number. `TextError` for a
        value that its field cannot carry.
        """
        return codec.text.to_text(
            self, print_unknown_fields=print_unknown_fields, message_pool=message_pool
        )

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        ignore_unknown_fields: bool = False,
        message_pool: MessagePool | None = None,
    ) -> Self:
        """A new message from text format.

        Extensions and the types of Any are looked up in `message_pool`, then in the pool of this class' tree.
        `TextError` with line and column when it does not parse or fit.
        """
        return codec.text.from_text(
            cls, text, ignore_unknown_fields=ignore_unknown_fields, message_pool=message_pool
        )

    # -- fields ------------------------------------------------------------------------------------------

    def is_set(self, name: str) -> bool:
        """Whether the field differs from its default; with presence: whether it was set.

        `AttributeError` when there is no field of this Python name.
        """
        member = type(self).__schema__.by_name.get(name)
        if member is None:
            refuse_attribute(type(self), name, self)
        return not member.is_default(member.get(self))

    def __plain__(self) -> dict[str, Any] | list[Any] | None:
        """What `Struct` and `ListValue` are compared as."""
        return None

    def _validate(self) -> None:
        raise TypeError(
            f"{type(self).__name__} is no pydantic message: generate with pydantic_dataclasses"
        )

    def __bool__(self) -> bool:
        return any(not f.is_default(f.get(self)) for f in type(self).__schema__.fields_of(self))

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        """What rich prints: the fields of `repr`, on lines of their own where they are many."""
        return set_fields(self)

    # -- copies ------------------------------------------------------------------------------------------

    def __copy__(self) -> Self:
        schema = type(self).__schema__
        other: Self = schema.new()
        for member in schema.fields_of(self):
            member.set(other, member.get(self))
        set_unknown_fields(other, self._unknown_fields)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        schema = type(self).__schema__
        other: Self = schema.new()
        memo[id(self)] = other
        for member in schema.fields_of(self):
            member.set(other, deepcopy(member.get(self), memo))
        set_unknown_fields(other, self._unknown_fields)
        return other

    @property
    def __replaced__(self) -> Self:
        return self

    def __replace__(self, /, **changes: Any) -> Self:
        """What `copy.replace` calls (Python 3.13): `dataclasses.replace`.

        A copy as `copy.copy` makes it, unknown fields and extensions included, with other values for the fields named. A member
        of a oneof takes the place of the one that is set. `TypeError` for what is no field, and for two members of one oneof.
        """
        import dataclasses

        return dataclasses.replace(self, **changes)

    def __reduce__(self) -> tuple[Any, ...]:
        # By number, so that a pickle outlives the renaming of a field; values as they are, because the wire
        # would round floats and move datetimes to UTC.
        values = {
            member.number: value
            for member in type(self).__schema__.fields_of(self)
            if not member.is_default(value := member.get(self))
        }
        return (_unpickle, (type(self), values, self._unknown_fields))

    if sys.version_info < (3, 11):

        def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
            return self.__reduce__()


plain_to_json = Message.to_json
"""What the codec in Rust calls for what it does not write itself."""

if codec.NATIVE is not None:
    codec.NATIVE.install(Message, _MessageType)
    codec.NATIVE.bind_slot(Message, "_unknown_fields", b"")
    _unknown_slot: Any = Message.__dict__["_unknown_fields"]
    _slot_type: Any = _unknown_slot.__class__
    _slot_type.__doc__ = property(lambda it: codec.comments.describe_slot(it))

set_unknown_fields: Callable[[Message, bytes], None] = Message.__dict__["_unknown_fields"].__set__
"""Write the slot without the check of `Message.__setattr__`."""


def is_message_of(value: object, cls: type[Message]) -> bool:
    """Whether a value is a message of a class, or of its namesake in another generated tree."""
    if isinstance(value, cls):
        return True
    # Each tree has a subclass of Any of its own; they hold the same.
    return isinstance(value, Message) and value.__schema__.origin is cls.__schema__.origin


def _unpickle(cls: type[Message], values: dict[int, Any], unknown_fields: bytes) -> Message:
    schema = cls.__schema__
    message: Message = schema.new()
    for number, value in values.items():
        member = schema.find_field(number)
        if member is None:
            raise LookupError(f"{cls.__name__} has no field with number {number}")
        member.set(message, value)
    set_unknown_fields(message, unknown_fields)
    return message


def _is_property(cls: type[Message], name: str) -> bool:
    found: Any = getattr(cls, name, None)
    return hasattr(found.__class__, "__set__")


def refuse_attribute(cls: type[Message], name: str, message: Message | None = None) -> NoReturn:
    """Raise the `AttributeError` for a name that is no field; it names the nearest field."""
    names = cls.__schema__.by_name
    near = codec.errors.nearest(name, names)
    if cls.__oneofs__.get(name, name) in cls.__schema__.oneofs:
        hint = ": that is a oneof, which is None while no member is set; assign None to clear it"
    elif near:
        hint = f"; did you mean {near!r}?"
    else:
        hint = f": its fields are {codec.errors.listed(names)}" if names else ": it has no fields"
    text = f"{cls.__name__} has no field {codec.errors.show(name)}{hint}"
    raise AttributeError(text, name=name, obj=message) from None


def _dataclass_fields(cls: type[Message]) -> dict[str, dataclasses.Field[Any]]:
    """What `dataclasses.fields` gives: the fields with their defaults, types as annotated."""
    import dataclasses
    import inspect
    import typing

    annotations: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        annotations.update(inspect.get_annotations(base))
    fields: dict[str, dataclasses.Field[Any]] = {}
    for member in cls.__schema__.fields:
        made: Any
        if member.repeated or member.is_map:
            made = dataclasses.field(default_factory=_LISTS[0] if member.repeated else _DICT)
        else:
            made = dataclasses.field(default=member.default)
        made.name = member.name
        made.type = annotations.get(member.name, typing.Any)
        made._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
        fields[member.name] = made
    return fields


def _replaced() -> dataclasses.Field[Any]:
    """What `dataclasses.replace` takes for a parameter of the constructor, whose value is the attribute of that name."""
    import dataclasses

    made: Any = dataclasses.field(default=None)
    made.name = REPLACED
    made._field_type = dataclasses._FIELD_INITVAR  # type: ignore[attr-defined]
    return made  # type: ignore[no-any-return]
