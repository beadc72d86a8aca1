//! Account kinds: roles with fixed ids, whose permissions follow from the catalogue.

use uuid::Uuid;

use super::{COIOTE, DOMAIN, ENDPOINTS};
use crate::values::{Context, Invalid, Operation, Permission, PermissionId, RoleId};

/// The kind of a user's account on the coiote face. A user has at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// A free account.
    Developer,
    /// The account of a small business: the same rights as a developer's.
    Business,
    /// An account that also administers domains and users.
    Enterprise,
    /// Everything, in every domain: the first administrator.
    SuperUser,
}

impl AccountKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Developer, Self::Business, Self::Enterprise, Self::SuperUser];

    /// As clients write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Developer => "Developer",
            Self::Business => "Business",
            Self::Enterprise => "Enterprise",
            Self::SuperUser => "SuperUser",
        }
    }

    /// Reads the form that clients write.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(Invalid {
                what: "account kind",
                rule: "must be Developer, Business, Enterprise or SuperUser",
            })
    }

    /// The letter of the kind in the catalogue. A super user has no letter, and every endpoint.
    pub(super) const fn letter(self) -> Option<char> {
        match self {
            Self::Developer => Some('D'),
            Self::Business => Some('B'),
            Self::Enterprise => Some('E'),
            Self::SuperUser => None,
        }
    }

    /// The role that users of the kind hold, the same on every installation.
    pub const fn role(self) -> RoleId {
        let number = match self {
            Self::Developer => 0x11,
            Self::Business => 0x12,
            Self::Enterprise => 0x13,
            Self::SuperUser => 0x14,
        };
        RoleId(Uuid::from_u128(0x6d756e69_6d65_4e74_8000_000000000000 | number))
    }

    /// What the kind gives. The id of each permission follows from the role and the pattern, so the same right comes back under the same id.
    pub fn permissions(self) -> Result<Vec<Permission>, Invalid> {
        let patterns: Vec<(String, Operation)> = match self {
            Self::SuperUser => [COIOTE, DOMAIN]
                .map(|space| (format!("{space}/#"), Operation::ReadWrite))
                .to_vec(),
            Self::Developer | Self::Business | Self::Enterprise => {
                let own = ENDPOINTS.iter().filter(|one| one.is_of(self));
                own.map(|one| (one.name(), one.operation())).collect()
            }
        };
        let permissions = patterns.into_iter().map(|(pattern, operation)| {
            Ok(Permission {
                id: PermissionId(Uuid::new_v5(&self.role().0, pattern.as_bytes())),
                resource: pattern.parse()?,
                operation,
                context: Context::Http,
            })
        });
        permissions.collect()
    }
}

impl RoleId {
    /// The account kind, if the role is one.
    pub fn account_kind(self) -> Option<AccountKind> {
        AccountKind::ALL.into_iter().find(|kind| kind.role() == self)
    }

    /// Whether the role is one that is granted, changed and listed as a role: it is neither a group nor an account kind.
    pub fn is_plain(self) -> bool {
        self.group().is_none() && self.account_kind().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::GroupId;

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::parse(kind.as_str()), Ok(kind));
            assert_eq!(kind.role().account_kind(), Some(kind));
            assert!(!kind.role().is_plain());
        }
        assert!(AccountKind::parse("developer").is_err());
        assert!(RoleId::ADMINISTRATOR.is_plain() && RoleId::MINIMUM_ACCESS.is_plain());
        assert!(!GroupId::GLOBAL_ADMIN.role().is_plain());
        let developer = AccountKind::Developer.role().to_string();
        assert_eq!(developer, "6d756e69-6d65-4e74-8000-000000000011");
    }

    #[test]
    fn a_kind_gives_one_permission_for_each_endpoint() {
        let counts = AccountKind::ALL.map(|kind| kind.permissions().unwrap().len());
        assert_eq!(counts, [47, 47, 61, 2]);
        let developer = AccountKind::Developer.permissions().unwrap();
        let business = AccountKind::Business.permissions().unwrap();
        for (one, other) in developer.iter().zip(&business) {
            assert!(one.same_right(other) && one.id != other.id, "{one:?}");
        }
        let reads = |permission: &Permission| permission.operation == Operation::Read;
        let of = |pattern: &str| developer.iter().find(|one| *one.resource == *pattern).unwrap();
        assert!(reads(of("coiote/GET/devices")) && !reads(of("coiote/POST/devices")));
    }
}
