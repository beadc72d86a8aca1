//! Agreements, licences and seats. Each function here is one change that a face offers, with its rules.

pub mod file;
mod lists;
mod seats;
mod users;

use aggregates::{
    Command,
    agreement::{AgreementCommand, CreateAgreement},
    licence::{IssueLicence, LicenceCommand, LicenceKey},
    values::{AgreementId, LicenceId, OrganisationId, Timestamp},
};
use ledger::Appended;
use projections::licences::{self, AgreementRow, LicenceRow};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

pub use lists::page;
pub use seats::{assign, release};
pub(crate) use users::for_seats;

/// A licence to issue under an agreement.
#[derive(Clone, Debug)]
pub struct NewLicence {
    /// The organisation that owns it.
    pub organisation: OrganisationId,
    /// The key; `None` draws one.
    pub licence_key: Option<LicenceKey>,
    /// When it begins to be valid; `None` is now.
    pub starts_at: Option<Timestamp>,
    /// When it expires; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Until when it is paid.
    pub paid_until_at: Option<Timestamp>,
    /// The price of a month, in the smallest unit of the currency.
    pub amount_per_month: u32,
    /// The discount on it, in basis points.
    pub discount_bp: u32,
    /// What it is for, in a catalogue.
    pub catalogue: Vec<Uuid>,
    /// How many devices may use it.
    pub seats: u32,
}

/// Creates an agreement, and returns it. It is not read back: if that failed, the client would create the agreement again.
pub async fn create_agreement(
    app: &App,
    caller: &Caller,
    new: CreateAgreement,
) -> Result<(AgreementRow, Appended), Refusal> {
    let id = AgreementId(app.entropy.uuid());
    let made = AgreementRow {
        id,
        name: new.name.to_string(),
        kind: new.kind.to_string(),
        provides: new.provides.iter().map(ToString::to_string).collect(),
        published_at: new.published_at,
        provider: new.provider,
    };
    let command = Command::Agreement(id, AgreementCommand::Create(new));
    Ok((made, caller.execute(app, vec![command]).await?))
}

/// The agreement under which a licence is to be issued.
pub async fn agreement_with(app: &App, id: AgreementId) -> Result<AgreementRow, Refusal> {
    let found = licences::agreement(app.ledger().db(), id).await?;
    found.ok_or_else(|| {
        let message = "there is no such agreement";
        Refusal::new(RefusalKind::NotFound, "unknown_agreement", message)
    })
}

/// Issues a licence under an agreement, and returns it. It is not read back: if that failed, the client would issue the licence again.
pub async fn issue(
    app: &App,
    caller: &Caller,
    agreement: AgreementRow,
    new: NewLicence,
) -> Result<(LicenceRow, Appended), Refusal> {
    let id = LicenceId(app.entropy.uuid());
    let drawn = || {
        let mut random = [0; 16];
        app.entropy.fill(&mut random);
        LicenceKey::drawn(random)
    };
    let terms = IssueLicence {
        agreement: agreement.id,
        organisation: new.organisation,
        licence_key: new.licence_key.unwrap_or_else(drawn),
        starts_at: new.starts_at.unwrap_or_else(|| app.clock.now()),
        expires_at: new.expires_at,
        paid_until_at: new.paid_until_at,
        amount_per_month: new.amount_per_month,
        discount_bp: new.discount_bp,
        catalogue: new.catalogue,
        seats: new.seats,
    };
    let made = LicenceRow {
        id,
        agreement,
        organisation: terms.organisation,
        licence_key: terms.licence_key.to_string(),
        starts_at: terms.starts_at,
        expires_at: terms.expires_at,
        paid_until_at: terms.paid_until_at,
        amount_per_month: i64::from(terms.amount_per_month),
        discount_bp: i64::from(terms.discount_bp),
        catalogue: terms.catalogue.clone(),
        seats: i64::from(terms.seats),
        signed_by: None,
        signed_at: None,
        is_suspended: false,
    };
    let command = Command::Licence(id, LicenceCommand::Issue(Box::new(terms)));
    Ok((made, caller.execute(app, vec![command]).await?))
}

/// Lets the caller sign a licence. Only a person signs.
pub async fn sign(app: &App, caller: &Caller, id: LicenceId) -> Result<Appended, Refusal> {
    caller.must_be_person()?;
    let (by, now) = (caller.user, app.clock.now());
    let command = Command::Licence(id, LicenceCommand::Sign { by, now });
    caller.execute(app, vec![command]).await
}

/// Suspends a licence: no further device takes a seat.
pub async fn suspend(app: &App, caller: &Caller, id: LicenceId) -> Result<Appended, Refusal> {
    let command = Command::Licence(id, LicenceCommand::Suspend);
    caller.execute(app, vec![command]).await
}

/// Ends the suspension of a licence.
pub async fn resume(app: &App, caller: &Caller, id: LicenceId) -> Result<Appended, Refusal> {
    let command = Command::Licence(id, LicenceCommand::Resume);
    caller.execute(app, vec![command]).await
}
