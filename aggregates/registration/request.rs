//! A device asks to be let in.

use super::{DeviceCredential, Registration, RegistrationError, RegistrationEvent, Request, Stage};

pub(super) fn decide(
    registration: &Registration,
    request: Request,
) -> Result<Vec<RegistrationEvent>, RegistrationError> {
    if registration.stage != Stage::Absent {
        return Err(RegistrationError::AlreadyExists);
    }
    if request.expires_at <= request.now {
        return Err(RegistrationError::NeverPending);
    }
    let wishes = request.wishes.to_text()?;
    let credential = request.credential.kind();
    let (password_hash, csr) = match request.credential {
        DeviceCredential::Password(hash) => (Some(hash), None),
        DeviceCredential::Csr(csr) => (None, Some(csr)),
    };
    Ok(vec![RegistrationEvent::Requested {
        username: request.username.to_string(),
        credential,
        password_hash,
        csr,
        wishes,
        expires_at: request.expires_at,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registration::{
            CredentialType, RegistrationCommand, Wishes,
            fixtures::{at, ended, request, requested, wishes},
        },
        testing::{folded, given},
    };

    #[test]
    fn a_registration_is_pending_until_it_expires() {
        given::<Registration>(&[])
            .when(RegistrationCommand::Request(request()))
            .then_expect_events(vec![requested()]);
        let registration: Registration = folded([requested()]);
        assert!(registration.is_pending(at(1)));
        assert!(!registration.is_pending(at(2)));
        assert!(!registration.is_granted());
        assert!(!Registration::default().is_pending(at(0)));
    }

    #[test]
    fn a_device_may_register_with_a_signing_request() {
        let command = Request {
            credential: DeviceCredential::Csr("AAAA".into()),
            ..request()
        };
        let expected = RegistrationEvent::Requested {
            username: "press.7".into(),
            credential: CredentialType::Certificate,
            password_hash: None,
            csr: Some("AAAA".into()),
            wishes: wishes().to_text().unwrap(),
            expires_at: at(2),
        };
        given::<Registration>(&[])
            .when(RegistrationCommand::Request(command))
            .then_expect_events(vec![expected]);
    }

    #[test]
    fn a_registration_expires_after_it_is_made() {
        for expires_at in [at(0), at(1)] {
            let command = Request {
                expires_at,
                ..request()
            };
            given::<Registration>(&[])
                .when(RegistrationCommand::Request(command))
                .then_expect_error(RegistrationError::NeverPending);
        }
    }

    #[test]
    fn wishes_that_are_too_long_are_refused() {
        let wishes = Wishes {
            context: Some("x".repeat(9_000)),
            ..Wishes::default()
        };
        let refused = wishes.to_text().unwrap_err();
        given::<Registration>(&[])
            .when(RegistrationCommand::Request(Request { wishes, ..request() }))
            .then_expect_error(RegistrationError::Invalid(refused));
    }

    #[test]
    fn an_id_is_used_once() {
        for events in ended().into_iter().chain([vec![requested()]]) {
            given::<Registration>(&events)
                .when(RegistrationCommand::Request(request()))
                .then_expect_error(RegistrationError::AlreadyExists);
        }
    }
}
