//! Source info is three quarters of a descriptor: a place for each word of the file. As typed messages it would take two fifths
//! of the memory of a descriptor set, so only what has comments is decoded with a file, and the spans when a diagnostic asks
//! for one. In: serialised files. Called by `DescriptorSet`; `like_protoc` cuts files with it.

use prost::encoding::{decode_key, decode_varint, skip_field, DecodeContext, WireType};
use prost::{DecodeError, Message};

use crate::descriptor::source_code_info::Location;
use crate::descriptor::FileDescriptorProto;
use crate::lookup::Lookup;

use super::defaults::{without_not_utf8, NotUtf8};

/// `FileDescriptorProto.source_code_info`
const SOURCE_CODE_INFO: u32 = 9;
/// `SourceCodeInfo.location`
const LOCATION: u32 = 1;
/// `Location.leading_comments`, `.trailing_comments`, `.leading_detached_comments`
const COMMENTS: [u32; 3] = [3, 4, 6];

/// The file, with those places that have comments, and what its strings have as defaults without being UTF-8.
///
/// # Errors
///
/// The bytes are not a serialised `FileDescriptorProto`.
pub(super) fn decode(bytes: &[u8]) -> Result<(FileDescriptorProto, Vec<NotUtf8>), DecodeError> {
    let file = without(bytes);
    let (mut file, not_utf8) = if let Ok(file) = FileDescriptorProto::decode(file.as_slice()) {
        (file, Vec::new())
    } else {
        let (file, not_utf8) = without_not_utf8(&file)?;
        (FileDescriptorProto::decode(file.as_slice())?, not_utf8)
    };
    for info in fields(bytes, SOURCE_CODE_INFO) {
        let commented = file.source_code_info.get_or_insert_default();
        for place in fields(info?, LOCATION) {
            let place = place?;
            for field in Fields(place) {
                if COMMENTS.contains(&field?.number) {
                    commented.location.push(Location::decode(place)?);
                    break;
                }
            }
        }
    }
    Ok((file, not_utf8))
}

/// The span of the first place for each path.
pub(super) fn spans(bytes: &[u8]) -> Lookup<Vec<i32>, Vec<i32>> {
    // What is in a descriptor set has been decoded before.
    let places = fields(bytes, SOURCE_CODE_INFO)
        .map_while(Result::ok)
        .flat_map(|info| fields(info, LOCATION).map_while(Result::ok));
    let mut spans = Lookup::with_capacity(256);
    for place in places.map_while(|place| Location::decode(place).ok()) {
        spans.insert(place.path, place.span);
    }
    spans
}

/// A serialised `FileDescriptorProto` without its source info.
pub(super) fn without(bytes: &[u8]) -> Vec<u8> {
    copy_fields(bytes, |number| number != SOURCE_CODE_INFO)
}

/// The other part.
#[cfg(feature = "protox")]
pub(super) fn only(bytes: &[u8]) -> Vec<u8> {
    copy_fields(bytes, |number| number == SOURCE_CODE_INFO)
}

/// Copies some fields of a serialised message as they are. From a field that cannot be read on, everything is copied, so that
/// whoever reads the copy meets it.
fn copy_fields(bytes: &[u8], keep: impl Fn(u32) -> bool) -> Vec<u8> {
    let mut copy = Vec::new();
    let mut rest = Fields(bytes);
    loop {
        let start = rest.0;
        match rest.next() {
            Some(Ok(field)) if keep(field.number) => copy.extend_from_slice(field.bytes),
            Some(Ok(_)) => {}
            Some(Err(_)) => {
                copy.extend_from_slice(start);
                return copy;
            }
            None => return copy,
        }
    }
}

/// One field of a serialised message.
pub(super) struct Field<'a> {
    pub(super) number: u32,
    wire_type: WireType,
    /// Key, length and value.
    pub(super) bytes: &'a [u8],
    /// The value, without its length if it has one.
    pub(super) value: &'a [u8],
}

impl Field<'_> {
    /// Whether it has a length.
    pub(super) fn is_delimited(&self) -> bool {
        self.wire_type == WireType::LengthDelimited
    }
}

/// The fields of a serialised message; an error is the last item.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<Field<'a>, DecodeError> {
        let start = self.0;
        let (number, wire_type) = decode_key(&mut self.0)?;
        let mut value = self.0;
        skip_field(wire_type, number, &mut self.0, DecodeContext::default())?;
        if wire_type == WireType::LengthDelimited {
            decode_varint(&mut value)?;
        }
        Ok(Field {
            number,
            wire_type,
            bytes: &start[..start.len() - self.0.len()],
            value: &value[..value.len() - self.0.len()],
        })
    }
}

/// The values of the fields with this number, which are messages.
fn fields(bytes: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], DecodeError>> {
    Fields(bytes).filter_map(move |field| match field {
        Ok(field) => (field.number == number).then_some(Ok(field.value)),
        Err(error) => Some(Err(error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::SourceCodeInfo;

    fn place(path: &[i32], comment: Option<&str>) -> Location {
        Location {
            path: path.to_vec(),
            span: vec![path.len().try_into().unwrap(), 2, 3],
            leading_comments: comment.map(str::to_owned),
            ..Location::default()
        }
    }

    fn file(location: Vec<Location>) -> FileDescriptorProto {
        FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            source_code_info: Some(SourceCodeInfo { location }),
            // Its number is higher than that of the source info.
            syntax: Some("proto3".to_owned()),
            ..FileDescriptorProto::default()
        }
    }

    #[test]
    fn places_with_comments_are_decoded_and_all_have_spans() {
        let places = vec![
            place(&[], None),
            place(&[4, 0], Some("a")),
            place(&[4, 0, 1], None),
        ];
        let bytes = file(places).encode_to_vec();
        assert_eq!(
            decode(&bytes).unwrap().0,
            file(vec![place(&[4, 0], Some("a"))])
        );
        let spans = spans(&bytes);
        assert_eq!(spans.get(&[4, 0, 1][..]), Some(&vec![3, 2, 3]));
        assert_eq!(spans.get(&[4, 1][..]), None);
    }

    #[test]
    fn noise_is_an_error() {
        let file = file(vec![place(&[4, 0], Some("comment"))]).encode_to_vec();
        assert!(decode(&file[..file.len() - 1]).is_err());
        let at = file.windows(7).position(|it| it == b"comment").unwrap();
        let mut latin_1 = file.clone();
        latin_1[at] = 0xe9;
        assert!(decode(&latin_1).is_err());
    }
}
