//! The codes of second factors: one-time codes by the time (RFC 6238), and back-up codes.

use aggregates::{
    user::second_factor::{Factor, Proof, SecondFactor, Totp},
    values::{BackupCodeHash, Invalid, Timestamp, TotpSecret, UserId},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use ledger::ids::Entropy;
use totp_rs::{Builder, Secret};
use zeroize::Zeroizing;

use super::hmac;
use crate::app::App;

/// How many back-up codes a user gets.
const BACKUP_CODES: usize = 10;
/// The random bytes of a back-up code.
const BACKUP_CODE_BYTES: usize = 10;
/// The characters of a back-up code, without the hyphens, and how many stand together.
const BACKUP_CODE_CHARACTERS: usize = 16;
const GROUP: usize = 4;
/// The random bytes of a TOTP's secret: as long as the digest (RFC 4226 section 4).
const SECRET_BYTES: usize = 20;
/// The digits of a one-time code.
const DIGITS: usize = 6;

/// A code that somebody typed, in the form of one. `Debug` does not show it.
#[derive(Clone)]
pub enum Typed {
    /// A one-time code.
    Code(Zeroizing<String>),
    /// A back-up code.
    BackupCode(Zeroizing<String>),
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Typed(..)")
    }
}

impl Typed {
    /// Reads the one of two texts that was sent.
    pub fn of(code: Option<&str>, backup_code: Option<&str>) -> Result<Self, Invalid> {
        match (code, backup_code) {
            (Some(code), None) => Self::code(code).map(Self::Code),
            (None, Some(code)) => {
                let typed = code.chars().filter(|c| *c != '-' && !c.is_whitespace());
                let typed: Zeroizing<String> = Zeroizing::new(typed.collect::<String>().to_ascii_lowercase());
                let is_one = typed.len() == BACKUP_CODE_CHARACTERS && typed.is_ascii();
                is_one.then_some(Self::BackupCode(typed)).ok_or(Invalid {
                    what: "backupCode",
                    rule: "must have 16 characters, besides hyphens",
                })
            }
            (Some(_), Some(_)) | (None, None) => Err(Invalid {
                what: "otp, backupCode",
                rule: "send exactly one of the two",
            }),
        }
    }

    /// Reads a one-time code. People may type spaces in it.
    pub fn code(code: &str) -> Result<Zeroizing<String>, Invalid> {
        let typed: Zeroizing<String> = Zeroizing::new(code.chars().filter(|c| !c.is_whitespace()).collect());
        let is_one = typed.len() == DIGITS && typed.bytes().all(|digit| digit.is_ascii_digit());
        is_one.then_some(typed).ok_or(Invalid {
            what: "otp",
            rule: "must have six digits",
        })
    }

    /// What the text proves about this factor, if the state of the user agrees; `None` if it can prove nothing.
    pub(super) fn proof(
        &self,
        app: &App,
        user: UserId,
        factor: &SecondFactor,
        now: Timestamp,
    ) -> Option<Proof> {
        match self {
            Self::Code(code) => {
                let Factor::Totp(Totp { secret, .. }) = &factor.factor;
                let step = step_of(secret, code, now)?;
                Some(Proof::Totp {
                    verified: secret.clone(),
                    step,
                })
            }
            Self::BackupCode(code) => {
                let hash = app.second_factors().hash(user, code);
                factor
                    .backup_codes
                    .contains(&hash)
                    .then_some(Proof::BackupCode(hash))
            }
        }
    }
}

/// Back-up codes as the user gets them, once.
pub struct BackupCodes(Vec<Zeroizing<String>>);

impl BackupCodes {
    /// Random codes.
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let code = |_| {
            let mut bytes = Zeroizing::new([0; BACKUP_CODE_BYTES]);
            entropy.fill(bytes.as_mut_slice());
            let text = Zeroizing::new(base32(bytes.as_slice()).to_ascii_lowercase());
            let characters: Vec<char> = text.chars().collect();
            let groups: Vec<String> = characters
                .chunks(GROUP)
                .map(|group| group.iter().collect())
                .collect();
            Zeroizing::new(groups.join("-"))
        };
        Self((0..BACKUP_CODES).map(code).collect())
    }

    /// The codes, for the answer to the user.
    pub fn texts(&self) -> Vec<&str> {
        self.0.iter().map(|code| code.as_str()).collect()
    }

    /// What the ledger keeps of them.
    pub(super) fn hashes(&self, app: &App, user: UserId) -> Vec<BackupCodeHash> {
        let plain = |code: &Zeroizing<String>| Zeroizing::new(code.replace('-', ""));
        let hash = |code| app.second_factors().hash(user, &plain(code));
        self.0.iter().map(hash).collect()
    }
}

/// A random secret for a TOTP.
pub(super) fn new_secret(entropy: &dyn Entropy) -> TotpSecret {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    entropy.fill(bytes.as_mut_slice());
    TotpSecret::new(base32(bytes.as_slice()))
}

/// The time step of a one-time code: of now, of the step before, or of the step after.
pub(super) fn step_of(secret: &TotpSecret, code: &str, now: Timestamp) -> Option<i64> {
    let secret = Secret::try_from_base32(secret.as_str()).ok()?;
    // SHA-1, six digits, steps of 30 seconds and a skew of one step.
    let totp = Builder::new().with_secret(secret).build().ok()?;
    let step = totp.check(code, u64::try_from(now.seconds()).ok()?)?;
    i64::try_from(step).ok()
}

/// The keyed digest of a back-up code without hyphens.
pub(super) fn hash(key: &[u8; 32], user: UserId, code: &str) -> BackupCodeHash {
    let mac = hmac(key).chain_update(user.0.as_bytes());
    let digest = mac.chain_update(code).finalize();
    BackupCodeHash::new(URL_SAFE_NO_PAD.encode(digest.into_bytes()))
}

fn base32(bytes: &[u8]) -> String {
    Secret::new(bytes.into()).to_base32()
}

#[cfg(test)]
mod tests {
    use ledger::ids::SystemEntropy;

    use super::*;

    /// The secret of RFC 6238, appendix B: `12345678901234567890`.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let secret = TotpSecret::new(RFC);
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(
                step_of(&secret, code, at(seconds)),
                Some(seconds / 30),
                "{seconds}"
            );
        }
    }

    #[test]
    fn a_clock_may_be_wrong_by_one_step() {
        let secret = TotpSecret::new(RFC);
        // The code of step 1.
        for (seconds, is_right) in [(0, true), (30, true), (60, true), (89, true), (90, false)] {
            let step = step_of(&secret, "287082", at(seconds));
            assert_eq!(step, is_right.then_some(1), "{seconds}");
        }
    }

    #[test]
    fn a_new_secret_is_long_enough_and_another_each_time() {
        let [one, other] = [0; 2].map(|_| new_secret(&SystemEntropy));
        assert_eq!(one.as_str().len(), 32);
        assert_ne!(one, other);
        assert!(step_of(&one, "000000", at(0)).is_none_or(|step| step <= 1));
    }

    #[test]
    fn back_up_codes_are_ten_and_typed_as_people_type() {
        let codes = BackupCodes::new(&SystemEntropy);
        let texts = codes.texts();
        assert_eq!(texts.len(), 10);
        for text in texts {
            assert_eq!((text.len(), text.matches('-').count()), (19, 3), "{text}");
            let typed = [
                text.to_owned(),
                text.to_uppercase(),
                text.replace('-', " "),
                text.replace('-', ""),
            ];
            for typed in typed {
                let Ok(Typed::BackupCode(read)) = Typed::of(None, Some(&typed)) else {
                    panic!("{typed}");
                };
                assert_eq!(*read, text.replace('-', ""));
            }
        }
    }

    #[test]
    fn a_code_is_one_of_two_and_in_its_form() {
        assert!(Typed::of(Some("123 456"), None).is_ok());
        for (code, backup) in [
            (None, None),
            (Some("123456"), Some("aaaaaaaaaaaaaaaa")),
            (Some("12345"), None),
            (Some("1234567"), None),
            (Some("+12345"), None),
            (Some("１２３４５６"), None),
            (None, Some("aaaa")),
            (None, Some("")),
        ] {
            assert!(Typed::of(code, backup).is_err(), "{code:?} {backup:?}");
        }
    }

    #[test]
    fn a_digest_depends_on_the_key_the_user_and_the_code() {
        let user = |n| UserId(uuid::Uuid::from_u128(n));
        let one = hash(&[1; 32], user(1), "a");
        assert_eq!(hash(&[1; 32], user(1), "a"), one);
        for other in [
            hash(&[2; 32], user(1), "a"),
            hash(&[1; 32], user(2), "a"),
            hash(&[1; 32], user(1), "b"),
        ] {
            assert_ne!(other, one);
        }
    }
}
