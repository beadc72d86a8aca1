//! Revoke a user: take everything by which they prove their identity, and everything that they hold.

use super::{User, UserError, UserEvent};

/// All of it is one unit, so no moment exists in which a part of it still counts. The aggregate does not know the tokens of the user, so a
/// second revocation ends the tokens once more.
pub(super) fn decide(user: &User) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let roles = user.roles.keys();
    let mut events: Vec<_> = roles
        .map(|role_id| UserEvent::RoleRevoked { role_id: *role_id })
        .collect();
    let permissions = user.permissions.keys();
    events.extend(permissions.map(|id| UserEvent::PermissionRevoked { id: *id }));
    let certificates = user.certificates.keys().cloned();
    events.extend(certificates.map(|fingerprint| UserEvent::CertificateRemoved { fingerprint }));
    events.extend([UserEvent::TokensRevoked {}, UserEvent::Revoked {}]);
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Claims,
        claim::Claim,
        testing::{certificate, fingerprint, folded, given, hash, permission, permission_id, role_id},
        user::{
            UserCommand,
            claims::{USER, USERNAME},
            fixtures::{ada_created, ada_deleted},
        },
    };

    /// A user with one of everything.
    fn ada() -> Vec<UserEvent> {
        vec![
            ada_created(),
            UserEvent::RoleGranted {
                role_id: role_id(1),
                exclusive: false,
            },
            UserEvent::RoleGranted {
                role_id: role_id(2),
                exclusive: true,
            },
            UserEvent::PermissionGranted {
                permission: permission(1, "a"),
            },
            UserEvent::CertificateAdded {
                certificate: certificate('a'),
            },
        ]
    }

    fn revocation() -> Vec<UserEvent> {
        vec![
            UserEvent::RoleRevoked { role_id: role_id(1) },
            UserEvent::RoleRevoked { role_id: role_id(2) },
            UserEvent::PermissionRevoked { id: permission_id(1) },
            UserEvent::CertificateRemoved {
                fingerprint: fingerprint('a'),
            },
            UserEvent::TokensRevoked {},
            UserEvent::Revoked {},
        ]
    }

    #[test]
    fn everything_ends_at_once() {
        given::<User>(&ada())
            .when(UserCommand::Revoke)
            .then_expect_events(revocation());
        let user: User = folded([ada(), revocation()].concat());
        assert!(user.exists());
        assert!(!user.may_log_in_by_password());
        assert!(user.password_hash.is_none());
        assert!(user.roles.is_empty() && user.permissions.is_empty() && user.certificates.is_empty());
        let kept = [Claim::new(USER, "7"), Claim::new(USERNAME, "ada")];
        assert_eq!(user.claims("7"), kept.into_iter().collect());
    }

    #[test]
    fn a_second_revocation_ends_the_tokens_once_more() {
        given::<User>(&[ada(), revocation()].concat())
            .when(UserCommand::Revoke)
            .then_expect_events(vec![UserEvent::TokensRevoked {}, UserEvent::Revoked {}]);
    }

    #[test]
    fn only_a_new_password_lets_the_user_in_again() {
        let back = UserEvent::PasswordSet {
            password_hash: hash("second"),
        };
        let user: User = folded([ada(), revocation(), vec![back]].concat());
        assert!(user.may_log_in_by_password());
        assert!(user.roles.is_empty());
    }

    #[test]
    fn nobody_is_not_revoked() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(UserCommand::Revoke)
                .then_expect_error(UserError::NotFound);
        }
    }
}
