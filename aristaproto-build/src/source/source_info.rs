//! Source info is three quarters of a descriptor: a place for each word of the file. As typed messages it would take most of the
//! time and of the memory that a descriptor set takes, so only what has comments is decoded with a file, and a span when a
//! diagnostic asks for it. In: serialised files. Called by `DescriptorSet`; `like_protoc` cuts files with it.

use prost::bytes::Bytes;
use prost::encoding::{decode_key, skip_field, DecodeContext};
use prost::{DecodeError, Message};

use crate::descriptor::source_code_info::Location;
use crate::descriptor::{FileDescriptorProto, SourceCodeInfo};

/// `FileDescriptorProto.source_code_info`
const SOURCE_CODE_INFO: u32 = 9;

/// A `FileDescriptorProto`, with the places still serialised.
#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(message, optional, tag = "9")]
    source_code_info: Option<Places>,
}

#[derive(Clone, PartialEq, Message)]
struct Places {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    location: Vec<Bytes>,
}

/// The file, with those places that have comments.
///
/// # Errors
///
/// The bytes are not a serialised `FileDescriptorProto`.
pub(super) fn decode(bytes: &Bytes) -> Result<FileDescriptorProto, DecodeError> {
    let mut file = FileDescriptorProto::decode(without(bytes).as_slice())?;
    if let Some(info) = File::decode(bytes.clone())?.source_code_info {
        let mut commented = SourceCodeInfo::default();
        // One place after the other is read into the same memory.
        let mut place = Location::default();
        for bytes in info.location {
            place.clear();
            place.merge(bytes)?;
            if is_commented(&place) {
                commented.location.push(place.clone());
            }
        }
        file.source_code_info = Some(commented);
    }
    Ok(file)
}

fn is_commented(place: &Location) -> bool {
    place.leading_comments.is_some()
        || place.trailing_comments.is_some()
        || !place.leading_detached_comments.is_empty()
}

/// The span of the first place that has this path.
pub(super) fn span(bytes: &Bytes, path: &[i32]) -> Option<Vec<i32>> {
    // What is in a descriptor set has been decoded before.
    let info = File::decode(bytes.clone()).ok()?.source_code_info?;
    let mut places = info
        .location
        .into_iter()
        .map_while(|it| Location::decode(it).ok());
    places
        .find(|place| place.path == path)
        .map(|place| place.span)
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
    let mut rest = bytes;
    while !rest.is_empty() {
        let start = rest;
        let number = decode_key(&mut rest).and_then(|(number, wire_type)| {
            skip_field(wire_type, number, &mut rest, DecodeContext::default()).map(|()| number)
        });
        match number {
            Ok(number) if keep(number) => {
                copy.extend_from_slice(&start[..start.len() - rest.len()]);
            }
            Ok(_) => {}
            Err(_) => {
                copy.extend_from_slice(start);
                break;
            }
        }
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let bytes = Bytes::from(file(places).encode_to_vec());
        assert_eq!(
            decode(&bytes).unwrap(),
            file(vec![place(&[4, 0], Some("a"))])
        );
        assert_eq!(span(&bytes, &[4, 0, 1]), Some(vec![3, 2, 3]));
        assert_eq!(span(&bytes, &[4, 1]), None);
    }

    #[test]
    fn noise_is_an_error() {
        let file = file(vec![place(&[4, 0], Some("comment"))]).encode_to_vec();
        assert!(decode(&Bytes::copy_from_slice(&file[..file.len() - 1])).is_err());
        let at = file.windows(7).position(|it| it == b"comment").unwrap();
        let mut latin_1 = file.clone();
        latin_1[at] = 0xe9;
        assert!(decode(&Bytes::from(latin_1)).is_err());
    }
}
