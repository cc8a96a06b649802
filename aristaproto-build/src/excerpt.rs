//! The line of a .proto file that a diagnostic is about, with a caret under the column. In: a place as a front end counts it.
//! Out: the place as editors count it, and the lines to print. [`crate::error`] calls it; where the file cannot be read, as in
//! the plugin, which only gets descriptors, there is none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How a front end counts columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// protoc counts bytes, and a tab goes to the next multiple of eight.
    Protoc,
    /// protox counts bytes, without the byte-order mark.
    #[cfg_attr(
        not(feature = "protox"),
        allow(dead_code, reason = "the front end is a feature")
    )]
    Protox,
}

const TAB: usize = 8;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How much of a line is shown, in columns of a terminal, and how much of that stands before the caret at most.
const WIDTH: usize = 100;
const BEFORE: usize = 60;

/// The files of which lines are quoted: thousands of diagnostics about one file read it once.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<BTreeMap<PathBuf, Option<Arc<Source>>>>);

impl Sources {
    fn get(&self, path: &Path) -> Option<Arc<Source>> {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources.get(path) {
            return source.clone();
        }
        let source = fs::read(path).ok().map(|text| Arc::new(Source::new(text)));
        sources.insert(path.to_owned(), source.clone());
        source
    }
}

/// A file's text, and where each of its lines begins and ends.
#[derive(Debug)]
struct Source {
    text: Vec<u8>,
    lines: Vec<(usize, usize)>,
}

impl Source {
    fn new(text: Vec<u8>) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split(|&byte| byte == b'\n') {
            lines.push((start, start + line.len()));
            start += line.len() + 1;
        }
        Self { text, lines }
    }

    /// The line with this number, counted from 1.
    fn line(&self, number: usize) -> Option<&[u8]> {
        let &(start, end) = self.lines.get(number.checked_sub(1)?)?;
        self.text.get(start..end)
    }
}

/// Of the file at `path`, the line (counted from 1) with a caret; and the column as a number of characters.
pub(super) fn quote(
    sources: &Sources,
    path: &Path,
    line: usize,
    column: usize,
    columns: Columns,
) -> Option<(usize, String)> {
    let source = sources.get(path)?;
    let bytes = source.line(line)?;
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let bytes = match columns {
        Columns::Protox if line == 1 => bytes
            .strip_prefix(BYTE_ORDER_MARK.as_bytes())
            .unwrap_or(bytes),
        Columns::Protoc | Columns::Protox => bytes,
    };
    let offset = offset(bytes, column.checked_sub(1)?, columns);
    let decode = |bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.strip_prefix(BYTE_ORDER_MARK)
            .unwrap_or(&text)
            .to_owned()
    };
    let before = decode(&bytes[..offset]).chars().count();
    Some((before + 1, draw(line, &decode(bytes), before)))
}

/// The index of the byte at which a column begins.
fn offset(bytes: &[u8], column: usize, columns: Columns) -> usize {
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if at >= column {
            return index;
        }
        at += match (columns, byte) {
            (Columns::Protoc, b'\t') => TAB - at % TAB,
            _ => 1,
        };
    }
    bytes.len()
}

/// `text` behind its number, and a caret below the character after the first `before`.
fn draw(number: usize, text: &str, before: usize) -> String {
    let cells: Vec<(char, usize)> = text.chars().map(cell).collect();
    let width = |cells: &[(char, usize)]| cells.iter().map(|(_, width)| width).sum::<usize>();
    let before = before.min(cells.len());
    let (mut start, mut end) = (0, cells.len());
    let (mut left, mut all) = (width(&cells[..before]), width(&cells));
    while left > BEFORE && all > WIDTH {
        left -= cells[start].1;
        all -= cells[start].1;
        start += 1;
    }
    while end > before && all > WIDTH {
        end -= 1;
        all -= cells[end].1;
    }
    let mark = |is_cut: bool| if is_cut { "…" } else { "" };
    let shown: String = cells[start..end]
        .iter()
        .map(|&(character, width)| match character {
            '\t' => " ".repeat(width),
            character => character.to_string(),
        })
        .collect();
    let line = format!("{}{shown}{}", mark(start > 0), mark(end < cells.len()));
    let caret = " ".repeat(usize::from(start > 0) + left) + "^";
    let number = number.to_string();
    let margin = " ".repeat(number.len());
    format!("  {number} | {}\n  {margin} | {caret}", line.trim_end())
}

/// A character as it is shown, and how many columns it takes.
fn cell(character: char) -> (char, usize) {
    match character {
        '\t' => (character, 4),
        _ if character.is_control() => ('\u{fffd}', 1),
        // Marks that are drawn onto the character before them.
        '\u{300}'..='\u{36f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' => (character, 0),
        // What East Asian fonts and emoji draw twice as wide.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => (character, 2),
        _ => (character, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str, line: usize, column: usize, columns: Columns) -> (usize, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.proto");
        fs::write(&path, text).unwrap();
        quote(&Sources::default(), &path, line, column, columns).unwrap()
    }

    #[test]
    fn the_caret_stands_under_the_column() {
        let (column, shown) = quoted("first\r\n  second;\r\n", 2, 3, Columns::Protoc);
        assert_eq!((column, shown.as_str()), (3, "  2 |   second;\n    |   ^"));
        // Behind the last character of a file.
        let (column, shown) = quoted("message A {", 1, 12, Columns::Protox);
        assert_eq!(
            (column, shown.as_str()),
            (12, "  1 | message A {\n    |            ^")
        );
    }

    #[test]
    fn tabs_and_wide_characters_are_where_each_front_end_counts_them() {
        let text = "\ta\t\"日本é\" b";
        for (columns, of_b) in [(Columns::Protoc, 16 + 12), (Columns::Protox, 3 + 12)] {
            let (column, shown) = quoted(text, 1, of_b, columns);
            assert_eq!(column, 10, "{columns:?}");
            assert_eq!(
                shown, "  1 |     a    \"日本é\" b\n    |                  ^",
                "{columns:?}"
            );
        }
        let marked = quoted("\u{feff}syntax = 3;", 1, 10, Columns::Protox);
        assert_eq!(
            marked,
            quoted("\u{feff}syntax = 3;", 1, 13, Columns::Protoc)
        );
        assert_eq!(
            marked,
            (10, "  1 | syntax = 3;\n    |          ^".to_owned())
        );
    }

    #[test]
    fn of_a_long_line_the_part_around_the_caret_is_shown() {
        let text = format!("{}^{}", "a".repeat(300), "b".repeat(300));
        let (_, shown) = quoted(&text, 1, 301, Columns::Protox);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(
            lines[0],
            format!("  1 | …{}^{}…", "a".repeat(60), "b".repeat(39))
        );
        assert_eq!(lines[1].find('^'), Some(6 + 61));
    }

    #[test]
    fn what_is_not_there_is_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.proto");
        let quoted =
            |line, column| quote(&Sources::default(), &path, line, column, Columns::Protoc);
        assert_eq!(quoted(1, 1), None);
        fs::write(&path, "one line").unwrap();
        assert_eq!(quoted(2, 1), None);
        assert_eq!(quoted(0, 0), None);
    }
}
