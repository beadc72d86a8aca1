//! Loads where licences are.

use aggregates::values::{LicenceId, OrganisationId};
use authorization::{Fact, Loader, directory::ResourceId};

use super::misfit;
use crate::{
    licences::record::LicenceRecord,
    store::{
        Column as _, Record as _,
        sql::{Error, Tx, sql},
    },
};

/// Loads the organisation of each licence.
pub(super) async fn load(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let table = LicenceRecord::TABLE.name;
    let places = format!("SELECT licence_id, ordinal, organisation FROM {table}");
    tx.each(sql(places), |row| {
        loader.made_at(row.int(1)?).map_err(misfit)?;
        let organisation = OrganisationId::read(row, 2)?.ordinal().to_string();
        loader.fact(Fact::Placed {
            resource: ResourceId::new("nx-license", &LicenceId::read(row, 0)?.to_string()),
            parents: vec![ResourceId::new("os2iot-organisation", &organisation)],
        });
        Ok(())
    })
    .await
}
