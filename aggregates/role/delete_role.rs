//! Remove a role.

use super::{Role, RoleError, RoleEvent};

pub(super) fn decide(role: &Role) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    role.may_become(vec![RoleEvent::Deleted {}])
}
