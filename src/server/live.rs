//! The settings that can change while the server runs.

use std::{sync::Arc, time::Duration};

use crate::{
    browsers::Origins,
    granting::Granting,
    identity::{Lifetime, passwords::rules::PasswordRules},
    settings::Settings,
};

/// The settings that a running server reads again when it gets SIGHUP.
#[derive(Clone, Debug)]
pub struct Live {
    /// What users may give others.
    pub granting: Granting,
    /// The rules for new passwords.
    pub password_rules: Arc<PasswordRules>,
    /// For how many days a password is good, if there is a bound.
    pub password_days_most: Option<i64>,
    /// Hours that a token is valid if the login does not say how long.
    pub token_hours: i64,
    /// The most hours that a token is valid, if there is a bound.
    pub token_hours_most: Option<i64>,
    /// The most days that a new API key is valid, if there is a bound.
    pub api_key_days_most: Option<i64>,
    /// The URL at which clients reach the server.
    pub public_url: Option<String>,
    /// The other sites whose pages may ask.
    pub cors_origins: Origins,
}

impl Live {
    /// The names of these settings, and `log`, which the binary itself applies.
    pub const NAMES: [&str; 12] = [
        "api_key_days_most",
        "cors_origins",
        "granting",
        "log",
        "password_blocklist",
        "password_days_most",
        "password_history",
        "password_policy",
        "password_strength",
        "public_url",
        "token_hours",
        "token_hours_most",
    ];

    /// Those of these settings. The rules for passwords are made of the settings, too.
    pub fn new(settings: &Settings, password_rules: Arc<PasswordRules>) -> Self {
        Self {
            granting: settings.granting,
            password_rules,
            password_days_most: settings.password_days_most,
            token_hours: settings.token_hours,
            token_hours_most: settings.token_hours_most,
            api_key_days_most: settings.api_key_days_most,
            public_url: settings.public_url.clone(),
            cors_origins: settings.cors_origins.clone().unwrap_or_default(),
        }
    }

    /// How long a token is valid if the login asks for this time: never longer than the bound.
    pub fn bounded(&self, asked: Lifetime) -> Duration {
        let most = self.token_hours_most.and_then(|hours| u64::try_from(hours).ok());
        most.map_or(asked, |most| asked.min(Lifetime::hours(most))).time()
    }
}
