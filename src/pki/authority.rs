//! Certificates of authorities that we make ourselves: a root, and the authorities that it signs.

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyIdMethod, KeyUsagePurpose};
use time::OffsetDateTime;

use crate::{Failure, IssueError, Issuer, Key, PublicKey, Serial, UnixSeconds, leaf::BACKDATED, name};

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

/// From when to when a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    pub(crate) not_before: UnixSeconds,
    pub(crate) not_after: UnixSeconds,
}

/// What any certificate of ours says. Nothing is left to the defaults of rcgen: its serial numbers follow from the key, and its
/// certificates are valid from 1975 to 4096.
pub(crate) fn contents(
    common_name: &str,
    serial: Serial,
    life: Life,
    public_key: &PublicKey,
) -> Result<CertificateParams, Failure> {
    let mut contents = CertificateParams::default();
    contents.serial_number = Some(serial.octets().to_vec().into());
    contents.not_before = moment(life.not_before)?;
    contents.not_after = moment(life.not_after)?;
    contents.distinguished_name = name::of_common_name(common_name);
    contents.key_identifier_method = KeyIdMethod::PreSpecified(public_key.key_id());
    Ok(contents)
}

fn moment(seconds: UnixSeconds) -> Result<OffsetDateTime, Failure> {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| Failure::Encoding(error.to_string()))
}

/// The certificate of a new root, signed by its own key.
pub fn root_certificate(key: &Key, new: &NewAuthority<'_>) -> Result<Vec<u8>, Failure> {
    let life = Life {
        not_before: new.now.saturating_sub(BACKDATED),
        not_after: new.now.saturating_add(new.life),
    };
    let mut contents = contents(new.common_name, new.serial, life, key.public())?;
    contents.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    contents.key_usages = usages();
    Ok(contents.self_signed(key)?.der().to_vec())
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
    let life = Life {
        not_before: root.not_before(new.now),
        not_after: new.now.saturating_add(new.life).min(root.not_after()),
    };
    let mut contents = contents(new.common_name, new.serial, life, public_key)?;
    contents.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    contents.key_usages = usages();
    Ok(root.sign(contents, public_key)?)
}

/// What an authority's key signs. An OCSP answer is signed with the digital signature of the authority's own key.
fn usages() -> Vec<KeyUsagePurpose> {
    vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ]
}
