//! Certificate signing requests (PKCS #10, RFC 2986).

mod error;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use der::{Decode, ErrorKind, Header, Reader, SliceReader, asn1::ObjectIdentifier};
use x509_cert::{
    ext::{
        Extensions,
        pkix::{BasicConstraints, KeyUsage},
    },
    request::{CertReq, CertReqInfo},
};

pub use error::CsrError;

use crate::{PublicKey, name, public_key::Unproved, sha256};

/// The most bytes that a request may have, in any form.
pub const LONGEST_CSR: usize = 16 * 1024;

/// The attributes that carry wishes for extensions: of PKCS #9, and of Microsoft.
const WISHES: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.14"),
];

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

/// A certificate signing request that proves that its sender has the private key. Nothing of it goes into a certificate, except
/// the key and the common name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    common_name: String,
    public_key: PublicKey,
    der: Vec<u8>,
}

impl Csr {
    /// Reads a request that a client sends as text: the base64 of a PEM, the base64 of DER, or a PEM. Base64 may have line breaks.
    pub fn parse(text: &str) -> Result<Self, CsrError> {
        if text.len() > LONGEST_CSR {
            return Err(CsrError::TooLong);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(CsrError::Empty);
        }
        if text.starts_with("-----BEGIN") {
            return Self::from_pem(text);
        }
        let bytes = decoded(text).ok_or(CsrError::NotBase64)?;
        match std::str::from_utf8(&bytes) {
            Ok(pem) if pem.trim_start().starts_with("-----BEGIN") => Self::from_pem(pem),
            Ok(blank) if blank.trim().is_empty() => Err(CsrError::Empty),
            Ok(_) | Err(_) if bytes.first() == Some(&0x30) => Self::from_der(&bytes),
            Ok(_) | Err(_) => Err(CsrError::NotPem),
        }
    }

    fn from_pem(text: &str) -> Result<Self, CsrError> {
        let blocks = pem::parse_many(text).map_err(|_| CsrError::NotPem)?;
        if text.matches("-----BEGIN").count() != blocks.len() {
            return Err(CsrError::NotPem);
        }
        match blocks.as_slice() {
            [one] if matches!(one.tag(), "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
                Self::from_der(one.contents())
            }
            [] | [_] => Err(CsrError::NotPem),
            [_, _, ..] => Err(CsrError::Several),
        }
    }

    /// Reads a request in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, CsrError> {
        check_length(der)?;
        let request = CertReq::from_der(der).map_err(|_| CsrError::Malformed)?;
        let public_key = PublicKey::new(request.info.public_key.clone())?;
        let signature = request.signature.as_bytes().ok_or(CsrError::Malformed)?;
        public_key
            .verify(&request.algorithm, signed_bytes(der)?, signature)
            .map_err(|unproved| match unproved {
                Unproved::Sha1 => CsrError::Sha1,
                Unproved::Algorithm => CsrError::Algorithm,
                Unproved::Signature => CsrError::Signature,
            })?;
        check_wishes(&request.info)?;
        Ok(Self {
            common_name: common_name(&request.info)?,
            public_key,
            der: der.to_vec(),
        })
    }

    /// The only common name of the subject.
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// Refuses the request if its common name is not the username.
    pub fn must_name(&self, username: &str) -> Result<(), CsrError> {
        if self.common_name == username {
            Ok(())
        } else {
            Err(CsrError::OtherCommonName)
        }
    }

    /// The key for which a certificate is asked.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The request in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the request in DER.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }
}

/// The bytes of base64, with or without line breaks and padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&STANDARD, config);
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    engine.decode(text).ok()
}

/// Says whether the bytes end too early or too late, before anything else is read.
fn check_length(der: &[u8]) -> Result<(), CsrError> {
    if der.is_empty() {
        return Err(CsrError::Empty);
    }
    if der.len() > LONGEST_CSR {
        return Err(CsrError::TooLong);
    }
    let mut reader = SliceReader::new(der).map_err(|_| CsrError::Malformed)?;
    let header = Header::decode(&mut reader).map_err(|error| match error.kind() {
        ErrorKind::Incomplete { .. } => CsrError::Truncated,
        _ => CsrError::Malformed,
    })?;
    let length = usize::try_from(header.length).map_err(|_| CsrError::Malformed)?;
    let present = usize::try_from(reader.remaining_len()).map_err(|_| CsrError::Malformed)?;
    match present.cmp(&length) {
        std::cmp::Ordering::Less => Err(CsrError::Truncated),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(CsrError::TrailingBytes),
    }
}

/// The bytes that the signature covers, as they were sent.
fn signed_bytes(der: &[u8]) -> Result<&[u8], CsrError> {
    let read = || -> der::Result<&[u8]> {
        let mut reader = SliceReader::new(der)?;
        Header::decode(&mut reader)?;
        reader.tlv_bytes()
    };
    read().map_err(|_| CsrError::Malformed)
}

fn common_name(info: &CertReqInfo) -> Result<String, CsrError> {
    let mut names = name::values(&info.subject, name::COMMON_NAME);
    let (Some(value), None) = (names.next(), names.next()) else {
        let has_several = name::values(&info.subject, name::COMMON_NAME).next().is_some();
        return Err(if has_several {
            CsrError::SeveralCommonNames
        } else {
            CsrError::NoCommonName
        });
    };
    match name::text(value) {
        Some("") => Err(CsrError::NoCommonName),
        Some(text) => Ok(text.to_owned()),
        None => Err(CsrError::CommonNameNotText),
    }
}

/// Refuses a request that wishes for the certificate of an authority. All other wishes are ignored.
fn check_wishes(info: &CertReqInfo) -> Result<(), CsrError> {
    let wishes = info
        .attributes
        .iter()
        .filter(|attribute| WISHES.contains(&attribute.oid));
    for value in wishes.flat_map(|attribute| attribute.values.iter()) {
        let extensions: Extensions = value.decode_as().map_err(|_| CsrError::Malformed)?;
        for extension in &extensions {
            let value = extension.extn_value.as_bytes();
            let is_authority = match extension.extn_id {
                BASIC_CONSTRAINTS => {
                    BasicConstraints::from_der(value)
                        .map_err(|_| CsrError::Malformed)?
                        .ca
                }
                KEY_USAGE => {
                    let usage = KeyUsage::from_der(value).map_err(|_| CsrError::Malformed)?;
                    usage.key_cert_sign() || usage.crl_sign()
                }
                _ => false,
            };
            if is_authority {
                return Err(CsrError::Authority);
            }
        }
    }
    Ok(())
}
