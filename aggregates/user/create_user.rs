//! Make a user.

use std::collections::{BTreeMap, BTreeSet};

use super::{CreateUser, Stage, User, UserError, UserEvent, rules};
use crate::permission_set;

pub(super) fn decide(user: &User, command: CreateUser) -> Result<Vec<UserEvent>, UserError> {
    if user.stage != Stage::Absent {
        return Err(UserError::AlreadyExists);
    }
    rules::each_method_once(&command.grant_types)?;
    let mqtt_publish_prefix = rules::publish_prefix(command.mqtt_publish_prefix)?;
    rules::password_fits(
        command.identity_provider,
        &command.grant_types,
        command.password_hash.as_ref(),
        None,
    )?;
    let permissions = permission_set::replace(&BTreeMap::new(), command.permissions)?.added;

    let mut events = vec![UserEvent::Created {
        username: command.username.to_string(),
        identity_provider: command.identity_provider,
        auto_generated: command.auto_generated,
        mqtt_publish_prefix,
        grant_types: command.grant_types,
        enforce_mfa_enrollment: command.enforce_mfa_enrollment,
        password_hash: command.password_hash,
    }];
    let roles = rules::each_role_once(command.roles);
    events.extend(
        roles
            .into_iter()
            .map(|(role_id, exclusive)| UserEvent::RoleGranted { role_id, exclusive }),
    );
    events.extend(
        permissions
            .into_iter()
            .map(|permission| UserEvent::PermissionGranted { permission }),
    );
    let mut fingerprints = BTreeSet::new();
    for certificate in command.certificates {
        if fingerprints.insert(certificate.fingerprint.clone()) {
            events.push(UserEvent::CertificateAdded { certificate });
        }
    }
    Ok(events)
}
