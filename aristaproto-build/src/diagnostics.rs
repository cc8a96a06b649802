//! Everything that the engine has to say about what it was given: one row for each message, with what to do about it. Whoever
//! finds a problem calls the row and adds the place. tests/diagnostics has an example of each row; its test walks
//! [`CODES`] and fails for a row without one.

use std::fmt::Display;

use crate::error::{Diagnostic, Kind, Row, Severity};

/// `name(arguments), kind, severity: message, hint: what to do;`
macro_rules! table {
    (@hint) => { None };
    (@hint $hint:literal) => { Some(format!($hint)) };
    ($($name:ident($($argument:ident),*), $kind:ident, $severity:ident: $message:literal $(, hint: $hint:literal)?;)+) => {
        $(
            #[allow(dead_code, reason = "some features have rows of their own")]
            pub(crate) fn $name($($argument: impl Display),*) -> Diagnostic {
                const ROW: &Row = &Row {
                    code: stringify!($name),
                    kind: Kind::$kind,
                    severity: Severity::$severity,
                };
                Diagnostic {
                    message: format!($message),
                    location: None,
                    hint: table!(@hint $($hint)?),
                    excerpt: None,
                    row: ROW,
                }
            }
        )+

        /// The [`code`](Diagnostic::code) of each diagnostic that there is.
        pub const CODES: &[&str] = &[$(stringify!($name)),+];
    };
}

const GET_A_COMPILER: &str = "turn on the feature `prebuilt-protoc` (complete, nothing to compile), `protox` (pure Rust, no \
     editions) or `vendored-protoc` (complete, needs cmake and a C++ compiler), or install protoc and put it on PATH, or name it with `Config::protoc` or `PROTOC`";

table! {
    // The options of any door.
    unknown_option(key, keys), Option, Error: "there is no option `{key}`; the options are: {keys}";
    option_without_value(key, values), Option, Error: "option `{key}` needs a value", hint: "write `{key}=` and one of: {values}";
    option_without_folder(key), Option, Error: "option `{key}` needs a value",
        hint: "write `{key}=` and the folder that protoc writes to";
    wrong_option_value(key, value, values), Option, Error: "option `{key}` cannot be `{value}`; it is one of: {values}";
    wrong_extern_package(given), Option, Error: "`extern_package` cannot be `{given}`",
        hint: "give a proto package and the Python package that has its classes, `google.type:acme_common.google.type`; with a \
               dot before it, the Python package is in the tree itself";

    // The paths that were given.
    no_protos(), Option, Error: "no .proto file was given";
    no_proto_in_folder(folder), ImportNotFound, Error: "there is no .proto file in the folder `{folder}`";
    path_missing(what, path, root), ImportNotFound, Error: "the {what} `{path}` does not exist",
        hint: "relative paths start at {root}";
    path_misspelt(what, path, near), ImportNotFound, Error: "the {what} `{path}` does not exist",
        hint: "did you mean `{near}`?";
    outside_of_includes(file, includes, folder), Proto, Error: "`{file}` is in none of the include folders ({includes})",
        hint: "add `{folder}` to the includes";
    same_name(first, second, name), Proto, Error:
        "`{first}` and `{second}` are both called `{name}`, relative to their include folders",
        hint: "give an include folder that holds both, so that their names differ";
    path_not_utf8(path), Io, Error: "the path `{path}` is not valid UTF-8";

    // Which protobuf compiler is used.
    no_compiler(), FrontEnd, Error:
        "there is no protobuf compiler: no `Config::protoc` was given, `PROTOC` is not set, the features \
         `vendored-protoc`, `prebuilt-protoc` and `protox` of aristaproto-build are off, and there is no `protoc` in the folders of PATH",
        hint: "{GET_A_COMPILER}";
    vendored_protoc_is_off(), FrontEnd, Error:
        "the vendored protoc was asked for, but the feature `vendored-protoc` of aristaproto-build is off",
        hint: "{GET_A_COMPILER}";
    prebuilt_protoc_is_off(), FrontEnd, Error:
        "the prebuilt protoc was asked for, but the feature `prebuilt-protoc` of aristaproto-build is off",
        hint: "{GET_A_COMPILER}";
    protox_is_off(), FrontEnd, Error: "protox was asked for, but the feature `protox` of aristaproto-build is off",
        hint: "{GET_A_COMPILER}";
    no_protoc_on_path(), FrontEnd, Error: "protoc was asked for, but there is none in the folders of PATH",
        hint: "{GET_A_COMPILER}";
    protoc_missing(path, named_by), FrontEnd, Error: "`{path}`, which {named_by} names, does not exist",
        hint: "name a protoc that exists, or remove {named_by} to use another protobuf compiler";
    protoc_cannot_run(path, error), FrontEnd, Error: "cannot run {path}: {error}",
        hint: "name a protoc that can be run with `Config::protoc` or `PROTOC`, or turn on the feature `protox`";
    protoc_failed(path, status, said), FrontEnd, Error: "{path} ended with {status} {said}",
        hint: "name a working protoc with `Config::protoc` or `PROTOC`, or turn on the feature `protox`";

    // What the compiler says about a file.
    refused(said), Proto, Error: "{said}";
    doubted(said), Proto, Warning: "{said}";
    protoc_without_editions(said), Proto, Error: "{said}",
        hint: "this protoc knows no editions: name one of version 27 or newer with `Config::protoc` or `PROTOC`, or turn on \
               the feature `prebuilt-protoc` of aristaproto-build";
    protox_without_editions(said), Proto, Error: "{said}",
        hint: "protox knows no editions: turn on the feature `prebuilt-protoc` of aristaproto-build, or name a protoc with \
               `Config::protoc` or `PROTOC`";
    refused_by_protox(said), Proto, Error: "{said}",
        hint: "protox refuses some files that protoc takes: if this one is right, turn on the feature `prebuilt-protoc` of \
               aristaproto-build, or name a protoc with `Config::protoc` or `PROTOC`";
    import_not_found(import, searched), ImportNotFound, Error: "the import `{import}` was not found",
        hint: "searched: {searched}\nadd the folder that holds `{import}` to the includes";
    import_elsewhere(import, searched, folder), ImportNotFound, Error: "the import `{import}` was not found",
        hint: "searched: {searched}\n`{import}` lies in `{folder}`: add that folder to the includes";
    not_utf8(file), Proto, Error: "`{file}` is not text in UTF-8", hint: "save `{file}` as UTF-8";

    // Descriptors, whoever made them.
    unreadable_descriptor(file, error), Proto, Error: "the descriptor of `{file}` cannot be read: {error}",
        hint: "save `{file}` as UTF-8";
    not_a_descriptor_set(error), Proto, Error: "the bytes are not a serialised FileDescriptorSet: {error}";
    import_not_in_set(file, import), Proto, Error: "`{file}` imports `{import}`, which is not in the descriptor set",
        hint: "write the set with its imports: `protoc --include_imports`";
    file_not_in_set(file), Proto, Error: "`{file}` was asked for and is not in the descriptor set";
    type_not_in_set(what, name), Proto, Error: "{what}: its type `{name}` is not in the descriptor set, or not whole",
        hint: "make the descriptor set again, with everything that is imported";
    no_identifier(what, name), Proto, Error: "{what} is called `{name}`, which is no identifier",
        hint: "a name has letters, digits and underscores of ASCII and begins with no digit: make the descriptors with a protobuf \
               compiler";
    file_leads_out(what), Proto, Error: "{what} has no name that is a path below a folder",
        hint: "name it as imports do, relative to an include folder, with forward slashes and without `.` and `..`";
    unknown_syntax(what, syntax), Proto, Error: "{what} has the syntax `{syntax}`, which is none of proto2, proto3 and editions",
        hint: "make the descriptors again with a protobuf compiler";
    wrong_number(what, number), Proto, Error: "{what} has the number {number}, which no field can have",
        hint: "numbers go from 1 to 536870911";
    enum_without_values(what), Proto, Error: "{what} has no values", hint: "give it one for 0";
    default_not_utf8(what, text), Proto, Warning: "{what} has no default in Python: `{text}` is no UTF-8",
        hint: "make it `bytes`, or its default a text";
    wrong_default(what, text), Proto, Error: "{what} has the default `{text}`, no value of its type",
        hint: "make the descriptor set again with an up-to-date protobuf compiler";
    not_a_request(error), Proto, Error: "standard input is not a CodeGeneratorRequest: {error}",
        hint: "let protoc call this program: `protoc --python_aristaproto_out=FOLDER FILE`";

    // Names.
    renamed(what, name, holder), Proto, Warning: "{what} is `{name}` in Python: {holder} has the name",
        hint: "rename one of the two if the name matters";
    package_renamed(what, module, reason), Proto, Warning: "{what} is the module `{module}` in Python: {reason}",
        hint: "rename the package if the name matters";
    package_generated_and_extern(package, python, given), Proto, Error:
        "package `{package}` is to be generated, and extern: `{python}` has its classes",
        hint: "do not name this file among those to generate, or take `{given}` out of the extern packages";
    extern_package_not_in_set(given), Proto, Warning:
        "no .proto file has the extern package `{given}` or one below it",
        hint: "name a package as the .proto files do that are imported, or take it out of the extern packages";

    // Proto crates.
    export_without_links(package), Option, Error:
        "the package `{package}` has no `links`, without which cargo hands nothing on to those that depend on it",
        hint: "write `links = \"{package}\"` under `[package]` in its Cargo.toml";
    no_proto_crate(links), Option, Error:
        "no dependency of this package has `links = \"{links}\"` and exports .proto files",
        hint: "add the crate under `[dependencies]` (not only under `[build-dependencies]`), with that `links` in its Cargo.toml \
               and `Config::export` in its build script";
    export_of_another_version(links), Option, Error:
        "`{links}` was exported by another version of aristaproto-build",
        hint: "let all crates of the build depend on one version: `cargo tree --invert aristaproto-build` shows them";
    proto_of_a_dependency(file, package), Proto, Error:
        "`{file}` is to be generated, and the crate `{package}` has generated it",
        hint: "do not name this file among those to generate: an import finds it";
    proto_of_two_crates(file, first, second), Proto, Error:
        "both `{first}` and `{second}` have generated `{file}`",
        hint: "let one of the crates own it and the other depend on that one, or move it to a crate that both depend on";
    proto_hides_another(file, package), Proto, Error:
        "this file hides `{file}` of the crate `{package}`, and is not the same",
        hint: "delete it, or give it another name: the types are those of `{package}`";
    proto_crate_below(import, package), Proto, Error:
        "this file imports `{import}` of the crate `{package}`, on which this package does not depend",
        hint: "add `{package}` under `[dependencies]`, so that the Rust types can name those of `{package}`";
    proto_crate_without_rust(import, package), Proto, Error:
        "this file imports `{import}` of the crate `{package}`, which has no Rust types",
        hint: "call `Config::prost` in the build script of `{package}`";

    // Rust types.
    prost_failed(error), Proto, Error: "prost-build cannot write the Rust types: {error}";
    prost_without_editions(file), Proto, Error: "`{file}` uses an edition, which prost-build does not know",
        hint: "leave `Config::prost` out, or write `syntax = \"proto3\"` in the file";
    pyo3_without_prost(package), Option, Error:
        "`Config::pyo3(\"{package}\")` is for the Rust types of prost, and there are none",
        hint: "call `Config::prost`, too";

    // The tree on disk.
    cannot(verb, path, error), Io, Error: "cannot {verb} {path}: {error}";
    cannot_for_a_file(verb, path, error), Io, Error: "cannot {verb} {path}: {error}",
        hint: "a file is there, or on the way: choose another `out_dir`";
    cannot_for_permissions(verb, path, error), Io, Error: "cannot {verb} {path}: {error}",
        hint: "make it writable, or choose another `out_dir`";
    no_out_dir(), Io, Error: "there is no folder to write to: no `out_dir` was given, and cargo set no `OUT_DIR`",
        hint: "give an `out_dir`; or generate in a build script; for the macro, an empty build.rs (`fn main() {{}}`) makes \
               cargo set `OUT_DIR`";
    tree_of_another_package(folder, owner, me), Io, Error:
        "`{folder}` holds what the package `{owner}` generated, and `{me}` would replace it",
        hint: "give each package a folder of its own; if the package was renamed, delete the folder";
    path_leads_out(path), Io, Error: "`{path}` is no path below a folder";
    second_call(folder, verb, path), Io, Error:
        "an earlier call of this build script generated `{folder}`, and this call would {verb} `{path}` there",
        hint: "name all .proto files in one call, or give each call an `out_dir` of its own";
    file_in_the_way(path), Io, Error: "`{path}` is in the way of a generated file and was not generated",
        hint: "move it away, or choose another `out_dir`; if it was generated by other means, delete it";
    init_file_in_the_way(path), Io, Error: "`{path}` was not generated, and protoc would replace it with an empty file",
        hint: "keep it with the option `omit_empty_init_files`, or generate into a folder of its own";
    package_in_part(folder, names), Io, Error:
        "`{folder}` also has what was generated from {names}, and protoc would replace it with what this run generates",
        hint: "name all .proto files of the package in one run; if a file is gone for good, delete `{folder}/_descriptors.py`";
    imported_package_in_part(folder, names, package, python), Io, Error:
        "`{folder}` also has what was generated from {names}, and protoc would replace it with what this run imports",
        hint: "name all .proto files of the package `{package}` in this run, too, or leave it as it is with the option \
               `extern_package={package}:.{python}`";
    well_known_package_in_part(folder, names), Io, Error:
        "`{folder}` also has what was generated from {names}, and protoc would replace it without that",
        hint: "name these files, too, in each run with a file that imports one of `google/protobuf`";
    replaced_by_protoc(what, hint, folder), Io, Warning: "{what}",
        hint: "{hint}; with the option `out_dir={folder}` this is an error, and nothing is lost";
    read_only_package(folder), Stale, Warning:
        "{folder} is out of date, and stays so because the package is read-only here";

    missing_in_read_only_package(folder), Stale, Warning:
        "{folder} is missing, and is not generated because the package is read-only here",
        hint: "the package should carry it: look at `include` and `exclude` in its Cargo.toml, or generate into `OUT_DIR`";

    // The check.
    out_of_date(path, diff), Stale, Error: "`{path}` is out of date\n{diff}";
    missing_in_tree(path), Stale, Error: "`{path}` is missing";
    no_longer_generated(path), Stale, Error: "`{path}` is no longer generated";
}

/// How much of a text that somebody else chose a message shows, in characters.
const SHOWN: usize = 80;

/// A text that somebody else chose, on one line and not too long.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Bytes that somebody else chose, with those that are not printable ASCII escaped.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    let mut shown = bytes[..bytes.len().min(SHOWN)].escape_ascii().to_string();
    if bytes.len() > SHOWN {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_messages_end_without_a_full_stop() {
        for (index, code) in CODES.iter().enumerate() {
            assert!(!CODES[..index].contains(code), "{code} twice");
        }
        let diagnostic = import_elsewhere("a.proto", "proto", "other");
        assert_eq!(diagnostic.code(), "import_elsewhere");
        assert_eq!(
            diagnostic.to_string(),
            "the import `a.proto` was not found\n  hint: searched: proto\n  `a.proto` lies in `other`: add that folder to the \
             includes"
        );
    }
}
