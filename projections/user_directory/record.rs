//! Users and their certificates as the tables keep them.

use aggregates::values::{Certificate, Fingerprint, GrantType, IdentityProvider, Timestamp, UserId};

use crate::{
    sql::{Argument, Error, Row},
    tables::{Kind, Record, Table, unreadable},
};

/// A row of `user_directory`.
#[derive(Clone, Debug)]
pub(crate) struct UserRecord {
    pub(crate) id: UserId,
    pub(crate) ordinal: i64,
    pub(crate) username: String,
    pub(crate) identity_provider: IdentityProvider,
    pub(crate) mqtt_publish_prefix: Option<String>,
    pub(crate) grant_types: Vec<GrantType>,
    pub(crate) enforce_mfa_enrollment: bool,
    pub(crate) auto_generated: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) updated_position: i64,
}

impl Record for UserRecord {
    const TABLE: Table = Table {
        name: "user_directory",
        columns: &[
            ("user_id", Kind::Text),
            ("ordinal", Kind::Int),
            ("username", Kind::Text),
            ("identity_provider", Kind::Text),
            ("mqtt_publish_prefix", Kind::TextOrNull),
            ("grant_types", Kind::Text),
            ("enforce_mfa_enrollment", Kind::Bool),
            ("auto_generated", Kind::Bool),
            ("created_at", Kind::Int),
            ("updated_at", Kind::Int),
            ("updated_position", Kind::Int),
        ],
        key: &["user_id"],
    };

    fn bind<'a>(&'a self, arguments: &mut Vec<Argument<'a>>) {
        arguments.extend([
            self.id.to_string().into(),
            self.ordinal.into(),
            self.username.as_str().into(),
            self.identity_provider.as_str().into(),
            self.mqtt_publish_prefix.as_deref().into(),
            serde_json::json!(self.grant_types).to_string().into(),
            self.enforce_mfa_enrollment.into(),
            self.auto_generated.into(),
            self.created_at.micros().into(),
            self.updated_at.micros().into(),
            self.updated_position.into(),
        ]);
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: UserId::parse(row.str(0)?).map_err(unreadable)?,
            ordinal: row.int(1)?,
            username: row.text(2)?,
            identity_provider: IdentityProvider::parse(row.str(3)?).map_err(unreadable)?,
            mqtt_publish_prefix: row.text_or_null(4)?,
            grant_types: serde_json::from_str(row.str(5)?).map_err(unreadable)?,
            enforce_mfa_enrollment: row.bool(6)?,
            auto_generated: row.bool(7)?,
            created_at: Timestamp::from_micros(row.int(8)?),
            updated_at: Timestamp::from_micros(row.int(9)?),
            updated_position: row.int(10)?,
        })
    }
}

/// A row of `user_certificates`.
#[derive(Clone, Debug)]
pub(crate) struct CertificateRecord {
    pub(crate) user_id: UserId,
    pub(crate) ordinal: i64,
    pub(crate) certificate: Certificate,
}

impl Record for CertificateRecord {
    const TABLE: Table = Table {
        name: "user_certificates",
        columns: &[
            ("user_id", Kind::Text),
            ("fingerprint", Kind::Text),
            ("ordinal", Kind::Int),
            ("created_at", Kind::Int),
            ("expires_at", Kind::IntOrNull),
        ],
        key: &["user_id", "fingerprint"],
    };

    fn bind<'a>(&'a self, arguments: &mut Vec<Argument<'a>>) {
        arguments.extend([
            self.user_id.to_string().into(),
            (&*self.certificate.fingerprint).into(),
            self.ordinal.into(),
            self.certificate.created_at.micros().into(),
            self.certificate.expires_at.map(Timestamp::micros).into(),
        ]);
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            user_id: UserId::parse(row.str(0)?).map_err(unreadable)?,
            ordinal: row.int(2)?,
            certificate: Certificate {
                fingerprint: Fingerprint::parse(row.str(1)?).map_err(unreadable)?,
                created_at: Timestamp::from_micros(row.int(3)?),
                expires_at: row.int_or_null(4)?.map(Timestamp::from_micros),
            },
        })
    }
}
