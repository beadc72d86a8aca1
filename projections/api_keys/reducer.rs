//! How events change API keys.

use aggregates::{
    Recorded,
    api_key::{ApiKey, ApiKeyEvent},
    values::ApiKeyId,
};

use super::record::{ApiKeyGroupRecord, ApiKeyPlaceRecord, ApiKeyRecord};
use crate::{
    authors::author,
    numbered::folded,
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
};

/// The read model.
#[derive(Debug)]
pub(crate) struct ApiKeys;

impl ReadModel for ApiKeys {
    const NAME: &'static str = "api_keys";
    const VERSION: i64 = 2;
    const RECORDS: &'static [RecordType] = &[
        RecordType::of::<ApiKeyRecord>(),
        RecordType::of::<ApiKeyGroupRecord>(),
        RecordType::of::<ApiKeyPlaceRecord>(),
    ];
    const FOLDS: &'static [Fold] = &[Fold::of(&FoldOf::<ApiKey> { needs, reduce })];
}

fn needs(needs: &mut Needs<'_>, id: ApiKeyId, event: &ApiKeyEvent) {
    match event {
        ApiKeyEvent::Issued { .. } => needs.new_row::<ApiKeyRecord>(id),
        ApiKeyEvent::Renamed { .. }
        | ApiKeyEvent::GroupJoined { .. }
        | ApiKeyEvent::GroupLeft { .. }
        | ApiKeyEvent::Placed { .. }
        | ApiKeyEvent::ExpiryChanged { .. }
        | ApiKeyEvent::Revoked {} => needs.row::<ApiKeyRecord>(id),
    }
}

/// Folds an event of the key `id`.
fn reduce(changes: &mut Changes, at: &Recorded, id: ApiKeyId, event: &ApiKeyEvent) -> Result<(), Error> {
    match event {
        ApiKeyEvent::Issued {
            name,
            prefix,
            digest,
            expires_at,
            system_user,
        } => changes.put(ApiKeyRecord {
            number: id,
            ordinal: at.position,
            name: name.to_string(),
            name_key: folded(name),
            prefix: prefix.clone(),
            digest: *digest,
            expires_at: *expires_at,
            system_user: *system_user,
            is_global: false,
            created_at: at.recorded_at,
            created_by: author(&at.actor),
            updated_at: at.recorded_at,
            updated_by: author(&at.actor),
        }),
        ApiKeyEvent::Renamed { name } => {
            if let Some(key) = changed(changes, at, id)? {
                key.name = name.to_string();
                key.name_key = folded(name);
            }
            Ok(())
        }
        ApiKeyEvent::GroupJoined { group } => {
            if changed(changes, at, id)?.is_none() {
                return Ok(());
            }
            changes.put_new(ApiKeyGroupRecord {
                api_key: id,
                group_number: *group,
            })
        }
        ApiKeyEvent::GroupLeft { group } => {
            changed(changes, at, id)?;
            changes.delete::<ApiKeyGroupRecord>((id, *group))
        }
        ApiKeyEvent::Placed {
            organisations,
            is_global,
        } => {
            let Some(key) = changes.change::<ApiKeyRecord>(&id)? else {
                return Ok(());
            };
            key.is_global = *is_global;
            changes.delete_all(ApiKeyPlaceRecord::OF_KEY, &id)?;
            let mut places = organisations.iter().map(|organisation| ApiKeyPlaceRecord {
                api_key: id,
                organisation: *organisation,
            });
            places.try_for_each(|place| changes.put_new(place))
        }
        ApiKeyEvent::ExpiryChanged {
            digest: _,
            expires_at,
        } => {
            if let Some(key) = changed(changes, at, id)? {
                key.expires_at = *expires_at;
            }
            Ok(())
        }
        ApiKeyEvent::Revoked {} => {
            changes.remove::<ApiKeyRecord>(&id)?;
            changes.delete_all(ApiKeyGroupRecord::OF_KEY, &id)?;
            changes.delete_all(ApiKeyPlaceRecord::OF_KEY, &id)
        }
    }
}

fn changed<'a>(
    changes: &'a mut Changes,
    at: &Recorded,
    id: ApiKeyId,
) -> Result<Option<&'a mut ApiKeyRecord>, Error> {
    let Some(key) = changes.change::<ApiKeyRecord>(&id)? else {
        return Ok(None);
    };
    key.updated_at = at.recorded_at;
    key.updated_by = author(&at.actor);
    Ok(Some(key))
}
