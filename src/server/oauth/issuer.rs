//! The name of this server as an issuer: the URL at which clients reach it.

use axum::http::{HeaderMap, header};

use crate::{app::App, refusal::Refusal};

/// The setting `public_url`, or else the host that the request names.
pub fn issuer(app: &App, headers: &HeaderMap) -> Result<String, Refusal> {
    if let Some(url) = &app.live().public_url {
        return Ok(url.clone());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.filter(|host| is_authority(host));
    let host = host.ok_or_else(|| Refusal::invalid("Host is missing or wrong"))?;
    Ok(format!("http://{host}"))
}

/// Whether a text is a host with or without a port, and has no part that would change the meaning of the URL.
fn is_authority(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}
