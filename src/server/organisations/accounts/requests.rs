//! Who asks to be let into organisations, and who lets them in.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    account::{self, Account, AccountCommand},
    values::{AccountId, Email, GroupId, OrganisationId},
};
use ledger::Appended;
use projections::sql::Boxed;

use super::{Changing, memberships};
use crate::{
    app::App,
    caller::Caller,
    organisations::{
        again::{Planned, until_done},
        may::{Right, right, right_of},
        reach,
    },
    refusal::{Refusal, RefusalKind},
};

/// The right of the caller to decide who is let into an organisation.
fn right_to_let_in(app: &App, caller: &Caller, organisation: OrganisationId) -> Result<Right, Refusal> {
    let number = organisation.ordinal().to_string();
    right(app, caller, "os2iot-organisation", &number, "create-user")
}

/// Lets somebody into an organisation who has asked for it: into these groups of it.
pub fn accept<'a>(
    app: &'a App,
    caller: &'a Caller,
    organisation: OrganisationId,
    id: AccountId,
    groups: &'a BTreeSet<GroupId>,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move {
        until_done(app, caller, || {
            Box::pin(plan_accept(app, caller, organisation, id, groups))
        })
        .await
    })
}

async fn plan_accept(
    app: &App,
    caller: &Caller,
    organisation: OrganisationId,
    id: AccountId,
    groups: &BTreeSet<GroupId>,
) -> Result<Planned, Refusal> {
    let right = right_to_let_in(app, caller, organisation)?;
    let joined = memberships(app, &reach(app, caller), groups).await?;
    if joined.iter().any(|one| one.organisation != Some(organisation)) {
        return Err(Refusal::forbidden("write", "a group of another organisation"));
    }
    // Even a global administrator lets nobody in who has not asked.
    let mut changing = Changing::new(app, right, false);
    let (account, known) = changing.account(id).await?;
    if joined.iter().any(|one| account.groups.contains_key(&one.group)) {
        return Err(Refusal::new(
            RefusalKind::Invalid,
            "user_already_in_group",
            "the user is in one of the groups already",
        ));
    }
    if !account.requested.contains(&organisation) {
        return Err(Refusal::new(
            RefusalKind::NotFound,
            "not_requested",
            "the user has not asked for this organisation",
        ));
    }
    changing.change_groups(known, joined, BTreeSet::new());
    Ok(changing.plan())
}

/// Decides that somebody is not let into an organisation.
pub fn reject<'a>(
    app: &'a App,
    caller: &'a Caller,
    organisation: OrganisationId,
    id: AccountId,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move {
        until_done(app, caller, || {
            Box::pin(plan_reject(app, caller, organisation, id))
        })
        .await
    })
}

async fn plan_reject(
    app: &App,
    caller: &Caller,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<Planned, Refusal> {
    let right = right_to_let_in(app, caller, organisation)?;
    let end = Command::Account(id, AccountCommand::EndRequest { organisation });
    Ok(Planned::new(vec![end], right))
}

/// The caller asks to be let into organisations. Whoever has no e-mail address yet may give one.
pub fn request_organisations<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: AccountId,
    organisations: BTreeSet<OrganisationId>,
    email: Option<Email>,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move {
        until_done(app, caller, || {
            Box::pin(plan_request(app, caller, id, &organisations, email.as_ref()))
        })
        .await
    })
}

async fn plan_request(
    app: &App,
    caller: &Caller,
    id: AccountId,
    organisations: &BTreeSet<OrganisationId>,
    email: Option<&Email>,
) -> Result<Planned, Refusal> {
    let mut right = right_of(app, caller);
    let mut commands = Vec::new();
    if let Some(email) = email {
        let (account, seen) = app.executor.read::<Account>(id).await?;
        must_have_no_address(&account)?;
        right.seen.push(seen);
        let change = account::ChangeAccount {
            name: None,
            email: Some(email.clone()),
            is_active: None,
            now: app.clock.now(),
            expires_at: None,
        };
        commands.push(Command::Account(id, AccountCommand::Change(change)));
    }
    let organisations = organisations.clone();
    commands.push(Command::Account(
        id,
        AccountCommand::RequestOrganisations { organisations },
    ));
    Ok(Planned::new(commands, right))
}

/// Only administrators change an address.
fn must_have_no_address(account: &Account) -> Result<(), Refusal> {
    match account.email {
        None => Ok(()),
        Some(_) => Err(Refusal::new(
            RefusalKind::Invalid,
            "has_email",
            "the caller has an e-mail address already",
        )),
    }
}

/// The caller does not want to see the welcome again.
pub async fn hide_welcome(app: &App, caller: &Caller, id: AccountId) -> Result<Appended, Refusal> {
    caller
        .execute(app, vec![Command::Account(id, AccountCommand::HideWelcome)])
        .await
}
