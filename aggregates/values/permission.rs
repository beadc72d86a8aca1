//! A permission: in a context, it allows an operation on everything that its pattern matches.

use serde::{Deserialize, Serialize};

use super::{Invalid, TopicFilter, id};

id!(
    /// A permission of a role, or one of a user's own.
    PermissionId, "permission id");

/// Where a permission applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// URL paths of HTTP requests.
    Http,
    /// Topics of an MQTT broker.
    Mqtt,
}

impl Context {
    /// As written on the wire and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Mqtt => "mqtt",
        }
    }

    /// Reads the wire form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "http" => Ok(Self::Http),
            "mqtt" => Ok(Self::Mqtt),
            _ => Err(Invalid {
                what: "context",
                rule: "must be http or mqtt",
            }),
        }
    }
}

/// What a permission allows. In `http`, read means GET and write means all other methods; in `mqtt`, read means
/// subscribe and write means publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// Reading only.
    Read,
    /// Writing only: it does not include reading.
    Write,
    /// Both.
    ReadWrite,
}

impl Operation {
    /// As written on the wire and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "readWrite",
        }
    }

    /// Reads the wire form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            "readWrite" => Ok(Self::ReadWrite),
            _ => Err(Invalid {
                what: "operation",
                rule: "must be read, write or readWrite",
            }),
        }
    }

    /// Whether this operation includes all that `wanted` asks.
    pub const fn covers(self, wanted: Self) -> bool {
        matches!(
            (self, wanted),
            (Self::ReadWrite, _) | (Self::Read, Self::Read) | (Self::Write, Self::Write)
        )
    }
}

/// The first level of the names of licences, in context `http`: `nx/o/<organisation>/license/<id>`.
pub const NX: &str = "nx";

/// The beginning of a shared subscription: `$share/{name}/{filter}` (MQTT 5.0 section 4.8.2).
pub const SHARED: &str = "$share/";

/// A permission with its id, as roles and users hold it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Permission {
    /// Its id, unique over all roles and users.
    pub id: PermissionId,
    /// The pattern of topics or paths; in `http` it starts with `/`, or with the first level of a space of its own.
    pub resource: TopicFilter,
    /// The allowed operation.
    pub operation: Operation,
    /// Where the permission applies.
    pub context: Context,
}

impl Permission {
    /// Makes a permission, if the resource fits the context.
    pub fn new(
        id: PermissionId,
        resource: TopicFilter,
        operation: Operation,
        context: Context,
    ) -> Result<Self, Invalid> {
        if context == Context::Http && !resource.starts_with('/') {
            return Err(Invalid {
                what: "resource",
                rule: "must start with / in context http",
            });
        }
        Ok(Self {
            id,
            resource,
            operation,
            context,
        })
    }

    /// Refuses a permission to subscribe to a shared subscription: only the filter in it counts, so the permission would allow no
    /// subscription. Permissions that are older than this rule may break it.
    pub fn must_be_of_use(&self) -> Result<(), Invalid> {
        let subscribes = self.context == Context::Mqtt && self.operation.covers(Operation::Read);
        if subscribes && self.resource.starts_with(SHARED) {
            return Err(Invalid {
                what: "resource",
                rule: "must not start with $share/ in a permission to read: grant the filter without the $share/{group}/ prefix, \
                       which also allows shared subscriptions to it",
            });
        }
        Ok(())
    }

    /// Whether two permissions are equal apart from their ids.
    pub fn same_right(&self, other: &Self) -> bool {
        self.resource == other.resource && self.operation == other.operation && self.context == other.context
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn permission(
        id: u128,
        resource: &str,
        operation: Operation,
        context: Context,
    ) -> Result<Permission, Invalid> {
        Permission::new(
            PermissionId(Uuid::from_u128(id)),
            resource.parse()?,
            operation,
            context,
        )
    }

    #[test]
    fn in_http_a_resource_is_a_path() {
        for resource in ["/", "/api/users/#", "/+"] {
            assert!(
                permission(1, resource, Operation::Read, Context::Http).is_ok(),
                "{resource}"
            );
        }
        for resource in ["api", "#", "+/users"] {
            assert!(
                permission(1, resource, Operation::Read, Context::Http).is_err(),
                "{resource}"
            );
            assert!(
                permission(1, resource, Operation::Read, Context::Mqtt).is_ok(),
                "{resource}"
            );
        }
    }

    #[test]
    fn the_wire_forms_are_read_as_they_are_written() {
        for context in [Context::Http, Context::Mqtt] {
            assert_eq!(Context::parse(context.as_str()), Ok(context));
            assert_eq!(serde_json::to_value(context).unwrap(), context.as_str());
        }
        for operation in [Operation::Read, Operation::Write, Operation::ReadWrite] {
            assert_eq!(Operation::parse(operation.as_str()), Ok(operation));
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.as_str());
        }
        for text in ["", "HTTP", "readwrite", "https"] {
            assert!(
                Context::parse(text).is_err() && Operation::parse(text).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn both_covers_each_and_neither_covers_the_other() {
        use Operation::{Read, ReadWrite, Write};
        let covered = [
            (ReadWrite, Read),
            (ReadWrite, Write),
            (ReadWrite, ReadWrite),
            (Read, Read),
            (Write, Write),
        ];
        for held in [Read, Write, ReadWrite] {
            for wanted in [Read, Write, ReadWrite] {
                assert_eq!(
                    held.covers(wanted),
                    covered.contains(&(held, wanted)),
                    "{held:?} {wanted:?}"
                );
            }
        }
    }

    #[test]
    fn a_right_is_the_same_whatever_its_id() {
        let base = permission(1, "/a", Operation::Read, Context::Http).unwrap();
        assert!(base.same_right(&permission(2, "/a", Operation::Read, Context::Http).unwrap()));
        for other in [
            permission(1, "/b", Operation::Read, Context::Http),
            permission(1, "/a", Operation::ReadWrite, Context::Http),
            permission(1, "/a", Operation::Read, Context::Mqtt),
        ] {
            assert!(!base.same_right(&other.unwrap()));
        }
    }
}
