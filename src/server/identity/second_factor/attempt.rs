//! An attempt to log in whose password was right, and which waits for the second factor.
//!
//! The client keeps it, with a keyed digest that only this server can make. So all nodes know it without a table, and it costs nothing
//! until it is completed. It has the id of the session that it leads to: once the session exists, the attempt is used.

use std::time::Duration;

use aggregates::values::{Audience, SessionId, Timestamp, TokenLabel, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{super::Lifetime, hmac};

/// How long an attempt may wait for the second factor.
const PATIENCE: Duration = Duration::from_secs(120);
/// The length of the keyed digest.
const DIGEST: usize = 32;

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Attempt {
    /// The user.
    pub(in super::super) user: UserId,
    /// The session that it leads to.
    pub(in super::super) session: SessionId,
    /// When the attempt ends.
    pub(in super::super) expires_at: Timestamp,
    /// A position that the ledger had reached before the password was compared. If the password has changed since, the attempt has ended.
    pub(in super::super) position: i64,
    /// How long the token should be valid.
    pub(in super::super) lifetime: Lifetime,
    /// The label of the token.
    pub(in super::super) label: TokenLabel,
}

impl Attempt {
    /// When an attempt ends that begins now.
    pub(in super::super) fn end(now: Timestamp) -> Timestamp {
        now.plus(PATIENCE)
    }

    pub(super) fn signed(&self, key: &[u8; 32], audience: Audience) -> String {
        let mut bytes = Vec::new();
        bytes.extend(self.user.0.as_bytes());
        bytes.extend(self.session.0.as_bytes());
        let seconds = i64::try_from(self.lifetime.time().as_secs()).unwrap_or(i64::MAX);
        for number in [self.expires_at.micros(), self.position, seconds] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.label.as_bytes());
        let digest = mac(key, audience, &bytes).finalize().into_bytes();
        bytes.extend(digest);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(super) fn verified(key: &[u8; 32], audience: Audience, handle: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(handle).ok()?;
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
        mac(key, audience, content).verify_slice(digest).ok()?;
        let (user, content) = content.split_first_chunk()?;
        let (session, content) = content.split_first_chunk()?;
        let (expires_at, content) = content.split_first_chunk()?;
        let (position, content) = content.split_first_chunk()?;
        let (seconds, label) = content.split_first_chunk()?;
        Some(Self {
            user: UserId(Uuid::from_bytes(*user)),
            session: SessionId(Uuid::from_bytes(*session)),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(*expires_at)),
            position: i64::from_be_bytes(*position),
            lifetime: Lifetime::seconds(u64::from_be_bytes(*seconds)),
            label: TokenLabel::parse(std::str::from_utf8(label).ok()?).ok()?,
        })
    }
}

/// The form of an attempt. Another form has another digest, so a node of another version does not read it.
const FORM: u8 = 1;

/// The digest is of one audience: a login that began at one API is not completed at another.
fn mac(key: &[u8; 32], audience: Audience, content: &[u8]) -> Hmac<Sha256> {
    hmac(key)
        .chain_update(audience.as_str())
        .chain_update([FORM])
        .chain_update(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn attempt(label: &str) -> Attempt {
        Attempt {
            user: UserId(Uuid::from_u128(1)),
            session: SessionId(Uuid::from_u128(2)),
            expires_at: Timestamp::from_micros(3),
            position: 4,
            lifetime: Lifetime::hours(5),
            label: TokenLabel::parse(label).unwrap(),
        }
    }

    #[test]
    fn an_attempt_comes_back_as_it_was() {
        for label in ["", "my läptop"] {
            let handle = attempt(label).signed(&KEY, Audience::Connectware);
            assert_eq!(
                Attempt::verified(&KEY, Audience::Connectware, &handle),
                Some(attempt(label))
            );
        }
    }

    #[test]
    fn whoever_lacks_the_key_changes_nothing() {
        let handle = attempt("x").signed(&KEY, Audience::Connectware);
        let bytes = URL_SAFE_NO_PAD.decode(&handle).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            let other = URL_SAFE_NO_PAD.encode(other);
            assert_eq!(
                Attempt::verified(&KEY, Audience::Connectware, &other),
                None,
                "{at}"
            );
        }
        assert_eq!(Attempt::verified(&[8; 32], Audience::Connectware, &handle), None);
    }

    #[test]
    fn anything_else_is_no_attempt() {
        for text in ["", "AAAA", "not base64!", &"A".repeat(200)] {
            assert_eq!(
                Attempt::verified(&KEY, Audience::Connectware, text),
                None,
                "{text}"
            );
        }
    }
}
