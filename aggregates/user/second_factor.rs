//! A user's second factor: what proves it, and what is used up by a proof.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::UserError;
use crate::values::{BackupCodeHash, Timestamp, TotpSecret};

/// The second factor of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// What the user has.
    pub factor: Factor,
    /// The keyed digests of the back-up codes that are left.
    pub backup_codes: BTreeSet<BackupCodeHash>,
    /// The number of wrong codes since the last right one, or since the last ban.
    pub wrong_codes: u32,
    /// Until when no code is accepted.
    pub banned_until: Option<Timestamp>,
}

/// The kinds of second factors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// A device that shows one-time codes.
    Totp(Totp),
}

/// A device that shows one-time codes by the time (RFC 6238).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totp {
    /// The secret.
    pub secret: TotpSecret,
    /// The time step of the last code that was used. Codes of this step and of earlier ones are void.
    pub last_step: i64,
}

/// What a user shows to prove their second factor. Somebody with the secret has verified it.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// A one-time code.
    Totp {
        /// The secret against which the code was verified. If the user has another one now, the proof is void.
        verified: TotpSecret,
        /// The time step of the code.
        step: i64,
    },
    /// A back-up code.
    BackupCode(BackupCodeHash),
}

/// What a proof uses up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Used {
    /// The one-time codes up to a time step.
    Totp {
        /// The step.
        step: i64,
    },
    /// A back-up code.
    BackupCode {
        /// Its keyed digest.
        hash: BackupCodeHash,
    },
}

/// How many wrong codes are too many, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// This many wrong codes are too many; at least 1.
    pub wrong_codes: u32,
    /// How long no code is accepted then.
    pub ban: Duration,
}

impl SecondFactor {
    /// A TOTP that was confirmed by a code of this time step.
    pub(super) fn of_totp(secret: TotpSecret, step: i64, backup_codes: Vec<BackupCodeHash>) -> Self {
        Self {
            factor: Factor::Totp(Totp {
                secret,
                last_step: step,
            }),
            backup_codes: backup_codes.into_iter().collect(),
            wrong_codes: 0,
            banned_until: None,
        }
    }

    /// `Banned` if no code is accepted now.
    pub fn must_not_be_banned(&self, now: Timestamp) -> Result<(), UserError> {
        match self.banned_until {
            Some(until) if now < until => Err(UserError::Banned { until }),
            Some(_) | None => Ok(()),
        }
    }

    /// What a proof uses up, if it is one now. Each code proves something once.
    pub fn judge(&self, proof: &Proof, now: Timestamp) -> Result<Used, UserError> {
        self.must_not_be_banned(now)?;
        let used = match (&self.factor, proof) {
            (Factor::Totp(totp), Proof::Totp { verified, step }) => {
                let is_new = totp.secret == *verified && *step > totp.last_step;
                is_new.then_some(Used::Totp { step: *step })
            }
            (_, Proof::BackupCode(hash)) => self
                .backup_codes
                .contains(hash)
                .then(|| Used::BackupCode { hash: hash.clone() }),
        };
        used.ok_or(UserError::WrongCode)
    }

    /// Until when no code is accepted if another wrong one comes; `None` if this would not be too many.
    pub(super) fn ban_by_another(&self, limit: Limit, now: Timestamp) -> Option<Timestamp> {
        (self.wrong_codes + 1 >= limit.wrong_codes).then(|| now.plus(limit.ban))
    }

    pub(super) fn use_up(&mut self, used: &Used) {
        (self.wrong_codes, self.banned_until) = (0, None);
        match (used, &mut self.factor) {
            (Used::Totp { step }, Factor::Totp(totp)) => totp.last_step = *step,
            (Used::BackupCode { hash }, _) => drop(self.backup_codes.remove(hash)),
        }
    }

    pub(super) fn refuse(&mut self, banned_until: Option<Timestamp>) {
        self.wrong_codes = match banned_until {
            Some(_) => 0,
            None => self.wrong_codes.saturating_add(1),
        };
        self.banned_until = banned_until;
    }
}

impl super::User {
    pub(super) fn change_second_factor(&mut self, change: impl FnOnce(&mut SecondFactor)) {
        if let Some(factor) = &mut self.second_factor {
            change(factor);
        }
    }

    /// The user has no password here any more.
    pub(super) fn lose_password(&mut self) {
        self.password_hash = None;
        self.earlier_passwords.clear();
        self.must_change_password = false;
    }

    pub(super) fn lose_second_factor(&mut self) {
        self.offered_totp = None;
        self.second_factor = None;
    }

    /// The user's second factor, or `SecondFactorMissing`.
    pub(super) fn must_have_second_factor(&self) -> Result<&SecondFactor, UserError> {
        self.must_exist()?;
        self.second_factor.as_ref().ok_or(UserError::SecondFactorMissing)
    }
}
