//! Any bytes, checked against a class with fields of every kind: by `scan`, and by a reader that is as simple as it can be. Both
//! must agree on what is a message; varints that are written must read back.
#![no_main]
#![allow(dead_code, missing_docs)]

#[path = "../../src/scan.rs"]
mod scan;
#[path = "../../src/shape.rs"]
mod shape;
#[path = "../../src/wire.rs"]
mod wire;

use std::cell::OnceCell;
use std::rc::Rc;

use libfuzzer_sys::fuzz_target;

use scan::{Budget, Refused, Scan};
use shape::{FieldShape, Kind, Room, Shape};
use wire::{unzigzag, zigzag, Buffer, Key, Malformed, Reader};

const DEPTH: u32 = 20;
const MESSAGES: u64 = 1000;

fuzz_target!(|data: &[u8]| {
    let shape = every_kind();
    let mut scan = Scan {
        budget: Budget {
            depth: DEPTH,
            messages: MESSAGES,
        },
        lookup: &mut |_, _| None,
    };
    let found = scan.message(&shape, &mut Reader::new(data, 0, data.len()), 0);
    let mut simple = Simple {
        messages: MESSAGES,
    };
    let expected = simple.message(&shape, data, DEPTH, None).is_some();
    match found {
        Ok(()) => assert!(expected, "accepted"),
        Err(Refused::Malformed(Malformed::Many)) => {}
        Err(Refused::Later) => {}
        Err(Refused::Malformed(what)) => assert!(!expected, "refused: {what}"),
    }
    varints(data);
});

/// What is written reads back, from any start.
fn varints(data: &[u8]) {
    let mut buffer = Buffer::default();
    let numbers: Vec<u64> = data
        .chunks_exact(8)
        .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()) >> (bytes[0] & 63))
        .collect();
    for &number in &numbers {
        buffer.varint(number);
        buffer.put(&data[..data.len().min(usize::from(number as u8))]);
    }
    let written = buffer.written().to_vec();
    let mut reader = Reader::new(&written, 0, written.len());
    for &number in numbers.iter().rev() {
        reader.pos += data.len().min(usize::from(number as u8));
        assert_eq!(reader.varint(), Ok(number));
        assert_eq!(zigzag(unzigzag(number)), number);
    }
    assert!(reader.at_end());
}

/// A class with a singular and a repeated field of each kind, maps of some, and a required one; messages are of the class.
fn every_kind() -> Rc<Shape> {
    let mut fields = Vec::new();
    for number in 1..=18 {
        for repeated in [false, true] {
            let kind = Kind::from_number(number).unwrap();
            let number = if repeated { number + 20 } else { number };
            fields.push(field(number, kind, repeated, None));
        }
    }
    for (number, value) in [(50, Kind::SInt64), (51, Kind::String), (2000, Kind::Message)] {
        let entry = (
            field(1, Kind::String, false, None),
            field(2, value, false, None),
        );
        fields.push(field(number, Kind::Message, false, Some(Box::new(entry))));
    }
    fields.sort_by_key(|field| field.number);
    let shape = Shape::new(fields, Room::Closed, 0);
    for field in &shape.fields {
        let _ = field.below.set(Rc::downgrade(&shape));
        if let Some(entry) = &field.entry {
            let _ = entry.1.below.set(Rc::downgrade(&shape));
        }
    }
    shape
}

fn field(
    number: u32,
    kind: Kind,
    repeated: bool,
    entry: Option<Box<(FieldShape, FieldShape)>>,
) -> FieldShape {
    FieldShape {
        number,
        kind,
        repeated,
        utf8: true,
        required: false,
        entry,
        key: Key::new(number << 3 | kind.wire_type()),
        packed_key: Key::new(number << 3 | 2),
        below: OnceCell::new(),
    }
}

/// The format as its documentation tells it, without a thought for speed: each part is cut off the front of the bytes.
struct Simple {
    messages: u64,
}

impl Simple {
    /// `None` when the bytes are no message; else what follows the tag that ends it.
    fn message<'a>(
        &mut self,
        shape: &Shape,
        mut data: &'a [u8],
        depth: u32,
        group: Option<u32>,
    ) -> Option<&'a [u8]> {
        loop {
            if data.is_empty() {
                return group.is_none().then_some(data);
            }
            let (number, wire_type, rest) = tag(data)?;
            let field = shape.fields.iter().find(|field| field.number == number);
            data = match field {
                Some(field) if field.kind.wire_type() == wire_type => {
                    self.value(shape, field, rest, depth)?
                }
                Some(field) if wire_type == 2 && field.repeated && field.kind.packable() => {
                    let (mut packed, rest) = delimited(rest)?;
                    while !packed.is_empty() {
                        packed = match field.kind.wire_type() {
                            0 => varint(packed)?.1,
                            1 => packed.get(8..)?,
                            _ => packed.get(4..)?,
                        };
                    }
                    rest
                }
                _ if wire_type == 4 => {
                    return (group == Some(number)).then_some(rest);
                }
                _ => unknown(number, wire_type, rest, depth)?,
            };
        }
    }

    fn value<'a>(
        &mut self,
        shape: &Shape,
        field: &FieldShape,
        data: &'a [u8],
        depth: u32,
    ) -> Option<&'a [u8]> {
        if let Some(entry) = &field.entry {
            let (mut inner, rest) = delimited(data)?;
            while !inner.is_empty() {
                let (number, wire_type, after) = tag(inner)?;
                let part = [&entry.0, &entry.1]
                    .into_iter()
                    .find(|part| part.number == number && part.kind.wire_type() == wire_type);
                inner = match part {
                    Some(part) => self.value(shape, part, after, depth)?,
                    None => unknown(number, wire_type, after, depth)?,
                };
            }
            return Some(rest);
        }
        match field.kind {
            Kind::String => {
                let (text, rest) = delimited(data)?;
                std::str::from_utf8(text).ok()?;
                Some(rest)
            }
            Kind::Message => {
                let (inner, rest) = delimited(data)?;
                self.messages = self.messages.checked_sub(1)?;
                self.message(shape, inner, depth.checked_sub(1)?, None)?;
                Some(rest)
            }
            Kind::Group => {
                self.messages = self.messages.checked_sub(1)?;
                self.message(shape, data, depth.checked_sub(1)?, Some(field.number))
            }
            _ => unknown(field.number, field.kind.wire_type(), data, depth),
        }
    }
}

fn unknown(number: u32, wire_type: u32, data: &[u8], depth: u32) -> Option<&[u8]> {
    match wire_type {
        0 => Some(varint(data)?.1),
        1 => data.get(8..),
        2 => Some(delimited(data)?.1),
        3 => {
            let depth = depth.checked_sub(1)?;
            let mut data = data;
            loop {
                let (inner, wire_type, rest) = tag(data)?;
                if wire_type == 4 {
                    return (inner == number).then_some(rest);
                }
                data = unknown(inner, wire_type, rest, depth)?;
            }
        }
        5 => data.get(4..),
        _ => None,
    }
}

fn tag(data: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (value, rest) = varint(data)?;
    let tag = u32::try_from(value).ok()?;
    (data.len() - rest.len() <= 5 && tag >= 8).then_some((tag >> 3, tag & 7, rest))
}

fn delimited(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = varint(data)?;
    let length = usize::try_from(length).ok()?;
    Some((rest.get(..length)?, rest.get(length..)?))
}

/// Ten bytes at most, of which what goes beyond 64 bits is lost.
fn varint(data: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u128;
    for (index, byte) in data.iter().enumerate().take(10) {
        value |= u128::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value as u64, data.get(index + 1..)?));
        }
    }
    None
}
