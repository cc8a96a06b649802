//! A second reader of wire bytes, which knows nothing of the first: what is a message of a class, and what is none.
//!
//! Written from <https://protobuf.dev/programming-guides/encoding/> to be plain, not fast.

/// The verdict on some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A message, with all its required fields wherever it comes.
    Complete,
    /// Well-formed; whether it is complete shows when occurrences are merged, or in a class that is not looked into.
    Open,
    /// No message, or beyond the budget.
    Wrong,
}

/// A field. Kinds are the numbers of `FieldDescriptorProto.Type`.
pub struct Field {
    pub number: u32,
    pub kind: u32,
    pub repeated: bool,
    pub utf8: bool,
    pub required: bool,
    pub entry: Option<(&'static Field, &'static Field)>,
    pub class: Option<usize>,
}

pub struct Class {
    pub fields: &'static [Field],
    pub extendable: bool,
    pub message_set: bool,
}

const DOUBLE: u32 = 1;
const FLOAT: u32 = 2;
const FIXED64: u32 = 6;
const FIXED32: u32 = 7;
const STRING: u32 = 9;
const GROUP: u32 = 10;
const MESSAGE: u32 = 11;
const BYTES: u32 = 12;
const SFIXED32: u32 = 15;
const SFIXED64: u32 = 16;

const fn one(number: u32, kind: u32) -> Field {
    Field {
        number,
        kind,
        repeated: false,
        utf8: true,
        required: false,
        entry: None,
        class: None,
    }
}

const fn many(number: u32, kind: u32) -> Field {
    Field {
        repeated: true,
        ..one(number, kind)
    }
}

const fn below(number: u32, kind: u32, class: usize, repeated: bool) -> Field {
    Field {
        repeated,
        class: Some(class),
        ..one(number, kind)
    }
}

const fn required(number: u32, kind: u32) -> Field {
    Field {
        required: true,
        ..one(number, kind)
    }
}

const fn map(number: u32, key: &'static Field, value: &'static Field) -> Field {
    Field {
        entry: Some((key, value)),
        ..one(number, MESSAGE)
    }
}

/// Known in every class that is extendable.
pub const EXTENSION: Field = many(150, 5);

const KEY_TEXT: Field = one(1, STRING);
const KEY_FIXED: Field = one(1, SFIXED32);
const VALUE_BYTES: Field = one(2, BYTES);
const VALUE_SELF: Field = below(2, MESSAGE, 0, false);
const VALUE_REQUIRED: Field = below(2, MESSAGE, 2, false);

/// Fields are ordered by number, as those of a `Shape` are.
pub const CLASSES: &[Class] = &[
    Class {
        fields: &[
            one(1, DOUBLE),
            one(2, FLOAT),
            one(3, 3),
            one(4, 4),
            one(5, 5),
            one(6, FIXED64),
            one(7, FIXED32),
            one(8, 8),
            one(9, STRING),
            below(10, GROUP, 0, false),
            below(11, MESSAGE, 0, false),
            one(12, BYTES),
            one(13, 13),
            one(14, 14),
            one(15, SFIXED32),
            one(16, SFIXED64),
            one(17, 17),
            one(18, 18),
            Field {
                utf8: false,
                ..one(19, STRING)
            },
            below(20, MESSAGE, 2, false),
            below(21, MESSAGE, 1, true),
            below(22, MESSAGE, 3, false),
            map(23, &KEY_TEXT, &VALUE_SELF),
            map(24, &KEY_FIXED, &VALUE_BYTES),
            map(25, &KEY_TEXT, &VALUE_REQUIRED),
            // Beyond the table of small numbers.
            one(5000, 3),
            below(536_870_911, GROUP, 1, true),
        ],
        extendable: false,
        message_set: false,
    },
    Class {
        fields: &[
            many(1, DOUBLE),
            many(2, FLOAT),
            many(3, 3),
            many(5, 5),
            many(8, 8),
            many(9, STRING),
            below(10, GROUP, 1, true),
            below(11, MESSAGE, 0, true),
            many(12, BYTES),
            many(14, 14),
            many(16, SFIXED64),
            many(1025, 18),
        ],
        extendable: true,
        message_set: false,
    },
    Class {
        fields: &[
            required(1, 5),
            required(2, STRING),
            one(3, 3),
            below(4, MESSAGE, 2, false),
        ],
        extendable: false,
        message_set: false,
    },
    Class {
        fields: &[],
        extendable: false,
        message_set: true,
    },
];

/// What goes wrong ends everything.
struct Wrong;

struct Left<'a> {
    bytes: &'a [u8],
    open: bool,
    messages: u64,
}

pub fn varint_length(value: u64) -> usize {
    (1..10)
        .find(|&length| u128::from(value) < 1 << (7 * length))
        .unwrap_or(10)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Wrong> {
    let mut value = 0_u128;
    for index in 0..10 {
        let (first, rest) = bytes.split_first().ok_or(Wrong)?;
        *bytes = rest;
        value += u128::from(first % 128) << (7 * index);
        if *first < 128 {
            return Ok(value as u64);
        }
    }
    Err(Wrong)
}

fn tag(bytes: &mut &[u8]) -> Result<(u32, u32), Wrong> {
    let before = bytes.len();
    let value = varint(bytes)?;
    // Padding is allowed, but not beyond the five bytes of the longest tag.
    if value > u64::from(u32::MAX) || before - bytes.len() > 5 {
        return Err(Wrong);
    }
    Ok(((value / 8) as u32, (value % 8) as u32))
}

fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], Wrong> {
    if count > bytes.len() as u64 {
        return Err(Wrong);
    }
    let (taken, rest) = bytes.split_at(count as usize);
    *bytes = rest;
    Ok(taken)
}

fn wire_type(kind: u32) -> u32 {
    match kind {
        DOUBLE | FIXED64 | SFIXED64 => 1,
        FLOAT | FIXED32 | SFIXED32 => 5,
        STRING | BYTES | MESSAGE => 2,
        GROUP => 3,
        _ => 0,
    }
}

fn unknown(number: u32, wire: u32, bytes: &mut &[u8], depth: u32) -> Result<(), Wrong> {
    if number == 0 {
        return Err(Wrong);
    }
    match wire {
        0 => varint(bytes).map(drop),
        1 => take(bytes, 8).map(drop),
        2 => varint(bytes)
            .and_then(|length| take(bytes, length))
            .map(drop),
        5 => take(bytes, 4).map(drop),
        3 => {
            let depth = depth.checked_sub(1).ok_or(Wrong)?;
            loop {
                let (inner, inner_wire) = tag(bytes)?;
                if (inner, inner_wire) == (number, 4) {
                    return Ok(());
                }
                unknown(inner, inner_wire, bytes, depth)?;
            }
        }
        _ => Err(Wrong),
    }
}

fn message(
    class: &Class,
    group: Option<u32>,
    left: &mut Left<'_>,
    depth: u32,
) -> Result<(), Wrong> {
    let mut seen = std::collections::BTreeSet::new();
    loop {
        if left.bytes.is_empty() {
            if group.is_some() {
                return Err(Wrong);
            }
            break;
        }
        let (number, wire) = tag(&mut left.bytes)?;
        let own = class.fields.iter().find(|field| field.number == number);
        let extension = Some(&EXTENSION).filter(|it| class.extendable && it.number == number);
        if let Some(field) = own.or(extension) {
            if wire == wire_type(field.kind) {
                value(field, left, depth)?;
                seen.insert(number);
                continue;
            }
            let packable = matches!(wire_type(field.kind), 0 | 1 | 5);
            if wire == 2 && field.repeated && packable {
                packed(field, left)?;
                continue;
            }
        }
        if wire == 4 && Some(number) == group {
            break;
        }
        unknown(number, wire, &mut left.bytes, depth)?;
    }
    if class
        .fields
        .iter()
        .any(|field| field.required && !seen.contains(&field.number))
    {
        left.open = true;
    }
    Ok(())
}

fn packed(field: &Field, left: &mut Left<'_>) -> Result<(), Wrong> {
    let length = varint(&mut left.bytes)?;
    let mut inner = take(&mut left.bytes, length)?;
    while !inner.is_empty() {
        scalar(wire_type(field.kind), &mut inner)?;
    }
    Ok(())
}

fn scalar(wire: u32, bytes: &mut &[u8]) -> Result<(), Wrong> {
    match wire {
        0 => varint(bytes).map(drop),
        1 => take(bytes, 8).map(drop),
        _ => take(bytes, 4).map(drop),
    }
}

fn value(field: &Field, left: &mut Left<'_>, depth: u32) -> Result<(), Wrong> {
    match field.kind {
        STRING | BYTES => {
            let length = varint(&mut left.bytes)?;
            let text = take(&mut left.bytes, length)?;
            if field.kind == STRING && field.utf8 {
                String::from_utf8(text.to_vec()).map_err(|_| Wrong)?;
            }
            Ok(())
        }
        GROUP | MESSAGE => {
            if let Some(pair) = field.entry {
                return delimited(left, |left| entry(pair, left, depth));
            }
            let class = &CLASSES[field.class.expect("a message's class")];
            left.messages = left.messages.checked_sub(1).ok_or(Wrong)?;
            let depth = depth.checked_sub(1).ok_or(Wrong)?;
            if class.message_set {
                // Its items are another codec's.
                left.open = true;
            }
            if field.kind == GROUP {
                return message(class, Some(field.number), left, depth);
            }
            delimited(left, |left| message(class, None, left, depth))
        }
        _ => scalar(wire_type(field.kind), &mut left.bytes),
    }
}

fn delimited(
    left: &mut Left<'_>,
    read: impl FnOnce(&mut Left<'_>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    let length = varint(&mut left.bytes)?;
    let inner = take(&mut left.bytes, length)?;
    let outer = std::mem::replace(&mut left.bytes, inner);
    read(left)?;
    left.bytes = outer;
    Ok(())
}

fn entry(pair: (&Field, &Field), left: &mut Left<'_>, depth: u32) -> Result<(), Wrong> {
    let mut has_value = false;
    while !left.bytes.is_empty() {
        let (number, wire) = tag(&mut left.bytes)?;
        if (number, wire) == (pair.0.number, wire_type(pair.0.kind)) {
            value(pair.0, left, depth)?;
        } else if (number, wire) == (pair.1.number, wire_type(pair.1.kind)) {
            value(pair.1, left, depth)?;
            has_value = true;
        } else {
            unknown(number, wire, &mut left.bytes, depth)?;
        }
    }
    // The value is then an empty message.
    let requires = |class: usize| CLASSES[class].fields.iter().any(|field| field.required);
    if !has_value && pair.1.class.is_some_and(requires) {
        left.open = true;
    }
    Ok(())
}

/// Whether `data` are a message of the class, within a budget.
pub fn verdict(class: &Class, data: &[u8], depth: u32, messages: u64) -> Verdict {
    let mut left = Left {
        bytes: data,
        open: class.message_set,
        messages,
    };
    match message(class, None, &mut left, depth) {
        Err(Wrong) => Verdict::Wrong,
        Ok(()) if left.open => Verdict::Open,
        Ok(()) => Verdict::Complete,
    }
}

/// The number of varints that fill some bytes.
pub fn count_varints(mut data: &[u8]) -> Option<usize> {
    let mut count = 0;
    while !data.is_empty() {
        varint(&mut data).ok()?;
        count += 1;
    }
    Some(count)
}
