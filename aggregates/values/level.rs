//! Levels: what the members of a user group may do (contracts/os2iot.md section 2), and the patterns that a level stands for
//! (design/authorization-models.md).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ApplicationId, Context, Invalid, Operation, OrganisationId, Permission, PermissionId, TopicFilter,
};

/// A level of a user group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Everything in all organisations.
    GlobalAdmin,
    /// The users, groups and API keys of one organisation.
    OrganizationUserAdmin,
    /// The gateways of one organisation.
    OrganizationGatewayAdmin,
    /// The attached applications of one organisation, and new ones.
    OrganizationApplicationAdmin,
    /// Reading the attached applications of one organisation.
    Read,
}

/// Beginning of all patterns for os2iot: a first level of its own in context `http`.
pub const OS2IOT: &str = "os2iot";

impl Level {
    /// All levels.
    pub const ALL: [Self; 5] = [
        Self::GlobalAdmin,
        Self::OrganizationUserAdmin,
        Self::OrganizationGatewayAdmin,
        Self::OrganizationApplicationAdmin,
        Self::Read,
    ];

    /// As written on the wire and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GlobalAdmin => "GlobalAdmin",
            Self::OrganizationUserAdmin => "OrganizationUserAdmin",
            Self::OrganizationGatewayAdmin => "OrganizationGatewayAdmin",
            Self::OrganizationApplicationAdmin => "OrganizationApplicationAdmin",
            Self::Read => "Read",
        }
    }

    /// Reads the wire form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(Invalid {
            what: "level",
            rule: "must be GlobalAdmin, OrganizationUserAdmin, OrganizationGatewayAdmin, OrganizationApplicationAdmin or Read",
        })
    }

    /// Whether the level gives rights on the applications that are attached to its group.
    pub const fn takes_applications(self) -> bool {
        matches!(self, Self::OrganizationApplicationAdmin | Self::Read)
    }

    /// What the level gives in an organisation, apart from attached applications. `None` is no organisation: only a global
    /// administrator has rights without one.
    pub(crate) fn patterns(self, organisation: Option<OrganisationId>) -> Vec<(String, Operation)> {
        use Operation::{Read, ReadWrite, Write};
        let Some(organisation) = organisation else {
            return match self {
                Self::GlobalAdmin => vec![(format!("{OS2IOT}/#"), ReadWrite)],
                _ => Vec::new(),
            };
        };
        let all = |parts: &[(&str, Operation)]| {
            let own = format!("{OS2IOT}/o/{}", organisation.ordinal());
            let parts = parts
                .iter()
                .map(|(part, operation)| (format!("{own}{part}"), *operation));
            parts.collect()
        };
        match self {
            Self::GlobalAdmin => Vec::new(),
            Self::OrganizationUserAdmin => all(&[
                ("", Read),
                ("/user/#", ReadWrite),
                ("/group/#", ReadWrite),
                ("/api-key/#", ReadWrite),
                ("/application/#", Read),
            ]),
            Self::OrganizationGatewayAdmin => all(&[("", Read), ("/gateway/#", ReadWrite)]),
            Self::OrganizationApplicationAdmin => all(&[("", Read), ("/application", Write)]),
            Self::Read => all(&[("", Read)]),
        }
    }

    /// What the level gives on an application that is attached to its group.
    pub(crate) fn on_application(
        self,
        organisation: OrganisationId,
        application: ApplicationId,
    ) -> Option<(String, Operation)> {
        let operation = match self {
            Self::OrganizationApplicationAdmin => Operation::ReadWrite,
            Self::Read => Operation::Read,
            Self::GlobalAdmin | Self::OrganizationUserAdmin | Self::OrganizationGatewayAdmin => return None,
        };
        let (organisation, application) = (organisation.ordinal(), application.ordinal());
        Some((
            format!("{OS2IOT}/o/{organisation}/application/{application}/#"),
            operation,
        ))
    }

    /// The permission of a role for a pattern of this level. Its id follows from the role, the level and the pattern, so the same right comes
    /// back under the same id.
    pub(crate) fn permission(
        self,
        role: Uuid,
        (pattern, operation): (String, Operation),
    ) -> Result<Permission, Invalid> {
        let name = format!("{} {pattern}", self.as_str());
        Ok(Permission {
            id: PermissionId(Uuid::new_v5(&role, name.as_bytes())),
            resource: pattern.parse::<TopicFilter>()?,
            operation,
            context: Context::Http,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Ordinal;

    const THREE: Option<Ordinal> = Ordinal::new(3);

    fn text(level: Level, organisation: Option<OrganisationId>) -> String {
        let patterns = level.patterns(organisation).into_iter();
        let patterns = patterns.map(|(pattern, operation)| format!("{pattern} {}", operation.as_str()));
        patterns.collect::<Vec<_>>().join(", ")
    }

    /// design/authorization-models.md, "Levels of OS2iot compile to".
    #[test]
    fn levels_are_the_patterns_of_the_table() {
        let organisation = THREE.map(OrganisationId::of);
        for (level, patterns) in [
            (Level::GlobalAdmin, ""),
            (
                Level::OrganizationUserAdmin,
                "os2iot/o/3 read, os2iot/o/3/user/# readWrite, os2iot/o/3/group/# readWrite, \
                 os2iot/o/3/api-key/# readWrite, os2iot/o/3/application/# read",
            ),
            (
                Level::OrganizationGatewayAdmin,
                "os2iot/o/3 read, os2iot/o/3/gateway/# readWrite",
            ),
            (
                Level::OrganizationApplicationAdmin,
                "os2iot/o/3 read, os2iot/o/3/application write",
            ),
            (Level::Read, "os2iot/o/3 read"),
        ] {
            assert_eq!(text(level, organisation), patterns, "{level:?}");
            let without = if level == Level::GlobalAdmin {
                "os2iot/# readWrite"
            } else {
                ""
            };
            assert_eq!(text(level, None), without, "{level:?}");
        }
    }

    #[test]
    fn two_levels_give_attached_applications() {
        let organisation = OrganisationId::of(THREE.unwrap());
        let application = ApplicationId::of(Ordinal::new(5).unwrap());
        for level in Level::ALL {
            let given = level.on_application(organisation, application);
            assert_eq!(given.is_some(), level.takes_applications(), "{level:?}");
            if let Some((pattern, operation)) = given {
                assert_eq!(pattern, "os2iot/o/3/application/5/#");
                assert_eq!(
                    operation == Operation::ReadWrite,
                    level == Level::OrganizationApplicationAdmin
                );
            }
        }
    }

    #[test]
    fn a_right_has_one_id_in_each_role_and_level() {
        let pattern = || ("os2iot/o/3".to_owned(), Operation::Read);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let id = |level: Level, role| level.permission(role, pattern()).unwrap().id;
        assert_eq!(id(Level::Read, one), id(Level::Read, one));
        assert_ne!(id(Level::Read, one), id(Level::Read, other));
        assert_ne!(id(Level::Read, one), id(Level::OrganizationGatewayAdmin, one));
    }

    #[test]
    fn a_level_is_read_as_it_is_written() {
        for level in Level::ALL {
            assert_eq!(Level::parse(level.as_str()), Ok(level));
            assert_eq!(serde_json::json!(level), level.as_str());
        }
        for text in ["", "read", "Write", "OrganizationAdmin"] {
            assert!(Level::parse(text).is_err(), "{text:?}");
        }
    }
}
