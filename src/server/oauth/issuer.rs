//! The name of this server as an issuer: the URL at which clients reach it.

use crate::{app::App, reached::Reached};

/// The setting `public_url`, or else the address at which the request arrived. What the request calls the server does not count: resource
/// servers compare the issuer of a token, and a client must not choose it.
pub fn issuer(app: &App, reached: &Reached) -> String {
    let set = app.live().public_url.clone();
    set.unwrap_or_else(|| reached.url().to_owned())
}
