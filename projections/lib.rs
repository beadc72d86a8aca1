//! The read side: everything that a client reads is a projection of the ledger.

pub mod accounts;
pub mod api_keys;
pub mod applications;
pub mod authors;
pub mod groups;
pub mod guard;
pub mod issued_certificates;
pub mod licences;
pub mod loading;
pub mod names;
pub mod numbered;
pub mod ordinals;
pub mod organisations;
pub mod page;
pub mod permission_spans;
pub mod permission_usage;
pub mod read_models;
pub mod registrations;
pub mod role_directory;
pub mod service_accounts;
pub mod sessions;
mod spellings;
pub mod store;
pub mod user_directory;

pub use guard::{GUARDS, Guards, Veto};
pub use page::{Page, Paged, Part, Sorting};
pub use store::{rebuild, sql};

use accounts::Accounts;
use api_keys::ApiKeys;
use applications::Applications;
use authors::Authors;
use groups::Groups;
use issued_certificates::IssuedCertificates;
use licences::Licences;
use ordinals::Ordinals;
use organisations::Organisations;
use permission_spans::PermissionSpans;
use permission_usage::PermissionUsage;
use registrations::Registrations;
use role_directory::RoleDirectory;
use service_accounts::ServiceAccounts;
use sessions::Sessions;
use user_directory::UserDirectory;

crate::read_models! {
    /// All read models: the only list of them. For an event of a user, the role directory needs the user's name as the
    /// user directory leaves it, and the user's permissions as the permission usage has them before the event.
    pub const READ_MODELS = UserDirectory, RoleDirectory, PermissionUsage, PermissionSpans, Sessions, Registrations, IssuedCertificates,
        Organisations, Groups, Applications, ApiKeys, Accounts, Authors, Ordinals, Licences, ServiceAccounts;
}
