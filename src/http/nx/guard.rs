//! Whose licences a caller sees.

use aggregates::values::{Operation, OrganisationId};
use axum::http::request::Parts;
use projections::licences::LicencesAmong;
use server::{App, Caller, Policy, Refusal};

/// The place of all licences, for their administrators.
const ADMINISTRATION: &str = "/auth/admin/licenses";

/// The organisations whose licences a caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    All,
    Of(Vec<OrganisationId>),
}

impl Seen {
    /// Whether the caller sees the licences of an organisation.
    pub(crate) fn has(&self, organisation: OrganisationId) -> bool {
        match self {
            Self::All => true,
            Self::Of(organisations) => organisations.contains(&organisation),
        }
    }

    pub(crate) fn among(&self) -> LicencesAmong<'_> {
        match self {
            Self::All => LicencesAmong::All,
            Self::Of(organisations) => LicencesAmong::Organisations(organisations),
        }
    }
}

/// The organisations whose licences the caller may read. Administrators of licences may read all of them.
pub(crate) fn seen(app: &App, caller: &Caller) -> Seen {
    if caller.may(app, Operation::Read, ADMINISTRATION) {
        return Seen::All;
    }
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
