"""The well-known types: the messages of google/protobuf/{any,api,duration,…}.proto.

They live here once, so that a Timestamp of one generated tree is a Timestamp of every tree; each
tree re-exports them from its `google/protobuf/__init__.py`. `message_pool` holds them by full name;
every other pool falls back to it.

<https://protobuf.dev/reference/protobuf/google.protobuf/>
"""

from __future__ import annotations

import aristaproto

from .any import Any
from .api import Api, Method, Mixin
from .duration import Duration
from .empty import Empty
from .field_mask import FieldMask
from .source_context import SourceContext
from .struct import ListValue, NullValue, Struct, Value
from .timestamp import Timestamp
from .type import Enum, EnumValue, Field, FieldCardinality, FieldKind, Option, Syntax, Type
from .wrappers import (
    BoolValue,
    BytesValue,
    DoubleValue,
    FloatValue,
    Int32Value,
    Int64Value,
    StringValue,
    UInt32Value,
    UInt64Value,
)

__all__ = (
    "Any",
    "Api",
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "Empty",
    "Enum",
    "EnumValue",
    "Field",
    "FieldCardinality",
    "FieldKind",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "ListValue",
    "Method",
    "Mixin",
    "NullValue",
    "Option",
    "SourceContext",
    "StringValue",
    "Struct",
    "Syntax",
    "Timestamp",
    "Type",
    "UInt32Value",
    "UInt64Value",
    "Value",
    "message_pool",
)

message_pool = aristaproto.MessagePool()
"""The well-known types by full name."""

message_pool.register(
    "google.protobuf",
    {
        "Any": Any,
        "Api": Api,
        "BoolValue": BoolValue,
        "BytesValue": BytesValue,
        "DoubleValue": DoubleValue,
        "Duration": Duration,
        "Empty": Empty,
        "Enum": Enum,
        "EnumValue": EnumValue,
        "Field": Field,
        "Field.Cardinality": FieldCardinality,
        "Field.Kind": FieldKind,
        "FieldMask": FieldMask,
        "FloatValue": FloatValue,
        "Int32Value": Int32Value,
        "Int64Value": Int64Value,
        "ListValue": ListValue,
        "Method": Method,
        "Mixin": Mixin,
        "NullValue": NullValue,
        "Option": Option,
        "SourceContext": SourceContext,
        "StringValue": StringValue,
        "Struct": Struct,
        "Syntax": Syntax,
        "Timestamp": Timestamp,
        "Type": Type,
        "UInt32Value": UInt32Value,
        "UInt64Value": UInt64Value,
        "Value": Value,
    },
)
