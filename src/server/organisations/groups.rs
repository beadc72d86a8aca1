//! User groups.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Command,
    api_key::{ApiKey, ApiKeyCommand, ChangeApiKey},
    role::{self, FormGroup, Role, RoleCommand},
    values::{AccountId, ApplicationId, GroupId, Level, Membership, OrganisationId, Title},
};
use ledger::Appended;
use projections::{accounts, api_keys, ordinals::Numbered, sql::Boxed};

use super::{
    accounts::{Changing, memberships_of},
    again::{Planned, until_done, until_first},
    may::right,
    reach,
};
use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

/// A group to make.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// The name.
    pub name: Title,
    /// The organisation.
    pub organisation: OrganisationId,
    /// The levels.
    pub levels: Vec<Level>,
    /// Whether new applications of the organisation are attached.
    pub adds_new_applications: bool,
    /// The applications to attach.
    pub applications: BTreeSet<ApplicationId>,
    /// The members: people who are members of the organisation, or have asked to be.
    pub members: BTreeSet<AccountId>,
}

/// What to change of a group; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// The new name.
    pub name: Option<Title>,
    /// Whether new applications of the organisation are attached.
    pub adds_new_applications: Option<bool>,
    /// The exact applications from now on.
    pub applications: Option<BTreeSet<ApplicationId>>,
    /// The exact members from now on.
    pub members: Option<BTreeSet<AccountId>>,
}

/// Makes a group.
pub fn form<'a>(
    app: &'a App,
    caller: &'a Caller,
    new: NewGroup,
) -> Boxed<'a, Result<(GroupId, Appended), Refusal>> {
    Box::pin(async move { until_first(app, caller, || Box::pin(plan_form(app, caller, &new))).await })
}

async fn plan_form(app: &App, caller: &Caller, new: &NewGroup) -> Result<Planned<GroupId>, Refusal> {
    let organisation = new.organisation.ordinal().to_string();
    let right = right(app, caller, "os2iot-organisation", &organisation, "create-group")?;
    must_be_distinct(&new.levels)?;
    if new.levels.contains(&Level::GlobalAdmin) {
        // The published server let user administrators make global administrators (contracts/os2iot.md, "Privilege escalation").
        return Err(Refusal::new(
            RefusalKind::Forbidden,
            "global_level",
            "only the group without an organisation is global",
        ));
    }
    let id = GroupId::of(app.numbers().next(app, Numbered::Group).await?);
    let form = FormGroup {
        id,
        name: new.name.clone(),
        organisation: Some(new.organisation),
        levels: new.levels.clone(),
        adds_new_applications: new.adds_new_applications,
        applications: new.applications.clone(),
    };
    let membership = Membership {
        group: id,
        organisation: Some(new.organisation),
    };
    let mut changing = Changing::new(app, right, reach(app, caller).is_global);
    changing.push(Command::Role(id.role(), RoleCommand::FormGroup(form)));
    changing.join(&new.members, membership).await?;
    Ok(changing.plan().making(id))
}

/// Refuses a level that stands twice, as the published server does.
fn must_be_distinct(levels: &[Level]) -> Result<(), Refusal> {
    let distinct: BTreeSet<Level> = levels.iter().copied().collect();
    match distinct.len() == levels.len() {
        true => Ok(()),
        false => Err(Refusal::new(
            RefusalKind::Invalid,
            "level_twice",
            "a level stands twice",
        )),
    }
}

/// Changes a group. Only global administrators change the group of global administrators.
pub fn change<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: GroupId,
    wanted: GroupChange,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_change(app, caller, id, &wanted))).await })
}

async fn plan_change(
    app: &App,
    caller: &Caller,
    id: GroupId,
    wanted: &GroupChange,
) -> Result<Planned, Refusal> {
    let right = right(app, caller, "os2iot-group", &id.ordinal().to_string(), "write")?;
    let mut changing = Changing::new(app, right, reach(app, caller).is_global);
    let (group, seen) = app.executor.read::<Role>(id.role()).await?;
    changing.seen(seen);
    let group = group.group.ok_or_else(|| Refusal::not_found("group"))?;
    let change = role::ChangeGroup {
        id,
        name: wanted.name.clone().filter(|_| id != GroupId::GLOBAL_ADMIN),
        adds_new_applications: wanted.adds_new_applications,
        applications: wanted.applications.clone(),
    };
    changing.push(Command::Role(id.role(), RoleCommand::ChangeGroup(change)));
    if let Some(wanted) = &wanted.members {
        let membership = Membership {
            group: id,
            organisation: group.organisation,
        };
        let present = accounts::members_of(app.ledger().db(), &[id]).await?;
        let present: BTreeSet<AccountId> = present.into_values().flatten().collect();
        let left = present
            .difference(wanted)
            .copied()
            .map(|one| (one, BTreeSet::from([id])));
        changing.leave(left.collect()).await?;
        let joining = wanted.difference(&present).copied().collect();
        changing.join(&joining, membership).await?;
    }
    Ok(changing.plan())
}

/// Deletes a group. Its members and its API keys lose it, and a key that has no other group is revoked.
pub fn dissolve<'a>(app: &'a App, caller: &'a Caller, id: GroupId) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_dissolve(app, caller, id))).await })
}

async fn plan_dissolve(app: &App, caller: &Caller, id: GroupId) -> Result<Planned, Refusal> {
    let right = right(app, caller, "os2iot-group", &id.ordinal().to_string(), "write")?;
    if id == GroupId::GLOBAL_ADMIN {
        return Err(Refusal::invalid("You cannot delete GlobalAdmin"));
    }
    let mut changing = Changing::new(app, right, false);
    empty(&mut changing, BTreeSet::from([id])).await?;
    Ok(changing.plan())
}

/// Adds the commands by which all members and keys lose these groups, and by which the groups are dissolved.
pub(super) async fn empty(changing: &mut Changing<'_>, groups: BTreeSet<GroupId>) -> Result<(), Refusal> {
    let ids: Vec<GroupId> = groups.iter().copied().collect();
    let members = accounts::members_of(changing.app().ledger().db(), &ids).await?;
    let mut left: BTreeMap<AccountId, BTreeSet<GroupId>> = BTreeMap::new();
    for (group, members) in members {
        for member in members {
            left.entry(member).or_default().insert(group);
        }
    }
    changing.leave(left).await?;
    end_keys(changing, &groups).await?;
    for group in ids {
        changing.push(Command::Role(group.role(), RoleCommand::DissolveGroup));
    }
    Ok(())
}

/// Adds the commands by which keys lose these groups. A key without another group could never do anything again, so it ends.
async fn end_keys(changing: &mut Changing<'_>, groups: &BTreeSet<GroupId>) -> Result<(), Refusal> {
    let app = changing.app();
    let ids: Vec<GroupId> = groups.iter().copied().collect();
    let ids = api_keys::of_groups(app.ledger().db(), &ids).await?;
    let keys = app.executor.read_many::<ApiKey>(&ids).await?;
    for (id, (key, seen)) in ids.into_iter().zip(keys) {
        changing.seen(seen);
        let kept: BTreeSet<GroupId> = key.groups.difference(groups).copied().collect();
        let command = match kept.is_empty() {
            true => ApiKeyCommand::Revoke,
            false => ApiKeyCommand::Change(ChangeApiKey {
                name: None,
                groups: Some(memberships_of(app, &kept).await?),
                now: app.clock.now(),
                expires_at: None,
            }),
        };
        changing.push(Command::ApiKey(id, command));
    }
    Ok(())
}
