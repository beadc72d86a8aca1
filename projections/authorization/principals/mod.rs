//! Principals, whose grants count, and the credentials that stand for them.

mod brokers;
pub(crate) mod certificates;
pub(crate) mod licences;
pub(crate) mod machines;
pub(crate) mod methods;
pub(crate) mod reach;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod standing;
pub(crate) mod subject;
pub(crate) mod users;
