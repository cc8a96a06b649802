//! Comments of one .proto file, by the path of the declaration that they belong to. In: `SourceCodeInfo`. Out: text
//! without markers that is ready to stand in a docstring, but for its quotes and backslashes, which the printer escapes.

use crate::descriptor::source_code_info::Location;
use crate::descriptor::FileDescriptorProto;
use crate::model::Comment;
use crate::naming::Lookup;

/// The commented places of a file.
#[derive(Debug)]
pub(super) struct Comments<'a>(Lookup<&'a [i32], &'a Location>);

impl<'a> Comments<'a> {
    pub(super) fn of_file(file: &'a FileDescriptorProto) -> Self {
        let mut places = Lookup::with_capacity(0);
        for place in file.source_code_info.iter().flat_map(|info| &info.location) {
            if place.leading_comments.is_some()
                || place.trailing_comments.is_some()
                || !place.leading_detached_comments.is_empty()
            {
                places.insert(place.path.as_slice(), place);
            }
        }
        Self(places)
    }

    /// Detached, leading and trailing comments with an empty line between them.
    pub(super) fn at(&self, path: &[i32]) -> Comment {
        let Some(place) = self.0.get(path) else {
            return Comment::new();
        };
        let detached = place.leading_detached_comments.iter();
        let leading = place.leading_comments.iter();
        let trailing = place.trailing_comments.iter();
        clean(detached.chain(leading).chain(trailing))
    }
}

/// Joins the parts. Of each line, one space at its start and all blanks at its end go; runs of empty lines become one;
/// what all lines are indented by goes, as Python's own tools would cut it anyway.
fn clean<'a>(parts: impl Iterator<Item = &'a String>) -> Comment {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let part = part.replace("\r\n", "\n").replace('\r', "\n");
        for line in part.split('\n') {
            let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
            let text = line.trim_start();
            let mut clean = String::with_capacity(line.len());
            for blank in line[..line.len() - text.len()].chars() {
                clean.push_str(if blank == '\t' { "    " } else { " " });
            }
            clean.push_str(text);
            lines.push(clean);
        }
    }
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    let indent = lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.get(indent..).unwrap_or(""))
        .collect();
    lines.join("\n").trim_matches('\n').to_owned()
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
    fn quotes_and_non_ascii_stay() {
        assert_eq!(
            cleaned(&[" \"é\" \\ 漢字 \"\"\"\n"]),
            "\"é\" \\ 漢字 \"\"\""
        );
    }
}
