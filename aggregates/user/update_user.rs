//! Change the given fields of a user: all of them, or nothing.

use super::{RoleGrant, UpdateUser, User, UserError, UserEvent, rules};
use crate::{
    permission_set,
    values::{GrantType, IdentityProvider, Permission, Username},
};

pub(super) fn decide(user: &User, command: UpdateUser) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    must_end_well(user, &command)?;

    let mut events = Vec::new();
    if let Some(typed) = command.username
        && let Some(username) = Username::another(&user.username, &typed)?
    {
        events.push(UserEvent::Renamed {
            username: username.to_string(),
        });
    }
    if let Some(prefix) = command.mqtt_publish_prefix {
        let mqtt_publish_prefix = rules::publish_prefix(prefix)?;
        if mqtt_publish_prefix != user.mqtt_publish_prefix {
            events.push(UserEvent::PublishPrefixChanged { mqtt_publish_prefix });
        }
    }
    if let Some(identity_provider) = command
        .identity_provider
        .filter(|new| Some(*new) != user.identity_provider)
    {
        events.push(UserEvent::IdentityProviderChanged { identity_provider });
    }
    let is_new = command.password_hash.is_some();
    if let Some(password_hash) = command.password_hash {
        events.push(UserEvent::PasswordSet { password_hash });
    }
    // A new password ends the demand, so it is made again.
    let is_demanded = user.must_change_password && !is_new;
    if let Some(demanded) = command.must_change_password.filter(|new| *new != is_demanded) {
        events.push(UserEvent::PasswordChangeDemanded { demanded });
    }
    if let Some(grant_types) = command
        .grant_types
        .filter(|new| !same_grants(new, &user.grant_types))
    {
        events.push(UserEvent::GrantTypesChanged { grant_types });
    }
    if let Some(enforce_mfa_enrollment) = command
        .enforce_mfa_enrollment
        .filter(|new| *new != user.enforce_mfa_enrollment)
    {
        events.push(UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment,
        });
    }
    if command.disable_second_factor && user.second_factor.is_some() {
        events.push(UserEvent::SecondFactorDisabled { by_owner: false });
    }
    if let Some(roles) = command.roles {
        replace_roles(user, roles, &mut events)?;
    }
    if let Some(permissions) = command.permissions {
        replace_permissions(user, permissions, &mut events)?;
    }
    Ok(events)
}

/// The rule holds for the state after the update: the provider and the password may change together.
fn must_end_well(user: &User, command: &UpdateUser) -> Result<(), UserError> {
    let grants = command.grant_types.as_ref().unwrap_or(&user.grant_types);
    rules::each_method_once(grants)?;
    let provider = command.identity_provider.or(user.identity_provider);
    let has_password = command.password_hash.is_some() || user.password_hash.is_some();
    let may_change = has_password && provider == Some(IdentityProvider::Local);
    if command.must_change_password == Some(true) && !may_change {
        return Err(UserError::NoPasswordToChange);
    }
    match provider {
        Some(provider) => rules::password_fits(
            provider,
            grants,
            command.password_hash.as_ref(),
            user.password_hash.as_ref(),
        ),
        None => Err(UserError::NotFound),
    }
}

/// The order of methods does not matter.
fn same_grants(left: &[GrantType], right: &[GrantType]) -> bool {
    left.len() == right.len() && left.iter().all(|grant| right.contains(grant))
}

/// The groups that the user is in stay as they are, and so does the account kind: they are not given as roles.
fn replace_roles(user: &User, wanted: Vec<RoleGrant>, events: &mut Vec<UserEvent>) -> Result<(), UserError> {
    let wanted = rules::each_role_once(wanted)?;
    let held = user.roles.keys().filter(|role_id| role_id.is_plain());
    let lost = held.filter(|role_id| !wanted.contains_key(role_id));
    events.extend(lost.map(|role_id| UserEvent::RoleRevoked { role_id: *role_id }));
    let gained = wanted
        .iter()
        .filter(|(role_id, exclusive)| user.roles.get(role_id) != Some(exclusive));
    events.extend(gained.map(|(role_id, exclusive)| UserEvent::RoleGranted {
        role_id: *role_id,
        exclusive: *exclusive,
    }));
    Ok(())
}

fn replace_permissions(
    user: &User,
    wanted: Vec<Permission>,
    events: &mut Vec<UserEvent>,
) -> Result<(), UserError> {
    let difference = permission_set::replace(&user.permissions, wanted)?;
    events.extend(
        difference
            .removed
            .into_iter()
            .map(|id| UserEvent::PermissionRevoked { id }),
    );
    events.extend(
        difference
            .added
            .into_iter()
            .map(|permission| UserEvent::PermissionGranted { permission }),
    );
    Ok(())
}

#[cfg(test)]
mod tests;
