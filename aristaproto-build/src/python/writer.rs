//! Lines of Python as `ruff format` would leave them: one line where it fits, otherwise broken at brackets. The printers
//! hand in heads, arguments and annotations; text comes out.

use std::borrow::Cow;
use std::iter::repeat_n;

/// The formatter's default line length.
pub(super) const WIDTH: usize = 88;

/// Text that grows.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
}

/// An argument of a call or of a class statement.
#[derive(Debug)]
pub(super) enum Argument {
    /// Stays on one line.
    Plain(String),
    /// `head{key: value, key: value}`: broken item by item when it does not fit.
    Dict(String, Vec<(String, String)>),
}

impl Argument {
    fn flat(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Dict(head, items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|(key, value)| format!("{key}: {value}"))
                    .collect();
                Cow::Owned(format!("{head}{{{}}}", items.join(", ")))
            }
        }
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

/// A type as an annotation spells it.
#[derive(Clone, Debug)]
pub(super) enum Annotation {
    /// A name.
    Name(String),
    /// `name | None`
    Optional(String),
    /// `name[item, item]`
    Subscript(String, Vec<String>),
}

impl Annotation {
    pub(super) fn flat(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Optional(name) => format!("{name} | None"),
            Self::Subscript(name, items) => format!("{name}[{}]", items.join(", ")),
        }
    }
}

/// A parameter of a function.
#[derive(Debug)]
pub(super) enum Parameter {
    /// `self` or `*`
    Bare(&'static str),
    /// `name: annotation | annotation = default`
    Typed {
        name: &'static str,
        alternatives: Vec<Annotation>,
        default: Option<&'static str>,
    },
}

impl Parameter {
    fn flat(&self) -> String {
        match self {
            Self::Bare(text) => (*text).to_owned(),
            Self::Typed {
                name,
                alternatives,
                default,
            } => {
                let alternatives: Vec<String> = alternatives.iter().map(Annotation::flat).collect();
                let default = default
                    .map(|value| format!(" = {value}"))
                    .unwrap_or_default();
                format!("{name}: {}{default}", alternatives.join(" | "))
            }
        }
    }
}

impl Writer {
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Empty lines, whatever the indent.
    pub(super) fn blank(&mut self, lines: usize) {
        for _ in 0..lines {
            self.text.push('\n');
        }
    }

    pub(super) fn line(&mut self, indent: usize, text: &str) {
        self.parts(indent, [text]);
    }

    /// A line of several parts. Most of what is printed comes this way: it is copied once.
    fn parts<const N: usize>(&mut self, indent: usize, parts: [&str; N]) {
        self.text.extend(repeat_n(' ', indent));
        for part in parts {
            self.text.push_str(part);
        }
        self.text.push('\n');
    }

    /// `head(argument, argument)tail`
    pub(super) fn call(&mut self, indent: usize, head: &str, arguments: &[Argument], tail: &str) {
        let mut joined = String::with_capacity(WIDTH);
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                joined.push_str(", ");
            }
            joined.push_str(&argument.flat());
        }
        if indent + width(head) + width(&joined) + width(tail) + 2 <= WIDTH {
            self.parts(indent, [head, "(", &joined, ")", tail]);
            return;
        }
        self.parts(indent, [head, "("]);
        if indent + 4 + width(&joined) <= WIDTH {
            self.line(indent + 4, &joined);
        } else {
            self.exploded(indent + 4, arguments);
        }
        self.parts(indent, [")", tail]);
    }

    /// The same, with an argument to a line even where they would fit on one.
    pub(super) fn exploded_call(
        &mut self,
        indent: usize,
        head: &str,
        arguments: &[Argument],
        tail: &str,
    ) {
        self.parts(indent, [head, "("]);
        self.exploded(indent + 4, arguments);
        self.parts(indent, [")", tail]);
    }

    fn exploded(&mut self, indent: usize, arguments: &[Argument]) {
        for argument in arguments {
            match argument {
                Argument::Dict(head, items) if indent + width(&argument.flat()) + 1 > WIDTH => {
                    self.parts(indent, [head, "{"]);
                    for (key, value) in items {
                        self.item(indent + 4, key, value);
                    }
                    self.line(indent, "},");
                }
                _ => self.parts(indent, [&argument.flat(), ","]),
            }
        }
    }

    /// `key: value,`
    pub(super) fn item(&mut self, indent: usize, key: &str, value: &str) {
        if indent + width(key) + width(value) + ": ,".len() <= WIDTH {
            self.parts(indent, [key, ": ", value, ","]);
        } else {
            self.parts(indent, [key, ": ("]);
            self.line(indent + 4, value);
            self.line(indent, "),");
        }
    }

    /// `target = {key: value, key: value}`, item by item.
    pub(super) fn assigned_dict(&mut self, target: &str, items: &[(String, String)]) {
        if items.is_empty() {
            self.parts(0, [target, " = {}"]);
            return;
        }
        let text = items
            .iter()
            .map(|(key, value)| key.len() + value.len() + 32);
        self.text.reserve(text.sum());
        self.parts(0, [target, " = {"]);
        for (key, value) in items {
            self.item(4, key, value);
        }
        self.line(0, "}");
    }

    /// `key: callee(argument, argument),`
    pub(super) fn item_call(
        &mut self,
        indent: usize,
        key: &str,
        callee: &str,
        arguments: &[Argument],
    ) {
        if indent + width(key) + width(callee) + ": (".len() <= WIDTH {
            self.call(indent, &format!("{key}: {callee}"), arguments, ",");
        } else {
            self.line(indent, &format!("{key}: ("));
            self.call(indent + 4, callee, arguments, "");
            self.line(indent, "),");
        }
    }

    /// `name: annotation = callee(argument, argument)`
    pub(super) fn assigned_call(
        &mut self,
        indent: usize,
        name: &str,
        annotation: Option<&Annotation>,
        callee: &str,
        arguments: &[Argument],
    ) {
        let target = match annotation {
            Some(annotation) => format!("{name}: {}", annotation.flat()),
            None => name.to_owned(),
        };
        let fits = |more: usize| indent + width(&target) + more <= WIDTH;
        if fits(" = (".len() + width(callee)) {
            self.call(indent, &format!("{target} = {callee}"), arguments, "");
        } else if fits(" = (".len()) {
            self.line(indent, &format!("{target} = ("));
            self.call(indent + 4, callee, arguments, "");
            self.line(indent, ")");
        } else {
            let close = match annotation {
                Some(annotation) => self.broken(indent, &format!("{name}: "), annotation),
                None => target,
            };
            self.call(indent, &format!("{close} = {callee}"), arguments, "");
        }
    }

    /// `name: head[alternative | alternative] = value`, where an alternative is a subscript, broken item by item when
    /// it does not fit.
    pub(super) fn assigned_union(
        &mut self,
        indent: usize,
        name: &str,
        head: &str,
        alternatives: &[Annotation],
        value: &str,
    ) {
        let flat: Vec<String> = alternatives.iter().map(Annotation::flat).collect();
        let joined = flat.join(" | ");
        let target = format!("{name}: {head}[{joined}] =");
        if indent + width(&target) + 1 + width(value) <= WIDTH {
            self.parts(indent, [&target, " ", value]);
            return;
        }
        if indent + width(&target) + 2 <= WIDTH {
            self.parts(indent, [&target, " ("]);
            self.line(indent + 4, value);
            self.line(indent, ")");
            return;
        }
        self.parts(indent, [name, ": ", head, "["]);
        if indent + 4 + width(&joined) <= WIDTH {
            self.line(indent + 4, &joined);
        } else {
            for (index, (alternative, flat)) in alternatives.iter().zip(&flat).enumerate() {
                let or = if index == 0 { "" } else { "| " };
                self.alternative(indent + 4, or, alternative, flat);
            }
        }
        self.parts(indent, ["] = ", value]);
    }

    fn alternative(&mut self, indent: usize, or: &str, alternative: &Annotation, flat: &str) {
        let Annotation::Subscript(name, items) = alternative else {
            return self.parts(indent, [or, flat]);
        };
        if indent + width(or) + width(flat) <= WIDTH {
            return self.parts(indent, [or, flat]);
        }
        self.parts(indent, [or, name, "["]);
        let joined = items.join(", ");
        if indent + 4 + width(&joined) <= WIDTH {
            self.line(indent + 4, &joined);
        } else {
            for item in items {
                match item.strip_suffix(']').and_then(|it| it.split_once('[')) {
                    Some((name, inner)) if indent + 4 + width(item) + 1 > WIDTH => {
                        self.parts(indent + 4, [name, "["]);
                        self.line(indent + 8, inner);
                        self.line(indent + 4, "],");
                    }
                    _ => self.parts(indent + 4, [item, ","]),
                }
            }
        }
        self.line(indent, "]");
    }

    /// `name = value`
    pub(super) fn assigned(&mut self, indent: usize, name: &str, value: &str) {
        let fits = |more: usize| indent + width(name) + more <= WIDTH;
        if !fits(" = ".len() + width(value)) && fits(" = (".len()) {
            self.parts(indent, [name, " = ("]);
            self.line(indent + 4, value);
            self.line(indent, ")");
        } else {
            self.parts(indent, [name, " = ", value]);
        }
    }

    /// Prints all of an annotation but its last line, which is returned.
    fn broken(&mut self, indent: usize, head: &str, annotation: &Annotation) -> String {
        match annotation {
            Annotation::Name(name) => format!("{head}{name}"),
            Annotation::Optional(name) => {
                self.line(indent, &format!("{head}("));
                let joined = format!("{name} | None");
                if indent + 4 + width(&joined) <= WIDTH {
                    self.line(indent + 4, &joined);
                } else {
                    self.line(indent + 4, name);
                    self.line(indent + 4, "| None");
                }
                ")".to_owned()
            }
            Annotation::Subscript(name, items) => {
                self.line(indent, &format!("{head}{name}["));
                let joined = items.join(", ");
                if items.len() == 1 || indent + 4 + width(&joined) <= WIDTH {
                    self.line(indent + 4, &joined);
                } else {
                    for item in items {
                        self.line(indent + 4, &format!("{item},"));
                    }
                }
                "]".to_owned()
            }
        }
    }

    /// `head(parameter, parameter) -> returns:`
    pub(super) fn signature(
        &mut self,
        indent: usize,
        head: &str,
        parameters: &[Parameter],
        returns: &Annotation,
        explode: bool,
    ) {
        let flat: Vec<String> = parameters.iter().map(Parameter::flat).collect();
        let joined = flat.join(", ");
        let returned = format!(") -> {}:", returns.flat());
        if !explode && indent + width(head) + 1 + width(&joined) + width(&returned) <= WIDTH {
            self.line(indent, &format!("{head}({joined}{returned}"));
            return;
        }
        self.line(indent, &format!("{head}("));
        if !explode && parameters.len() > 1 && indent + 4 + width(&joined) <= WIDTH {
            self.line(indent + 4, &joined);
        } else {
            for (parameter, flat) in parameters.iter().zip(&flat) {
                self.parameter(indent + 4, parameter, flat);
            }
        }
        if indent + width(&returned) <= WIDTH {
            self.line(indent, &returned);
        } else {
            let close = match returns {
                Annotation::Subscript(..) => self.broken(indent, ") -> ", returns),
                _ => format!(") -> {}", returns.flat()),
            };
            self.line(indent, &format!("{close}:"));
        }
    }

    /// A parameter on a line of its own, or on several: broken before each `|`, then inside brackets.
    fn parameter(&mut self, indent: usize, parameter: &Parameter, flat: &str) {
        let (name, alternatives, default) = match parameter {
            Parameter::Typed {
                name,
                alternatives,
                default,
            } if indent + width(flat) + 1 > WIDTH => (name, alternatives, default),
            _ => {
                self.line(indent, &format!("{flat},"));
                return;
            }
        };
        let default = default
            .map(|value| format!(" = {value}"))
            .unwrap_or_default();
        for (index, alternative) in alternatives.iter().enumerate() {
            let head = if index == 0 {
                format!("{name}: ")
            } else {
                "| ".to_owned()
            };
            let is_last = index + 1 == alternatives.len();
            let tail = if is_last {
                format!("{default},")
            } else {
                String::new()
            };
            let flat = format!("{head}{}{tail}", alternative.flat());
            if indent + width(&flat) <= WIDTH {
                self.line(indent, &flat);
            } else {
                let close = self.broken(indent, &head, alternative);
                self.line(indent, &format!("{close}{tail}"));
            }
        }
    }

    /// A docstring that opens with a line feed and closes on a line of its own; nothing for an empty text.
    pub(super) fn docstring(&mut self, indent: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        self.line(indent, "\"\"\"");
        for line in text.split('\n') {
            if line.is_empty() {
                self.text.push('\n');
            } else {
                self.line(indent, &escape(line));
            }
        }
        self.line(indent, "\"\"\"");
    }

    /// What describes the attribute before it: on one line if it is one line.
    pub(super) fn attribute_doc(&mut self, indent: usize, text: &str) {
        let one_line =
            !text.contains('\n') && !text.starts_with('"') && !text.ends_with(['"', '\\']);
        if one_line && !text.is_empty() {
            let text = escape(text);
            if indent + width(&text) + 6 <= WIDTH {
                self.parts(indent, ["\"\"\"", &text, "\"\"\""]);
                return;
            }
        }
        self.docstring(indent, text);
    }
}

/// How many columns a line takes, or some more: only docstrings hold anything but ASCII, and for them it matters only
/// that wide characters are not counted too low.
fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars()
        .map(|c| if c < '\u{1100}' { 1 } else { 2 })
        .sum()
}

/// A line of a docstring between triple double quotes.
fn escape(line: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b'\t' | b' '..=b'~') && byte != b'\\';
    if line.bytes().all(is_plain) && !line.contains("\"\"\"") {
        return Cow::Borrowed(line);
    }
    let mut result = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\\' => result.push_str("\\\\"),
            '\t' => result.push('\t'),
            c if is_invisible(c) => push_escape(&mut result, c),
            c => result.push(c),
        }
    }
    if result.contains("\"\"\"") {
        result = result.replace("\"\"\"", "\\\"\\\"\\\"");
    }
    Cow::Owned(result)
}

/// Characters that nobody sees: a docstring could show other text than it holds.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

fn push_escape(text: &mut String, c: char) {
    let escape = match u32::from(c) {
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    text.push_str(&escape);
}

/// A string literal, in ASCII.
pub(super) fn string(value: &str) -> String {
    let quote = quote(value.bytes());
    let mut result = String::with_capacity(value.len() + 2);
    result.push(quote);
    for c in value.chars() {
        match c {
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '\r' => result.push_str("\\r"),
            c if c == quote || c == '\\' => {
                result.push('\\');
                result.push(c);
            }
            ' '..='~' => result.push(c),
            c => push_escape(&mut result, c),
        }
    }
    result.push(quote);
    result
}

/// A bytes literal.
pub(super) fn bytes(value: &[u8]) -> String {
    let quote = quote(value.iter().copied());
    let hex = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    // Of a descriptor's bytes, a fifth needs four characters each.
    let mut result = String::with_capacity(value.len() * 2);
    result.push('b');
    result.push(quote);
    for &byte in value {
        match char::from(byte) {
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '\r' => result.push_str("\\r"),
            c if c == quote || c == '\\' => {
                result.push('\\');
                result.push(c);
            }
            c @ ' '..='~' => result.push(c),
            _ => result.extend(['\\', 'x', hex(byte >> 4), hex(byte & 15)]),
        }
    }
    result.push(quote);
    result
}

/// Double quotes unless single ones need fewer escapes.
fn quote(bytes: impl Iterator<Item = u8>) -> char {
    let (mut double, mut single) = (0, 0);
    for byte in bytes {
        double += usize::from(byte == b'"');
        single += usize::from(byte == b'\'');
    }
    if double > single {
        '\''
    } else {
        '"'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::default();
        write(&mut writer);
        writer.finish()
    }

    #[test]
    fn calls_break_where_they_must() {
        let arguments = |length: usize| vec![Argument::from("x".repeat(length)), "y".into()];
        assert_eq!(
            written(|it| it.call(0, "f", &arguments(82), ""))
                .lines()
                .count(),
            1
        );
        assert_eq!(written(|it| it.call(0, "f", &arguments(83), "")), {
            format!("f(\n    {}, y\n)\n", "x".repeat(81)).replace("xx, y", "xxxx,\n    y,")
        });
        assert_eq!(
            written(|it| it.call(0, "f", &arguments(81), "!!!")),
            format!("f(\n    {}, y\n)!!!\n", "x".repeat(81))
        );
    }

    #[test]
    fn unions_break_where_they_must() {
        let union = |name: &str, members: &[(&str, usize)]| {
            let pair = |&(tag, length): &(&str, usize)| {
                let items = vec![format!("Literal[\"{tag}\"]"), "C".repeat(length)];
                Annotation::Subscript("tuple".to_owned(), items)
            };
            let members: Vec<Annotation> = members.iter().map(pair).collect();
            written(|it| it.assigned_union(8, name, "a.Oneof", &members, "aristaproto.oneof()"))
        };
        let two = [("card", 1), ("cash", 1)];
        // What ruff makes of each.
        assert_eq!(
            union("p", &two[..1]),
            "        p: a.Oneof[tuple[Literal[\"card\"], C]] = aristaproto.oneof()\n"
        );
        assert_eq!(
            union("ppppp", &two),
            "        ppppp: a.Oneof[tuple[Literal[\"card\"], C] | tuple[Literal[\"cash\"], C]] = (\n            \
             aristaproto.oneof()\n        )\n"
        );
        assert_eq!(
            union("ppppppppppppppp", &two),
            "        ppppppppppppppp: a.Oneof[\n            tuple[Literal[\"card\"], C] | tuple[Literal[\"cash\"], C]\n        \
             ] = aristaproto.oneof()\n"
        );
        let (name, tag) = ("C".repeat(30), "t".repeat(70));
        assert_eq!(
            union("p", &[("card", 30), ("cash", 30), (&tag, 30)]),
            format!(
                "        p: a.Oneof[\n            tuple[Literal[\"card\"], {name}]\n            \
                 | tuple[Literal[\"cash\"], {name}]\n            | tuple[\n                \
                 Literal[\n                    \"{tag}\"\n                ],\n                \
                 {name},\n            ]\n        ] = aristaproto.oneof()\n"
            )
        );
    }

    #[test]
    fn docstrings_escape_what_would_end_them() {
        assert_eq!(
            written(|it| it.docstring(4, "a \\ \"\"\" é\n\n\u{0}\u{202e}")),
            "    \"\"\"\n    a \\\\ \\\"\\\"\\\" é\n\n    \\x00\\u202e\n    \"\"\"\n"
        );
        assert_eq!(written(|it| it.docstring(4, "")), "");
        assert_eq!(
            written(|it| it.attribute_doc(4, "a")),
            "    \"\"\"a\"\"\"\n"
        );
        for text in ["\"a", "a\"", "a\\"] {
            assert_eq!(written(|it| it.attribute_doc(4, text)).lines().count(), 3);
        }
    }

    #[test]
    fn literals_choose_their_quotes() {
        assert_eq!(string("a'b"), "\"a'b\"");
        assert_eq!(string("a\"b"), "'a\"b'");
        assert_eq!(string("a\"'\\\n é"), "\"a\\\"'\\\\\\n \\xe9\"");
        assert_eq!(string("漢𝄞"), "\"\\u6f22\\U0001d11e\"");
        assert_eq!(bytes(b"a\"\x00\xff"), "b'a\"\\x00\\xff'");
    }
}
