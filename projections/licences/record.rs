//! Agreements, licences and seats, as the tables store them.

use aggregates::values::{AgreementId, DeviceId, LicenceId, OrganisationId, Timestamp, UserId};
use uuid::Uuid;

use super::{AgreementRow, LicenceRow, SeatRow};
use crate::{
    applications::record::Moment,
    store::{columns, id_columns, unreadable},
};

id_columns! { AgreementId, LicenceId, DeviceId }

/// What a licence is for.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue(pub(crate) Vec<Uuid>);

columns! {
    Catalogue: Text, |value| serde_json::json!(value.0).to_string(),
        |row, n| serde_json::from_str(row.str(n)?).map(Self).map_err(unreadable);
}

crate::record! {
    /// A row of `agreements`.
    pub(crate) struct AgreementRecord in "agreements" {
        pub(crate) agreement_id: AgreementId,
        pub(crate) ordinal: i64,
        pub(crate) name: String,
        pub(crate) name_key: String,
        pub(crate) kind: String,
        /// JSON.
        pub(crate) provides: Vec<String>,
        pub(crate) published_at: Option<Timestamp>,
        pub(crate) provider: Option<OrganisationId>,
    }
    key(agreement_id: AgreementId)
    lists by ordinal { ALL = "agreements"; }
    orders { BY_NAME = name_key; }
    finds { WITH_ID = agreement_id: AgreementId; }
}

crate::record! {
    /// A row of `licences`.
    pub(crate) struct LicenceRecord in "licences" {
        pub(crate) licence_id: LicenceId,
        pub(crate) ordinal: i64,
        pub(crate) agreement: AgreementId,
        /// The name of the agreement, in lower case. Agreements do not change.
        pub(crate) agreement_key: String,
        pub(crate) organisation: OrganisationId,
        pub(crate) licence_key: String,
        pub(crate) starts_at: Timestamp,
        pub(crate) expires_at: Moment,
        pub(crate) paid_until_at: Option<Timestamp>,
        pub(crate) amount_per_month: i64,
        pub(crate) discount_bp: i64,
        /// JSON.
        pub(crate) catalogue: Catalogue,
        pub(crate) seats: i64,
        pub(crate) signed_by: Option<UserId>,
        pub(crate) signed_at: Option<Timestamp>,
        pub(crate) is_suspended: bool,
    }
    key(licence_id: LicenceId)
    lists by ordinal { ALL = "licences"; }
    lists of { OF_ORGANISATION = "licences of organisation" organisation; }
    orders {
        BY_AGREEMENT = agreement_key;
        BY_KEY = licence_key;
        BY_START = starts_at;
        BY_END = expires_at;
    }
    finds { WITH_ID = licence_id: LicenceId; }
}

crate::record! {
    /// A row of `licence_seats`.
    pub(crate) struct SeatRecord in "licence_seats" {
        pub(crate) licence: LicenceId,
        pub(crate) device: DeviceId,
    }
    key(licence: LicenceId, device: DeviceId)
    finds { OF_DEVICE = device: DeviceId; }
}

impl AgreementRecord {
    /// The agreement as clients see it.
    pub(crate) fn into_row(self) -> AgreementRow {
        AgreementRow {
            id: self.agreement_id,
            name: self.name,
            kind: self.kind,
            provides: self.provides,
            published_at: self.published_at,
            provider: self.provider,
        }
    }
}

impl LicenceRecord {
    /// The licence as clients see it.
    pub(crate) fn into_row(self, agreement: AgreementRow) -> LicenceRow {
        LicenceRow {
            id: self.licence_id,
            agreement,
            organisation: self.organisation,
            licence_key: self.licence_key,
            starts_at: self.starts_at,
            expires_at: self.expires_at.0,
            paid_until_at: self.paid_until_at,
            amount_per_month: self.amount_per_month,
            discount_bp: self.discount_bp,
            catalogue: self.catalogue.0,
            seats: self.seats,
            signed_by: self.signed_by,
            signed_at: self.signed_at,
            is_suspended: self.is_suspended,
        }
    }
}

impl SeatRecord {
    /// The seat as clients see it.
    pub(crate) fn into_row(self) -> SeatRow {
        SeatRow {
            licence: self.licence,
            device: self.device,
        }
    }
}
