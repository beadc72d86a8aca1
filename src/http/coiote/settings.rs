//! The settings of this face.

use server::{
    App,
    identity::Lifetime,
    settings::{Fallback, Setting},
};

/// The shortest time that a token may be valid, in seconds: clients ask for another one a minute before its end.
const LEAST: u64 = 60;
/// The longest.
const MOST: u64 = 24 * 60 * 60;
/// The published time.
const USUAL: u64 = 300;

/// How long a token is valid.
pub(crate) const TOKEN_SECONDS: Setting = Setting {
    name: "coiote_token_seconds",
    default: Fallback::Value("300"),
    doc: &[
        "Seconds that a token for the API of Coiote IoT DM is valid ([coiote.md](docs/coiote.md)). From 60 to 86400. `TOKEN_HOURS_MOST` bounds",
        "it, too",
    ],
    check: |text| match seconds(text) {
        Some(_) => Ok(()),
        None => Err(format!("must be from {LEAST} to {MOST}")),
    },
};

fn seconds(text: &str) -> Option<u64> {
    let seconds = text.parse().ok()?;
    (LEAST..=MOST).contains(&seconds).then_some(seconds)
}

/// How long a token should be valid.
pub(crate) fn lifetime(app: &App) -> Lifetime {
    let set = app.settings.of_face(&TOKEN_SECONDS).and_then(seconds);
    Lifetime::seconds(set.unwrap_or(USUAL))
}
