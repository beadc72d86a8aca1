//! Identity and access server for IoT platforms on a tamper-evident event ledger.

pub mod cli;
pub mod faces;
pub mod openapi;
pub mod telemetry;
