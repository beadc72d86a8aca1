//! What a user holds that no other aggregate may hold, and what others must hold for the user.

use std::collections::BTreeSet;

use super::User;
use crate::{
    ErrorKind,
    claim::{Alike, Claim, Claims, Scope, scopes},
    role::claims::{GROUP, ROLE, SHARED_ROLE},
    text,
    values::RoleId,
};

scopes! {
    /// Existing users, by id. A session requires this claim.
    USER = Scope::new("user").missing(ErrorKind::NotFound, "not_found", "there is no such user");

    /// Usernames.
    USERNAME = Scope::new("username").personal().taken("username_taken", "the username is taken").no_two_alike(Alike {
        name: "username_alike",
        others: "username_alike_others",
        key: text::alike,
    });

    /// Certificate fingerprints: a certificate identifies one user.
    CERTIFICATE = Scope::new("certificate")
        .taken("certificate_taken", "the certificate belongs to another user");

    /// Roles that only one user may hold, by role id.
    SOLE_HOLDER = Scope::new("sole_holder")
        .taken("role_not_shared", "role {} is not shared, and another user holds it");

    /// Users who can administer the server, by user id. At least one must stay.
    ADMINISTRATOR = Scope::new("administrator").at_least(
        1,
        "last_administrator",
        "this would leave nobody who can log in with the role connectware-admin",
    );
}

impl Claims for User {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        if !self.exists() {
            return BTreeSet::new();
        }
        let mut claims = BTreeSet::from([
            Claim::new(USER, aggregate_id),
            Claim::new(USERNAME, &self.username),
        ]);
        claims.extend(
            self.certificates
                .keys()
                .map(|fingerprint| Claim::new(CERTIFICATE, fingerprint.to_string())),
        );
        let sole = self.roles.iter().filter(|(_, exclusive)| **exclusive);
        claims.extend(sole.map(|(role_id, _)| Claim::new(SOLE_HOLDER, role_id.to_string())));
        if self.administers() {
            claims.insert(Claim::new(ADMINISTRATOR, aggregate_id));
        }
        claims
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let roles = self.roles.iter();
        let shared = roles.filter(|(role_id, exclusive)| !**exclusive && role_id.is_plain());
        let shared = shared.map(|(role_id, _)| Claim::new(SHARED_ROLE, role_id.to_string()));
        self.roles
            .keys()
            .map(|role_id| required(*role_id))
            .chain(shared)
            .collect()
    }

    fn requires_since(&self, before: &Self) -> BTreeSet<Claim> {
        let mut requires = BTreeSet::new();
        for (role_id, exclusive) in &self.roles {
            let held = before.roles.get(role_id);
            if held.is_none() {
                requires.insert(required(*role_id));
            }
            if !*exclusive && held != Some(&false) && role_id.is_plain() {
                requires.insert(Claim::new(SHARED_ROLE, role_id.to_string()));
            }
        }
        requires
    }
}

/// A role that a user holds must exist: as a role, or as a group.
fn required(role_id: RoleId) -> Claim {
    let scope = match role_id.group() {
        Some(_) => GROUP,
        None => ROLE,
    };
    Claim::new(scope, role_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{certificate, fingerprint, folded, role_id},
        user::{
            UserEvent,
            fixtures::{ada_created, grant},
        },
        values::{AccountKind, GrantMethod, GrantType, GroupId, IdentityProvider},
    };

    #[test]
    fn an_account_kind_must_exist() {
        let role_id = AccountKind::Developer.role();
        let user = after(&[UserEvent::RoleGranted {
            role_id,
            exclusive: false,
        }]);
        let kind = BTreeSet::from([Claim::new(ROLE, role_id.to_string())]);
        assert_eq!(user.requires(), kind);
        assert_eq!(user.requires_since(&after(&[])), kind);
    }

    #[test]
    fn a_group_must_exist_as_a_group() {
        let role_id = GroupId::GLOBAL_ADMIN.role();
        let user = after(&[UserEvent::RoleGranted {
            role_id,
            exclusive: false,
        }]);
        let group = BTreeSet::from([Claim::new(GROUP, role_id.to_string())]);
        assert_eq!(user.requires(), group);
        assert_eq!(user.requires_since(&after(&[])), group);
    }

    fn after(events: &[UserEvent]) -> User {
        folded([&[ada_created()], events].concat())
    }

    fn administrator() -> UserEvent {
        UserEvent::RoleGranted {
            role_id: RoleId::ADMINISTRATOR,
            exclusive: false,
        }
    }

    fn administers(events: &[UserEvent]) -> bool {
        after(events)
            .claims("7")
            .contains(&Claim::new(ADMINISTRATOR, "7"))
    }

    #[test]
    fn what_a_user_newly_requires_is_the_difference() {
        let grant = |n, exclusive| UserEvent::RoleGranted {
            role_id: role_id(n),
            exclusive,
        };
        let revoke = |n| UserEvent::RoleRevoked { role_id: role_id(n) };
        let users = [
            User::default(),
            after(&[]),
            after(&[grant(1, false)]),
            after(&[grant(1, true)]),
            after(&[grant(1, true), grant(2, false)]),
            after(&[grant(1, false), grant(2, true), grant(3, false)]),
            after(&[grant(1, false), grant(2, false), revoke(1)]),
            after(&[grant(1, false), UserEvent::Deleted {}]),
        ];
        for before in &users {
            for user in &users {
                let expected: BTreeSet<_> = user.requires().difference(&before.requires()).cloned().collect();
                assert_eq!(user.requires_since(before), expected, "{before:?} {user:?}");
            }
        }
    }

    #[test]
    fn a_user_claims_what_is_theirs_alone() {
        let user = after(&[
            administrator(),
            UserEvent::RoleGranted {
                role_id: role_id(1),
                exclusive: false,
            },
            UserEvent::RoleGranted {
                role_id: role_id(2),
                exclusive: true,
            },
            UserEvent::CertificateAdded {
                certificate: certificate('a'),
            },
        ]);
        assert_eq!(
            user.claims("7"),
            BTreeSet::from([
                Claim::new(USER, "7"),
                Claim::new(USERNAME, "ada"),
                Claim::new(CERTIFICATE, fingerprint('a').to_string()),
                Claim::new(SOLE_HOLDER, role_id(2).to_string()),
                Claim::new(ADMINISTRATOR, "7"),
            ])
        );
        assert_eq!(
            user.requires(),
            BTreeSet::from([
                Claim::new(ROLE, role_id(1).to_string()),
                Claim::new(ROLE, role_id(2).to_string()),
                Claim::new(ROLE, RoleId::ADMINISTRATOR.to_string()),
                // The user holds role 2 exclusively, so that role is missing here.
                Claim::new(SHARED_ROLE, role_id(1).to_string()),
                Claim::new(SHARED_ROLE, RoleId::ADMINISTRATOR.to_string()),
            ])
        );
    }

    #[test]
    fn a_new_name_frees_the_old_one() {
        let claims = after(&[UserEvent::Renamed {
            username: "ada.l".into(),
        }])
        .claims("7");
        assert!(claims.contains(&Claim::new(USERNAME, "ada.l")));
        assert!(!claims.contains(&Claim::new(USERNAME, "ada")));
    }

    #[test]
    fn whoever_loses_the_role_administers_no_more() {
        assert!(!administers(&[]));
        assert!(administers(&[administrator()]));
        assert!(!administers(&[
            administrator(),
            UserEvent::RoleRevoked {
                role_id: RoleId::ADMINISTRATOR
            }
        ]));
    }

    #[test]
    fn whoever_cannot_log_in_by_password_administers_no_more() {
        let required = GrantType {
            method: GrantMethod::Certificate,
            is_required: true,
        };
        for grant_types in [
            vec![],
            vec![grant(GrantMethod::Certificate)],
            vec![grant(GrantMethod::Token)],
            vec![grant(GrantMethod::Password), required],
        ] {
            assert!(!administers(&[
                administrator(),
                UserEvent::GrantTypesChanged { grant_types }
            ]));
        }
        let either = vec![grant(GrantMethod::Password), grant(GrantMethod::Certificate)];
        assert!(administers(&[
            administrator(),
            UserEvent::GrantTypesChanged { grant_types: either }
        ]));
    }

    #[test]
    fn whom_another_provider_vouches_for_administers_no_more() {
        let identity_provider = IdentityProvider::Ldap;
        assert!(!administers(&[
            administrator(),
            UserEvent::IdentityProviderChanged { identity_provider }
        ]));
    }

    #[test]
    fn a_certificate_removed_is_free() {
        let user = after(&[
            UserEvent::CertificateAdded {
                certificate: certificate('a'),
            },
            UserEvent::CertificateRemoved {
                fingerprint: fingerprint('a'),
            },
        ]);
        assert!(user.claims("7").iter().all(|held| held.scope != CERTIFICATE));
    }

    #[test]
    fn nobody_claims_nothing() {
        let gone = after(&[
            administrator(),
            UserEvent::CertificateAdded {
                certificate: certificate('a'),
            },
            UserEvent::Deleted {},
        ]);
        for user in [User::default(), gone] {
            assert_eq!(user.claims("7"), BTreeSet::new());
            assert_eq!(user.requires(), BTreeSet::new());
        }
    }
}
