//! Loads what users present to prove their identity: sessions and certificates.

use aggregates::values::Timestamp;
use authorization::{Loader, SessionView};

use super::misfit;
use crate::{
    sessions::record::SessionRecord,
    store::{
        each,
        sql::{Error, Tx},
    },
    user_directory::record::CertificateRecord,
};

/// Loads the sessions that have not expired by `now`.
pub(super) async fn load_sessions(tx: &mut Tx<'_>, loader: &mut Loader, now: Timestamp) -> Result<(), Error> {
    let rest = "WHERE expires_at > $1";
    each(tx, rest, vec![now.micros().into()], |record: SessionRecord| {
        let ordinal = record.ordinal;
        let row = record.into_row();
        let view = SessionView {
            session_id: row.id,
            user_id: row.user_id,
            face: row.face,
            methods: row.methods.into_iter().collect(),
            issued_at: row.issued_at,
            expires_at: row.expires_at,
        };
        loader
            .session(ordinal, row.fingerprint.digest(), view)
            .map_err(misfit)
    })
    .await
}

/// Loads all certificates.
pub(super) async fn load_certificates(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    each(tx, "", vec![], |record: CertificateRecord| {
        let (ordinal, user_id) = (record.ordinal, record.user_id);
        loader
            .certificate(ordinal, user_id, &record.into_certificate())
            .map_err(misfit)
    })
    .await
}
