//! `/api/users`

mod batch;
mod certificates;
mod change_password;
mod create;
mod delete;
mod get;
mod ids;
mod revoke;
mod roles;
mod tokens;
mod update;
