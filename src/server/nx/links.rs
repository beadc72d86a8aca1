//! The tokens of links in mails. Nothing is stored: a token is a keyed digest of what it proves, and of what must not have changed since.

use aggregates::values::{Timestamp, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::identity::second_factor::hmac;

/// The length of the keyed digest.
const DIGEST: usize = 32;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To prove that an e-mail address is the user's.
    Verify,
    /// To set another password.
    Reset,
    /// To become a member of an organisation.
    Invite,
}

/// The key of the tokens. All nodes derive the same one.
pub(crate) struct Links(Zeroizing<[u8; 32]>);

/// What a token says. It proves nothing before [`Links::proves`] has said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// The user.
    pub(crate) user: UserId,
    expires_at: Timestamp,
    digest: Vec<u8>,
}

impl Links {
    /// The key of a ledger.
    pub(crate) fn new(ledger: &ledger::Ledger) -> Self {
        Self(ledger.present_key_for("links in mails"))
    }

    /// A token. It ends when `bound` is another text.
    pub(crate) fn token(&self, purpose: Purpose, user: UserId, expires_at: Timestamp, bound: &str) -> String {
        let mut bytes = head(user, expires_at);
        let digest = mac(&self.0, purpose, &bytes, bound).finalize().into_bytes();
        bytes.extend(digest);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a text says if it has the form of a token.
    pub(crate) fn read(text: &str) -> Option<Claimed> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (user, rest) = bytes.split_first_chunk()?;
        let (expires_at, digest) = rest.split_first_chunk()?;
        (digest.len() == DIGEST).then(|| Claimed {
            user: UserId(Uuid::from_bytes(*user)),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(*expires_at)),
            digest: digest.to_vec(),
        })
    }

    /// Whether this server has made the token for this purpose, and it counts now.
    pub(crate) fn proves(&self, purpose: Purpose, claimed: &Claimed, bound: &str, now: Timestamp) -> bool {
        let head = head(claimed.user, claimed.expires_at);
        let is_ours = mac(&self.0, purpose, &head, bound)
            .verify_slice(&claimed.digest)
            .is_ok();
        is_ours && now < claimed.expires_at
    }
}

fn head(user: UserId, expires_at: Timestamp) -> Vec<u8> {
    let expires_at = expires_at.micros().to_be_bytes();
    [&user.0.as_bytes()[..], &expires_at].concat()
}

fn mac(key: &[u8; 32], purpose: Purpose, head: &[u8], bound: &str) -> Hmac<Sha256> {
    let purpose: &[u8] = match purpose {
        Purpose::Verify => b"verify",
        Purpose::Reset => b"reset",
        Purpose::Invite => b"invite",
    };
    // The purpose and the head have no zero byte at the end of what comes before, and the head has a fixed length.
    hmac(key)
        .chain_update(purpose)
        .chain_update([0])
        .chain_update(head)
        .chain_update(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Links {
        Links(Zeroizing::new([7; 32]))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn token() -> String {
        links().token(Purpose::Reset, UserId(Uuid::from_u128(1)), at(9), "bound")
    }

    #[test]
    fn a_token_proves_what_it_was_made_for_until_it_ends() {
        let read = Links::read(&token()).unwrap();
        assert_eq!(read.user, UserId(Uuid::from_u128(1)));
        assert!(links().proves(Purpose::Reset, &read, "bound", at(8)));
        assert!(!links().proves(Purpose::Reset, &read, "bound", at(9)));
        assert!(!links().proves(Purpose::Reset, &read, "other", at(8)));
        assert!(!links().proves(Purpose::Verify, &read, "bound", at(8)));
        let other = Links(Zeroizing::new([8; 32]));
        assert!(!other.proves(Purpose::Reset, &read, "bound", at(8)));
    }

    #[test]
    fn whoever_changes_it_has_none() {
        let bytes = URL_SAFE_NO_PAD.decode(token()).unwrap();
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            let read = Links::read(&URL_SAFE_NO_PAD.encode(other)).unwrap();
            assert!(!links().proves(Purpose::Reset, &read, "bound", at(8)), "{place}");
        }
        for text in ["", "AAAA", "not base64!", &"A".repeat(300)] {
            assert_eq!(Links::read(text), None, "{text}");
        }
    }
}
