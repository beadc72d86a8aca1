//! What users prove themselves with: sessions and certificates.

use aggregates::values::{Timestamp, TokenFingerprint};

use super::Loader;
use crate::{
    authorization::{
        certificates::Changes,
        sessions::{Session, SessionView},
    },
    sessions::record::SessionRecord,
    sql::{Error, Tx},
    tables::{each, unreadable},
    user_directory::record::CertificateRecord,
};

impl Loader {
    /// Takes the sessions that have not ended by `now`.
    pub(super) async fn sessions(&mut self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
        let rest = "WHERE expires_at > $1";
        each(tx, rest, vec![now.micros().into()], |record| self.session(record)).await
    }

    fn session(&mut self, record: SessionRecord) -> Result<(), Error> {
        let issued_position = self.made_at(record.ordinal)?;
        let row = record.session;
        let fingerprint = TokenFingerprint::parse(&row.fingerprint)
            .map_err(unreadable)?
            .digest();
        let view = SessionView {
            session_id: row.id,
            user_id: row.user_id,
            face: row.face,
            methods: row.methods.into_iter().collect(),
            issued_at: row.issued_at,
            expires_at: row.expires_at,
        };
        let session = Session {
            view,
            issued_position,
        };
        let guard = self.authorization.collector.enter();
        let sessions = &self.authorization.sessions;
        if sessions.insert(fingerprint, session, &guard).is_some() {
            return Err(unreadable("two sessions have one token"));
        }
        self.writer.fingerprints.insert(row.id, fingerprint);
        Ok(())
    }

    /// Takes all certificates.
    pub(super) async fn certificates(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        each(tx, "", vec![], |record| self.certificate(record)).await
    }

    fn certificate(&mut self, record: CertificateRecord) -> Result<(), Error> {
        self.made_at(record.ordinal)?;
        let before = self.authorization.certificate_count();
        let guard = self.authorization.collector.enter();
        let user = record.user_id;
        if !self.authorization.users.contains_key(&user, &guard) {
            return Err(unreadable("nobody has this certificate"));
        }
        self.authorization.publish_certificates(
            &mut self.writer.certificates,
            user,
            Changes::added(&record.certificate),
            &guard,
        );
        if self.authorization.certificate_count() == before + 1 {
            Ok(())
        } else {
            Err(unreadable("two users have one certificate"))
        }
    }
}
