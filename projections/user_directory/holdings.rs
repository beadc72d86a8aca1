//! What users hold: four statements for any number of users.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use aggregates::values::{Certificate, RoleId, Timestamp, UserId};

use super::{
    UserRow,
    record::{CertificateRecord, UserRecord},
};
use crate::{
    role_directory::{self, RoleRow, Shown, record::RoleRecord},
    sessions::{self, SessionRow},
    store::{
        Column as _, Record, select_in,
        sql::{Argument, Error, Tx},
    },
};

/// Adds everything that the users hold, and keeps their order. It leaves out tokens that expired by `now`. `shown` is about the
/// permissions of each role.
pub(super) async fn with_holdings(
    tx: &mut Tx<'_>,
    users: Vec<UserRecord>,
    now: Timestamp,
    shown: Shown,
) -> Result<Vec<UserRow>, Error> {
    let ids: Vec<Argument<'static>> = users.iter().map(|user| user.user_id.into()).collect();
    let mut tokens = tokens(tx, &ids, now).await?;
    let mut certificates = certificates(tx, &ids).await?;
    let mut roles = roles(tx, &ids, shown).await?;
    let rows = users.into_iter().map(|user| UserRow {
        tokens: tokens.remove(&user.user_id).unwrap_or_default(),
        certificates: certificates.remove(&user.user_id).unwrap_or_default(),
        roles: roles.remove(&user.user_id).unwrap_or_default(),
        id: user.user_id,
        username: user.username,
        auto_generated: user.auto_generated,
        mqtt_publish_prefix: user.mqtt_publish_prefix,
        identity_provider: user.identity_provider,
        grant_types: user.grant_types,
        enforce_mfa_enrollment: user.enforce_mfa_enrollment,
        has_second_factor: user.has_second_factor,
        must_change_password: user.must_change_password,
        created_at: user.created_at,
        updated_at: user.updated_at,
    });
    Ok(rows.collect())
}

async fn tokens(
    tx: &mut Tx<'_>,
    ids: &[Argument<'static>],
    now: Timestamp,
) -> Result<HashMap<UserId, Vec<SessionRow>>, Error> {
    let mut of_user = HashMap::<_, Vec<_>>::new();
    for session in sessions::of_users(tx, ids, now).await? {
        of_user.entry(session.user_id).or_default().push(session);
    }
    Ok(of_user)
}

async fn certificates(
    tx: &mut Tx<'_>,
    ids: &[Argument<'static>],
) -> Result<HashMap<UserId, Vec<Certificate>>, Error> {
    let before = format!(
        "SELECT {} FROM user_certificates WHERE user_id IN",
        CertificateRecord::TABLE.column_list()
    );
    let mut of_user = HashMap::<_, Vec<_>>::new();
    for row in select_in(tx, &before, ids, "ORDER BY ordinal", &[]).await? {
        let held = CertificateRecord::read(&row)?;
        of_user
            .entry(held.user_id)
            .or_default()
            .push(held.into_certificate());
    }
    Ok(of_user)
}

async fn roles(
    tx: &mut Tx<'_>,
    ids: &[Argument<'static>],
    shown: Shown,
) -> Result<HashMap<UserId, Vec<Arc<RoleRow>>>, Error> {
    let columns: Vec<_> = RoleRecord::TABLE
        .columns
        .iter()
        .map(|(name, _)| format!("r.{name}"))
        .collect();
    let before = format!(
        "SELECT {}, g.user_id FROM user_roles g JOIN role_directory r ON r.role_id = g.role_id \
         WHERE g.user_id IN",
        columns.join(", ")
    );
    let mut held: Vec<(UserId, RoleId)> = Vec::new();
    let mut roles = BTreeMap::new();
    for row in select_in(tx, &before, ids, "ORDER BY r.ordinal", &[]).await? {
        let role = RoleRecord::read(&row)?;
        held.push((UserId::read(&row, columns.len())?, role.role_id));
        roles.insert(role.role_id, role);
    }
    let rows: HashMap<RoleId, Arc<RoleRow>> =
        role_directory::with_permissions(tx, roles.into_values().collect(), shown)
            .await?
            .into_iter()
            .map(|role| (role.id, Arc::new(role)))
            .collect();
    let mut of_user = HashMap::<_, Vec<_>>::new();
    for (user, role) in held {
        of_user.entry(user).or_default().extend(rows.get(&role).cloned());
    }
    Ok(of_user)
}
