//! API keys in the model.

use std::collections::BTreeSet;

use aggregates::{
    Event, Recorded,
    api_key::{ApiKey, ApiKeyEvent},
    values::{ApiKeyId, GroupId, OrganisationId, UserId},
};
use projections::{
    api_keys::{self, ApiKeyRow, ApiKeySort},
    numbered::Among,
    ordinals::Numbered,
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};

use super::{
    Model, Next, Part,
    numbered::{
        ModelKey, ModelNumbered, SLICES, account, api_key, digest, group, last, one, organisation, sorted,
        sortings,
    },
    organisations::name,
};
use crate::world::{NOW, World};

pub(super) const PART: Part = Part {
    next,
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

/// The organisations of groups, and whether one of them has none, as events say it.
pub(super) fn placed(model: &ModelNumbered, groups: &BTreeSet<GroupId>) -> (Vec<OrganisationId>, bool) {
    let held = model.groups.iter().filter(|held| groups.contains(&held.row.id));
    let held: Vec<_> = held.map(|held| held.row.organisation).collect();
    let organisations: BTreeSet<_> = held.iter().flatten().copied().collect();
    (organisations.into_iter().collect(), held.contains(&None))
}

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<Vec<Next>> {
    let model = &model.numbered;
    let place = |groups: &BTreeSet<GroupId>| {
        let (organisations, is_global) = placed(model, groups);
        ApiKeyEvent::Placed {
            organisations,
            is_global,
        }
    };
    let of = |id: ApiKeyId, events: Vec<ApiKeyEvent>| {
        let events = events.into_iter().map(|event| (id.uuid(), Event::ApiKey(event)));
        Some(events.collect())
    };
    let expires_at = (!n.is_multiple_of(3)).then(|| NOW.plus_hours(i64::from(n % 5) - 2));
    let name = name(n).parse().expect("a name");
    if what % 10 < 4 {
        let groups: BTreeSet<_> = one(&model.groups, index)
            .map(|held| held.row.id)
            .into_iter()
            .collect();
        let issued = ApiKeyEvent::Issued {
            name,
            prefix: format!("{n:08x}"),
            digest: digest(n),
            expires_at,
            system_user: account(n),
        };
        let joined = groups
            .iter()
            .map(|group| ApiKeyEvent::GroupJoined { group: *group });
        let events = std::iter::once(issued).chain(joined).chain([place(&groups)]);
        return of(api_key(n), events.collect());
    }
    let held = one(&model.keys, index)?;
    let mut groups = held.groups.clone();
    let events = match what % 10 {
        4 => vec![ApiKeyEvent::Renamed { name }],
        5 | 6 => {
            let group = one(&model.groups, index)?.row.id;
            if !groups.insert(group) {
                return None;
            }
            vec![ApiKeyEvent::GroupJoined { group }, place(&groups)]
        }
        7 => {
            let group = groups.pop_first()?;
            vec![ApiKeyEvent::GroupLeft { group }, place(&groups)]
        }
        8 => vec![ApiKeyEvent::ExpiryChanged {
            digest: held.row.digest,
            expires_at,
        }],
        _ => vec![ApiKeyEvent::Revoked {}],
    };
    of(held.row.id, events)
}

fn take(model: &mut Model, recorded: &Recorded) {
    let Some(event) = recorded.event.of::<ApiKey>() else {
        return;
    };
    let id = ApiKeyId::parse(&recorded.aggregate_id).expect("an id");
    let (model, at) = (&mut model.numbered, recorded.recorded_at);
    let by = UserId::parse(&recorded.actor).ok();
    if let ApiKeyEvent::Issued {
        name,
        prefix,
        digest,
        expires_at,
        system_user,
    } = event
    {
        model.uses(Numbered::ApiKey, id.ordinal());
        model.uses(Numbered::Account, system_user.ordinal());
        model.authors.insert(UserId(id.uuid()), *system_user);
        model.keys.push(ModelKey {
            row: ApiKeyRow {
                id,
                name: name.to_string(),
                prefix: prefix.clone(),
                digest: *digest,
                expires_at: *expires_at,
                system_user: *system_user,
                is_global: false,
                created_at: at,
                created_by: by,
                updated_at: at,
                updated_by: by,
            },
            groups: BTreeSet::new(),
            organisations: vec![],
        });
    }
    let Some(held) = model.keys.iter_mut().find(|held| held.row.id == id) else {
        return;
    };
    if !matches!(event, ApiKeyEvent::Placed { .. }) {
        (held.row.updated_at, held.row.updated_by) = (at, by);
    }
    match event {
        ApiKeyEvent::Issued { .. } => {}
        ApiKeyEvent::Renamed { name } => held.row.name = name.to_string(),
        ApiKeyEvent::GroupJoined { group } => {
            held.groups.insert(*group);
        }
        ApiKeyEvent::GroupLeft { group } => {
            held.groups.remove(group);
        }
        ApiKeyEvent::Placed {
            organisations,
            is_global,
        } => {
            held.organisations.clone_from(organisations);
            held.row.is_global = *is_global;
        }
        ApiKeyEvent::ExpiryChanged { expires_at, .. } => held.row.expires_at = *expires_at,
        ApiKeyEvent::Revoked {} => model.keys.retain(|held| held.row.id != id),
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let (db, held) = (&world.db, &model.numbered.keys);
    let rows: Vec<ApiKeyRow> = held.iter().map(|held| held.row.clone()).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let groups = api_keys::groups_of(db, &ids).await.expect("groups");
    for held in held {
        let row = &held.row;
        let found = api_keys::find(db, row.id).await.expect("keys");
        prop_assert_eq!(found.as_ref(), Some(row));
        let found: BTreeSet<_> = groups.get(&row.id).into_iter().flatten().copied().collect();
        prop_assert_eq!(&found, &held.groups);
    }
    prop_assert_eq!(api_keys::find(db, api_key(9_999)).await.expect("keys"), None);
    let chosen: Vec<_> = rows.iter().step_by(2).cloned().collect();
    let some: Vec<_> = chosen.iter().map(|row| row.id).chain([api_key(9_999)]).collect();
    let organisations = [organisation(1), organisation(3)];
    let within = held
        .iter()
        .filter(|held| held.organisations.iter().any(|one| organisations.contains(one)));
    let within: Vec<_> = within.map(|held| held.row.clone()).collect();
    for sorting in sortings(&[
        ApiKeySort::Id,
        ApiKeySort::Name,
        ApiKeySort::ExpiresAt,
        ApiKeySort::UpdatedAt,
    ]) {
        let key = |row: &ApiKeyRow| match sorting.by {
            ApiKeySort::Id => (String::new(), last(None)),
            ApiKeySort::Name => (row.name.to_lowercase(), last(None)),
            ApiKeySort::ExpiresAt => (String::new(), last(row.expires_at)),
            ApiKeySort::UpdatedAt => (String::new(), last(Some(row.updated_at))),
        };
        for slice in SLICES {
            for (among, expected) in [
                (Among::All, rows.clone()),
                (Among::These(&some), chosen.clone()),
                (Among::Organisations(&organisations), within.clone()),
                (Among::Organisations(&[]), vec![]),
                (Among::These(&[]), vec![]),
            ] {
                let found = api_keys::page(db, among, sorting, slice).await.expect("keys");
                let expected = sorted(expected, sorting.descending, key, &slice);
                prop_assert_eq!(found, expected, "{:?}", sorting);
            }
        }
    }
    prop_assert_eq!(api_keys::groups_of(db, &[]).await.expect("groups").len(), 0);
    let nobody = group(9_999);
    prop_assert!(held.iter().all(|held| !held.groups.contains(&nobody)));
    Ok(())
}
