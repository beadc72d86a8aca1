//! Certificates of authorities that we make ourselves: a root, and the authorities that it signs.

use der::{Encode, asn1::OctetString};
use x509_cert::{
    TbsCertificate, Version,
    ext::{
        Extension,
        pkix::{BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::AlgorithmIdentifierOwned,
    time::Validity,
};

use crate::{
    Failure, IssueError, Issuer, Key, PublicKey, Serial, UnixSeconds, encode, leaf::BACKDATED, name,
};

/// What the certificate of a new authority says.
#[derive(Clone, Copy, Debug)]
pub struct NewAuthority<'a> {
    /// The common name, at most 64 characters.
    pub common_name: &'a str,
    /// The serial number.
    pub serial: Serial,
    /// The current time.
    pub now: UnixSeconds,
    /// For how many seconds the certificate is valid.
    pub life: u64,
}

/// What any certificate of ours says.
pub(crate) struct Contents<'a> {
    pub(crate) serial: Serial,
    pub(crate) issuer: Name,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) not_before: UnixSeconds,
    pub(crate) not_after: UnixSeconds,
    pub(crate) subject: Name,
    pub(crate) public_key: &'a PublicKey,
    pub(crate) extensions: Vec<Extension>,
}

impl Contents<'_> {
    /// The certificate, signed by the key.
    pub(crate) fn sign(self, key: &Key) -> Result<Vec<u8>, Failure> {
        let certificate = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(self.serial.octets())?,
            signature: self.algorithm,
            issuer: self.issuer,
            validity: Validity {
                not_before: encode::time(self.not_before)?,
                not_after: encode::time(self.not_after)?,
            },
            subject: self.subject,
            subject_public_key_info: self.public_key.info().clone(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions),
        };
        encode::signed(&certificate.to_der()?, key, &[])
    }
}

/// The certificate of a new root, signed by its own key.
pub fn root_certificate(key: &Key, new: &NewAuthority<'_>) -> Result<Vec<u8>, Failure> {
    let name = name::of_common_name(new.common_name)?;
    Contents {
        serial: new.serial,
        issuer: name.clone(),
        algorithm: key.algorithm().clone(),
        not_before: new.now.saturating_sub(BACKDATED),
        not_after: new.now.saturating_add(new.life),
        subject: name,
        public_key: key.public(),
        extensions: extensions(key.public(), None)?,
    }
    .sign(key)
}

/// The certificate of a new authority that issues leaves, signed by the root. It ends with the root at the latest.
pub fn issuing_certificate(
    root: &Issuer,
    public_key: &PublicKey,
    new: &NewAuthority<'_>,
) -> Result<Vec<u8>, IssueError> {
    root.must_be_valid(new.now)?;
    if root.certificate.path_length == Some(0) {
        return Err(IssueError::NoAuthorityBelow);
    }
    let mut extensions = extensions(public_key, Some(0))?;
    extensions.push(root.authority_key_id()?);
    let certificate = Contents {
        serial: new.serial,
        issuer: root.certificate.subject.clone(),
        algorithm: root.key().algorithm().clone(),
        not_before: root.not_before(new.now),
        not_after: new.now.saturating_add(new.life).min(root.not_after()),
        subject: name::of_common_name(new.common_name)?,
        public_key,
        extensions,
    }
    .sign(root.key())?;
    Ok(certificate)
}

fn extensions(public_key: &PublicKey, path_length: Option<u8>) -> Result<Vec<Extension>, Failure> {
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: path_length,
    };
    // An OCSP answer is signed with the digital signature of the authority's own key.
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign | KeyUsages::DigitalSignature);
    Ok(vec![
        encode::extension(true, &constraints)?,
        encode::extension(true, &usage)?,
        encode::extension(false, &subject_key_id(public_key)?)?,
    ])
}

pub(crate) fn subject_key_id(public_key: &PublicKey) -> Result<SubjectKeyIdentifier, Failure> {
    Ok(SubjectKeyIdentifier(OctetString::new(public_key.key_id())?))
}
