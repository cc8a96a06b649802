//! The .proto files that every protobuf compiler is expected to know, bundled: protox carries older ones without comments,
//! and a protoc from elsewhere may carry none. `cargo xtask bootstrap` copies those that come with the prebuilt protoc.

/// The bundled files: the name by which they are imported, and their text.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "google/protobuf/any.proto",
        include_str!("include/google/protobuf/any.proto"),
    ),
    (
        "google/protobuf/api.proto",
        include_str!("include/google/protobuf/api.proto"),
    ),
    (
        "google/protobuf/c_sharp_features.proto",
        include_str!("include/google/protobuf/c_sharp_features.proto"),
    ),
    (
        "google/protobuf/compiler/plugin.proto",
        include_str!("include/google/protobuf/compiler/plugin.proto"),
    ),
    (
        "google/protobuf/cpp_features.proto",
        include_str!("include/google/protobuf/cpp_features.proto"),
    ),
    (
        "google/protobuf/cpp_file_options.proto",
        include_str!("include/google/protobuf/cpp_file_options.proto"),
    ),
    (
        "google/protobuf/cpp_options.proto",
        include_str!("include/google/protobuf/cpp_options.proto"),
    ),
    (
        "google/protobuf/descriptor.proto",
        include_str!("include/google/protobuf/descriptor.proto"),
    ),
    (
        "google/protobuf/duration.proto",
        include_str!("include/google/protobuf/duration.proto"),
    ),
    (
        "google/protobuf/empty.proto",
        include_str!("include/google/protobuf/empty.proto"),
    ),
    (
        "google/protobuf/field_mask.proto",
        include_str!("include/google/protobuf/field_mask.proto"),
    ),
    (
        "google/protobuf/go_features.proto",
        include_str!("include/google/protobuf/go_features.proto"),
    ),
    (
        "google/protobuf/java_features.proto",
        include_str!("include/google/protobuf/java_features.proto"),
    ),
    (
        "google/protobuf/json_enumvalue_options.proto",
        include_str!("include/google/protobuf/json_enumvalue_options.proto"),
    ),
    (
        "google/protobuf/json_options.proto",
        include_str!("include/google/protobuf/json_options.proto"),
    ),
    (
        "google/protobuf/source_context.proto",
        include_str!("include/google/protobuf/source_context.proto"),
    ),
    (
        "google/protobuf/struct.proto",
        include_str!("include/google/protobuf/struct.proto"),
    ),
    (
        "google/protobuf/timestamp.proto",
        include_str!("include/google/protobuf/timestamp.proto"),
    ),
    (
        "google/protobuf/type.proto",
        include_str!("include/google/protobuf/type.proto"),
    ),
    (
        "google/protobuf/wrappers.proto",
        include_str!("include/google/protobuf/wrappers.proto"),
    ),
];

/// The text of one bundled file.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(file, _)| *file == name)
        .map(|(_, text)| *text)
}
