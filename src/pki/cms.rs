//! Certificates as EST sends them: a CMS message without content and signature (RFC 7030 section 4.1.3, RFC 5652 section 5).

use crate::encode::{SEQUENCE, SET, context, tagged};

/// The object identifiers in DER.
const SIGNED_DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

const VERSION_1: [u8; 3] = [0x02, 0x01, 0x01];

/// The message with these certificates, each in DER. DER sorts them.
pub fn certificates_only(certificates: &[&[u8]]) -> Vec<u8> {
    let mut sorted = certificates.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let nothing = tagged(SET, &[]);
    let content = tagged(SEQUENCE, &[&DATA]);
    let certificates = tagged(context(0), &sorted);
    let signed_data = tagged(
        SEQUENCE,
        &[&VERSION_1, &nothing, &content, &certificates, &nothing],
    );
    tagged(SEQUENCE, &[&SIGNED_DATA, &tagged(context(0), &[&signed_data])])
}
