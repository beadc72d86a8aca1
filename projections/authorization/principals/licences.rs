//! Of which organisations a principal may read all licences. Lists start from this; about one licence, the resource type decides.

use std::collections::BTreeSet;

use aggregates::values::{Operation, OrganisationId, Permission};

use super::subject::Principal;
use crate::{Authorization, directory, vocabularies::nx::SPACE};

/// The organisations whose licences somebody may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadableLicences {
    /// Those of all organisations.
    pub all: bool,
    /// Those of these organisations.
    pub of: BTreeSet<OrganisationId>,
}

impl Authorization {
    /// The organisations of which a principal may read all licences.
    pub fn readable_licences(&self, principal: Principal) -> ReadableLicences {
        let guard = self.collector.enter();
        self.settled(&guard, |guard| {
            let mut readable = ReadableLicences::default();
            self.each_permission_of(principal, guard, &mut |one| readable.take(one));
            readable
        })
    }
}

impl ReadableLicences {
    fn take(&mut self, permission: &Permission) {
        if !SPACE.has(permission.context, &permission.resource)
            || !permission.operation.covers(Operation::Read)
        {
            return;
        }
        let mut levels = permission.resource.split('/').skip(1);
        // `nx/o/3/license/#`, or a pattern that matches more.
        let organisation = match (levels.next(), levels.next()) {
            (Some("#"), None) | (Some("o" | "+"), Some("#")) => None,
            (Some("o" | "+"), Some(organisation)) => Some(organisation),
            _ => return,
        };
        let Some(organisation) = organisation else {
            self.all = true;
            return;
        };
        let is_whole = matches!(
            (levels.next(), levels.next(), levels.next()),
            (Some("#"), None, None)
                | (Some("license" | "+"), Some("#" | "+"), None)
                | (Some("license" | "+"), Some("+"), Some("#"))
        );
        if !is_whole {
            return;
        }
        match organisation {
            "+" => self.all = true,
            number => {
                self.of.extend(directory::number(number).map(OrganisationId::of));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aggregates::values::{Context, Ordinal, PermissionId};
    use uuid::Uuid;

    use super::*;

    fn readable(resource: &str, operation: Operation) -> ReadableLicences {
        let mut readable = ReadableLicences::default();
        readable.take(&Permission {
            id: PermissionId(Uuid::nil()),
            resource: resource.parse().unwrap(),
            operation,
            context: Context::Http,
        });
        readable
    }

    fn of(number: i64) -> ReadableLicences {
        let of = BTreeSet::from([OrganisationId::of(Ordinal::new(number).unwrap())]);
        ReadableLicences { all: false, of }
    }

    #[test]
    fn a_pattern_that_matches_all_licences_of_an_organisation_counts() {
        for pattern in [
            "nx/o/3/license/#",
            "nx/o/3/#",
            "nx/o/3/+/#",
            "nx/o/3/license/+",
            "nx/+/3/license/+/#",
        ] {
            assert_eq!(readable(pattern, Operation::Read), of(3), "{pattern}");
        }
        for pattern in ["nx/#", "nx/o/#", "nx/+/#", "nx/o/+/license/#", "nx/o/+/#"] {
            assert!(readable(pattern, Operation::ReadWrite).all, "{pattern}");
        }
    }

    #[test]
    fn other_patterns_do_not_count() {
        let nothing = ReadableLicences::default();
        for pattern in [
            "nx",
            "nx/o",
            "nx/o/3",
            "nx/o/3/license",
            "nx/o/3/user/#",
            "nx/o/3/license/7",
            "nx/o/3/license/+/x",
            "nx/o/x/license/#",
            "nx/o/03/license/#",
            "nx/p/3/license/#",
            "os2iot/o/3/license/#",
            "/auth/#",
            "#",
        ] {
            assert_eq!(readable(pattern, Operation::Read), nothing, "{pattern}");
        }
        assert_eq!(readable("nx/o/3/license/#", Operation::Write), nothing);
    }
}
