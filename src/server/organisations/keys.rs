//! API keys.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    api_key::{ApiKeyCommand, ChangeApiKey, IssueApiKey},
    values::{AccountId, ApiKeyId, GroupId, Membership, Timestamp, Title},
};
use ledger::Appended;
use projections::{ordinals::Numbered, sql::Boxed};
use zeroize::Zeroizing;

use super::{
    accounts::memberships,
    again::{Planned, until_done, until_first},
    may::{right, right_of},
    reach,
};
use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

/// A key to issue.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The name.
    pub name: Title,
    /// The groups whose rights it has: at least one.
    pub groups: BTreeSet<GroupId>,
    /// When it expires; `None` is never.
    pub expires_at: Option<Timestamp>,
}

/// What to change of a key; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct KeyChange {
    /// The new name.
    pub name: Option<Title>,
    /// The exact groups from now on: at least one.
    pub groups: Option<BTreeSet<GroupId>>,
    /// When it expires; `Some(None)` is never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// A key that was issued. It is shown once.
pub struct Issued {
    /// The id.
    pub id: ApiKeyId,
    /// The key.
    pub secret: Zeroizing<String>,
    /// Its first characters.
    pub prefix: String,
    /// The system user whose number the face shows as the author of what the key does.
    pub system_user: AccountId,
}

/// Issues a key. The caller must administer the users of the organisations of all its groups.
pub fn issue<'a>(
    app: &'a App,
    caller: &'a Caller,
    new: NewKey,
) -> Boxed<'a, Result<(Issued, Appended), Refusal>> {
    Box::pin(async move { until_first(app, caller, || Box::pin(plan_issue(app, caller, &new))).await })
}

async fn plan_issue(app: &App, caller: &Caller, new: &NewKey) -> Result<Planned<Issued>, Refusal> {
    let right = right_of(app, caller);
    let groups = administered(app, caller, &new.groups).await?;
    must_not_last_too_long(app, new.expires_at)?;
    let id = ApiKeyId::of(app.numbers().next(app, Numbered::ApiKey).await?);
    let system_user = AccountId::of(app.numbers().next(app, Numbered::Account).await?);
    let key = app.api_keys().draw(app.entropy.as_ref());
    let command = IssueApiKey {
        name: new.name.clone(),
        prefix: key.prefix.clone(),
        digest: key.digest,
        groups: groups.clone(),
        now: app.clock.now(),
        expires_at: new.expires_at,
        system_user,
    };
    let issued = Issued {
        id,
        secret: key.secret,
        prefix: key.prefix,
        system_user,
    };
    let command = Command::ApiKey(id, ApiKeyCommand::Issue(command));
    Ok(Planned::new(vec![command], right).making(issued))
}

/// The groups, if the caller administers the users of the organisation of each. The group of global administrators has none, so only they
/// make keys of it; and no group at all is nothing that anybody administers.
async fn administered(
    app: &App,
    caller: &Caller,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<Membership>, Refusal> {
    let reach = reach(app, caller);
    let memberships = memberships(app, &reach, groups).await?;
    let all = memberships.iter().all(|one| {
        let organisation = one.organisation;
        reach.is_global || organisation.is_some_and(|one| reach.user_admin.contains(&one))
    });
    match all && !memberships.is_empty() {
        true => Ok(memberships),
        false => Err(Refusal::forbidden("write", "API keys of these groups")),
    }
}

/// Refuses a key that would be valid for longer than the settings allow.
fn must_not_last_too_long(app: &App, expires_at: Option<Timestamp>) -> Result<(), Refusal> {
    let Some(days) = app.live().api_key_days_most else {
        return Ok(());
    };
    let latest = app.clock.now().plus_hours(days.saturating_mul(24));
    match expires_at {
        Some(end) if end <= latest => Ok(()),
        Some(_) | None => Err(Refusal::new(
            RefusalKind::Invalid,
            "api_key_lasts_too_long",
            format!("an API key must expire within {days} days"),
        )),
    }
}

/// Changes a key. The caller must administer the users of the organisations of its present groups, and of the new ones.
pub fn change<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: ApiKeyId,
    wanted: KeyChange,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_change(app, caller, id, &wanted))).await })
}

async fn plan_change(
    app: &App,
    caller: &Caller,
    id: ApiKeyId,
    wanted: &KeyChange,
) -> Result<Planned, Refusal> {
    let right = right(app, caller, "os2iot-api-key", &id.ordinal().to_string(), "write")?;
    let groups = match &wanted.groups {
        Some(groups) => Some(administered(app, caller, groups).await?),
        None => None,
    };
    if let Some(expires_at) = wanted.expires_at {
        must_not_last_too_long(app, expires_at)?;
    }
    let command = ChangeApiKey {
        name: wanted.name.clone(),
        groups,
        now: app.clock.now(),
        expires_at: wanted.expires_at,
    };
    let command = Command::ApiKey(id, ApiKeyCommand::Change(command));
    Ok(Planned::new(vec![command], right))
}

/// Revokes a key.
pub fn revoke<'a>(app: &'a App, caller: &'a Caller, id: ApiKeyId) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_revoke(app, caller, id))).await })
}

async fn plan_revoke(app: &App, caller: &Caller, id: ApiKeyId) -> Result<Planned, Refusal> {
    let right = right(app, caller, "os2iot-api-key", &id.ordinal().to_string(), "write")?;
    let revoke = Command::ApiKey(id, ApiKeyCommand::Revoke);
    Ok(Planned::new(vec![revoke], right))
}
