//! PEM, hexadecimal digits and digests.

use pem::{EncodeConfig, LineEnding, Pem};
use ring::digest;

/// The PEM of DER bytes, with lines of 64 characters (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), config)
}

/// The SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    let digest = digest::digest(&digest::SHA256, bytes);
    for (octet, value) in octets.iter_mut().zip(digest.as_ref()) {
        *octet = *value;
    }
    octets
}

/// The SHA-1 of bytes. OCSP names issuers by it, and people compare fingerprints by it. Nothing here trusts it.
pub(crate) fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
        .as_ref()
        .to_vec()
}

/// Octets as digits in lower case.
pub(crate) fn hexadecimal(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 0xf])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

/// The octets of digits; `None` if the text has another character or half an octet.
pub(crate) fn octets_of(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let value = |digit: u8| char::from(digit).to_digit(16);
    let octet = |[high, low]: &[u8; 2]| u8::try_from(value(*high)? << 4 | value(*low)?).ok();
    rest.is_empty().then(|| pairs.iter().map(octet).collect())?
}
