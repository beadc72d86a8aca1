//! The commands for an agreement.

use crate::values::{OrganisationId, Timestamp, Title};

/// A command for one agreement.
#[derive(Clone, Debug)]
pub enum AgreementCommand {
    /// Create the agreement.
    Create(CreateAgreement),
}

/// What an agreement says. It never changes: other terms are another agreement.
#[derive(Clone, Debug)]
pub struct CreateAgreement {
    /// The name. Several agreements may have the same name, such as two editions of one.
    pub name: Title,
    /// The kind, such as `trial`.
    pub kind: Title,
    /// What it provides.
    pub provides: Vec<Title>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// The organisation that provides what is agreed.
    pub provider: Option<OrganisationId>,
}
