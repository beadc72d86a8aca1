//! Rules that more than one decision about users needs.

use std::collections::{BTreeMap, BTreeSet};

use super::{RoleGrant, UserError};
use crate::{
    permission_set::Refused,
    values::{GrantMethod, GrantType, IdentityProvider, MAX_FILTER_BYTES, PasswordHash, RoleId},
};

impl From<Refused> for UserError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::IdTaken => Self::PermissionIdTaken,
            Refused::Invalid(invalid) => Self::Invalid(invalid),
        }
    }
}

/// No method may occur twice: one entry could be required and the other not.
pub(super) fn each_method_once(grants: &[GrantType]) -> Result<(), UserError> {
    let methods: BTreeSet<GrantMethod> = grants.iter().map(|grant| grant.method).collect();
    if methods.len() == grants.len() {
        Ok(())
    } else {
        Err(UserError::DuplicateGrantMethod)
    }
}

/// A publish prefix is the beginning of a topic. An empty one means no prefix.
pub(super) fn publish_prefix(prefix: Option<String>) -> Result<Option<String>, UserError> {
    match prefix {
        Some(prefix) if prefix.contains(['+', '#', '\0']) || prefix.len() > MAX_FILTER_BYTES => {
            Err(UserError::PublishPrefixInvalid)
        }
        prefix => Ok(prefix.filter(|prefix| !prefix.is_empty())),
    }
}

/// Only users of this server's own provider have a password here, and those who log in by password must have one.
pub(super) fn password_fits(
    provider: IdentityProvider,
    grants: &[GrantType],
    given: Option<&PasswordHash>,
    held: Option<&PasswordHash>,
) -> Result<(), UserError> {
    if provider != IdentityProvider::Local {
        return if given.is_some() {
            Err(UserError::PasswordNotLocal)
        } else {
            Ok(())
        };
    }
    let by_password = grants.iter().any(|grant| grant.method == GrantMethod::Password);
    if by_password && given.or(held).is_none() {
        Err(UserError::PasswordMissing)
    } else {
        Ok(())
    }
}

/// Each role once, with whether it is held exclusively. If a role is wanted both exclusively and not, it is held exclusively. Groups
/// and account kinds are not given as roles.
pub(super) fn each_role_once(grants: Vec<RoleGrant>) -> Result<BTreeMap<RoleId, bool>, UserError> {
    let mut roles = BTreeMap::new();
    for grant in grants {
        no_group(grant.role_id)?;
        *roles.entry(grant.role_id).or_default() |= grant.is_exclusive();
    }
    Ok(roles)
}

/// Refuses a group and an account kind: to those who grant roles, there is no such role.
pub(super) fn no_group(role_id: RoleId) -> Result<(), UserError> {
    match role_id.is_plain() {
        false => Err(UserError::RoleIsGroup(role_id)),
        true => Ok(()),
    }
}
