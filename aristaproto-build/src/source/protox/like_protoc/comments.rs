//! Which comments belong to which declaration, as protoc has it. protox gives a block comment behind a declaration to the next one, and
//! drops some lines of others. In: a file's text, as protox read it, and its source info. Out: the source info with protoc's comments.
//!
//! protoc looks at comments only behind `;`, `{` and `}`: those that may belong to what ends there, those that belong to what
//! follows, and those that stand alone (`NextWithComments` of its tokenizer, `TryConsumeEndOfDeclaration` of its parser).

use crate::descriptor::SourceCodeInfo;
use crate::lookup::Lookup;

/// The comments of one declaration, as `SourceCodeInfo.Location` has them.
#[derive(Debug, Default, PartialEq)]
struct Comments {
    detached: Vec<String>,
    leading: Option<String>,
    trailing: Option<String>,
    /// They belong to the message that a group declares, and not to the field.
    is_group: bool,
}

/// Puts the comments of `text` into `info`.
pub(super) fn attach(text: &str, info: &mut SourceCodeInfo) {
    let comments = Scanner::new(text).statements();
    for place in &mut info.location {
        // Declarations have a kind and an index for each level; what they are made of has a kind more.
        let ([.., kind, _], &[line, column, ..]) = (&place.path[..], &place.span[..]) else {
            continue;
        };
        let found = comments.get(&(line, column));
        if let Some(found) = found.filter(|_| place.path.len() % 2 == 0) {
            // DescriptorProto.nested_type
            if found.is_group && *kind != 3 {
                continue;
            }
            place.leading_detached_comments.clone_from(&found.detached);
            place.leading_comments.clone_from(&found.leading);
            place.trailing_comments.clone_from(&found.trailing);
        }
    }
}

/// Line and column of a token, counted from 0, in bytes.
type Position = (i32, i32);

struct Scanner<'a> {
    rest: &'a str,
    line: i32,
    column: i32,
}

/// What stands between two tokens.
#[derive(Default)]
struct Between {
    trailing: Option<String>,
    detached: Vec<String>,
    leading: Option<String>,
    /// The comment that was read last, and whether it is a line comment.
    open: Option<(String, bool)>,
    count: usize,
    is_attachable: bool,
}

impl Between {
    /// The open comment is complete and not connected to the next token.
    fn flush(&mut self) {
        let Some((comment, _)) = self.open.take() else {
            return;
        };
        if self.is_attachable {
            self.trailing = Some(comment);
            self.is_attachable = false;
        } else {
            self.detached.push(comment);
        }
        self.count += 1;
    }

    fn line_comment(&mut self, comment: &str) {
        if let Some((text, true)) = &mut self.open {
            text.push_str(comment);
        } else {
            self.flush();
            self.open = Some((comment.to_owned(), true));
        }
    }

    fn block_comment(&mut self, comment: String) {
        self.flush();
        self.open = Some((comment, false));
    }

    /// A single comment between two tokens of one line belongs to neither.
    fn detach_if_single(&mut self) {
        if self.count + usize::from(self.open.is_some()) == 1 {
            if let Some(trailing) = self.trailing.take() {
                self.detached.insert(0, trailing);
            }
            self.flush();
        }
    }
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            line: 0,
            column: 0,
        }
    }

    /// The comments of each statement, by the place of its first token.
    fn statements(mut self) -> Lookup<Position, Comments> {
        let mut statements = Lookup::with_capacity(64);
        let Between {
            mut leading,
            mut detached,
            ..
        } = self.between(true);
        // Of the statement that is open: where it begins, and its first word.
        let mut start: Option<(Position, &str)> = None;
        let (mut depth, mut is_group, mut has_value) = (0_usize, false, false);
        while let Some((position, token)) = self.token() {
            if depth > 0 {
                match token {
                    "{" | "[" => depth += 1,
                    "}" | "]" => depth -= 1,
                    _ => {}
                }
                continue;
            }
            let is_value = has_value && start.is_some_and(|(_, first)| first == "option");
            match token {
                ";" | "}" | "{" if !is_value || token == ";" => {
                    let found = self.between(false);
                    match start.take() {
                        Some((start, _)) if token != "}" => {
                            let comments = Comments {
                                detached: std::mem::take(&mut detached),
                                leading: leading.take(),
                                trailing: found.trailing,
                                is_group: is_group && token == "{",
                            };
                            statements.insert(start, comments);
                            detached = found.detached;
                        }
                        _ if token == "}" => detached = found.detached,
                        _ => detached.extend(found.detached),
                    }
                    leading = found.leading;
                    (is_group, has_value) = (false, false);
                }
                "{" | "[" => depth += 1,
                _ => {
                    start.get_or_insert((position, token));
                    is_group |= token == "group";
                    has_value |= token == "=";
                }
            }
        }
        statements
    }

    /// Reads what stands behind a token, up to the next one.
    fn between(&mut self, is_start: bool) -> Between {
        let mut between = Between {
            is_attachable: !is_start,
            ..Between::default()
        };
        let mut lines = (if is_start { -1 } else { self.line }, -1);
        if !is_start {
            self.blanks();
            if let Some(comment) = self.comment(&mut between) {
                // A line comment ends on the line that it begins on.
                lines.1 = if comment { self.line - 1 } else { self.line };
                self.blanks();
                between.flush();
            } else if !self.feed() {
                return between;
            }
        }
        loop {
            self.blanks();
            match self.comment(&mut between) {
                Some(true) => {}
                Some(false) => {
                    self.blanks();
                    self.feed();
                }
                None if self.feed() => {
                    between.flush();
                    between.is_attachable = false;
                }
                None => break,
            }
        }
        if self.rest.is_empty() || self.rest.starts_with(['}', ']', ')']) {
            between.flush();
        }
        if !self.rest.is_empty() && (lines.0 == self.line || lines.1 == self.line) {
            between.detach_if_single();
        }
        between.leading = between.open.take().map(|(comment, _)| comment);
        between
    }

    /// Reads a comment, if there is one; gives whether it is a line comment.
    fn comment(&mut self, between: &mut Between) -> Option<bool> {
        if let Some(rest) = self.rest.strip_prefix("//") {
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            between.line_comment(&rest[..length]);
            self.skip(length + 2);
            return Some(true);
        }
        let rest = self.rest.strip_prefix("/*")?;
        let length = rest.find("*/").unwrap_or(rest.len());
        let mut lines = rest[..length].split_inclusive('\n');
        let mut comment = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            let line = line.trim_start_matches(BLANKS);
            comment.push_str(line.strip_prefix('*').unwrap_or(line));
        }
        between.block_comment(comment);
        self.skip((length + 4).min(self.rest.len()));
        Some(false)
    }

    fn blanks(&mut self) {
        let blanks = self.rest.len() - self.rest.trim_start_matches(BLANKS).len();
        self.skip(blanks);
    }

    /// Reads a line feed, if there is one.
    fn feed(&mut self) -> bool {
        let is_feed = self.rest.starts_with('\n');
        self.skip(usize::from(is_feed));
        is_feed
    }

    /// The next token, without the comments before it.
    fn token(&mut self) -> Option<(Position, &'a str)> {
        loop {
            self.blanks();
            if !self.feed() && self.comment(&mut Between::default()).is_none() {
                break;
            }
        }
        let rest = self.rest;
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let length = match first {
            '"' | '\'' => literal(rest, first),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let position = (self.line, self.column);
        self.skip(length);
        Some((position, &rest[..length]))
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        for byte in skipped.bytes() {
            if byte == b'\n' {
                (self.line, self.column) = (self.line + 1, 0);
            } else {
                self.column += 1;
            }
        }
        self.rest = rest;
    }
}

/// White space within a line.
const BLANKS: [char; 5] = [' ', '\t', '\r', '\u{b}', '\u{c}'];

/// How long the literal is that a text begins with.
fn literal(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' => return index,
            c if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}
