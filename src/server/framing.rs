//! How the body of a request is framed.

use axum::http::{HeaderMap, header};

use crate::refusal::Refusal;

/// Refuses a body with another transfer coding than `chunked`, or with several (RFC 9112 section 6.1): the server would read a part of it as
/// something else than the sender meant.
pub(crate) fn is_plain(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_plain = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    match is_plain {
        true => Ok(()),
        false => Err(Refusal::invalid(
            "the only transfer coding that this server reads is chunked, once",
        )),
    }
}
