//! Comments of one .proto file, by the path of the declaration that they belong to. In: `SourceCodeInfo`. Out: text
//! without markers that is ready to stand in a docstring, but for its quotes and backslashes, which the printer escapes.

use std::borrow::Cow;
use std::iter::repeat_n;

use crate::descriptor::source_code_info::Location;
use crate::descriptor::FileDescriptorProto;
use crate::lookup::Lookup;
use crate::model::Comment;

/// The comments of a file's declarations.
#[derive(Debug)]
pub(super) struct Comments<'a>(Lookup<&'a [i32], Comment>);

impl<'a> Comments<'a> {
    pub(super) fn of_file(file: &'a FileDescriptorProto) -> Self {
        let mut comments = Lookup::with_capacity(0);
        for place in file.source_code_info.iter().flat_map(|info| &info.location) {
            // A declaration has a kind and an index at least; what is shorter is the file's head, which holds licences.
            if place.path.len() > 1 {
                comments.insert(place.path.as_slice(), comment(place));
            }
        }
        Self(comments)
    }

    pub(super) fn at(&self, path: &[i32]) -> Comment {
        self.0.get(path).cloned().unwrap_or_default()
    }
}

/// Detached, leading and trailing comments with an empty line between them.
fn comment(place: &Location) -> Comment {
    let detached = place.leading_detached_comments.iter();
    let leading = place.leading_comments.iter();
    let trailing = place.trailing_comments.iter();
    clean(detached.chain(leading).chain(trailing))
}

/// Joins the parts. Of each line, one space at its start and all blanks at its end go; runs of empty lines become one;
/// what all lines are indented by goes, as Python's own tools would cut it anyway.
fn clean<'a>(parts: impl Iterator<Item = &'a String>) -> Comment {
    let parts: Vec<Cow<str>> = parts
        .map(|part| without_slashes(with_line_feeds(part)))
        .collect();
    // By how many columns each line is indented, and the rest of it; both are nothing for an empty line.
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for part in &parts {
        if !lines.is_empty() {
            lines.push((0, ""));
        }
        lines.extend(part.split('\n').map(|line| {
            let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
            let text = line.trim_start();
            let blanks = line[..line.len() - text.len()].chars();
            let columns = blanks.map(|blank| if blank == '\t' { 4 } else { 1 });
            (columns.sum(), text)
        }));
    }
    lines.dedup_by(|(_, line), (_, before)| line.is_empty() && before.is_empty());
    let is_text = |(_, line): &&(usize, &str)| !line.is_empty();
    let indents = lines.iter().filter(is_text).map(|(indent, _)| *indent);
    let common = indents.min().unwrap_or(0);
    let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for (indent, line) in &lines {
        if !text.is_empty() {
            text.push('\n');
        }
        text.extend(repeat_n(' ', indent.saturating_sub(common)));
        text.push_str(line);
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Some write `///`, of which protoc leaves one. A path, as `/v1/things`, keeps its slash.
fn without_slashes(text: Cow<'_, str>) -> Cow<'_, str> {
    let inner = |line: &str| -> Option<usize> {
        let rest = line.trim_start_matches(' ').trim_start_matches('/');
        let is_marker = line.trim_start().starts_with('/') && !rest.starts_with(|it| it != ' ');
        (is_marker || line.trim().is_empty()).then_some(line.len() - rest.len())
    };
    if !text.trim_start().starts_with('/') || text.lines().any(|line| inner(line).is_none()) {
        return text;
    }
    let lines = text
        .lines()
        .map(|line| &line[inner(line).unwrap_or_default()..]);
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(parts: &[&str]) -> String {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        clean(parts.iter())
    }

    #[test]
    fn parts_are_separated_and_one_space_is_cut() {
        assert_eq!(
            cleaned(&[" Detached.\n", " Leading,\n   indented.\n", " Trailing.\n"]),
            "Detached.\n\nLeading,\n  indented.\n\nTrailing."
        );
    }

    #[test]
    fn empty_lines_collapse_and_blanks_at_the_end_go() {
        assert_eq!(cleaned(&["\n a  \n \n\n\t\n b\u{a0}\n\n"]), "a\n\nb");
        assert_eq!(cleaned(&["\n", " \n"]), "");
        assert_eq!(cleaned(&[]), "");
    }

    #[test]
    fn common_indent_goes_and_tabs_become_spaces() {
        assert_eq!(cleaned(&["   a\n     b\n\n   c\n"]), "a\n  b\n\nc");
        assert_eq!(cleaned(&[" a\n\tb\tc\n"]), "a\n    b\tc");
        assert_eq!(cleaned(&["a\r\nb\rc"]), "a\nb\nc");
    }

    #[test]
    fn a_third_slash_goes_and_a_path_stays() {
        assert_eq!(cleaned(&["/ a\n/\n/   b\n"]), "a\n\n  b");
        assert_eq!(cleaned(&[" // a\n // b\n"]), "a\nb");
        assert_eq!(cleaned(&[" /v1/a\n / b\n"]), "/v1/a\n/ b");
        assert_eq!(cleaned(&["/ a\n b\n"]), "/ a\nb");
    }

    #[test]
    fn quotes_and_non_ascii_stay() {
        assert_eq!(
            cleaned(&[" \"é\" \\ 漢字 \"\"\"\n"]),
            "\"é\" \\ 漢字 \"\"\""
        );
    }
}
