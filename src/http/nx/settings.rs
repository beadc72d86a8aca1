//! The settings of this face.

use std::time::Duration;

use server::{
    App,
    nx::SignUpMode,
    settings::{Fallback, Setting},
};

/// The least and the most minutes of an access token. The client of Scailable renews it two minutes before its end.
const ACCESS_MINUTES: (u64, u64) = (3, 1_440);
/// The least and the most hours of a refresh token. The client of Scailable renews it in its last hour.
const REFRESH_HOURS: (u32, u32) = (2, 8_784);

/// How long an access token is valid.
pub(crate) const ACCESS: Setting = Setting {
    name: "nx_access_minutes",
    default: Fallback::Value("10"),
    doc: &["Minutes that an access token of the Nx API is valid"],
    check: |text| within(text, ACCESS_MINUTES).map(drop),
};

/// How long a refresh token is valid.
pub(crate) const REFRESH: Setting = Setting {
    name: "nx_refresh_hours",
    default: Fallback::Value("8"),
    doc: &[
        "Hours that a refresh token of the Nx API is valid. Each new one begins anew. `TOKEN_HOURS_MOST` bounds it, too",
    ],
    check: |text| within(text, REFRESH_HOURS).map(drop),
};

/// How long the refresh token of a user is valid who wants to stay signed in.
pub(crate) const KEEP: Setting = Setting {
    name: "nx_keep_hours",
    default: Fallback::Value("720"),
    doc: &["The same, if the user wants to stay signed in (`KeepLoggedIn`)"],
    check: |text| within(text, REFRESH_HOURS).map(drop),
};

/// Who may sign up.
pub(crate) const SIGN_UP: Setting = Setting {
    name: "nx_sign_up",
    default: Fallback::Value("verified"),
    doc: &[
        "Who may sign up at the Nx API: `off` is nobody, `verified` whoever follows the link of a mail, `open` anybody",
    ],
    check: |text| mode(text).map(drop),
};

fn mode(text: &str) -> Result<SignUpMode, String> {
    match text {
        "off" => Ok(SignUpMode::Off),
        "verified" => Ok(SignUpMode::Verified),
        "open" => Ok(SignUpMode::Open),
        _ => Err("must be off, verified or open".to_owned()),
    }
}

/// Who may sign up.
pub(crate) fn sign_up_mode(app: &App) -> SignUpMode {
    let mode = app.settings.of_face(&SIGN_UP).map(mode);
    mode.and_then(Result::ok).unwrap_or(SignUpMode::Off)
}

fn within<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    text: &str,
    (least, most): (T, T),
) -> Result<T, String> {
    let number = text.parse::<T>().ok();
    let number = number.filter(|number| *number >= least && *number <= most);
    number.ok_or_else(|| format!("must be a number from {least} to {most}"))
}

/// How long an access token is valid.
pub(crate) fn access(app: &App) -> Duration {
    let minutes = app.settings.of_face(&ACCESS);
    let minutes = minutes.and_then(|text| within(text, ACCESS_MINUTES).ok());
    Duration::from_secs(60 * minutes.unwrap_or(ACCESS_MINUTES.0))
}

/// For how many hours a refresh token is valid.
pub(crate) fn refresh_hours(app: &App, keep: bool) -> u32 {
    let setting = if keep { &KEEP } else { &REFRESH };
    let hours = app.settings.of_face(setting);
    let hours = hours.and_then(|text| within(text, REFRESH_HOURS).ok());
    hours.unwrap_or(REFRESH_HOURS.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_bounds() {
        for setting in [ACCESS, REFRESH, KEEP] {
            let Fallback::Value(default) = setting.default else {
                panic!("{} has no default", setting.name);
            };
            assert_eq!((setting.check)(default), Ok(()));
            for text in ["", "0", "1", "-5", "2.5", "99999", "ten"] {
                assert!((setting.check)(text).is_err(), "{} {text}", setting.name);
            }
        }
    }
}
