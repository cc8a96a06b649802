//! Wire bytes against the parts of the codec that know no Python: `wire`, `schema/wire_table`, `binary/check`.
//!
//! In: a byte that chooses the class and the budget, then wire bytes. Every verdict of `Checker` is compared with that of a
//! second reader, written for this purpose from the specification: slowly, with 128-bit arithmetic and its own tables.
//! Then the bytes themselves are taken apart into records and put together again through `Writer`.
#![no_main]
#![allow(dead_code, missing_docs)]

#[path = "../../src/binary"]
mod binary {
    pub mod check;
}
#[path = "../../src/python"]
mod python {
    pub mod attached {
        /// Not known: this thread's is large.
        pub fn thread_stack(_here: usize) -> Option<std::ops::Range<usize>> {
            None
        }
    }
    pub mod stack;
}
#[path = "../../src/schema"]
mod schema {
    pub mod wire_table;
}
#[path = "../../src/wire/mod.rs"]
mod wire;

mod oracle;

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;

use binary::check::{Budget, CheckError, Checker};
use oracle::{Class, Verdict};
use python::stack::StackFloor;
use schema::wire_table::{FieldShape, MessageKind, Shape};
use wire::{check_utf8, count_varints, unzigzag, zigzag, Key, Kind, Reader, Writer};

thread_local! {
    static SHAPES: Vec<Rc<Shape>> = shapes();
    static EXTENSION: Rc<FieldShape> = Rc::new(field(&oracle::EXTENSION));
}

fn field(from: &oracle::Field) -> FieldShape {
    let kind = Kind::from_number(from.kind).expect("a kind");
    let number = from.number;
    FieldShape {
        number,
        kind,
        repeated: from.repeated,
        utf8: from.utf8,
        required: from.required,
        entry: from
            .entry
            .map(|(key, value)| Box::new((field(key), field(value)))),
        tag: number << 3 | kind.wire_type(),
        key: Key::new(number << 3 | kind.wire_type()),
        packed_key: Key::new(number << 3 | wire::LEN),
        nested: Default::default(),
    }
}

fn shapes() -> Vec<Rc<Shape>> {
    let shapes: Vec<Rc<Shape>> = oracle::CLASSES
        .iter()
        .enumerate()
        .map(|(index, class)| {
            let room = match (class.message_set, class.extendable) {
                (true, _) => MessageKind::MessageSet,
                (_, true) => MessageKind::Extendable,
                _ => MessageKind::Plain,
            };
            Shape::new(class.fields.iter().map(field).collect(), room, index)
        })
        .collect();
    fn link(field: &FieldShape, from: &oracle::Field, shapes: &[Rc<Shape>]) {
        if let Some(class) = from.class {
            field
                .nested
                .set(Rc::downgrade(&shapes[class]))
                .expect("set once");
        }
        if let (Some(entry), Some(pair)) = (&field.entry, from.entry) {
            link(&entry.0, pair.0, shapes);
            link(&entry.1, pair.1, shapes);
        }
    }
    for (shape, class) in shapes.iter().zip(oracle::CLASSES) {
        for (field, from) in shape.fields.iter().zip(class.fields) {
            link(field, from, &shapes);
        }
    }
    shapes
}

fn verdicts_agree(class: &Class, shape: &Shape, depth: u32, messages: u64, data: &[u8]) {
    let extension = EXTENSION.with(Rc::clone);
    let mut reader = Reader::new(data, 0, data.len());
    let mut checker = Checker {
        budget: Budget {
            depth,
            messages,
            floor: StackFloor::new(),
        },
        lookup: &mut |_, number| (number == extension.number).then(|| Rc::clone(&extension)),
        // All are linked.
        resolve: &mut |_, _| {},
    };
    let found = checker.message(shape, &mut reader, 0);
    let expected = oracle::verdict(class, data, depth, messages);
    match found {
        Ok(()) => {
            assert_eq!(expected, Verdict::Complete, "accepted");
            assert!(reader.at_end() && reader.pos == data.len());
            assert_eq!(
                checker.budget.depth, depth,
                "levels are left as often as entered"
            );
        }
        Err(CheckError::Malformed(what)) => {
            assert_eq!(expected, Verdict::Wrong, "refused as {what:?}");
            assert!(!what.to_string().is_empty());
        }
        // The reader in Python decides; it must not be asked about what is plainly right.
        Err(CheckError::Later) => assert_ne!(expected, Verdict::Complete, "left for later"),
    }
}

/// Takes records apart with `Reader` and writes them again, from the last to the first.
fn records_return(data: &[u8]) {
    let mut reader = Reader::new(data, 0, data.len());
    let mut spans = Vec::new();
    let mut canonical = true;
    while !reader.at_end() {
        let start = reader.pos;
        let Ok(tag) = reader.tag() else { return };
        canonical &= oracle::varint_length(u64::from(tag)) == reader.pos - start;
        let value = reader.pos;
        if reader.skip(tag, 50).is_err() {
            return;
        }
        assert!(reader.pos > value || tag & 7 == wire::LEN);
        assert!(reader.pos <= data.len());
        spans.push((tag, &data[value..reader.pos]));
    }
    let mut out = Writer::default();
    for (tag, value) in spans.iter().rev() {
        out.put(value);
        if spans.len() % 2 == 0 {
            out.key(Key::new(*tag));
        } else {
            out.varint(u64::from(*tag), Key::NONE);
        }
    }
    let total: usize = spans
        .iter()
        .map(|(tag, value)| oracle::varint_length(u64::from(*tag)) + value.len())
        .sum();
    assert_eq!(out.len(), total);
    if canonical {
        assert_eq!(out.finish(), Ok(data));
    }
}

/// Numbers keep their value through `Writer` and `Reader`, and `Writer` what was written before.
fn numbers_return(data: &[u8]) {
    let mut out = Writer::default();
    let mut expected = Vec::new();
    for chunk in data.chunks(9) {
        let mut bytes = [0; 8];
        let (first, rest) = chunk.split_first().expect("chunks are not empty");
        bytes[..rest.len()].copy_from_slice(rest);
        let number = u64::from_le_bytes(bytes) >> (first % 64);
        assert_eq!(unzigzag(zigzag(number as i64)), number as i64);
        let before = out.len();
        if first % 2 == 0 {
            out.varint(number, Key::NONE);
        } else {
            out.element(number);
        }
        assert_eq!(out.len() - before, oracle::varint_length(number));
        if first % 5 == 0 {
            out.forget(before);
        } else {
            expected.push(number);
        }
    }
    let bytes = out.finish().expect("memory").to_vec();
    let mut reader = Reader::new(&bytes, 0, bytes.len());
    for number in expected.iter().rev() {
        assert_eq!(reader.varint(), Ok(*number));
    }
    assert!(reader.at_end());
    out.reset();
    assert_eq!(out.len(), 0);
}

/// Pieces of any length, put one before the other, and what is left of them when some are taken back.
fn pieces_return(data: &[u8]) {
    let mut out = Writer::default();
    let mut expected = Vec::new();
    for (number, step) in data.chunks_exact(3).take(8).enumerate() {
        let (low, high, encoding) = (step[0], step[1], usize::from(step[2]));
        let length = usize::from(u16::from_le_bytes([low, high])) * (1 + encoding % 4);
        if encoding & 0x80 == 0 {
            let piece: Vec<u8> = (0..length).map(|at| (at * 31 + number) as u8).collect();
            out.put(&piece);
            expected.extend(piece.iter().rev());
        } else {
            out.forget(length);
            expected.truncate(length);
        }
        assert_eq!(out.len(), expected.len());
    }
    expected.reverse();
    assert_eq!(out.finish(), Ok(&expected[..]));
}

fuzz_target!(|input: &[u8]| {
    let Some((&first, data)) = input.split_first() else {
        return;
    };
    let class = usize::from(first) % oracle::CLASSES.len();
    let (depth, messages) = match first >> 5 {
        0 => (0, 100),
        1 => (3, 100),
        2 => (100, 4),
        _ => (100, 1 << 24),
    };
    SHAPES.with(|shapes| {
        verdicts_agree(
            &oracle::CLASSES[class],
            &shapes[class],
            depth,
            messages,
            data,
        );
    });
    records_return(data);
    numbers_return(data);
    // It takes longer than the others.
    if first % 32 == 0 {
        pieces_return(data);
    }
    assert_eq!(check_utf8(data).is_ok(), std::str::from_utf8(data).is_ok());
    assert_eq!(count_varints(data).ok(), oracle::count_varints(data));
});
