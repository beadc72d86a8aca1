//! Let a user present a certificate.

use super::{User, UserError, UserEvent};
use crate::values::Certificate;

pub(super) fn decide(user: &User, certificate: Certificate) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if user.certificates.contains_key(&certificate.fingerprint) {
        return Err(UserError::CertificateAlreadyHeld);
    }
    Ok(vec![UserEvent::CertificateAdded { certificate }])
}
