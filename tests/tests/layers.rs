//! The layers of the codec in Rust: a file imports from its own room or from a lower one, and no circle of files arises.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the lowest to the highest; those of one rank do not know each other.
const RANKS: &[(&str, u32)] = &[
    ("wire", 1),
    ("jsontext", 1),
    ("python", 2),
    ("memory", 3),
    ("schema", 4),
    ("message", 5),
    ("binary", 6),
    ("ops", 7),
    ("json", 7),
    ("api", 8),
];

/// Files that may hold unsafe code.
const UNSAFE: &[&str] = &[
    "api/message_type.rs",
    "api/registration.rs",
    "api/trampolines.rs",
    "memory/layout.rs",
    "memory/reserve.rs",
    "memory/slot.rs",
    "message/header.rs",
    "message/level.rs",
    "python/attached.rs",
    "python/borrowed.rs",
    "python/cpython.rs",
    "python/int.rs",
];

/// The text of each file, by its path below `src`.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aristaproto-runtime/src");
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    let mut found = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap();
                let name = name.to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

fn room_of(file: &str) -> Option<&str> {
    file.split_once('/').map(|(room, _)| room)
}

fn rank(room: &str) -> u32 {
    let found = RANKS.iter().find(|(name, _)| *name == room);
    found
        .unwrap_or_else(|| panic!("the room {room} has no rank"))
        .1
}

/// Rooms and files that a file names by `crate::…` or `super::…`, without what stands in comments.
fn imports(file: &str, text: &str) -> BTreeSet<(String, Option<String>)> {
    let room = room_of(file).unwrap();
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let code = code.split("#[cfg(test)]").next().unwrap();
    let mut found = BTreeSet::new();
    for (start, is_crate) in [("crate::", true), ("super::", false)] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            let word = |text: &str| -> String {
                let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
                text.chars().take_while(|it| is_word(*it)).collect()
            };
            let first = word(rest);
            if is_crate {
                let next = rest[first.len()..].strip_prefix("::");
                let inner = next.map(word).filter(|it| !it.is_empty());
                found.insert((first, inner));
            } else {
                found.insert((room.to_owned(), Some(first)));
            }
        }
    }
    found
}

#[test]
fn a_file_imports_from_its_own_room_or_a_lower_one() {
    let mut wrong = Vec::new();
    for (file, text) in &sources() {
        let Some(own) = room_of(file) else { continue };
        for (room, _) in imports(file, text) {
            if room != own && rank(&room) >= rank(own) {
                wrong.push(format!("{file} imports from {room}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_files_of_a_room_form_no_circle() {
    let all = sources();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in &all {
        let Some(own) = room_of(file).filter(|_| !file.ends_with("mod.rs")) else {
            continue;
        };
        for (room, inner) in imports(file, text) {
            let other = inner.map(|inner| format!("{room}/{inner}.rs"));
            if let Some(other) =
                other.filter(|it| room == own && it != file && all.contains_key(it))
            {
                edges.entry(file.clone()).or_default().insert(other);
            }
        }
    }
    // Files that import nothing that is left are taken away, until none is left or all are in circles.
    loop {
        let free: Vec<String> = edges
            .iter()
            .filter(|(_, others)| others.iter().all(|it| !edges.contains_key(it)))
            .map(|(file, _)| file.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        edges.retain(|file, _| !free.contains(file));
    }
    assert!(edges.is_empty(), "a circle among {edges:#?}");
}

#[test]
fn each_type_name_stands_once() {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in &sources() {
        // Associated types are indented, and belong to their trait.
        for line in text.lines() {
            let mut words = line.split([' ', '<', '(', '{', ';', ':', '=']);
            let mut word = words.next();
            while matches!(word, Some("pub" | "unsafe" | "crate)" | "super)")) {
                word = words.next();
            }
            if matches!(word, Some("struct" | "enum" | "trait" | "type" | "union")) {
                let name = words.next().unwrap_or_default().to_owned();
                files.entry(name).or_default().insert(file.clone());
            }
        }
    }
    assert!(files.len() > 80, "{files:#?}");
    files.retain(|_, files| files.len() > 1);
    assert!(files.is_empty(), "{files:#?}");
}

#[test]
fn unsafe_code_stands_in_few_files() {
    let mut wrong = Vec::new();
    for (file, text) in &sources() {
        let holds = text.contains("allow(unsafe_code)");
        if holds != UNSAFE.contains(&file.as_str()) {
            wrong.push(file.clone());
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_room_hands_on_what_is_another_ones() {
    for (file, text) in &sources() {
        let handed_on = text.lines().any(|line| line.starts_with("pub use crate::"));
        assert!(!handed_on, "{file} re-exports items of another room");
    }
}
