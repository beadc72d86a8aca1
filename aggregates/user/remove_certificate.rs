//! Let a user no longer present a certificate.

use super::{User, UserError, UserEvent};
use crate::values::Fingerprint;

pub(super) fn decide(user: &User, fingerprint: Fingerprint) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if !user.certificates.contains_key(&fingerprint) {
        return Err(UserError::CertificateNotHeld);
    }
    Ok(vec![UserEvent::CertificateRemoved { fingerprint }])
}
