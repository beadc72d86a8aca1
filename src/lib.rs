//! Identity and access server for IoT platforms on a tamper-evident event ledger.

pub mod app;
pub mod bootstrap;
pub mod cli;
pub mod clock;
pub mod http;
pub mod identity;
pub mod ids;
pub mod ledger;
pub mod migrations;
pub mod settings;
pub mod telemetry;
