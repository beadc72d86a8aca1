//! Identity and access server for IoT platforms on a tamper-evident event ledger.

pub mod clock;
pub mod ids;
pub mod ledger;
