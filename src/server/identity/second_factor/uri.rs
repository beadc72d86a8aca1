//! The URI by which a device learns the secret of a TOTP.

use aggregates::values::TotpSecret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// Everything but the unreserved characters of RFC 3986. A plus sign would be read as a space.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URI. Its label names the issuer and the user, so that two accounts on one device are told apart.
pub(super) fn uri(issuer: &str, username: &str, secret: &TotpSecret) -> Zeroizing<String> {
    let [issuer, username] = [issuer, username].map(|text| utf8_percent_encode(text, ESCAPED).to_string());
    let secret = secret.as_str();
    Zeroizing::new(format!(
        "otpauth://totp/{issuer}:{username}?issuer={issuer}&secret={secret}&algorithm=SHA1&digits=6&period=30"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_names_the_issuer_and_the_user() {
        assert_eq!(
            *uri("Muniment", "ada", &TotpSecret::new("S")),
            "otpauth://totp/Muniment:ada?issuer=Muniment&secret=S&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn nothing_in_a_name_changes_the_uri() {
        assert_eq!(
            *uri("A&B: C", "a/b?c=d#e+ü:%", &TotpSecret::new("S")),
            "otpauth://totp/A%26B%3A%20C:a%2Fb%3Fc%3Dd%23e%2B%C3%BC%3A%25?issuer=A%26B%3A%20C&secret=S&algorithm=SHA1&digits=6&period=30"
        );
    }
}
