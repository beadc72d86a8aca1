//! Identity and access server for IoT platforms on a tamper-evident event ledger.

pub mod app;
pub mod clock;
pub mod http;
pub mod identity;
pub mod ids;
pub mod ledger;
pub mod settings;
