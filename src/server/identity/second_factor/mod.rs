//! Second factors: enrolment, codes, and the attempt to log in that waits for a code.

mod attempt;
mod check;
mod codes;
mod enrol;
mod uri;

use aggregates::values::{Audience, BackupCodeHash, UserId};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub(super) use attempt::Attempt;
pub use check::CodeError;
pub(super) use check::{Checked, check, leave, of_state};
pub use codes::{BackupCodes, Typed};
pub use enrol::{Offer, disable, enrol, offer, replace_backup_codes, replace_backup_codes_of};

/// The keys for second factors. All nodes derive the same ones.
pub(crate) struct SecondFactors {
    attempts: Zeroizing<[u8; 32]>,
    backup_codes: Zeroizing<[u8; 32]>,
}

impl SecondFactors {
    /// The keys of a ledger.
    pub(crate) fn new(ledger: &ledger::Ledger) -> Self {
        Self {
            attempts: ledger.present_key_for("attempts to log in"),
            backup_codes: ledger.lasting_key_for("back-up codes"),
        }
    }

    /// What names an attempt to log in.
    pub(super) fn handle(&self, attempt: &Attempt, audience: Audience) -> String {
        attempt.signed(&self.attempts, audience)
    }

    /// The attempt with this name, if this server gave it. It may have ended.
    pub(super) fn attempt(&self, handle: &str, audience: Audience) -> Option<Attempt> {
        Attempt::verified(&self.attempts, audience, handle)
    }

    /// What the ledger keeps of a back-up code.
    fn hash(&self, user: UserId, code: &str) -> BackupCodeHash {
        codes::hash(&self.backup_codes, user, code)
    }
}

/// HMAC-SHA-256 under a key of 32 bytes.
pub(crate) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC takes a key of 64 bytes as it is, and shorter ones with zeros behind them.
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    Hmac::new(&block.into())
}
