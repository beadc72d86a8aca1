//! A device: its key, and its request for a certificate (PKCS #10, RFC 2986).

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};

use crate::context::Result;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF8: u8 = 0x0c;
const BIT_STRING: u8 = 0x03;
const ATTRIBUTES: u8 = 0xa0;

const VERSION: [u8; 3] = [0x02, 0x01, 0x00];
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
const EC_ON_P256: [u8; 19] = [
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];
const ECDSA_WITH_SHA256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// A new key on P-256.
pub(super) fn key() -> Result<EcdsaKeyPair> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| "no key")?;
    Ok(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).map_err(|_| "no key")?)
}

/// A request of a new device with this name, in DER.
pub(super) fn request(name: &str) -> Result<Vec<u8>> {
    let key = key()?;
    let name = tagged(UTF8, &[name.as_bytes()]);
    let subject = tagged(
        SEQUENCE,
        &[&tagged(SET, &[&tagged(SEQUENCE, &[&COMMON_NAME, &name])])],
    );
    let public = tagged(BIT_STRING, &[&[0], key.public_key().as_ref()]);
    let public = tagged(SEQUENCE, &[&tagged(SEQUENCE, &[&EC_ON_P256]), &public]);
    let contents = tagged(SEQUENCE, &[&VERSION, &subject, &public, &tagged(ATTRIBUTES, &[])]);
    let signature = key.sign(&SystemRandom::new(), &contents);
    let signature = signature.map_err(|_| "no signature")?;
    let algorithm = tagged(SEQUENCE, &[&ECDSA_WITH_SHA256]);
    let signature = tagged(BIT_STRING, &[&[0], signature.as_ref()]);
    Ok(tagged(SEQUENCE, &[&contents, &algorithm, &signature]))
}

/// The same request as a device sends it: the base64 of its PEM.
pub(super) fn csr(name: &str) -> Result<String> {
    Ok(STANDARD.encode(pki::pem("CERTIFICATE REQUEST", &request(name)?)))
}

/// A value of fewer than 65,536 bytes.
fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = (content.len() as u16).to_be_bytes();
    let mut bytes = match (high, low) {
        (0, ..0x80) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    bytes.extend(content);
    bytes
}
