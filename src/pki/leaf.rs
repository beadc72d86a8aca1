//! Certificates of users, and of this server.

use std::net::IpAddr;

use der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use x509_cert::ext::{
    Extension,
    pkix::{
        AccessDescription, AuthorityInfoAccessSyntax, BasicConstraints, CrlDistributionPoints,
        ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
        crl::dp::DistributionPoint,
        name::{DistributionPointName, GeneralName},
    },
};

use crate::{
    Failure, Issuer, PublicKey, Serial, UnixSeconds,
    authority::{Contents, subject_key_id},
    crl::partition_of,
    encode, name, sha256,
};

/// The most characters of a common name (RFC 5280, `ub-common-name`).
pub const LONGEST_NAME: usize = 64;

/// How long before its issue a certificate is valid, in seconds: the clocks of devices are often late.
pub const BACKDATED: u64 = 300;

const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// What the certificate of a user says.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// The key of the user.
    pub public_key: &'a PublicKey,
    /// The username.
    pub username: &'a str,
    /// The id of the user, a UUID.
    pub user_id: &'a str,
    /// The serial number.
    pub serial: Serial,
    /// The current time.
    pub now: UnixSeconds,
    /// For how many seconds the certificate is valid, if the issuer is valid as long.
    pub life: u64,
}

/// What the certificate of this server says.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// The key of the server.
    pub public_key: &'a PublicKey,
    /// The host names of the server. The first one is the common name.
    pub hosts: &'a [String],
    /// The addresses of the server.
    pub addresses: &'a [IpAddr],
    /// The serial number.
    pub serial: Serial,
    /// The current time.
    pub now: UnixSeconds,
    /// For how many seconds the certificate is valid, if the issuer is valid as long.
    pub life: u64,
}

/// A certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// Its serial number.
    pub serial: Serial,
    /// The SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// The SHA-256 of its public key.
    pub key_sha256: [u8; 32],
    /// When it begins to be valid.
    pub not_before: UnixSeconds,
    /// When it expires.
    pub not_after: UnixSeconds,
    /// Whether it expires earlier than asked, because its issuer does.
    pub is_shortened: bool,
}

/// A certificate is not issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The name does not fit into a common name.
    #[error("username: a certificate can only name usernames of at most 64 characters")]
    NameTooLong,
    /// The issuer has expired.
    #[error("the certificate authority has expired: roll it over first")]
    IssuerExpired,
    /// The issuer is not valid yet.
    #[error("the certificate authority is not valid yet")]
    IssuerNotYetValid,
    /// The root may not have an authority below it.
    #[error("the certificate authority may not sign other authorities")]
    NoAuthorityBelow,
    /// A fault of this program or its key.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<der::Error> for IssueError {
    fn from(error: der::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl Issuer {
    /// Issues the certificate of a user. Of the request it has only the key.
    pub fn issue(&self, leaf: &Leaf<'_>) -> Result<Issued, IssueError> {
        let mut names = vec![GeneralName::UniformResourceIdentifier(Ia5String::new(&format!(
            "urn:uuid:{}",
            leaf.user_id
        ))?)];
        if name::is_host_name(leaf.username) {
            names.push(GeneralName::DnsName(Ia5String::new(leaf.username)?));
        }
        let signed = Signed {
            public_key: leaf.public_key,
            common_name: leaf.username,
            names,
            usage: CLIENT_AUTH,
            serial: leaf.serial,
            now: leaf.now,
            life: leaf.life,
        };
        self.sign_leaf(signed)
    }

    /// Issues the certificate of this server.
    pub fn issue_server(&self, server: &Server<'_>) -> Result<Issued, IssueError> {
        let mut names = Vec::new();
        for host in server.hosts {
            names.push(GeneralName::DnsName(Ia5String::new(host)?));
        }
        for address in server.addresses {
            let octets = match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            names.push(GeneralName::IpAddress(OctetString::new(octets)?));
        }
        let signed = Signed {
            public_key: server.public_key,
            common_name: server.hosts.first().map_or("localhost", String::as_str),
            names,
            usage: SERVER_AUTH,
            serial: server.serial,
            now: server.now,
            life: server.life,
        };
        self.sign_leaf(signed)
    }

    fn sign_leaf(&self, leaf: Signed<'_>) -> Result<Issued, IssueError> {
        if leaf.common_name.chars().count() > LONGEST_NAME {
            return Err(IssueError::NameTooLong);
        }
        self.must_be_valid(leaf.now)?;
        let wanted = leaf.now.saturating_add(leaf.life);
        let not_after = wanted.min(self.not_after());
        let not_before = self.not_before(leaf.now);
        let der = Contents {
            serial: leaf.serial,
            issuer: self.certificate.subject.clone(),
            algorithm: self.key().algorithm().clone(),
            not_before,
            not_after,
            subject: name::of_common_name(leaf.common_name)?,
            public_key: leaf.public_key,
            extensions: self.leaf_extensions(&leaf)?,
        }
        .sign(self.key())?;
        Ok(Issued {
            serial: leaf.serial,
            sha256: sha256(&der),
            key_sha256: leaf.public_key.sha256(),
            not_before,
            not_after,
            is_shortened: not_after < wanted,
            der,
        })
    }

    fn leaf_extensions(&self, leaf: &Signed<'_>) -> Result<Vec<Extension>, Failure> {
        let constraints = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        let mut extensions = vec![
            encode::extension(true, &constraints)?,
            encode::extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
            encode::extension(false, &ExtendedKeyUsage(vec![leaf.usage]))?,
            encode::extension(false, &SubjectAltName(leaf.names.clone()))?,
            encode::extension(false, &subject_key_id(leaf.public_key)?)?,
            self.authority_key_id()?,
        ];
        if let Some(place) = self.partition_place(partition_of(leaf.serial.octets())) {
            let point = DistributionPoint {
                distribution_point: Some(DistributionPointName::FullName(vec![uri(&place)?])),
                reasons: None,
                crl_issuer: None,
            };
            extensions.push(encode::extension(false, &CrlDistributionPoints(vec![point]))?);
        }
        if let (Some(ocsp), Some(issuer)) = (
            self.place("/pki/ocsp"),
            self.place(&format!("/pki/{}.crt", self.key_id())),
        ) {
            let access = |method, place: &str| -> Result<AccessDescription, Failure> {
                Ok(AccessDescription {
                    access_method: method,
                    access_location: uri(place)?,
                })
            };
            let access = vec![access(OCSP, &ocsp)?, access(CA_ISSUERS, &issuer)?];
            extensions.push(encode::extension(false, &AuthorityInfoAccessSyntax(access))?);
        }
        Ok(extensions)
    }

    /// Refuses to issue outside the life of the issuer.
    pub(crate) fn must_be_valid(&self, now: UnixSeconds) -> Result<(), IssueError> {
        if now >= self.certificate.not_after {
            return Err(IssueError::IssuerExpired);
        }
        if now < self.certificate.not_before {
            return Err(IssueError::IssuerNotYetValid);
        }
        Ok(())
    }

    /// When a certificate that is issued now begins to be valid.
    pub(crate) fn not_before(&self, now: UnixSeconds) -> UnixSeconds {
        now.saturating_sub(BACKDATED).max(self.certificate.not_before)
    }
}

/// What a certificate of a user or of this server says.
struct Signed<'a> {
    public_key: &'a PublicKey,
    common_name: &'a str,
    names: Vec<GeneralName>,
    usage: ObjectIdentifier,
    serial: Serial,
    now: UnixSeconds,
    life: u64,
}

fn uri(text: &str) -> Result<GeneralName, Failure> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(text)?))
}
