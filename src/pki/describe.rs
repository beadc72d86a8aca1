//! What certificates say about themselves, for the store of certificates.

use der::Decode;
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName, name::GeneralName},
    name::Name,
};

use crate::{
    UnixSeconds,
    name::{COMMON_NAME, ORGANIZATION, ORGANIZATIONAL_UNIT, text, values},
    text::{hexadecimal, sha1},
};

/// A certificate of any kind, as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// Who issued it.
    pub issued_by: Party,
    /// Whom it names.
    pub issued_to: Party,
    /// The other names of the subject.
    pub alternative_names: Vec<String>,
    /// What the key may be used for (RFC 5280 section 4.2.1.3).
    pub key_usage: Vec<&'static str>,
    /// What the certificate may be used for (RFC 5280 section 4.2.1.12): a name, or an object identifier.
    pub extended_key_usage: Vec<String>,
    /// Whether it is the certificate of an authority.
    pub constraints: Constraints,
    /// When it begins to be valid.
    pub not_before: UnixSeconds,
    /// When it expires.
    pub not_after: UnixSeconds,
    /// The SHA-1 of the certificate in hexadecimal digits.
    pub sha1: String,
    /// The SHA-256 of the certificate in hexadecimal digits.
    pub sha256: String,
}

/// A party of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The common name.
    pub common_name: Option<String>,
    /// The organization.
    pub organization: Option<String>,
    /// The part of the organization.
    pub organizational_unit: Option<String>,
}

/// The basic constraints of a certificate (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Whether it is the certificate of an authority.
    pub is_authority: bool,
    /// How many authorities may be between this one and a leaf, if that is limited.
    pub path_length: Option<u8>,
}

/// A text is not a bundle of certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The text is no PEM.
    #[error("the text must be PEM with one or more certificates")]
    NotPem,
    /// The PEM has something else than certificates.
    #[error("PEM block {number}: the label is {label}, expected CERTIFICATE")]
    Label {
        /// The place of the block, from 1.
        number: usize,
        /// Its label.
        label: String,
    },
    /// A block is no certificate.
    #[error("PEM block {number}: is not a certificate in DER ({reason})")]
    Certificate {
        /// The place of the block, from 1.
        number: usize,
        /// Why it cannot be read.
        reason: String,
    },
}

/// Reads all certificates of a text in PEM. There is at least one.
pub fn bundle(text: &str) -> Result<Vec<Described>, Unreadable> {
    let blocks = pem::parse_many(text).map_err(|_| Unreadable::NotPem)?;
    if blocks.is_empty() || text.matches("-----BEGIN").count() != blocks.len() {
        return Err(Unreadable::NotPem);
    }
    let mut certificates = Vec::new();
    for (number, block) in (1..).zip(&blocks) {
        if block.tag() != "CERTIFICATE" {
            let label = block.tag().to_owned();
            return Err(Unreadable::Label { number, label });
        }
        let described = Described::from_der(block.contents()).map_err(|error| Unreadable::Certificate {
            number,
            reason: error.to_string(),
        })?;
        certificates.push(described);
    }
    Ok(certificates)
}

impl Described {
    /// Reads a certificate in DER.
    pub fn from_der(der: &[u8]) -> der::Result<Self> {
        let tbs = Certificate::from_der(der)?.tbs_certificate;
        let constraints = tbs
            .get::<BasicConstraints>()?
            .map(|(_, constraints)| Constraints {
                is_authority: constraints.ca,
                path_length: constraints.path_len_constraint,
            });
        let names = tbs.get::<SubjectAltName>()?.map(|(_, names)| names.0);
        let usages = tbs.get::<ExtendedKeyUsage>()?.map(|(_, usages)| usages.0);
        Ok(Self {
            der: der.to_vec(),
            issued_by: party(&tbs.issuer),
            issued_to: party(&tbs.subject),
            alternative_names: names.iter().flatten().map(alternative_name).collect(),
            key_usage: tbs
                .get::<KeyUsage>()?
                .map(|(_, usage)| key_usage(usage))
                .unwrap_or_default(),
            extended_key_usage: usages
                .iter()
                .flatten()
                .map(|oid| extended_usage(&oid.to_string()))
                .collect(),
            constraints: constraints.unwrap_or_default(),
            not_before: tbs.validity.not_before.to_unix_duration().as_secs(),
            not_after: tbs.validity.not_after.to_unix_duration().as_secs(),
            sha1: hexadecimal(&sha1(der)),
            sha256: hexadecimal(&crate::sha256(der)),
        })
    }
}

fn party(name: &Name) -> Party {
    let first = |oid| values(name, oid).find_map(text).map(str::to_owned);
    Party {
        common_name: first(COMMON_NAME),
        organization: first(ORGANIZATION),
        organizational_unit: first(ORGANIZATIONAL_UNIT),
    }
}

fn key_usage(usage: KeyUsage) -> Vec<&'static str> {
    let all = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    all.into_iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, name)| name)
        .collect()
}

fn extended_usage(oid: &str) -> String {
    let name = match oid {
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        "2.5.29.37.0" => "anyExtendedKeyUsage",
        other => other,
    };
    name.to_owned()
}

/// A name in the form in which openssl prints it.
fn alternative_name(name: &GeneralName) -> String {
    match name {
        GeneralName::DnsName(name) => format!("DNS:{name}"),
        GeneralName::UniformResourceIdentifier(uri) => format!("URI:{uri}"),
        GeneralName::Rfc822Name(address) => format!("email:{address}"),
        GeneralName::IpAddress(octets) => address(octets.as_bytes()),
        GeneralName::DirectoryName(name) => format!("DirName:{name}"),
        GeneralName::RegisteredId(oid) => format!("Registered ID:{oid}"),
        GeneralName::OtherName(_) => "othername".to_owned(),
        GeneralName::EdiPartyName(_) => "EdiPartyName".to_owned(),
    }
}

fn address(octets: &[u8]) -> String {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return format!("IP Address:{}", std::net::Ipv4Addr::from(octets));
    }
    if let Ok(octets) = <[u8; 16]>::try_from(octets) {
        return format!("IP Address:{}", std::net::Ipv6Addr::from(octets));
    }
    format!("IP Address:{}", hexadecimal(octets))
}
