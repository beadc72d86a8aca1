//! What a grant of a role needs to know of the role. The aggregate of the user decides what follows from it.
//!
//! The ledger checks this knowledge again when it records the grant: the grant claims the role for its only holder, or
//! requires that the role is shared. If that has changed meanwhile, the ledger rejects the grant.

use aggregates::{
    Command,
    user::{RoleGrant, UserCommand},
    values::RoleId,
};
use projections::{Veto, role_directory};

use crate::{
    app::App,
    refusal::{Refusal, RefusalKind},
};

/// The grants of roles, by id. Unknown roles are refused, and the refusal names all of them.
pub async fn role_grants(app: &App, ids: &[RoleId]) -> Result<Vec<RoleGrant>, Refusal> {
    let (mut grants, mut unknown) = (Vec::with_capacity(ids.len()), Vec::new());
    for (id, role) in ids.iter().zip(app.roles(ids).await?) {
        match role {
            Some(role) => grants.push(RoleGrant {
                role_id: *id,
                is_shared: role.is_shared,
            }),
            None => unknown.push(id.to_string()),
        }
    }
    if unknown.is_empty() {
        Ok(grants)
    } else {
        let message = format!("there is no role {}", unknown.join(", "));
        Err(Refusal::new(RefusalKind::Invalid, "unknown_role", message))
    }
}

/// The command for the holder of a role that stops being shared: from then on, the role is this holder's alone. A role
/// with several holders is refused, as the guard of the ledger would refuse it.
pub async fn sole_holder(app: &App, role_id: RoleId) -> Result<Option<Command>, Refusal> {
    let holders = role_directory::holders(&mut app.ledger().db(), role_id, 2).await?;
    if holders.len() > 1 {
        let Veto { code, message } = role_directory::HELD_BY_SEVERAL;
        return Err(Refusal::conflict(code, message));
    }
    let grant = RoleGrant {
        role_id,
        is_shared: false,
    };
    let holder = holders.first();
    Ok(holder.map(|holder| Command::User(holder.id, UserCommand::GrantRole(grant))))
}
