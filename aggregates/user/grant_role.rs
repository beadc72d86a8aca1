//! Give a user a role.

use super::{RoleGrant, User, UserError, UserEvent};

pub(super) fn decide(user: &User, grant: RoleGrant) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let RoleGrant { role_id, exclusive } = grant;
    if user.roles.get(&role_id) == Some(&exclusive) {
        return Ok(Vec::new());
    }
    Ok(vec![UserEvent::RoleGranted { role_id, exclusive }])
}
