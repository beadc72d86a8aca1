//! Small tokens, for a face whose clients do not read long answers (contracts/nx.md section 0): JWTs with few claims, by HS256. The keys are
//! of the face alone, so no key set shows them.
//!
//! An access token is a session like any other: the ledger has its fingerprint. A refresh token is named by its sign-in and its generation, so
//! the same one can be signed again.

use aggregates::values::{Audience, SessionId, SignInId, Timestamp, TokenFingerprint, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{SigningError, digest};

/// Signs and verifies the small tokens of one ledger.
pub(crate) struct SmallTokens {
    access: Key,
    refresh: Key,
}

/// An access token that this server signed. The session says whether it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SmallAccess {
    /// The user.
    pub(crate) user: UserId,
    /// When it expires, in seconds.
    pub(crate) exp: i64,
}

/// A refresh token that this server signed. The sign-in says whether it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SmallRefresh {
    /// The sign-in.
    pub(crate) sign_in: SignInId,
    /// How often the refresh token of the sign-in was replaced before.
    pub(crate) generation: u32,
    /// When it expires, in seconds.
    pub(crate) exp: i64,
}

#[derive(Clone, Serialize, Deserialize)]
struct AccessClaims {
    sub: UserId,
    exp: i64,
    jti: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct RefreshClaims {
    exp: i64,
    jti: String,
}

struct Key {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    fn of(secret: &[u8; 32]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }

    fn sign(&self, claims: &impl Serialize) -> Result<String, SigningError> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = None;
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| SigningError)
    }

    fn verify<C: DeserializeOwned + Clone>(&self, token: &str) -> Option<C> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp"]);
        // The ledger checks the expiry against the injected clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let verified = jsonwebtoken::decode::<C>(token, &self.decoding, &validation);
        verified.ok().map(|verified| verified.claims)
    }
}

impl SmallTokens {
    /// The face whose tokens are small.
    pub(crate) const FACE: Audience = Audience::Nx;

    /// The keys of a ledger. All nodes derive the same ones.
    pub(crate) fn new(ledger: &ledger::Ledger) -> Self {
        Self::of(
            &ledger.present_key_for("access tokens of nx"),
            &ledger.present_key_for("refresh tokens of nx"),
        )
    }

    fn of(access: &[u8; 32], refresh: &[u8; 32]) -> Self {
        Self {
            access: Key::of(access),
            refresh: Key::of(refresh),
        }
    }

    /// Signs an access token. It is valid once the ledger has its fingerprint.
    pub(crate) fn access(
        &self,
        session: SessionId,
        user: UserId,
        expires_at: Timestamp,
    ) -> Result<(String, TokenFingerprint), SigningError> {
        let claims = AccessClaims {
            sub: user,
            exp: expires_at.seconds(),
            jti: URL_SAFE_NO_PAD.encode(short(session)),
        };
        let token = self.access.sign(&claims)?;
        let fingerprint = TokenFingerprint::from_digest(digest(&token));
        Ok((token, fingerprint))
    }

    /// Signs a refresh token. The same arguments give the same token.
    pub(crate) fn refresh(
        &self,
        sign_in: SignInId,
        generation: u32,
        expires_at: Timestamp,
    ) -> Result<String, SigningError> {
        self.refresh.sign(&RefreshClaims {
            exp: expires_at.seconds(),
            jti: URL_SAFE_NO_PAD.encode(sign_in.refresh_token(generation).as_bytes()),
        })
    }

    /// The access token, if this server signed it.
    pub(crate) fn verify_access(&self, token: &str) -> Option<SmallAccess> {
        let AccessClaims { sub, exp, .. } = self.access.verify(token)?;
        Some(SmallAccess { user: sub, exp })
    }

    /// The refresh token, if this server signed it.
    pub(crate) fn verify_refresh(&self, token: &str) -> Option<SmallRefresh> {
        let RefreshClaims { exp, jti } = self.refresh.verify(token)?;
        let name = URL_SAFE_NO_PAD.decode(jti).ok()?;
        let (sign_in, generation) = SignInId::of_refresh_token(Uuid::from_slice(&name).ok()?);
        Some(SmallRefresh {
            sign_in,
            generation,
            exp,
        })
    }
}

/// Eight bytes that tell the access tokens of a user apart: the first half of the sign-in, and the number of the token in its last bytes.
fn short(session: SessionId) -> [u8; 8] {
    let (first, second) = session.0.as_u64_pair();
    (first ^ (second & u64::from(u32::MAX))).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn tokens() -> SmallTokens {
        SmallTokens::of(&[1; 32], &[2; 32])
    }

    fn sign_in() -> SignInId {
        SignInId::of(Uuid::from_u128(0x0123_4567_89ab_4cde_8f01_2345_6789_abcd))
    }

    fn user() -> UserId {
        UserId(Uuid::from_u128(7))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    #[test]
    fn tokens_come_back_as_they_were() {
        let (token, fingerprint) = tokens().access(sign_in().session(1), user(), at(9)).unwrap();
        assert_eq!(fingerprint.digest(), digest(&token));
        let access = SmallAccess { user: user(), exp: 9 };
        assert_eq!(tokens().verify_access(&token), Some(access));
        for generation in [0, 1, u32::MAX] {
            let token = tokens().refresh(sign_in(), generation, at(9)).unwrap();
            assert_eq!(token, tokens().refresh(sign_in(), generation, at(9)).unwrap());
            let refresh = SmallRefresh {
                sign_in: sign_in(),
                generation,
                exp: 9,
            };
            assert_eq!(tokens().verify_refresh(&token), Some(refresh));
        }
    }

    #[test]
    fn neither_token_stands_for_the_other() {
        let (access, _) = tokens().access(sign_in().session(1), user(), at(9)).unwrap();
        let refresh = tokens().refresh(sign_in(), 0, at(9)).unwrap();
        assert_eq!(tokens().verify_access(&refresh), None);
        assert_eq!(tokens().verify_refresh(&access), None);
    }

    #[test]
    fn tokens_of_other_keys_and_changed_ones_do_not_verify() {
        let (access, _) = tokens().access(sign_in().session(1), user(), at(9)).unwrap();
        let refresh = tokens().refresh(sign_in(), 0, at(9)).unwrap();
        let other = SmallTokens::of(&[3; 32], &[4; 32]);
        assert_eq!(other.verify_access(&access), None);
        assert_eq!(other.verify_refresh(&refresh), None);
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        for token in [&access, &refresh] {
            let claims = token.split('.').nth(1).unwrap();
            let unsigned = format!("{none}.{claims}.");
            assert_eq!(tokens().verify_access(&unsigned), None);
            assert_eq!(tokens().verify_refresh(&unsigned), None);
            for at in 0..token.len() - 1 {
                let mut bytes = token.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(bytes).unwrap();
                if changed != *token {
                    assert_eq!(tokens().verify_access(&changed), None, "position {at}");
                    assert_eq!(tokens().verify_refresh(&changed), None, "position {at}");
                }
            }
        }
    }

    #[test]
    fn access_tokens_of_one_second_differ() {
        let issued = (1..200).map(|number| {
            let (token, _) = tokens().access(sign_in().session(number), user(), at(9)).unwrap();
            token
        });
        assert_eq!(issued.collect::<BTreeSet<String>>().len(), 199);
    }

    #[test]
    fn both_tokens_fit_into_an_answer_of_400_bytes() {
        let (access, _) = tokens()
            .access(sign_in().session(u32::MAX), user(), at(9_999_999_999))
            .unwrap();
        let refresh = tokens().refresh(sign_in(), u32::MAX, at(9_999_999_999)).unwrap();
        let body = serde_json::json!({ "AccessToken": access, "RefreshToken": refresh }).to_string();
        assert!(body.len() < 350, "{}", body.len());
    }
}
