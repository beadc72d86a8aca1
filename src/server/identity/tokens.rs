//! Tokens: JWTs (RFC 7519) signed with EdDSA (RFC 8037). The ledger stores their fingerprints.

mod small;

use std::{
    hash::{BuildHasherDefault, Hasher},
    sync::atomic::{AtomicUsize, Ordering},
};

use aggregates::values::{AccountId, Audience, Ordinal, SessionId, Timestamp, TokenFingerprint, UserId};
use authorization::Authorization;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) use small::{SmallAccess, SmallRefresh, SmallTokens};

use super::Audiences;

/// How many verified tokens are remembered. Then the memory is emptied, and tokens are verified again.
const REMEMBERED: usize = 200_000;

/// Signs and verifies the tokens of one ledger.
pub struct Tokens {
    issuer: String,
    key_id: String,
    public: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// Digests of the tokens whose signature this process has verified.
    verified: papaya::HashSet<[u8; 32], BuildHasherDefault<DigestHasher>>,
    remembered: AtomicUsize,
}

/// The hash of a digest is a part of the digest. The set holds only digests of tokens that this server signed, so an
/// attacker cannot choose them.
#[derive(Clone, Copy, Debug, Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The registered claims of a token (RFC 7519 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenClaims {
    /// The ledger that issued it.
    pub iss: String,
    /// The user, as the API names users.
    pub sub: Sub,
    /// The name by which the user logs in, if the API has it in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether somebody else's identity provider has proved the user, if the API has it in tokens (contracts/os2iot.md section 1.1).
    #[serde(rename = "isKombit", default, skip_serializing_if = "Option::is_none")]
    pub is_kombit: Option<bool>,
    /// The API that accepts the token.
    pub aud: Audience,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it expires, in seconds.
    pub exp: i64,
    /// The session.
    pub jti: SessionId,
}

/// How a token names its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sub {
    /// By the id.
    User(UserId),
    /// By the number of their account on the os2iot face.
    Account(Ordinal),
}

impl Sub {
    /// The user, if there is one.
    pub fn user(self, authorization: &Authorization) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Account(number) => authorization.user_of_account(AccountId::of(number)),
        }
    }
}

/// What the tokens of the os2iot face say of their user.
#[derive(Clone, Debug)]
pub struct AccountInToken {
    /// The number of the account.
    pub number: Ordinal,
    /// The name by which the user logs in.
    pub username: String,
}

/// What a token says, on some faces.
#[derive(Clone, Debug, Default)]
pub struct InToken {
    /// The account of the user, on a face that names users by it.
    pub account: Option<AccountInToken>,
    /// The URL of this server, on a face whose tokens name it as the issuer; otherwise the id of the ledger is the issuer.
    pub issuer: Option<String>,
}

impl InToken {
    /// A token names the account of its user.
    pub fn of_account(account: Option<AccountInToken>) -> Self {
        Self {
            account,
            issuer: None,
        }
    }

    /// A token names the URL of its issuer.
    pub fn by(issuer: impl Into<String>) -> Self {
        Self {
            account: None,
            issuer: Some(issuer.into()),
        }
    }
}

/// Why no token could be signed.
#[derive(Debug, thiserror::Error)]
#[error("a token cannot be signed")]
pub struct SigningError;

impl Tokens {
    /// The tokens of the ledger `issuer`, signed with `key`.
    pub fn new(issuer: &str, key: &SigningKey) -> Result<Self, SigningError> {
        let public = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        // The thumbprint of RFC 7638 (for this key type: RFC 8037 appendix A.3).
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#));
        let private = key.to_pkcs8_der().map_err(|_| SigningError)?;
        Ok(Self {
            issuer: issuer.to_owned(),
            key_id: URL_SAFE_NO_PAD.encode(thumbprint),
            decoding: DecodingKey::from_ed_components(&public).map_err(|_| SigningError)?,
            encoding: EncodingKey::from_ed_der(private.as_bytes()),
            public,
            verified: papaya::HashSet::default(),
            remembered: AtomicUsize::new(0),
        })
    }

    /// Signs a token. The token is valid once the ledger has its fingerprint.
    pub fn sign(
        &self,
        session: SessionId,
        user: UserId,
        in_token: &InToken,
        face: Audience,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(String, TokenFingerprint), SigningError> {
        let account = in_token.account.as_ref();
        let claims = TokenClaims {
            iss: in_token.issuer.as_ref().unwrap_or(&self.issuer).clone(),
            sub: account.map_or(Sub::User(user), |account| Sub::Account(account.number)),
            username: account.map(|account| account.username.clone()),
            is_kombit: account.map(|_| false),
            aud: face,
            iat: issued_at.seconds(),
            exp: expires_at.seconds(),
            jti: session,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|_| SigningError)?;
        let fingerprint = TokenFingerprint::from_digest(digest(&token));
        Ok((token, fingerprint))
    }

    /// The ledger whose tokens these are.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs a document that is no token. Its type tells it from tokens.
    pub fn sign_document(
        &self,
        document_type: &str,
        claims: &impl Serialize,
    ) -> Result<String, SigningError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(document_type.to_owned());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| SigningError)
    }

    /// Whether this process has verified the signature of the token with this digest.
    pub fn is_verified(&self, digest: &[u8; 32]) -> bool {
        self.verified.pin().contains(digest)
    }

    /// The claims of a token, if this server signed it, its claims are well-formed, and it is for one of the audiences. The session says whether
    /// the token has expired or was revoked.
    pub fn verify(&self, token: &str, digest: &[u8; 32], audiences: Audiences) -> Option<TokenClaims> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&audiences.names());
        // A number as `sub` would count as missing. A token without `sub` is not read.
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The session checks the expiry against the injected clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<TokenClaims>(token, &self.decoding, &validation)
            .ok()?
            .claims;
        // The URL of this server may change, and the key and the fingerprint say whose token it is.
        if claims.aud != Audience::Coiote && claims.iss != self.issuer {
            return None;
        }
        self.remember(digest);
        Some(claims)
    }

    /// Notes that this process has verified the signature of the token with this digest.
    pub(crate) fn remember(&self, digest: &[u8; 32]) {
        let verified = self.verified.pin();
        if self.remembered.fetch_add(1, Ordering::Relaxed) >= REMEMBERED {
            verified.clear();
            self.remembered.store(0, Ordering::Relaxed);
        }
        verified.insert(*digest);
    }

    /// The id of the public key, which is its thumbprint, and the key in base64url.
    pub fn public(&self) -> (&str, &str) {
        (&self.key_id, &self.public)
    }

    /// The public key as a JSON Web Key Set (RFC 7517 section 5).
    pub fn key_set(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": self.public, "use": "sig", "alg": "EdDSA", "kid": self.key_id,
        }]})
    }
}

/// The SHA-256 of a token's text.
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(issuer: &str, seed: u8) -> Tokens {
        Tokens::new(issuer, &SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    fn token_of(tokens: &Tokens) -> String {
        let (session, user) = (
            SessionId(uuid::Uuid::from_u128(1)),
            UserId(uuid::Uuid::from_u128(2)),
        );
        let (from, to) = (Timestamp::from_micros(0), Timestamp::from_micros(3_600_000_000));
        tokens
            .sign(
                session,
                user,
                &InToken::default(),
                Audience::Connectware,
                from,
                to,
            )
            .unwrap()
            .0
    }

    fn verifies(tokens: &Tokens, token: &str) -> bool {
        tokens
            .verify(token, &digest(token), Audiences::One(Audience::Connectware))
            .is_some()
    }

    #[test]
    fn a_token_verifies_where_it_was_issued_and_is_remembered() {
        let ours = tokens("ledger", 1);
        let token = token_of(&ours);
        assert!(!ours.is_verified(&digest(&token)));
        assert!(verifies(&ours, &token));
        assert!(ours.is_verified(&digest(&token)));
    }

    #[test]
    fn a_token_of_os2iot_names_the_account() {
        let ours = tokens("ledger", 1);
        let (session, user) = (
            SessionId(uuid::Uuid::from_u128(1)),
            UserId(uuid::Uuid::from_u128(2)),
        );
        let (from, to) = (Timestamp::from_micros(0), Timestamp::from_micros(3_600_000_000));
        let account = AccountInToken {
            number: Ordinal::FIRST,
            username: "ada@example.org".to_owned(),
        };
        let token = ours
            .sign(
                session,
                user,
                &InToken::of_account(Some(account)),
                Audience::Os2iot,
                from,
                to,
            )
            .unwrap()
            .0;
        let payload = token.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert_eq!((&claims["sub"], &claims["isKombit"]), (&json!(1), &json!(false)));
        assert_eq!(claims["username"], "ada@example.org");
        let verified = ours
            .verify(&token, &digest(&token), Audiences::One(Audience::Os2iot))
            .unwrap();
        assert!(ours.verify(&token, &digest(&token), Audiences::Any).is_some());
        assert_eq!(
            (verified.sub, verified.jti),
            (Sub::Account(Ordinal::FIRST), session)
        );
        assert!(!verifies(&ours, &token), "another audience");
    }

    #[test]
    fn a_token_of_another_server_does_not_verify() {
        assert!(
            !verifies(&tokens("ledger", 1), &token_of(&tokens("ledger", 2))),
            "another key"
        );
        assert!(
            !verifies(&tokens("ledger", 1), &token_of(&tokens("other", 1))),
            "another ledger"
        );
    }

    #[test]
    fn neither_alg_none_nor_an_hmac_under_the_public_key_verifies() {
        let ours = tokens("ledger", 1);
        let token = token_of(&ours);
        let claims = token.split('.').nth(1).unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert!(!verifies(&ours, &format!("{none}.{claims}.")));
        let key = URL_SAFE_NO_PAD.decode(&ours.public).unwrap();
        let claims: TokenClaims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let confused = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(&key),
        )
        .unwrap();
        assert!(!verifies(&ours, &confused));
    }

    #[test]
    fn one_changed_character_anywhere_is_noticed() {
        let ours = tokens("ledger", 1);
        let token = token_of(&ours);
        for at in 0..token.len() - 1 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            if changed != token {
                assert!(!verifies(&ours, &changed), "position {at}");
            }
        }
    }
}
