//! Accounts in the model.

use std::collections::BTreeSet;

use aggregates::{
    Event, Recorded,
    account::{Account, AccountEvent},
    session::{Session, SessionEvent},
    values::{AccountId, Audience, Email, GroupId, UserId},
};
use projections::{
    accounts::{self, AccountRow, AccountSort},
    groups,
    numbered::Among,
    ordinals::Numbered,
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};

use super::{
    Model, Next, Part,
    api_keys::placed,
    numbered::{ModelAccount, SLICES, account, last, one, organisation, sorted, sortings},
    organisations::name,
};
use crate::world::{NOW, World, user_id};

pub(super) const PART: Part = Part {
    next,
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

fn email(n: u32) -> Option<String> {
    (!n.is_multiple_of(4)).then(|| format!("Person.{n}@example.org"))
}

/// Every third account belongs to a user that there is no more, or never was.
#[expect(clippy::too_many_lines, reason = "one arm for each event")]
fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<Vec<Next>> {
    let place = |groups: &BTreeSet<GroupId>| {
        let (organisations, is_global) = placed(&model.numbered, groups);
        AccountEvent::Placed {
            organisations,
            is_global,
        }
    };
    let of = |id: AccountId, events: Vec<AccountEvent>| {
        let events = events.into_iter().map(|event| (id.uuid(), Event::Account(event)));
        Some(events.collect())
    };
    let organisation_of = |group: GroupId| {
        let held = model.numbered.groups.iter().find(|held| held.row.id == group);
        held.and_then(|held| held.row.organisation)
    };
    let joined = |group: GroupId| AccountEvent::GroupJoined {
        group,
        organisation: organisation_of(group),
    };
    let expires_at = (!n.is_multiple_of(3)).then(|| NOW.plus_hours(i64::from(n % 5) - 2));
    if what % 20 < 6 {
        let known = one(&model.users, index).map(|user| user.row.id);
        let has_account = |user| model.numbered.accounts.iter().any(|held| held.row.user == user);
        let user = known.filter(|user| !has_account(*user) && !n.is_multiple_of(3));
        let groups: BTreeSet<_> = one(&model.numbered.groups, index)
            .map(|held| held.row.id)
            .into_iter()
            .collect();
        let opened = AccountEvent::Opened {
            user: user.unwrap_or_else(|| user_id(1_000 + n)),
            name: name(n),
            email: email(n),
            is_active: !n.is_multiple_of(5),
            expires_at,
        };
        let joined = groups.iter().map(|group| joined(*group));
        let events = std::iter::once(opened).chain(joined).chain([place(&groups)]);
        return of(account(n), events.collect());
    }
    let held = one(&model.numbered.accounts, index)?;
    let user = held.row.user;
    let mut groups = held.groups.clone();
    let events = match what % 20 {
        6 => vec![AccountEvent::Renamed { user, name: name(n) }],
        7 => vec![AccountEvent::EmailChanged {
            user,
            email: email(n),
        }],
        8 => vec![match n % 2 {
            0 => AccountEvent::Activated {},
            _ => AccountEvent::Deactivated {},
        }],
        9 => vec![AccountEvent::ExpiryChanged { expires_at }],
        10 | 11 => {
            let group = one(&model.numbered.groups, index)?.row.id;
            if !groups.insert(group) {
                return None;
            }
            vec![joined(group), place(&groups)]
        }
        12 => {
            let group = groups.pop_first()?;
            vec![AccountEvent::GroupLeft { group }, place(&groups)]
        }
        13..16 => {
            let organisation = one(&model.numbered.organisations, index)?.id;
            if held.requests.contains(&organisation) {
                return None;
            }
            vec![AccountEvent::OrganisationRequested { organisation }]
        }
        16 | 17 => {
            let waiting = |held: &&ModelAccount| !held.requests.is_empty();
            let held = model.numbered.accounts.iter().find(waiting)?;
            let organisation = *held.requests.first()?;
            return of(held.row.id, vec![AccountEvent::RequestEnded { organisation }]);
        }
        18 => vec![AccountEvent::WelcomeHidden {}],
        _ => vec![AccountEvent::Closed {}],
    };
    of(held.row.id, events)
}

/// A login on os2iot is the last one of the account.
fn take_login(model: &mut Model, recorded: &Recorded) {
    let Some(event) = recorded.event.of::<Session>() else {
        return;
    };
    match event {
        SessionEvent::TokenIssued {
            user_id,
            face: Audience::Os2iot,
            issued_at,
            ..
        } => {
            let accounts = model.numbered.accounts.iter_mut();
            for held in accounts.filter(|held| held.row.user == *user_id) {
                held.row.last_login_at = Some(*issued_at);
            }
        }
        SessionEvent::TokenIssued { .. } | SessionEvent::TokenRevoked {} => {}
    }
}

fn take(model: &mut Model, recorded: &Recorded) {
    take_login(model, recorded);
    let Some(event) = recorded.event.of::<Account>() else {
        return;
    };
    let id = AccountId::parse(&recorded.aggregate_id).expect("an id");
    let (model, at) = (&mut model.numbered, recorded.recorded_at);
    let by = UserId::parse(&recorded.actor).ok();
    if let AccountEvent::Opened {
        user,
        name,
        email,
        is_active,
        expires_at,
    } = event
    {
        model.uses(Numbered::Account, id.ordinal());
        model.authors.insert(*user, id);
        model.accounts.push(ModelAccount {
            row: AccountRow {
                id,
                user: *user,
                name: name.clone(),
                email: email.clone(),
                is_active: *is_active,
                expires_at: *expires_at,
                shows_welcome: true,
                is_global: false,
                last_login_at: None,
                created_at: at,
                created_by: by,
                updated_at: at,
                updated_by: by,
            },
            groups: BTreeSet::new(),
            organisations: vec![],
            requests: BTreeSet::new(),
        });
    }
    let Some(held) = model.accounts.iter_mut().find(|held| held.row.id == id) else {
        return;
    };
    let row = &mut held.row;
    let before = (row.updated_at, row.updated_by);
    (row.updated_at, row.updated_by) = (at, by);
    match event {
        AccountEvent::Opened { .. } => {}
        AccountEvent::Renamed { name, .. } => row.name.clone_from(name),
        AccountEvent::EmailChanged { email, .. } => row.email.clone_from(email),
        AccountEvent::Activated {} => row.is_active = true,
        AccountEvent::Deactivated {} => row.is_active = false,
        AccountEvent::ExpiryChanged { expires_at } => row.expires_at = *expires_at,
        AccountEvent::WelcomeHidden {} => row.shows_welcome = false,
        AccountEvent::GroupJoined { group, .. } => {
            held.groups.insert(*group);
        }
        AccountEvent::GroupLeft { group } => {
            held.groups.remove(group);
        }
        AccountEvent::Placed {
            organisations,
            is_global,
        } => {
            held.organisations.clone_from(organisations);
            row.is_global = *is_global;
            (row.updated_at, row.updated_by) = before;
        }
        AccountEvent::OrganisationRequested { organisation } => {
            (row.updated_at, row.updated_by) = before;
            held.requests.insert(*organisation);
        }
        AccountEvent::RequestEnded { organisation } => {
            (row.updated_at, row.updated_by) = before;
            held.requests.remove(organisation);
        }
        AccountEvent::Closed {} => model.accounts.retain(|held| held.row.id != id),
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let (db, held) = (&world.db, &model.numbered.accounts);
    let rows: Vec<AccountRow> = held.iter().map(|held| held.row.clone()).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let joined = accounts::groups_of(db, &ids).await.expect("groups");
    let waiting = accounts::requests_of(db, &ids).await.expect("requests");
    for held in held {
        let row = &held.row;
        let found = accounts::find(db, row.id).await.expect("accounts");
        prop_assert_eq!(found.as_ref(), Some(row));
        let found = accounts::find_by_user(db, row.user).await.expect("accounts");
        prop_assert_eq!(found.map(|found| found.user), Some(row.user));
        if let Some(email) = &row.email {
            let email: Email = email.to_uppercase().parse().expect("an address");
            let found = accounts::find_by_email(db, &email).await.expect("accounts");
            prop_assert_eq!(found.as_ref(), Some(row));
        }
        let found: BTreeSet<_> = joined.get(&row.id).into_iter().flatten().copied().collect();
        prop_assert_eq!(&found, &held.groups);
        let found: BTreeSet<_> = waiting.get(&row.id).into_iter().flatten().copied().collect();
        prop_assert_eq!(&found, &held.requests);
        let found = groups::of_account(db, row.id).await.expect("groups");
        let existing = model
            .numbered
            .groups
            .iter()
            .filter(|one| held.groups.contains(&one.row.id));
        let mut existing: Vec<_> = existing.map(|one| one.row.clone()).collect();
        existing.sort_by_key(|row| row.id);
        prop_assert_eq!(found, existing);
    }
    prop_assert_eq!(accounts::find(db, account(9_999)).await.expect("accounts"), None);
    let unknown = accounts::find_by_user(db, user_id(9_999)).await;
    prop_assert_eq!(unknown.expect("accounts"), None);
    let users = rows.iter().step_by(2).map(|row| row.user).chain([user_id(9_999)]);
    let mut theirs: Vec<AccountRow> = rows.iter().step_by(2).cloned().collect();
    theirs.sort_by_key(|row| row.id);
    prop_assert_eq!(accounts::of_users(db, users).await.expect("accounts"), theirs);
    let groups: BTreeSet<_> = held.iter().flat_map(|held| held.groups.iter().copied()).collect();
    for group in groups {
        let lasting = held.iter().filter(|held| held.groups.contains(&group));
        let lasting = lasting
            .map(|held| &held.row)
            .filter(|row| row.is_active && row.expires_at.is_none());
        let mut lasting: Vec<_> = lasting.map(|row| row.id).collect();
        lasting.sort_unstable();
        let members = held
            .iter()
            .filter(|held| held.groups.contains(&group))
            .map(|held| held.row.id);
        let members: BTreeSet<_> = members.collect();
        let found = accounts::members_of(db, &[group]).await.expect("accounts");
        let found: BTreeSet<_> = found.into_values().flatten().collect();
        prop_assert_eq!(found, members);
        let found = accounts::lasting_members(&mut &*db, group, 1_000).await;
        prop_assert_eq!(&found.expect("accounts"), &lasting);
        let first = accounts::lasting_members(&mut &*db, group, 1)
            .await
            .expect("accounts");
        prop_assert_eq!(&first, &lasting[..lasting.len().min(1)]);
    }
    let mut expired: Vec<_> = rows
        .iter()
        .filter(|row| row.is_active && row.expires_at.is_some_and(|end| end <= NOW))
        .collect();
    expired.sort_by_key(|row| (row.expires_at, row.id));
    let expired: Vec<_> = expired.iter().map(|row| row.id).collect();
    prop_assert_eq!(
        accounts::expired(db, NOW, 1_000).await.expect("accounts"),
        expired.clone()
    );
    let first = accounts::expired(db, NOW, 1).await.expect("accounts");
    prop_assert_eq!(&first, &expired[..expired.len().min(1)]);
    agree_on_pages(world, model).await
}

async fn agree_on_pages(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let (db, held) = (&world.db, &model.numbered.accounts);
    let rows: Vec<AccountRow> = held.iter().map(|held| held.row.clone()).collect();
    let chosen: Vec<_> = rows.iter().step_by(2).cloned().collect();
    let some: Vec<_> = chosen.iter().map(|row| row.id).chain([account(9_999)]).collect();
    let mut by_number = chosen.clone();
    by_number.sort_by_key(|row| row.id);
    prop_assert_eq!(accounts::find_many(db, &some).await.expect("accounts"), by_number);
    let organisations = [organisation(1), organisation(3)];
    let of = |wanted: &dyn Fn(&ModelAccount) -> bool| -> Vec<_> {
        let wanted = held.iter().filter(|held| wanted(held));
        wanted.map(|held| held.row.clone()).collect()
    };
    let within = of(&|held| held.organisations.iter().any(|one| organisations.contains(one)));
    let ids: Vec<_> = model
        .numbered
        .organisations
        .iter()
        .step_by(2)
        .map(|row| row.id)
        .collect();
    let awaiting = of(&|held| held.requests.iter().any(|one| ids.contains(one)));
    for sorting in sortings(&[
        AccountSort::Id,
        AccountSort::Name,
        AccountSort::LastLogin,
        AccountSort::ExpiresAt,
    ]) {
        let key = |row: &AccountRow| match sorting.by {
            AccountSort::Id => (String::new(), last(None)),
            AccountSort::Name => (row.name.to_lowercase(), last(None)),
            AccountSort::LastLogin => (String::new(), last(row.last_login_at)),
            AccountSort::ExpiresAt => (String::new(), last(row.expires_at)),
        };
        for slice in SLICES {
            for (among, expected) in [
                (Among::All, rows.clone()),
                (Among::These(&some), chosen.clone()),
                (Among::Organisations(&organisations), within.clone()),
                (Among::Organisations(&[]), vec![]),
                (Among::These(&[]), vec![]),
            ] {
                let found = accounts::page(db, among, sorting, slice).await.expect("accounts");
                let expected = sorted(expected, sorting.descending, key, &slice);
                prop_assert_eq!(found, expected, "{:?}", sorting);
            }
            for group in model.numbered.groups.iter().take(3) {
                let found = accounts::members(db, group.row.id, sorting, slice).await;
                let members = of(&|held| held.groups.contains(&group.row.id));
                let expected = sorted(members, sorting.descending, key, &slice);
                prop_assert_eq!(found.expect("accounts"), expected, "{:?}", sorting);
            }
            let found = accounts::awaiting(db, &ids, sorting, slice).await;
            let expected = sorted(awaiting.clone(), sorting.descending, key, &slice);
            prop_assert_eq!(found.expect("accounts"), expected, "{:?}", sorting);
            let found = accounts::awaiting(db, &[], sorting, slice).await;
            prop_assert_eq!(found.expect("accounts").total, 0);
        }
    }
    Ok(())
}
