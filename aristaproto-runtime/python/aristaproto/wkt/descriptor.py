# Made by `cargo xtask bootstrap` from google/protobuf/descriptor.proto of protobuf 36.2. Do not edit.
"""The messages of google/protobuf/descriptor.proto: proto files described as messages.

`aristaproto.descriptor` gives them for generated code. Imported only where they are needed, not by `aristaproto.wkt`.

<https://github.com/protocolbuffers/protobuf/blob/v36.2/src/google/protobuf/descriptor.proto>
"""

from __future__ import annotations

import aristaproto

from . import message_pool

__all__ = (
    "DescriptorProto",
    "DescriptorProtoExtensionRange",
    "DescriptorProtoReservedRange",
    "Edition",
    "EnumDescriptorProto",
    "EnumDescriptorProtoEnumReservedRange",
    "EnumOptions",
    "EnumValueDescriptorProto",
    "EnumValueOptions",
    "ExtensionRangeOptions",
    "ExtensionRangeOptionsDeclaration",
    "ExtensionRangeOptionsVerificationState",
    "FeatureSet",
    "FeatureSetDefaults",
    "FeatureSetDefaultsFeatureSetEditionDefault",
    "FeatureSetEnforceNamingStyle",
    "FeatureSetEnumType",
    "FeatureSetFieldPresence",
    "FeatureSetJsonFormat",
    "FeatureSetMessageEncoding",
    "FeatureSetProtoLimitsFeature",
    "FeatureSetProtoLimitsFeatureEnforceProtoLimits",
    "FeatureSetRepeatedFieldEncoding",
    "FeatureSetUtf8Validation",
    "FeatureSetVisibilityFeature",
    "FeatureSetVisibilityFeatureDefaultSymbolVisibility",
    "FieldDescriptorProto",
    "FieldDescriptorProtoLabel",
    "FieldDescriptorProtoType",
    "FieldOptions",
    "FieldOptionsCType",
    "FieldOptionsEditionDefault",
    "FieldOptionsFeatureSupport",
    "FieldOptionsJsType",
    "FieldOptionsOptionRetention",
    "FieldOptionsOptionTargetType",
    "FileDescriptorProto",
    "FileDescriptorSet",
    "FileOptions",
    "FileOptionsOptimizeMode",
    "GeneratedCodeInfo",
    "GeneratedCodeInfoAnnotation",
    "GeneratedCodeInfoAnnotationSemantic",
    "MessageOptions",
    "MethodDescriptorProto",
    "MethodOptions",
    "MethodOptionsIdempotencyLevel",
    "OneofDescriptorProto",
    "OneofOptions",
    "ServiceDescriptorProto",
    "ServiceOptions",
    "SourceCodeInfo",
    "SourceCodeInfoLocation",
    "SymbolVisibility",
    "UninterpretedOption",
    "UninterpretedOptionNamePart",
)


class Edition(
    aristaproto.Enum,
    prefix="EDITION_",
    renamed={
        "_2023": "EDITION_2023",
        "_2024": "EDITION_2024",
        "_2026": "EDITION_2026",
        "_1_TEST_ONLY": "EDITION_1_TEST_ONLY",
        "_2_TEST_ONLY": "EDITION_2_TEST_ONLY",
        "_99997_TEST_ONLY": "EDITION_99997_TEST_ONLY",
        "_99998_TEST_ONLY": "EDITION_99998_TEST_ONLY",
        "_99999_TEST_ONLY": "EDITION_99999_TEST_ONLY",
    },
    closed=True,
):
    UNKNOWN = 0
    LEGACY = 900
    PROTO2 = 998
    PROTO3 = 999
    _2023 = 1000
    _2024 = 1001
    _2026 = 1002
    UNSTABLE = 9999
    _1_TEST_ONLY = 1
    _2_TEST_ONLY = 2
    _99997_TEST_ONLY = 99997
    _99998_TEST_ONLY = 99998
    _99999_TEST_ONLY = 99999
    MAX = 2147483647


class SymbolVisibility(aristaproto.Enum, closed=True):
    VISIBILITY_UNSET = 0
    VISIBILITY_LOCAL = 1
    VISIBILITY_EXPORT = 2


class ExtensionRangeOptionsVerificationState(aristaproto.Enum, closed=True):
    DECLARATION = 0
    UNVERIFIED = 1


class FieldDescriptorProtoType(aristaproto.Enum, prefix="TYPE_", closed=True):
    DOUBLE = 1
    FLOAT = 2
    INT64 = 3
    UINT64 = 4
    INT32 = 5
    FIXED64 = 6
    FIXED32 = 7
    BOOL = 8
    STRING = 9
    GROUP = 10
    MESSAGE = 11
    BYTES = 12
    UINT32 = 13
    ENUM = 14
    SFIXED32 = 15
    SFIXED64 = 16
    SINT32 = 17
    SINT64 = 18


class FieldDescriptorProtoLabel(aristaproto.Enum, prefix="LABEL_", closed=True):
    OPTIONAL = 1
    REPEATED = 3
    REQUIRED = 2


class FileOptionsOptimizeMode(aristaproto.Enum, closed=True):
    SPEED = 1
    CODE_SIZE = 2
    LITE_RUNTIME = 3


class FieldOptionsCType(aristaproto.Enum, closed=True):
    STRING = 0
    CORD = 1
    STRING_PIECE = 2


class FieldOptionsJsType(aristaproto.Enum, closed=True):
    JS_NORMAL = 0
    JS_STRING = 1
    JS_NUMBER = 2


class FieldOptionsOptionRetention(aristaproto.Enum, closed=True):
    RETENTION_UNKNOWN = 0
    RETENTION_RUNTIME = 1
    RETENTION_SOURCE = 2


class FieldOptionsOptionTargetType(aristaproto.Enum, closed=True):
    TARGET_TYPE_UNKNOWN = 0
    TARGET_TYPE_FILE = 1
    TARGET_TYPE_EXTENSION_RANGE = 2
    TARGET_TYPE_MESSAGE = 3
    TARGET_TYPE_FIELD = 4
    TARGET_TYPE_ONEOF = 5
    TARGET_TYPE_ENUM = 6
    TARGET_TYPE_ENUM_ENTRY = 7
    TARGET_TYPE_SERVICE = 8
    TARGET_TYPE_METHOD = 9


class MethodOptionsIdempotencyLevel(aristaproto.Enum, closed=True):
    IDEMPOTENCY_UNKNOWN = 0
    NO_SIDE_EFFECTS = 1
    IDEMPOTENT = 2


class FeatureSetFieldPresence(aristaproto.Enum, closed=True):
    FIELD_PRESENCE_UNKNOWN = 0
    EXPLICIT = 1
    IMPLICIT = 2
    LEGACY_REQUIRED = 3


class FeatureSetEnumType(aristaproto.Enum, closed=True):
    ENUM_TYPE_UNKNOWN = 0
    OPEN = 1
    CLOSED = 2


class FeatureSetRepeatedFieldEncoding(aristaproto.Enum, closed=True):
    REPEATED_FIELD_ENCODING_UNKNOWN = 0
    PACKED = 1
    EXPANDED = 2


class FeatureSetUtf8Validation(aristaproto.Enum, closed=True):
    UTF8_VALIDATION_UNKNOWN = 0
    VERIFY = 2
    NONE = 3


class FeatureSetMessageEncoding(aristaproto.Enum, closed=True):
    MESSAGE_ENCODING_UNKNOWN = 0
    LENGTH_PREFIXED = 1
    DELIMITED = 2


class FeatureSetJsonFormat(aristaproto.Enum, closed=True):
    JSON_FORMAT_UNKNOWN = 0
    ALLOW = 1
    LEGACY_BEST_EFFORT = 2


class FeatureSetEnforceNamingStyle(aristaproto.Enum, closed=True):
    ENFORCE_NAMING_STYLE_UNKNOWN = 0
    STYLE2024 = 1
    STYLE_LEGACY = 2
    STYLE2026 = 3


class FeatureSetVisibilityFeatureDefaultSymbolVisibility(aristaproto.Enum, closed=True):
    DEFAULT_SYMBOL_VISIBILITY_UNKNOWN = 0
    EXPORT_ALL = 1
    EXPORT_TOP_LEVEL = 2
    LOCAL_ALL = 3
    STRICT = 4


class FeatureSetProtoLimitsFeatureEnforceProtoLimits(aristaproto.Enum, closed=True):
    PROTO_LIMITS_UNKNOWN = 0
    LEGACY_NO_EXPLICIT_LIMITS = 1
    PROTO_LIMITS2026 = 2


class GeneratedCodeInfoAnnotationSemantic(aristaproto.Enum, closed=True):
    NONE = 0
    SET = 1
    ALIAS = 2


class FileDescriptorSet(aristaproto.Message, extendable=True):
    file: list[FileDescriptorProto] = aristaproto.field(
        1, aristaproto.TYPE_MESSAGE, "FileDescriptorProto", repeated=True
    )


class FileDescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    package: str | None = aristaproto.field(
        2, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    dependency: list[str] = aristaproto.field(
        3, aristaproto.TYPE_STRING, repeated=True, utf8=False
    )
    public_dependency: list[int] = aristaproto.field(
        10, aristaproto.TYPE_INT32, repeated=True, packed=False
    )
    weak_dependency: list[int] = aristaproto.field(
        11, aristaproto.TYPE_INT32, repeated=True, packed=False
    )
    option_dependency: list[str] = aristaproto.field(
        15, aristaproto.TYPE_STRING, repeated=True, utf8=False
    )
    message_type: list[DescriptorProto] = aristaproto.field(
        4, aristaproto.TYPE_MESSAGE, "DescriptorProto", repeated=True
    )
    enum_type: list[EnumDescriptorProto] = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, "EnumDescriptorProto", repeated=True
    )
    service: list[ServiceDescriptorProto] = aristaproto.field(
        6, aristaproto.TYPE_MESSAGE, "ServiceDescriptorProto", repeated=True
    )
    extension: list[FieldDescriptorProto] = aristaproto.field(
        7, aristaproto.TYPE_MESSAGE, "FieldDescriptorProto", repeated=True
    )
    options: FileOptions | None = aristaproto.field(
        8, aristaproto.TYPE_MESSAGE, "FileOptions"
    )
    source_code_info: SourceCodeInfo | None = aristaproto.field(
        9, aristaproto.TYPE_MESSAGE, "SourceCodeInfo"
    )
    syntax: str | None = aristaproto.field(
        12, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    edition: Edition | None = aristaproto.field(
        14, aristaproto.TYPE_ENUM, "Edition", optional=True
    )


class DescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    field: list[FieldDescriptorProto] = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "FieldDescriptorProto", repeated=True
    )
    extension: list[FieldDescriptorProto] = aristaproto.field(
        6, aristaproto.TYPE_MESSAGE, "FieldDescriptorProto", repeated=True
    )
    nested_type: list[DescriptorProto] = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, "DescriptorProto", repeated=True
    )
    enum_type: list[EnumDescriptorProto] = aristaproto.field(
        4, aristaproto.TYPE_MESSAGE, "EnumDescriptorProto", repeated=True
    )
    extension_range: list[DescriptorProtoExtensionRange] = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, "DescriptorProtoExtensionRange", repeated=True
    )
    oneof_decl: list[OneofDescriptorProto] = aristaproto.field(
        8, aristaproto.TYPE_MESSAGE, "OneofDescriptorProto", repeated=True
    )
    options: MessageOptions | None = aristaproto.field(
        7, aristaproto.TYPE_MESSAGE, "MessageOptions"
    )
    reserved_range: list[DescriptorProtoReservedRange] = aristaproto.field(
        9, aristaproto.TYPE_MESSAGE, "DescriptorProtoReservedRange", repeated=True
    )
    reserved_name: list[str] = aristaproto.field(
        10, aristaproto.TYPE_STRING, repeated=True, utf8=False
    )
    visibility: SymbolVisibility | None = aristaproto.field(
        11, aristaproto.TYPE_ENUM, "SymbolVisibility", optional=True
    )


class DescriptorProtoExtensionRange(aristaproto.Message):
    start: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, optional=True)
    end: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, optional=True)
    options: ExtensionRangeOptions | None = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, "ExtensionRangeOptions"
    )


class DescriptorProtoReservedRange(aristaproto.Message):
    start: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, optional=True)
    end: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, optional=True)


class ExtensionRangeOptions(aristaproto.Message, extendable=True):
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )
    declaration: list[ExtensionRangeOptionsDeclaration] = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "ExtensionRangeOptionsDeclaration", repeated=True
    )
    features: FeatureSet | None = aristaproto.field(
        50, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    verification: ExtensionRangeOptionsVerificationState | None = aristaproto.field(
        3,
        aristaproto.TYPE_ENUM,
        "ExtensionRangeOptionsVerificationState",
        optional=True,
        default=1,
    )


class ExtensionRangeOptionsDeclaration(aristaproto.Message):
    number: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, optional=True)
    full_name: str | None = aristaproto.field(
        2, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    type: str | None = aristaproto.field(
        3, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    reserved: bool | None = aristaproto.field(5, aristaproto.TYPE_BOOL, optional=True)
    repeated: bool | None = aristaproto.field(6, aristaproto.TYPE_BOOL, optional=True)


class FieldDescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    number: int | None = aristaproto.field(3, aristaproto.TYPE_INT32, optional=True)
    label: FieldDescriptorProtoLabel | None = aristaproto.field(
        4, aristaproto.TYPE_ENUM, "FieldDescriptorProtoLabel", optional=True
    )
    type: FieldDescriptorProtoType | None = aristaproto.field(
        5, aristaproto.TYPE_ENUM, "FieldDescriptorProtoType", optional=True
    )
    type_name: str | None = aristaproto.field(
        6, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    extendee: str | None = aristaproto.field(
        2, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    default_value: str | None = aristaproto.field(
        7, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    oneof_index: int | None = aristaproto.field(
        9, aristaproto.TYPE_INT32, optional=True
    )
    json_name: str | None = aristaproto.field(
        10, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    options: FieldOptions | None = aristaproto.field(
        8, aristaproto.TYPE_MESSAGE, "FieldOptions"
    )
    proto3_optional: bool | None = aristaproto.field(
        17, aristaproto.TYPE_BOOL, optional=True
    )


class OneofDescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    options: OneofOptions | None = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "OneofOptions"
    )


class EnumDescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    value: list[EnumValueDescriptorProto] = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "EnumValueDescriptorProto", repeated=True
    )
    options: EnumOptions | None = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, "EnumOptions"
    )
    reserved_range: list[EnumDescriptorProtoEnumReservedRange] = aristaproto.field(
        4,
        aristaproto.TYPE_MESSAGE,
        "EnumDescriptorProtoEnumReservedRange",
        repeated=True,
    )
    reserved_name: list[str] = aristaproto.field(
        5, aristaproto.TYPE_STRING, repeated=True, utf8=False
    )
    visibility: SymbolVisibility | None = aristaproto.field(
        6, aristaproto.TYPE_ENUM, "SymbolVisibility", optional=True
    )


class EnumDescriptorProtoEnumReservedRange(aristaproto.Message):
    start: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, optional=True)
    end: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, optional=True)


class EnumValueDescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    number: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, optional=True)
    options: EnumValueOptions | None = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, "EnumValueOptions"
    )


class ServiceDescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    method: list[MethodDescriptorProto] = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "MethodDescriptorProto", repeated=True
    )
    options: ServiceOptions | None = aristaproto.field(
        3, aristaproto.TYPE_MESSAGE, "ServiceOptions"
    )


class MethodDescriptorProto(aristaproto.Message):
    name: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    input_type: str | None = aristaproto.field(
        2, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    output_type: str | None = aristaproto.field(
        3, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    options: MethodOptions | None = aristaproto.field(
        4, aristaproto.TYPE_MESSAGE, "MethodOptions"
    )
    client_streaming: bool | None = aristaproto.field(
        5, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    server_streaming: bool | None = aristaproto.field(
        6, aristaproto.TYPE_BOOL, optional=True, default=False
    )


class FileOptions(aristaproto.Message, extendable=True):
    java_package: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    java_outer_classname: str | None = aristaproto.field(
        8, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    java_multiple_files: bool | None = aristaproto.field(
        10, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    java_generate_equals_and_hash: bool | None = aristaproto.field(
        20, aristaproto.TYPE_BOOL, optional=True, deprecated=True
    )
    java_string_check_utf8: bool | None = aristaproto.field(
        27, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    optimize_for: FileOptionsOptimizeMode | None = aristaproto.field(
        9, aristaproto.TYPE_ENUM, "FileOptionsOptimizeMode", optional=True, default=1
    )
    go_package: str | None = aristaproto.field(
        11, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    cc_generic_services: bool | None = aristaproto.field(
        16, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    java_generic_services: bool | None = aristaproto.field(
        17, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    py_generic_services: bool | None = aristaproto.field(
        18, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    deprecated: bool | None = aristaproto.field(
        23, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    cc_enable_arenas: bool | None = aristaproto.field(
        31, aristaproto.TYPE_BOOL, optional=True, default=True
    )
    objc_class_prefix: str | None = aristaproto.field(
        36, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    csharp_namespace: str | None = aristaproto.field(
        37, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    swift_prefix: str | None = aristaproto.field(
        39, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    php_class_prefix: str | None = aristaproto.field(
        40, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    php_namespace: str | None = aristaproto.field(
        41, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    php_metadata_namespace: str | None = aristaproto.field(
        44, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    ruby_package: str | None = aristaproto.field(
        45, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    features: FeatureSet | None = aristaproto.field(
        50, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class MessageOptions(aristaproto.Message, extendable=True):
    message_set_wire_format: bool | None = aristaproto.field(
        1, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    no_standard_descriptor_accessor: bool | None = aristaproto.field(
        2, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    deprecated: bool | None = aristaproto.field(
        3, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    map_entry: bool | None = aristaproto.field(7, aristaproto.TYPE_BOOL, optional=True)
    deprecated_legacy_json_field_conflicts: bool | None = aristaproto.field(
        11, aristaproto.TYPE_BOOL, optional=True, deprecated=True
    )
    features: FeatureSet | None = aristaproto.field(
        12, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class FieldOptions(aristaproto.Message, extendable=True):
    ctype: FieldOptionsCType | None = aristaproto.field(
        1, aristaproto.TYPE_ENUM, "FieldOptionsCType", optional=True, default=0
    )
    packed: bool | None = aristaproto.field(2, aristaproto.TYPE_BOOL, optional=True)
    jstype: FieldOptionsJsType | None = aristaproto.field(
        6, aristaproto.TYPE_ENUM, "FieldOptionsJsType", optional=True, default=0
    )
    lazy: bool | None = aristaproto.field(
        5, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    unverified_lazy: bool | None = aristaproto.field(
        15, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    deprecated: bool | None = aristaproto.field(
        3, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    weak: bool | None = aristaproto.field(
        10, aristaproto.TYPE_BOOL, optional=True, default=False, deprecated=True
    )
    debug_redact: bool | None = aristaproto.field(
        16, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    retention: FieldOptionsOptionRetention | None = aristaproto.field(
        17, aristaproto.TYPE_ENUM, "FieldOptionsOptionRetention", optional=True
    )
    targets: list[FieldOptionsOptionTargetType] = aristaproto.field(
        19,
        aristaproto.TYPE_ENUM,
        "FieldOptionsOptionTargetType",
        repeated=True,
        packed=False,
    )
    edition_defaults: list[FieldOptionsEditionDefault] = aristaproto.field(
        20, aristaproto.TYPE_MESSAGE, "FieldOptionsEditionDefault", repeated=True
    )
    features: FeatureSet | None = aristaproto.field(
        21, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    feature_support: FieldOptionsFeatureSupport | None = aristaproto.field(
        22, aristaproto.TYPE_MESSAGE, "FieldOptionsFeatureSupport"
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class FieldOptionsEditionDefault(aristaproto.Message):
    edition: Edition | None = aristaproto.field(
        3, aristaproto.TYPE_ENUM, "Edition", optional=True
    )
    value: str | None = aristaproto.field(
        2, aristaproto.TYPE_STRING, optional=True, utf8=False
    )


class FieldOptionsFeatureSupport(aristaproto.Message):
    edition_introduced: Edition | None = aristaproto.field(
        1, aristaproto.TYPE_ENUM, "Edition", optional=True
    )
    edition_deprecated: Edition | None = aristaproto.field(
        2, aristaproto.TYPE_ENUM, "Edition", optional=True
    )
    deprecation_warning: str | None = aristaproto.field(
        3, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    edition_removed: Edition | None = aristaproto.field(
        4, aristaproto.TYPE_ENUM, "Edition", optional=True
    )
    removal_error: str | None = aristaproto.field(
        5, aristaproto.TYPE_STRING, optional=True, utf8=False
    )


class OneofOptions(aristaproto.Message, extendable=True):
    features: FeatureSet | None = aristaproto.field(
        1, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class EnumOptions(aristaproto.Message, extendable=True):
    allow_alias: bool | None = aristaproto.field(
        2, aristaproto.TYPE_BOOL, optional=True
    )
    deprecated: bool | None = aristaproto.field(
        3, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    deprecated_legacy_json_field_conflicts: bool | None = aristaproto.field(
        6, aristaproto.TYPE_BOOL, optional=True, deprecated=True
    )
    features: FeatureSet | None = aristaproto.field(
        7, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class EnumValueOptions(aristaproto.Message, extendable=True):
    deprecated: bool | None = aristaproto.field(
        1, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    features: FeatureSet | None = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    debug_redact: bool | None = aristaproto.field(
        3, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    feature_support: FieldOptionsFeatureSupport | None = aristaproto.field(
        4, aristaproto.TYPE_MESSAGE, "FieldOptionsFeatureSupport"
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class ServiceOptions(aristaproto.Message, extendable=True):
    features: FeatureSet | None = aristaproto.field(
        34, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    deprecated: bool | None = aristaproto.field(
        33, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class MethodOptions(aristaproto.Message, extendable=True):
    deprecated: bool | None = aristaproto.field(
        33, aristaproto.TYPE_BOOL, optional=True, default=False
    )
    idempotency_level: MethodOptionsIdempotencyLevel | None = aristaproto.field(
        34,
        aristaproto.TYPE_ENUM,
        "MethodOptionsIdempotencyLevel",
        optional=True,
        default=0,
    )
    features: FeatureSet | None = aristaproto.field(
        35, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    uninterpreted_option: list[UninterpretedOption] = aristaproto.field(
        999, aristaproto.TYPE_MESSAGE, "UninterpretedOption", repeated=True
    )


class UninterpretedOption(aristaproto.Message):
    name: list[UninterpretedOptionNamePart] = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "UninterpretedOptionNamePart", repeated=True
    )
    identifier_value: str | None = aristaproto.field(
        3, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    positive_int_value: int | None = aristaproto.field(
        4, aristaproto.TYPE_UINT64, optional=True
    )
    negative_int_value: int | None = aristaproto.field(
        5, aristaproto.TYPE_INT64, optional=True
    )
    double_value: float | None = aristaproto.field(
        6, aristaproto.TYPE_DOUBLE, optional=True
    )
    string_value: bytes | None = aristaproto.field(
        7, aristaproto.TYPE_BYTES, optional=True
    )
    aggregate_value: str | None = aristaproto.field(
        8, aristaproto.TYPE_STRING, optional=True, utf8=False
    )


class UninterpretedOptionNamePart(aristaproto.Message):
    name_part: str | None = aristaproto.field(
        1, aristaproto.TYPE_STRING, required=True, utf8=False
    )
    is_extension: bool | None = aristaproto.field(
        2, aristaproto.TYPE_BOOL, required=True
    )


class FeatureSet(aristaproto.Message, extendable=True):
    field_presence: FeatureSetFieldPresence | None = aristaproto.field(
        1, aristaproto.TYPE_ENUM, "FeatureSetFieldPresence", optional=True
    )
    enum_type: FeatureSetEnumType | None = aristaproto.field(
        2, aristaproto.TYPE_ENUM, "FeatureSetEnumType", optional=True
    )
    repeated_field_encoding: FeatureSetRepeatedFieldEncoding | None = aristaproto.field(
        3, aristaproto.TYPE_ENUM, "FeatureSetRepeatedFieldEncoding", optional=True
    )
    utf8_validation: FeatureSetUtf8Validation | None = aristaproto.field(
        4, aristaproto.TYPE_ENUM, "FeatureSetUtf8Validation", optional=True
    )
    message_encoding: FeatureSetMessageEncoding | None = aristaproto.field(
        5, aristaproto.TYPE_ENUM, "FeatureSetMessageEncoding", optional=True
    )
    json_format: FeatureSetJsonFormat | None = aristaproto.field(
        6, aristaproto.TYPE_ENUM, "FeatureSetJsonFormat", optional=True
    )
    enforce_naming_style: FeatureSetEnforceNamingStyle | None = aristaproto.field(
        7, aristaproto.TYPE_ENUM, "FeatureSetEnforceNamingStyle", optional=True
    )
    default_symbol_visibility: (
        FeatureSetVisibilityFeatureDefaultSymbolVisibility | None
    ) = aristaproto.field(
        8,
        aristaproto.TYPE_ENUM,
        "FeatureSetVisibilityFeatureDefaultSymbolVisibility",
        optional=True,
    )
    enforce_proto_limits: FeatureSetProtoLimitsFeatureEnforceProtoLimits | None = (
        aristaproto.field(
            9,
            aristaproto.TYPE_ENUM,
            "FeatureSetProtoLimitsFeatureEnforceProtoLimits",
            optional=True,
        )
    )


class FeatureSetVisibilityFeature(aristaproto.Message):
    pass


class FeatureSetProtoLimitsFeature(aristaproto.Message):
    pass


class FeatureSetDefaults(aristaproto.Message):
    defaults: list[FeatureSetDefaultsFeatureSetEditionDefault] = aristaproto.field(
        1,
        aristaproto.TYPE_MESSAGE,
        "FeatureSetDefaultsFeatureSetEditionDefault",
        repeated=True,
    )
    minimum_edition: Edition | None = aristaproto.field(
        4, aristaproto.TYPE_ENUM, "Edition", optional=True
    )
    maximum_edition: Edition | None = aristaproto.field(
        5, aristaproto.TYPE_ENUM, "Edition", optional=True
    )


class FeatureSetDefaultsFeatureSetEditionDefault(aristaproto.Message):
    edition: Edition | None = aristaproto.field(
        3, aristaproto.TYPE_ENUM, "Edition", optional=True
    )
    overridable_features: FeatureSet | None = aristaproto.field(
        4, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )
    fixed_features: FeatureSet | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, "FeatureSet"
    )


class SourceCodeInfo(aristaproto.Message, extendable=True):
    location: list[SourceCodeInfoLocation] = aristaproto.field(
        1, aristaproto.TYPE_MESSAGE, "SourceCodeInfoLocation", repeated=True
    )


class SourceCodeInfoLocation(aristaproto.Message):
    path: list[int] = aristaproto.field(1, aristaproto.TYPE_INT32, repeated=True)
    span: list[int] = aristaproto.field(2, aristaproto.TYPE_INT32, repeated=True)
    leading_comments: str | None = aristaproto.field(
        3, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    trailing_comments: str | None = aristaproto.field(
        4, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    leading_detached_comments: list[str] = aristaproto.field(
        6, aristaproto.TYPE_STRING, repeated=True, utf8=False
    )


class GeneratedCodeInfo(aristaproto.Message):
    annotation: list[GeneratedCodeInfoAnnotation] = aristaproto.field(
        1, aristaproto.TYPE_MESSAGE, "GeneratedCodeInfoAnnotation", repeated=True
    )


class GeneratedCodeInfoAnnotation(aristaproto.Message):
    path: list[int] = aristaproto.field(1, aristaproto.TYPE_INT32, repeated=True)
    source_file: str | None = aristaproto.field(
        2, aristaproto.TYPE_STRING, optional=True, utf8=False
    )
    begin: int | None = aristaproto.field(3, aristaproto.TYPE_INT32, optional=True)
    end: int | None = aristaproto.field(4, aristaproto.TYPE_INT32, optional=True)
    semantic: GeneratedCodeInfoAnnotationSemantic | None = aristaproto.field(
        5, aristaproto.TYPE_ENUM, "GeneratedCodeInfoAnnotationSemantic", optional=True
    )


message_pool.register(
    "google.protobuf",
    {
        "Edition": Edition,
        "SymbolVisibility": SymbolVisibility,
        "ExtensionRangeOptions.VerificationState": (
            ExtensionRangeOptionsVerificationState
        ),
        "FieldDescriptorProto.Type": FieldDescriptorProtoType,
        "FieldDescriptorProto.Label": FieldDescriptorProtoLabel,
        "FileOptions.OptimizeMode": FileOptionsOptimizeMode,
        "FieldOptions.CType": FieldOptionsCType,
        "FieldOptions.JSType": FieldOptionsJsType,
        "FieldOptions.OptionRetention": FieldOptionsOptionRetention,
        "FieldOptions.OptionTargetType": FieldOptionsOptionTargetType,
        "MethodOptions.IdempotencyLevel": MethodOptionsIdempotencyLevel,
        "FeatureSet.FieldPresence": FeatureSetFieldPresence,
        "FeatureSet.EnumType": FeatureSetEnumType,
        "FeatureSet.RepeatedFieldEncoding": FeatureSetRepeatedFieldEncoding,
        "FeatureSet.Utf8Validation": FeatureSetUtf8Validation,
        "FeatureSet.MessageEncoding": FeatureSetMessageEncoding,
        "FeatureSet.JsonFormat": FeatureSetJsonFormat,
        "FeatureSet.EnforceNamingStyle": FeatureSetEnforceNamingStyle,
        "FeatureSet.VisibilityFeature.DefaultSymbolVisibility": (
            FeatureSetVisibilityFeatureDefaultSymbolVisibility
        ),
        "FeatureSet.ProtoLimitsFeature.EnforceProtoLimits": (
            FeatureSetProtoLimitsFeatureEnforceProtoLimits
        ),
        "GeneratedCodeInfo.Annotation.Semantic": GeneratedCodeInfoAnnotationSemantic,
        "FileDescriptorSet": FileDescriptorSet,
        "FileDescriptorProto": FileDescriptorProto,
        "DescriptorProto": DescriptorProto,
        "DescriptorProto.ExtensionRange": DescriptorProtoExtensionRange,
        "DescriptorProto.ReservedRange": DescriptorProtoReservedRange,
        "ExtensionRangeOptions": ExtensionRangeOptions,
        "ExtensionRangeOptions.Declaration": ExtensionRangeOptionsDeclaration,
        "FieldDescriptorProto": FieldDescriptorProto,
        "OneofDescriptorProto": OneofDescriptorProto,
        "EnumDescriptorProto": EnumDescriptorProto,
        "EnumDescriptorProto.EnumReservedRange": EnumDescriptorProtoEnumReservedRange,
        "EnumValueDescriptorProto": EnumValueDescriptorProto,
        "ServiceDescriptorProto": ServiceDescriptorProto,
        "MethodDescriptorProto": MethodDescriptorProto,
        "FileOptions": FileOptions,
        "MessageOptions": MessageOptions,
        "FieldOptions": FieldOptions,
        "FieldOptions.EditionDefault": FieldOptionsEditionDefault,
        "FieldOptions.FeatureSupport": FieldOptionsFeatureSupport,
        "OneofOptions": OneofOptions,
        "EnumOptions": EnumOptions,
        "EnumValueOptions": EnumValueOptions,
        "ServiceOptions": ServiceOptions,
        "MethodOptions": MethodOptions,
        "UninterpretedOption": UninterpretedOption,
        "UninterpretedOption.NamePart": UninterpretedOptionNamePart,
        "FeatureSet": FeatureSet,
        "FeatureSet.VisibilityFeature": FeatureSetVisibilityFeature,
        "FeatureSet.ProtoLimitsFeature": FeatureSetProtoLimitsFeature,
        "FeatureSetDefaults": FeatureSetDefaults,
        "FeatureSetDefaults.FeatureSetEditionDefault": (
            FeatureSetDefaultsFeatureSetEditionDefault
        ),
        "SourceCodeInfo": SourceCodeInfo,
        "SourceCodeInfo.Location": SourceCodeInfoLocation,
        "GeneratedCodeInfo": GeneratedCodeInfo,
        "GeneratedCodeInfo.Annotation": GeneratedCodeInfoAnnotation,
    },
)
