//! User groups.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    role::{self, FormGroup, Role, RoleCommand},
    values::{AccountId, ApplicationId, GroupId, Level, Membership, OrganisationId, Title},
};
use ledger::Appended;
use projections::{Sorting, accounts, accounts::AccountSort, ordinals::Numbered, sql::Boxed};

use super::{accounts::Changing, found::ALL, must, numbers::Attempts, reach};
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
    Box::pin(async move {
        let mut attempts = Attempts::default();
        loop {
            let made = form_once(app, caller, &new).await;
            if !attempts.again(&made) {
                return made;
            }
        }
    })
}

async fn form_once(app: &App, caller: &Caller, new: &NewGroup) -> Result<(GroupId, Appended), Refusal> {
    let organisation = new.organisation.ordinal().to_string();
    must(app, caller, "os2iot-organisation", &organisation, "create-group")?;
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
    let mut changing = Changing::new(app, reach(app, caller).is_global);
    changing.push(Command::Role(id.role(), RoleCommand::FormGroup(form)));
    for member in &new.members {
        changing.join(*member, vec![membership], BTreeSet::new()).await?;
    }
    Ok((id, changing.execute(caller).await?))
}

/// Changes a group. Only global administrators change the group of global administrators.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: GroupId,
    wanted: GroupChange,
) -> Result<Appended, Refusal> {
    must(app, caller, "os2iot-group", &id.ordinal().to_string(), "write")?;
    let mut changing = Changing::new(app, reach(app, caller).is_global);
    let (group, seen) = app.executor.read::<Role>(id.role()).await?;
    changing.seen(seen);
    let group = group.group.ok_or_else(|| Refusal::not_found("group"))?;
    let change = role::ChangeGroup {
        id,
        name: wanted.name.filter(|_| id != GroupId::GLOBAL_ADMIN),
        adds_new_applications: wanted.adds_new_applications,
        applications: wanted.applications,
    };
    changing.push(Command::Role(id.role(), RoleCommand::ChangeGroup(change)));
    if let Some(wanted_members) = wanted.members {
        let membership = Membership {
            group: id,
            organisation: group.organisation,
        };
        let present = members(app, id).await?;
        for member in present.difference(&wanted_members) {
            changing.join(*member, Vec::new(), BTreeSet::from([id])).await?;
        }
        for member in wanted_members.difference(&present) {
            changing.join(*member, vec![membership], BTreeSet::new()).await?;
        }
    }
    changing.execute(caller).await
}

/// Deletes a group. Its members lose it. A key whose only group it is keeps it, and may do nothing.
pub async fn dissolve(app: &App, caller: &Caller, id: GroupId) -> Result<Appended, Refusal> {
    must(app, caller, "os2iot-group", &id.ordinal().to_string(), "write")?;
    let mut changing = Changing::new(app, false);
    empty(&mut changing, id).await?;
    changing.execute(caller).await
}

/// Adds the commands by which all members leave a group, and by which it is dissolved.
pub(super) async fn empty(changing: &mut Changing<'_>, id: GroupId) -> Result<(), Refusal> {
    for member in members(changing.app(), id).await? {
        changing.join(member, Vec::new(), BTreeSet::from([id])).await?;
    }
    changing.push(Command::Role(id.role(), RoleCommand::DissolveGroup));
    Ok(())
}

async fn members(app: &App, id: GroupId) -> Result<BTreeSet<AccountId>, Refusal> {
    let by_id = Sorting {
        by: AccountSort::Id,
        descending: false,
    };
    let members = accounts::members(app.ledger().db(), id, by_id, ALL).await?;
    Ok(members.rows.into_iter().map(|account| account.id).collect())
}
