//! Explanations on the wire: grants with the events that gave them, and what the nearest grants lack.

use authorization::{
    MODEL,
    past::{Cause, Grant, Lack, Moment, Near, Why},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The text. A long text is cut and ends with an ellipsis.
pub(crate) fn shortened(text: &str) -> String {
    authorization::shortened(text).into_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A moment of the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MomentOut {
    /// The last event that counts.
    #[schema(example = 42)]
    pub position: i64,
    /// RFC 3339.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    #[schema(format = "date-time")]
    pub time: String,
}

impl From<Moment> for MomentOut {
    fn from(moment: Moment) -> Self {
        Self {
            position: moment.position,
            time: moment.time.to_string(),
        }
    }
}

/// An event of the ledger, as the reason for something.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cause)]
pub(crate) struct CauseOut {
    /// Its place in the ledger.
    #[schema(example = 17)]
    position: i64,
    /// When the ledger took it.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    #[schema(format = "date-time")]
    time: String,
    /// Who did it: a user id, or `system`.
    #[schema(example = "system")]
    actor: String,
    /// Its type.
    #[schema(example = "role.permission_added")]
    event: &'static str,
}

impl From<&Cause> for CauseOut {
    fn from(cause: &Cause) -> Self {
        Self {
            position: cause.position,
            time: cause.time.to_string(),
            actor: cause.actor.clone(),
            event: cause.event_type,
        }
    }
}

/// A permission as it is granted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GrantedPermission {
    id: String,
    /// `http` or `mqtt`, or the name of another API's space such as `coiote`.
    #[schema(example = "mqtt")]
    context: &'static str,
    /// `read`, `write` or `readWrite`.
    #[schema(example = "write")]
    operation: &'static str,
    /// A pattern: `+` is one level, `#` the rest.
    #[schema(example = "plant/+/valve/#")]
    resource: String,
}

/// The role that gives a permission.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GrantingRole {
    id: String,
    name: String,
    /// The event that gave the user the role; absent if the role itself is the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_by: Option<CauseOut>,
}

/// A permission that counts for a subject, and why it does.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantOut {
    permission: GrantedPermission,
    /// The event that gave the permission, or last changed it.
    given_by: CauseOut,
    /// The role that gives it; absent if it is the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<GrantingRole>,
}

impl From<&Grant> for GrantOut {
    fn from(grant: &Grant) -> Self {
        let permission = &grant.permission;
        Self {
            permission: GrantedPermission {
                id: permission.id.to_string(),
                context: MODEL.space_of(permission.context, &permission.resource),
                operation: permission.operation.as_str(),
                resource: shortened(&permission.resource),
            },
            given_by: CauseOut::from(&grant.given),
            role: grant.through.as_ref().map(|through| GrantingRole {
                id: through.role.to_string(),
                name: shortened(&through.name),
                granted_by: through.granted.as_ref().map(CauseOut::from),
            }),
        }
    }
}

/// What a grant lacks.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
#[schema(as = Lack)]
pub(crate) enum LackOut {
    /// It is for another context.
    Context {
        /// The one needed.
        wanted: &'static str,
        /// The one it is for.
        granted: &'static str,
    },
    /// It does not allow the operation.
    Operation {
        /// The one needed.
        wanted: &'static str,
        /// The one it allows.
        granted: &'static str,
    },
    /// Its pattern is a shared subscription, `$share/{name}/{filter}`. Only the filter counts, so the pattern matches no subscription.
    SharedSubscription {
        /// The filter to grant instead.
        wanted: String,
        /// The pattern.
        granted: String,
    },
    /// Its pattern goes another way.
    Level {
        /// Where, from 1: a level of the topic, or a segment of the path.
        level: usize,
        /// What is there in what was asked; `null` past its end.
        wanted: Option<String>,
        /// What is there in the pattern; `null` past its end.
        granted: Option<String>,
    },
}

impl From<&Lack> for LackOut {
    fn from(lack: &Lack) -> Self {
        match lack {
            Lack::Context { wanted, granted } => Self::Context {
                wanted: wanted.as_str(),
                granted: granted.as_str(),
            },
            Lack::SharedSubscription { wanted, granted } => Self::SharedSubscription {
                wanted: shortened(wanted),
                granted: shortened(granted),
            },
            Lack::Operation { wanted, granted } => Self::Operation {
                wanted: wanted.as_str(),
                granted: granted.as_str(),
            },
            Lack::Level {
                level,
                wanted,
                granted,
            } => Self::Level {
                level: *level,
                wanted: wanted.as_deref().map(shortened),
                granted: granted.as_deref().map(shortened),
            },
        }
    }
}

/// A grant that came near.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Near)]
pub(crate) struct NearOut {
    #[serde(flatten)]
    grant: GrantOut,
    /// What it lacks: at least one thing.
    lacks: Vec<LackOut>,
}

impl From<&Near> for NearOut {
    fn from(near: &Near) -> Self {
        Self {
            grant: GrantOut::from(&near.grant),
            lacks: near.lacks.iter().map(LackOut::from).collect(),
        }
    }
}

/// Why a decision is as it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// The path, topic or filter that had to be granted: with the publish prefix, without the name of a shared
    /// subscription.
    #[schema(required = false)]
    resource: String,
    /// The event that gave the publish prefix, if one was put before the topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    prefixed_by: Option<CauseOut>,
    /// The grants that allow it, the oldest first, at most 100. Any one of them would.
    #[schema(required = false)]
    grants: Vec<GrantOut>,
    /// If there are more than 100: how many are left out.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    grants_left_out: usize,
    /// If nothing allows it: the grants that came nearest, the nearest first, at most 5. Empty only if the subject has no grants.
    #[schema(required = false)]
    nearest: Vec<NearOut>,
}

impl Explanation {
    /// Explains a decision about a resource. If several names had to be granted, it shows the name that decided.
    pub(crate) fn of(resource: &str, why: &Why) -> Self {
        match why.deciding() {
            Some(name) => Self {
                grants: name.grants.iter().map(GrantOut::from).collect(),
                nearest: name.nearest.iter().map(NearOut::from).collect(),
                prefixed_by: name.prefixed_by.as_ref().map(CauseOut::from),
                grants_left_out: name.left_out,
                resource: shortened(&name.resource),
            },
            None => Self {
                resource: shortened(resource),
                prefixed_by: None,
                grants: Vec::new(),
                grants_left_out: 0,
                nearest: Vec::new(),
            },
        }
    }
}
