//! Every Python name comes out of this room: proto names go in, Python identifiers go out, and whatever is neither a
//! keyword, nor a name that the runtime owns, nor taken by something else in the same scope. Pure functions, called by
//! [`crate::resolve`] alone; the printers only copy what was decided here.
//!
//! The spelling rules are those of the runtime's specification (classes, fields and methods, enum members); what they
//! make of two different proto names may be the same Python name, so every scope goes through a
//! [`Scope`](crate::scope::Scope).

use std::borrow::Cow;

/// <https://docs.python.org/3/reference/lexical_analysis.html#keywords>; soft keywords are ordinary names.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// The builtins that generated code refers to: a class that has a field of such a name refers to `builtins.<name>`.
pub(crate) const BUILTINS: &[&str] = &[
    "AttributeError",
    "DeprecationWarning",
    "bool",
    "bytes",
    "dict",
    "float",
    "getattr",
    "int",
    "list",
    "object",
    "str",
    "tuple",
];

/// Members of the runtime's `Message`, as far as a field could have such a name; it gets a trailing underscore.
const MESSAGE: &[&str] = &[
    "_extensions",
    "_unknown_fields",
    "_validate",
    "dump",
    "from_dict",
    "from_json",
    "from_text",
    "is_set",
    "load",
    "parse",
    "to_dict",
    "to_json",
    "to_text",
    // Classes whose fields hold a plain Python value convert with these two.
    "from_wrapped",
    "to_wrapped",
];

/// Members of the runtime's `Enum`, of `int` and of `enum.Enum`, and what `enum` does not take as a member.
const ENUM: &[&str] = &[
    // The descriptors option adds this one.
    "DESCRIPTOR",
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "denominator",
    "from_bytes",
    "from_string",
    "imag",
    "is_integer",
    "mro",
    "name",
    "numerator",
    "proto_name",
    "real",
    "to_bytes",
    "value",
];

/// Attributes of the stubs and server bases of both transports, whichever is generated: a method keeps its name when
/// the options change.
const SERVICE: &[&str] = &[
    "_channel",
    "_check",
    "_credentials",
    "_deadline",
    "_grpcio_context",
    "_grpcio_generic_rpc_handler",
    "_grpcio_rpc_handler",
    "_grpcio_stream_stream_rpc_method_handler",
    "_grpcio_stream_unary_rpc_method_handler",
    "_grpcio_unary_stream_rpc_method_handler",
    "_grpcio_unary_unary_rpc_method_handler",
    "_grpcio_unimplemented",
    "_grpclib_stream_stream_rpc_method_handler",
    "_grpclib_stream_unary_rpc_method_handler",
    "_grpclib_unary_stream_rpc_method_handler",
    "_grpclib_unary_unary_rpc_method_handler",
    "_grpclib_unimplemented",
    "_metadata",
    "_method",
    "_methods",
    "_multi_callables",
    "_options",
    "_request_types",
    "_sending",
    "_start",
    "_stream_stream",
    "_stream_stream_responses",
    "_stream_unary",
    "_timeout",
    "_unary_stream",
    "_unary_stream_responses",
    "_unary_unary",
    "_wait_for_ready",
];

/// What a module has besides classes: a variable of such a name gets a trailing underscore.
const MODULE: &[&str] = &[
    "_descriptors",
    // `from __future__ import annotations`
    "annotations",
    "google_proto_descriptor_pool",
    "message_pool",
];

/// The class of a message or enum: Pascal case of its dotted path inside the package.
pub(crate) fn class_name(path: &str) -> String {
    identifier(&pascal_case(path), is_keyword)
}

/// What the names of a service's stubs and base begin with.
pub(crate) fn service_name(name: &str) -> String {
    identifier(&pascal_case(name), |_| false)
}

/// The attribute of a message's field.
pub(crate) fn field_name(name: &str) -> String {
    identifier(&snake_case(name), |name| {
        is_keyword(name) || is_dunder(name) || MESSAGE.contains(&name) || is_mangled(name)
    })
}

/// The variable of an extension: snake case of its dotted path inside the package.
pub(crate) fn extension_name(path: &str) -> String {
    let (outer, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut result = String::with_capacity(path.len() + 4);
    for segment in outer.split('.').filter(|segment| !segment.is_empty()) {
        result.push_str(&snake_case(segment).to_ascii_lowercase());
        result.push('_');
    }
    result.push_str(&snake_case(name));
    identifier(&result, |name| {
        is_keyword(name) || is_dunder(name) || MODULE.contains(&name)
    })
}

/// The method of an RPC, in stubs and bases.
pub(crate) fn method_name(name: &str) -> String {
    identifier(&snake_case(name), |name| {
        is_keyword(name) || is_dunder(name) || SERVICE.contains(&name) || is_mangled(name)
    })
}

/// The member of an enum, its prefix already cut.
pub(crate) fn member_name(name: &str) -> String {
    identifier(name, |name| {
        is_keyword(name)
            || is_dunder(name)
            || ENUM.contains(&name)
            || is_mangled(name)
            || is_sunder(name)
    })
}

/// A folder of the tree, for one segment of a package's name; `__init__` and `__pycache__` are Python's.
pub(crate) fn package_segment(segment: &str) -> Cow<'_, str> {
    if is_keyword(segment) || is_dunder(segment) {
        Cow::Owned(format!("{segment}_"))
    } else {
        Cow::Borrowed(segment)
    }
}

/// The variable that holds a file's descriptor: `dir/example.proto` → `DIR_EXAMPLE_PROTO_DESCRIPTOR`.
pub(crate) fn descriptor_variable(file: &str) -> String {
    let mut name: String = file
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    name.push_str("_DESCRIPTOR");
    identifier(&name, |_| false)
}

/// What JSON calls a field that does not say: lowerCamelCase as protoc makes it.
pub(crate) fn json_name(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    let mut capital = false;
    for c in name.chars() {
        if c == '_' {
            capital = true;
        } else {
            result.push(if capital { c.to_ascii_uppercase() } else { c });
            capital = false;
        }
    }
    result
}

/// How many bytes of `value` spell the name of its enum and the underscore after it: `HTTP_CODE_OK` in `HTTPCode` → 10.
/// Underscores and case do not count. None if nothing would be left.
pub(crate) fn enum_prefix(enum_name: &str, value: &str) -> Option<usize> {
    let mut letters = enum_name.bytes().filter(|&c| c != b'_').peekable();
    for (index, c) in value.bytes().enumerate() {
        if c == b'_' {
            if letters.peek().is_none() {
                return (index + 1 < value.len()).then_some(index + 1);
            }
        } else if !letters.next()?.eq_ignore_ascii_case(&c) {
            return None;
        }
    }
    None
}

pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// A class body turns `__name` into `_Class__name`, a keyword argument of that name does not exist then.
fn is_mangled(name: &str) -> bool {
    name.starts_with("__") && !name.ends_with("__")
}

/// `__name__`: Python keeps these names to itself.
fn is_dunder(name: &str) -> bool {
    is_between("__", name)
}

/// `_name_`: the module `enum` keeps these names to itself.
fn is_sunder(name: &str) -> bool {
    is_between("_", name)
}

/// Whether exactly `edge` stands before and after something.
fn is_between(edge: &str, name: &str) -> bool {
    name.strip_prefix(edge)
        .and_then(|rest| rest.strip_suffix(edge))
        .is_some_and(|inner| !inner.is_empty() && !inner.starts_with('_') && !inner.ends_with('_'))
}

/// `name` as an identifier that `is_taken` lets pass: an underscore before it if it does not start like one, underscores
/// after it until it is free.
fn identifier(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut result = String::with_capacity(name.len() + 1);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        result.push('_');
    }
    result.push_str(name);
    while is_taken(&result) {
        result.push('_');
    }
    result
}

/// Words as the specification cuts them, each capitalised: `DoTHINGRequest` → `DoThingRequest`.
///
/// A run of capitals that no lowercase letter follows is a word, with the digits after it; otherwise capitals, then
/// lowercase letters, then digits. Everything else separates.
fn pascal_case(value: &str) -> String {
    let bytes = value.as_bytes();
    let run = |from: usize, is: fn(&u8) -> bool| {
        from + bytes[from..].iter().take_while(|c| is(c)).count()
    };
    let mut result = String::with_capacity(value.len());
    let mut start = 0;
    while start < bytes.len() {
        if !bytes[start].is_ascii_alphanumeric() {
            start += 1;
            continue;
        }
        let capitals = run(start, u8::is_ascii_uppercase);
        let lowercase_follows = bytes.get(capitals).is_some_and(u8::is_ascii_lowercase);
        let end = if capitals > start && !lowercase_follows {
            run(capitals, u8::is_ascii_digit)
        } else if capitals > start + 1 {
            // The last capital of the run starts the next word.
            capitals - 1
        } else {
            run(run(capitals, u8::is_ascii_lowercase), u8::is_ascii_digit)
        };
        let word = &value[start..end];
        result.push_str(&word[..1].to_ascii_uppercase());
        result.push_str(&word[1..].to_ascii_lowercase());
        start = end;
    }
    result
}

/// A name that has an underscore or no capital stays; otherwise an underscore before a capital after a lowercase letter
/// or digit, before the last capital of an acronym that starts a word, and before a digit after a letter.
fn snake_case(value: &str) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    if bytes.contains(&b'_') || !bytes.iter().any(u8::is_ascii_uppercase) {
        return Cow::Borrowed(value);
    }
    let mut result = String::with_capacity(value.len() + 4);
    for (index, &c) in bytes.iter().enumerate() {
        if index > 0 {
            let before = bytes[index - 1];
            let starts_word = c.is_ascii_uppercase()
                && (!before.is_ascii_uppercase()
                    || bytes.get(index + 1).is_some_and(u8::is_ascii_lowercase));
            if starts_word || (c.is_ascii_digit() && before.is_ascii_alphabetic()) {
                result.push('_');
            }
        }
        result.push(char::from(c.to_ascii_lowercase()));
    }
    Cow::Owned(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_pascal_case_of_the_path() {
        for (path, class) in [
            ("Test.Nested", "TestNested"),
            (
                "Test.Top.Middle.TopMiddleBottom",
                "TestTopMiddleTopMiddleBottom",
            ),
            ("Test.inner_class", "TestInnerClass"),
            ("snake_case_message", "SnakeCaseMessage"),
            ("HTTPCode", "HttpCode"),
            ("DoTHINGRequest", "DoThingRequest"),
            ("UInt64Value", "UInt64Value"),
            ("FOOBAR", "Foobar"),
            ("FOOBar", "FooBar"),
            ("FOOBAR_1", "Foobar1"),
            ("FOO1BAR2", "Foo1Bar2"),
            ("foobaR", "FoobaR"),
            ("_foobar", "Foobar"),
            ("A1b", "A1B"),
            ("None", "None_"),
            ("_1a", "_1A"),
            ("_", "_"),
        ] {
            assert_eq!(class_name(path), class, "{path}");
        }
    }

    #[test]
    fn fields_and_methods_are_snake_case() {
        for (name, python) in [
            ("camelCase", "camel_case"),
            ("UPPERCASE", "uppercase"),
            ("nestedArgument", "nested_argument"),
            ("SendInt64", "send_int_64"),
            ("SendUInt64", "send_u_int_64"),
            ("DoThing2", "do_thing_2"),
            ("getOutput", "get_output"),
            ("MyRPC", "my_rpc"),
            ("HTTPServer", "http_server"),
            ("signed32", "signed32"),
            ("Foo_Bar", "Foo_Bar"),
            ("from", "from_"),
            ("None", "none"),
            ("match", "match"),
            ("str", "str"),
            ("__x", "__x___"),
            ("__init__", "__init___"),
        ] {
            assert_eq!(field_name(name), python, "{name}");
            assert_eq!(method_name(name), python, "{name}");
        }
        assert_eq!(field_name("parse"), "parse_");
        assert_eq!(field_name("Parse"), "parse_");
        assert_eq!(method_name("Parse"), "parse");
        assert_eq!(field_name("__x___"), "__x___");
    }

    #[test]
    fn extensions_are_snake_case_of_the_path() {
        for (path, python) in [
            ("answer", "answer"),
            ("fooBar", "foo_bar"),
            ("Outer.answer", "outer_answer"),
            ("Outer.Http_Inner.fooBar", "outer_http_inner_foo_bar"),
            ("from", "from_"),
            ("message_pool", "message_pool_"),
            ("__all__", "__all___"),
            ("_x", "_x"),
        ] {
            assert_eq!(extension_name(path), python, "{path}");
        }
    }

    #[test]
    fn members_keep_their_spelling() {
        for (name, python) in [
            ("UNKNOWN", "UNKNOWN"),
            ("0_PREFIXED", "_0_PREFIXED"),
            ("mro", "mro_"),
            ("name", "name_"),
            ("None", "None_"),
            ("_A_", "_A__"),
            ("__A__", "__A___"),
            // `__A_` is mangled, `__A__` is no member, `__A___` is one.
            ("__A", "__A___"),
        ] {
            assert_eq!(member_name(name), python, "{name}");
        }
    }

    #[test]
    fn prefixes_ignore_underscores_and_case() {
        assert_eq!(enum_prefix("HTTPCode", "HTTP_CODE_OK"), Some(10));
        assert_eq!(enum_prefix("Enum", "Enum_Variant"), Some(5));
        assert_eq!(enum_prefix("Level", "LEVEL_"), None);
        assert_eq!(enum_prefix("Level", "LEVELS_A"), None);
        assert_eq!(enum_prefix("Level", "LEVEL"), None);
        assert_eq!(enum_prefix("Level", "OTHER"), None);
        assert_eq!(enum_prefix("My_Enum", "MYENUM__A"), Some(7));
    }

    #[test]
    fn json_names_are_those_of_protoc() {
        for (name, json) in [
            ("foo_bar", "fooBar"),
            ("_foo", "Foo"),
            ("foo__bar", "fooBar"),
            ("fooBar2", "fooBar2"),
            ("foo_2", "foo2"),
            ("FooBar", "FooBar"),
        ] {
            assert_eq!(json_name(name), json);
        }
    }

    #[test]
    fn descriptor_variables_come_from_paths() {
        assert_eq!(
            descriptor_variable("a/example_service.proto"),
            "A_EXAMPLE_SERVICE_PROTO_DESCRIPTOR"
        );
        assert_eq!(descriptor_variable("1-x.proto"), "_1_X_PROTO_DESCRIPTOR");
    }

    #[test]
    fn tables_hold_each_name_once() {
        for table in [KEYWORDS, BUILTINS, MESSAGE, ENUM, SERVICE, MODULE] {
            for (index, name) in table.iter().enumerate() {
                assert!(!table[..index].contains(name), "{name} twice");
            }
        }
    }
}
