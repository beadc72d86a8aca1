//! `/api/roles`

mod create;
mod delete;
mod get;
mod list;
mod page;
mod permissions;
mod update;
