//! Sessions as the table keeps them.

use aggregates::values::{SessionId, Timestamp, UserId};

use super::SessionRow;
use crate::{
    sql::{Argument, Error, Row},
    tables::{Kind, Record, Table, unreadable},
};

/// A row of `sessions`.
#[derive(Clone, Debug)]
pub(crate) struct SessionRecord {
    pub(crate) ordinal: i64,
    pub(crate) session: SessionRow,
}

impl Record for SessionRecord {
    const TABLE: Table = Table {
        name: "sessions",
        columns: &[
            ("session_id", Kind::Text),
            ("ordinal", Kind::Int),
            ("user_id", Kind::Text),
            ("fingerprint", Kind::Text),
            ("label", Kind::Text),
            ("face", Kind::Text),
            ("methods", Kind::Text),
            ("issued_at", Kind::Int),
            ("expires_at", Kind::Int),
        ],
        key: &["session_id"],
    };

    fn bind<'a>(&'a self, arguments: &mut Vec<Argument<'a>>) {
        let session = &self.session;
        arguments.extend([
            session.id.to_string().into(),
            self.ordinal.into(),
            session.user_id.to_string().into(),
            session.fingerprint.as_str().into(),
            session.label.as_str().into(),
            session.face.as_str().into(),
            serde_json::json!(session.methods).to_string().into(),
            session.issued_at.micros().into(),
            session.expires_at.micros().into(),
        ]);
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            ordinal: row.int(1)?,
            session: SessionRow {
                id: SessionId::parse(row.str(0)?).map_err(unreadable)?,
                user_id: UserId::parse(row.str(2)?).map_err(unreadable)?,
                fingerprint: row.text(3)?,
                label: row.text(4)?,
                face: serde_json::from_value(row.str(5)?.into()).map_err(unreadable)?,
                methods: serde_json::from_str(row.str(6)?).map_err(unreadable)?,
                issued_at: Timestamp::from_micros(row.int(7)?),
                expires_at: Timestamp::from_micros(row.int(8)?),
            },
        })
    }
}
