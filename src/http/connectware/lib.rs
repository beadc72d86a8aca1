//! The connectware face, `/api` (contracts/connectware.md). Folders mirror the URLs; each endpoint has a file.

mod change_password;
mod foretold;
mod list_users;
mod login;
mod permissions;
mod roles;
mod session;
mod users;
mod wire;

use utoipa_axum::{router::OpenApiRouter, routes};

use server::app::App;

pub use foretold::Foretold;

/// The routes of this face.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(users::routes())
        .merge(roles::routes())
        .merge(permissions::routes())
        .routes(routes!(list_users::get_list_users))
        .routes(routes!(change_password::put_change_password))
        .routes(routes!(login::post_login))
        .routes(routes!(session::get_session))
}
