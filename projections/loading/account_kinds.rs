//! Loads the account kinds of the coiote face. No list of roles has them; what they give is in the times of their permissions.

use aggregates::values::{AccountKind, RoleName};
use authorization::{LoadedRole, Loader};

use super::misfit;
use crate::{
    permission_spans::record::{LIVE, RoleSpanRecord, SpanRecord},
    store::{
        each,
        sql::{Error, Tx},
    },
};

/// Loads the account kinds. Nobody may hold them before.
pub(super) async fn load(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    const LIVE_ONES: &str = "WHERE role_id = $1 AND until_position = $2";
    for kind in AccountKind::ALL {
        let id = kind.role();
        let mut created = None;
        each(
            tx,
            LIVE_ONES,
            vec![id.into(), LIVE.into()],
            |role: RoleSpanRecord| {
                created = Some(role.from_position);
                Ok(())
            },
        )
        .await?;
        let Some(created) = created else { continue };
        let mut permissions = Vec::new();
        each(tx, LIVE_ONES, vec![id.into(), LIVE.into()], |span: SpanRecord| {
            loader.made_at(span.from_position).map_err(misfit)?;
            permissions.push(span.into_permission());
            Ok(())
        })
        .await?;
        let role = LoadedRole {
            id,
            made_at: loader.made_at(created).map_err(misfit)?,
            name: RoleName::recorded(kind.as_str()),
            is_shared: true,
            auto_generated: false,
            permissions,
        };
        loader.role(role).map_err(misfit)?;
    }
    Ok(())
}
