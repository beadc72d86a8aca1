//! What several structures need to write DER (ITU-T X.690) by hand: tagged values, times, signatures over encoded bytes.

use std::time::Duration;

use der::{
    Decode, Encode, Header, Reader, SliceReader,
    asn1::{BitString, GeneralizedTime, OctetString, UtcTime},
    oid::AssociatedOid,
};
use x509_cert::{ext::Extension, spki::AlgorithmIdentifierOwned, time::Time};

use crate::{Failure, Key};

/// Seconds since 1970-01-01T00:00:00Z.
pub type UnixSeconds = u64;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// A context-specific tag of a constructed value.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// A tag, the length of all parts together, and the parts.
pub(crate) fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 10);
    bytes.push(tag);
    push_length(&mut bytes, length);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

fn push_length(bytes: &mut Vec<u8>, length: usize) {
    if let Ok(short @ ..0x80) = u8::try_from(length) {
        bytes.push(short);
        return;
    }
    let octets = length.to_be_bytes();
    let significant = octets.iter().skip_while(|octet| **octet == 0);
    bytes.push(0x80 | significant.clone().count() as u8);
    bytes.extend(significant);
}

/// An INTEGER that is not negative, from its octets in big-endian order.
pub(crate) fn integer(octets: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
    match significant.first() {
        Some(..0x80) => tagged(INTEGER, &[&significant]),
        Some(_) | None => tagged(INTEGER, &[&[0], &significant]),
    }
}

/// A time as RFC 5280 section 4.1.2.5 writes it: `UTCTime` to the year 2049, then `GeneralizedTime`.
pub(crate) fn time(seconds: UnixSeconds) -> Result<Time, Failure> {
    const YEAR_2050: UnixSeconds = 2_524_608_000;
    let since_epoch = Duration::from_secs(seconds);
    if seconds < YEAR_2050 {
        Ok(Time::UtcTime(UtcTime::from_unix_duration(since_epoch)?))
    } else {
        Ok(Time::GeneralTime(GeneralizedTime::from_unix_duration(
            since_epoch,
        )?))
    }
}

/// The extension with this value.
pub(crate) fn extension<T: AssociatedOid + Encode>(
    is_critical: bool,
    value: &T,
) -> Result<Extension, Failure> {
    Ok(Extension {
        extn_id: T::OID,
        critical: is_critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// A structure that is signed: its bytes, the algorithm, and the signature (`SIGNED` of X.509).
pub(crate) fn signed(message: &[u8], key: &Key, more: &[u8]) -> Result<Vec<u8>, Failure> {
    let signature = key.signature(message)?;
    let signature = tagged(BIT_STRING, &[&[0], &signature]);
    let algorithm = key.signature_algorithm().to_der()?;
    Ok(tagged(SEQUENCE, &[message, &algorithm, &signature, more]))
}

/// The parts of a structure that is signed: the bytes that the signature covers, the algorithm, and the signature.
pub(crate) fn signed_parts(der: &[u8]) -> der::Result<(&[u8], AlgorithmIdentifierOwned, Vec<u8>)> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    let message = reader.tlv_bytes()?;
    let algorithm = AlgorithmIdentifierOwned::decode(&mut reader)?;
    let signature = BitString::decode(&mut reader)?;
    Ok((message, algorithm, signature.raw_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_tagged_value_is_read_again(content in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let bytes = tagged(OCTET_STRING, &[&content]);
            let read = <OctetString as der::Decode>::from_der(&bytes).unwrap();
            prop_assert_eq!(read.as_bytes(), content.as_slice());
        }

        #[test]
        fn an_integer_is_read_again(number in any::<u64>()) {
            let bytes = integer(&number.to_be_bytes());
            prop_assert_eq!(<u64 as der::Decode>::from_der(&bytes).unwrap(), number);
        }
    }
}
