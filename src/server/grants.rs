//! Which grant of a role a user gets: a role that is not shared is its one holder's alone.
//!
//! What is chosen here is checked again when it is recorded: a grant claims the role for its one holder, or requires that the role is
//! shared, and the ledger rejects it if that has changed meanwhile.

use aggregates::{
    Command,
    user::{RoleGrant, UserCommand},
    values::RoleId,
};
use projections::role_directory;

use crate::{
    app::App,
    refusal::{Refusal, RefusalKind},
};

/// The grants of roles by id. Unknown roles are refused; the refusal names all of them.
pub async fn role_grants(app: &App, ids: &[RoleId]) -> Result<Vec<RoleGrant>, Refusal> {
    let (mut grants, mut unknown) = (Vec::with_capacity(ids.len()), Vec::new());
    for (id, role) in ids.iter().zip(app.roles(ids).await?) {
        match role {
            Some(role) => grants.push(RoleGrant {
                role_id: *id,
                exclusive: !role.is_shared,
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

/// The command that makes a role, which stops being shared, its one holder's alone. A role with several holders is refused.
pub async fn sole_holder(app: &App, role_id: RoleId) -> Result<Option<Command>, Refusal> {
    let holders = role_directory::holders(app.ledger().db(), role_id, 2).await?;
    if holders.len() > 1 {
        let message = "several users hold this role: it must stay shared";
        return Err(Refusal::conflict("role_is_held", message));
    }
    let grant = RoleGrant {
        role_id,
        exclusive: true,
    };
    let holder = holders.first();
    Ok(holder.map(|holder| Command::User(holder.id, UserCommand::GrantRole(grant))))
}
