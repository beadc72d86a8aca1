//! Certificates of users, and of this server.

use std::net::IpAddr;

use der::{
    Encode,
    asn1::{Ia5String, ObjectIdentifier},
};
use rcgen::{
    CertificateParams, CrlDistributionPoint, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SanType, string,
};
use x509_cert::ext::pkix::{AccessDescription, AuthorityInfoAccessSyntax, name::GeneralName};

use crate::{
    Failure, Issuer, PublicKey, Serial, UnixSeconds,
    authority::{Life, contents},
    crl::partition_of,
    name, sha256,
};

/// How each issued certificate names the id of its user among the other names of the subject (RFC 9562, section 4).
pub const USER_ID_URN: &str = "urn:uuid:";

/// The most characters of a common name (RFC 5280, `ub-common-name`).
pub const LONGEST_NAME: usize = 64;

/// How long before its issue a certificate is valid, in seconds: the clocks of devices are often late.
pub const BACKDATED: u64 = 300;

/// The object identifier of the extension that names the places of the issuer's certificate and of OCSP (RFC 5280 section 4.2.2.1).
const AUTHORITY_INFORMATION_ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
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

impl From<rcgen::Error> for IssueError {
    fn from(error: rcgen::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl Issuer {
    /// Issues the certificate of a user. Of the request it has only the key.
    pub fn issue(&self, leaf: &Leaf<'_>) -> Result<Issued, IssueError> {
        let id = string::Ia5String::try_from(format!("{USER_ID_URN}{}", leaf.user_id))?;
        let mut names = vec![SanType::URI(id)];
        if name::is_host_name(leaf.username) {
            names.push(SanType::DnsName(leaf.username.try_into()?));
        }
        let signed = Signed {
            public_key: leaf.public_key,
            common_name: leaf.username,
            names,
            usage: ExtendedKeyUsagePurpose::ClientAuth,
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
            names.push(SanType::DnsName(host.as_str().try_into()?));
        }
        names.extend(server.addresses.iter().copied().map(SanType::IpAddress));
        let signed = Signed {
            public_key: server.public_key,
            common_name: server.hosts.first().map_or("localhost", String::as_str),
            names,
            usage: ExtendedKeyUsagePurpose::ServerAuth,
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
        let life = Life {
            not_before,
            not_after,
        };
        let mut contents = contents(leaf.common_name, leaf.serial, life, leaf.public_key)?;
        contents.is_ca = IsCa::ExplicitNoCa;
        contents.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        contents.extended_key_usages = vec![leaf.usage];
        contents.subject_alt_names = leaf.names;
        self.name_places(&mut contents, leaf.serial)?;
        let der = self.sign(contents, leaf.public_key)?;
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

    /// Names where relying parties find the revocation list, OCSP and the issuer's certificate, if the URL of this server is known.
    fn name_places(&self, contents: &mut CertificateParams, serial: Serial) -> Result<(), Failure> {
        if let Some(place) = self.partition_place(partition_of(serial.octets())) {
            contents.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![place] }];
        }
        if let (Some(ocsp), Some(issuer)) = (
            self.place("/pki/ocsp"),
            self.place(&format!("/pki/{}.crt", self.key_id())),
        ) {
            let access = |access_method, place: &str| -> Result<AccessDescription, Failure> {
                Ok(AccessDescription {
                    access_method,
                    access_location: GeneralName::UniformResourceIdentifier(Ia5String::new(place)?),
                })
            };
            let access = AuthorityInfoAccessSyntax(vec![access(OCSP, &ocsp)?, access(CA_ISSUERS, &issuer)?]);
            let access = CustomExtension::from_oid_content(&AUTHORITY_INFORMATION_ACCESS, access.to_der()?);
            contents.custom_extensions = vec![access];
        }
        Ok(())
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
    names: Vec<SanType>,
    usage: ExtendedKeyUsagePurpose,
    serial: Serial,
    now: UnixSeconds,
    life: u64,
}
