//! The settings that can change while the server runs.

use crate::{browsers::Origins, identity::policy::PasswordPolicy, settings::Settings};

/// The settings that a running server reads again when it gets SIGHUP.
#[derive(Clone, Debug)]
pub struct Live {
    /// The rules for new passwords.
    pub password_policy: PasswordPolicy,
    /// Hours that a token is valid if the login does not say how long.
    pub token_hours: i64,
    /// The URL at which clients reach the server.
    pub public_url: Option<String>,
    /// The other sites whose pages may ask.
    pub cors_origins: Origins,
}

impl Live {
    /// The names of these settings, and of the setting that the binary itself applies.
    pub const NAMES: [&str; 5] = [
        "cors_origins",
        "log",
        "password_policy",
        "public_url",
        "token_hours",
    ];
}

impl From<&Settings> for Live {
    fn from(settings: &Settings) -> Self {
        Self {
            password_policy: settings.password_policy,
            token_hours: settings.token_hours,
            public_url: settings.public_url.clone(),
            cors_origins: settings.cors_origins.clone().unwrap_or_default(),
        }
    }
}
