//! Options whose values hold maps: protox writes the entries in the order of a hash table, which differs in each run; protoc in
//! the order of the source. In: serialised files and their texts. Out: the same with the entries in the order in which
//! their keys stand in the text.

use std::collections::HashMap;

use protox::prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MapKey, MessageDescriptor, Value,
};

use super::super::super::source_info::Fields;

/// Whether some option holds a map.
pub(super) fn are_in_options(pool: &DescriptorPool) -> bool {
    let mut seen = Vec::new();
    pool.all_extensions().any(|extension| {
        let is_option = extension.containing_message().package_name() == "google.protobuf";
        is_option && holds_map(&extension.kind(), &mut seen)
    })
}

fn holds_map(kind: &Kind, seen: &mut Vec<MessageDescriptor>) -> bool {
    let Kind::Message(message) = kind else {
        return false;
    };
    if seen.contains(message) {
        return false;
    }
    seen.push(message.clone());
    message
        .fields()
        .any(|field| field.is_map() || holds_map(&field.kind(), seen))
}

/// A serialised file with its map entries in the order of `text`. Bytes that cannot be read are copied.
pub(super) fn in_order(pool: &DescriptorPool, bytes: &[u8], text: &str) -> Vec<u8> {
    let file = pool.get_message_by_name("google.protobuf.FileDescriptorProto");
    file.map_or_else(|| bytes.to_vec(), |file| message(&file, bytes, &keys(text)))
}

fn message(
    descriptor: &MessageDescriptor,
    bytes: &[u8],
    order: &HashMap<MapKey, usize>,
) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len());
    let mut entries: Vec<(Place, Vec<u8>)> = Vec::new();
    let mut map = 0;
    for field in Fields(bytes) {
        let Ok(field) = field else {
            return bytes.to_vec();
        };
        let kind = match descriptor.get_field(field.number) {
            Some(found) => Some((found.kind(), found.is_map())),
            None => descriptor
                .get_extension(field.number)
                .map(|found| (found.kind(), false)),
        };
        // The entries of one map follow each other.
        if field.number != map {
            flush(&mut entries, &mut copy);
        }
        match kind {
            Some((Kind::Message(inner), is_map)) if field.is_delimited() => {
                let value = message(&inner, field.value, order);
                let mut whole = Vec::with_capacity(value.len() + 10);
                prost::encoding::bytes::encode(field.number, &value, &mut whole);
                if is_map {
                    map = field.number;
                    entries.push((place(&inner, field.value, order), whole));
                } else {
                    copy.extend(whole);
                }
            }
            _ => copy.extend_from_slice(field.bytes),
        }
    }
    flush(&mut entries, &mut copy);
    copy
}

/// Where an entry belongs: by its key's place in the text, and among those that are not found there by the key.
type Place = (usize, Option<MapKey>);

fn place(entry: &MessageDescriptor, bytes: &[u8], order: &HashMap<MapKey, usize>) -> Place {
    let decoded = DynamicMessage::decode(entry.clone(), bytes).ok();
    let key = decoded.and_then(|it| key_of(it.get_field_by_name("key")?.as_ref()));
    let found = key.as_ref().and_then(|key| order.get(key).copied());
    (found.unwrap_or(usize::MAX), key)
}

/// Numbers as the smallest of the types that hold them, as their text does not tell the type.
fn key_of(value: &Value) -> Option<MapKey> {
    Some(match value {
        Value::Bool(value) => MapKey::Bool(*value),
        Value::I32(value) => number((*value).into()),
        Value::I64(value) => number(*value),
        Value::U32(value) => MapKey::U64((*value).into()),
        Value::U64(value) => MapKey::U64(*value),
        Value::String(value) => MapKey::String(value.clone()),
        _ => return None,
    })
}

fn number(value: i64) -> MapKey {
    u64::try_from(value).map_or(MapKey::I64(value), MapKey::U64)
}

fn flush(entries: &mut Vec<(Place, Vec<u8>)>, copy: &mut Vec<u8>) {
    entries.sort();
    copy.extend(entries.drain(..).flat_map(|(_, bytes)| bytes));
}

/// The keys of map entries in a text, `key: …` each, and where they stand.
fn keys(text: &str) -> HashMap<MapKey, usize> {
    let mut keys = HashMap::new();
    for (index, found) in text.match_indices("key") {
        let rest = text[index + found.len()..].trim_start();
        let Some(rest) = rest.strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        if let Some(key) = read_key(rest) {
            keys.entry(key).or_insert(index);
        }
    }
    keys
}

/// The literal that a text begins with, as a key.
fn read_key(text: &str) -> Option<MapKey> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let end = text[1..].find(quote).map_or(text.len(), |end| end + 1);
        return Some(MapKey::String(text[1..end].to_owned()));
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let word = &text[..end.unwrap_or(text.len())];
    if matches!(word, "true" | "false") {
        return Some(MapKey::Bool(word == "true"));
    }
    let unsigned = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    unsigned
        .map(MapKey::U64)
        .or_else(|_| word.parse().map(MapKey::I64))
        .ok()
}
