//! Whose licences a caller sees.

use aggregates::values::OrganisationId;
use authorization::Inquiry;
use axum::http::request::Parts;
use projections::licences::LicencesAmong;
use server::{App, Caller, Policy, Refusal};

pub(crate) use server::nx::ADMINISTRATION;

/// The organisations whose licences a caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    All,
    Of(Vec<OrganisationId>),
}

impl Seen {
    pub(crate) fn among(&self) -> LicencesAmong<'_> {
        match self {
            Self::All => LicencesAmong::All,
            Self::Of(organisations) => LicencesAmong::Organisations(organisations),
        }
    }
}

/// The organisations whose licences the caller may read. A right on a path opens nothing here.
pub(crate) fn seen(app: &App, caller: &Caller) -> Seen {
    let readable = app.ledger().authorization().readable_licences(caller.principal());
    match readable.all {
        true => Seen::All,
        false => Seen::Of(readable.of.into_iter().collect()),
    }
}

/// The caller may read the licences of at least one organisation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadsLicences;

impl Policy for ReadsLicences {
    type Scope = Seen;

    fn judge(app: &App, parts: &Parts, caller: &Caller) -> Result<Seen, Refusal> {
        match seen(app, caller) {
            Seen::Of(organisations) if organisations.is_empty() => {
                Err(Refusal::forbidden("read", parts.uri.path()))
            }
            seen => Ok(seen),
        }
    }
}

/// The caller may read the licence in the path, or those of an organisation; of these, what the caller may not read looks as if it did not
/// exist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadsLicence;

impl Policy for ReadsLicence {
    /// Whether the caller may read this licence.
    type Scope = bool;

    fn judge(app: &App, parts: &Parts, caller: &Caller) -> Result<bool, Refusal> {
        let id = parts.uri.path().split('/').nth(3).unwrap_or_default();
        let authorization = app.ledger().authorization();
        let may = Inquiry::parse("nx-license", id, "read").is_ok_and(|inquiry| {
            let answer = authorization.answer(&caller.subject(), &inquiry, app.clock.now());
            answer.denied.is_none()
        });
        match may {
            true => Ok(true),
            false => ReadsLicences::judge(app, parts, caller).map(|_| false),
        }
    }
}
