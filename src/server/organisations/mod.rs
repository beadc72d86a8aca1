//! Organisations, and what belongs to them: user groups, accounts, applications and API keys. Each function here is one change that a face
//! offers, with its rules.

mod accounts;
mod again;
mod applications;
mod expiry;
mod first_start;
mod found;
mod groups;
mod keys;
mod may;
mod numbers;
mod succession;
mod things;
mod users;

pub use accounts::{
    AccountChange, NewAccount, accept, change as change_account, hide_welcome, open as open_account, reject,
    request_organisations,
};
pub(crate) use again::came_second;
pub use applications::{
    ApplicationChange, NewApplication, change as change_application, create as create_application,
    delete as delete_application, give as give_application,
};
pub use expiry::keep_expiring;
pub(crate) use first_start::{first_administrator, first_start, late_start};
pub use found::{delete as delete_organisation, found as found_organisation, rename as rename_organisation};
pub use groups::{
    GroupChange, NewGroup, change as change_group, dissolve as dissolve_group, form as form_group,
};
pub use keys::{
    Issued, KeyChange, NewKey, change as change_api_key, issue as issue_api_key, revoke as revoke_api_key,
};
pub(crate) use may::Right;
pub use may::{must, reach};
pub(crate) use numbers::Numbers;
pub use things::things_of;
pub(crate) use users::{Belonging, for_accounts};
