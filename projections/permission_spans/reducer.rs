//! How events of roles begin and end the times of their permissions. A user's own permissions have none: a reader of a user's past
//! reads the user's events anyway.

use aggregates::{
    Recorded,
    role::{Role, RoleEvent},
    values::{Permission, PermissionId, RoleId},
};

use super::record::{LIVE, RoleSpanRecord, SpanRecord};
use crate::store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error};

/// The read model.
#[derive(Debug)]
pub(crate) struct PermissionSpans;

impl ReadModel for PermissionSpans {
    const NAME: &'static str = "permission_spans";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] =
        &[RecordType::of::<RoleSpanRecord>(), RecordType::of::<SpanRecord>()];
    const FOLDS: &'static [Fold] = &[Fold::of(&FoldOf::<Role> { needs, reduce })];
}

fn needs(needs: &mut Needs<'_>, id: RoleId, event: &RoleEvent) {
    match event {
        RoleEvent::Created { .. } => needs.new_row::<RoleSpanRecord>((id, LIVE)),
        RoleEvent::Renamed { .. } | RoleEvent::Deleted {} => needs.row::<RoleSpanRecord>((id, LIVE)),
        RoleEvent::PermissionAdded { permission } => {
            needs.row::<RoleSpanRecord>((id, LIVE));
            needs.new_row::<SpanRecord>((permission.id, LIVE));
        }
        RoleEvent::PermissionChanged { id: permission, .. }
        | RoleEvent::PermissionRemoved { id: permission } => {
            needs.row::<RoleSpanRecord>((id, LIVE));
            needs.row::<SpanRecord>((*permission, LIVE));
        }
        RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => {}
    }
}

/// Folds an event of the role `id`. An event about an unknown role changes nothing.
fn reduce(changes: &mut Changes, at: &Recorded, id: RoleId, event: &RoleEvent) -> Result<(), Error> {
    match event {
        RoleEvent::Created { .. } => changes.put_new(RoleSpanRecord {
            role_id: id,
            until_position: LIVE,
            from_position: at.position,
            begun: 0,
            ended: 0,
        }),
        RoleEvent::Renamed { .. } => {
            let Some(role) = changes.change::<RoleSpanRecord>(&(id, LIVE))? else {
                return Ok(());
            };
            let before = RoleSpanRecord {
                until_position: at.position,
                ..role.clone()
            };
            role.from_position = at.position;
            changes.put_new(before)
        }
        // The permissions keep their rows. Nobody asks what a role gave after its end.
        RoleEvent::Deleted {} => match changes.remove::<RoleSpanRecord>(&(id, LIVE))? {
            Some(role) => changes.put_new(RoleSpanRecord {
                until_position: at.position,
                ..role
            }),
            None => Ok(()),
        },
        RoleEvent::PermissionAdded { permission } => begin(changes, at, id, permission),
        RoleEvent::PermissionChanged {
            id: permission,
            resource,
            operation,
        } => match end(changes, at, id, *permission)? {
            Some(before) => {
                let changed = Permission {
                    id: *permission,
                    resource: resource.clone(),
                    operation: *operation,
                    context: before.context,
                };
                begin(changes, at, id, &changed)
            }
            None => Ok(()),
        },
        RoleEvent::PermissionRemoved { id: permission } => end(changes, at, id, *permission).map(drop),
        RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => Ok(()),
    }
}

/// From this event on, the role has the permission.
fn begin(changes: &mut Changes, at: &Recorded, id: RoleId, permission: &Permission) -> Result<(), Error> {
    let Some(role) = changes.change::<RoleSpanRecord>(&(id, LIVE))? else {
        return Ok(());
    };
    role.begun += 1;
    let begun = role.begun;
    changes.put(SpanRecord {
        permission_id: permission.id,
        until_position: LIVE,
        role_id: id,
        from_position: at.position,
        begun,
        ended: 0,
        resource: permission.resource.clone(),
        operation: permission.operation,
        context: permission.context,
    })
}

/// From this event on, the role no longer has the permission as it was.
fn end(
    changes: &mut Changes,
    at: &Recorded,
    id: RoleId,
    permission: PermissionId,
) -> Result<Option<SpanRecord>, Error> {
    let held = changes.get::<SpanRecord>(&(permission, LIVE))?;
    if held.is_none_or(|held| held.role_id != id) {
        return Ok(None);
    }
    let Some(role) = changes.change::<RoleSpanRecord>(&(id, LIVE))? else {
        return Ok(None);
    };
    role.ended += 1;
    let ended = role.ended;
    let Some(held) = changes.remove::<SpanRecord>(&(permission, LIVE))? else {
        return Ok(None);
    };
    let before = SpanRecord {
        until_position: at.position,
        ended,
        ..held
    };
    changes.put_new(before.clone())?;
    Ok(Some(before))
}
