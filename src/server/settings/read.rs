//! Converts texts to values. A reason never repeats the text, since the text may be a secret.

use std::{
    fmt::Display,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use zeroize::Zeroizing;

pub(super) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

pub(super) fn between<T>(text: &str, least: T, most: T) -> Result<T, String>
where
    T: FromStr<Err: Display> + PartialOrd + Display,
{
    let number: T = parsed(text)?;
    if number < least || number > most {
        return Err(format!("must be from {least} to {most}"));
    }
    Ok(number)
}

pub(super) fn at_least<T>(text: &str, least: T, because: &str) -> Result<T, String>
where
    T: FromStr<Err: Display> + PartialOrd + Display,
{
    let number: T = parsed(text)?;
    if number < least {
        return Err(format!("must be at least {least}{because}"));
    }
    Ok(number)
}

pub(super) fn secret(text: &str) -> Result<Zeroizing<String>, String> {
    Ok(Zeroizing::new(text.to_owned()))
}

/// A secret of at least so many characters.
pub(super) fn long_secret(text: &str, least: usize) -> Result<Zeroizing<String>, String> {
    match text.chars().count() >= least {
        true => secret(text),
        false => Err(format!("must have at least {least} characters")),
    }
}

/// A text of at most so many bytes, in one line.
pub(super) fn short(text: &str, most: usize) -> Result<String, String> {
    let is_short = !text.trim().is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    match is_short {
        true => Ok(text.trim().to_owned()),
        false => Err(format!("must have 1 to {most} bytes, in one line")),
    }
}

/// An address to listen on. A port alone is one of the loopback address.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        Err(_) => parsed(text),
    }
}

pub(super) fn postgres_url(text: &str) -> Result<Zeroizing<String>, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        secret(text)
    } else {
        Err("must be postgres://…; without it, SQLite in data_dir is used".to_owned())
    }
}

/// A URL to which paths can be appended.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let is_base = url.parse::<axum::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none() && !url.contains('#')
    });
    match is_base {
        true => Ok(url.to_owned()),
        false => Err("must be http:// or https:// and a host, without query or fragment".to_owned()),
    }
}
