//! Converts the errors of the crates below to refusals.

use aggregates::{Classified, DomainError, ErrorKind, values::Invalid};
use authorization::Lacking;
use ledger::{Cause, ClockOff, ExecuteError, LedgerError, PastError};

use crate::{
    app::Stale,
    defence::TooMany,
    identity::{
        IdentityError,
        passwords::{HashingError, NotSet, rules::RuleBroken},
        second_factor::CodeError,
    },
    refusal::{Refusal, RefusalKind, TOO_MANY},
};

impl From<Invalid> for Refusal {
    fn from(error: Invalid) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<RuleBroken> for Refusal {
    fn from(error: RuleBroken) -> Self {
        Self::new(RefusalKind::Invalid, error.code(), error.to_string())
    }
}

impl From<NotSet> for Refusal {
    fn from(error: NotSet) -> Self {
        match error {
            NotSet::Broken(error) => error.into(),
            NotSet::Hashing(error) => error.into(),
            // A rule that cannot be asked must not let a password through.
            NotSet::Blocklist(_) => {
                let message = "the list of passwords that must not be used cannot be read; try again later";
                Self::later(RefusalKind::Unavailable, "unavailable", message).because(error)
            }
        }
    }
}

impl From<HashingError> for Refusal {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Failed => Self::unavailable().because(error),
        }
    }
}

impl From<TooMany> for Refusal {
    fn from(error: TooMany) -> Self {
        Self::later(RefusalKind::TooManyRequests, error.code(), error.to_string())
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::BadCredentials => Self::bad_credentials(),
            error @ IdentityError::SecondFactorNeeded => Self::new(
                RefusalKind::Unauthenticated,
                "second_factor_needed",
                error.to_string(),
            ),
            IdentityError::Owes(duty) => {
                Self::new(RefusalKind::Unauthenticated, duty.code(), error.to_string())
            }
            error @ IdentityError::AttemptEnded => {
                Self::new(RefusalKind::Unauthenticated, "login_ended", error.to_string())
            }
            IdentityError::BadToken => Self::unauthenticated(),
            IdentityError::Code(error) => error.into(),
            error @ IdentityError::TooManySessions(_) => {
                Self::new(RefusalKind::Conflict, "too_many_sessions", error.to_string())
            }
            IdentityError::TooMany(error) => error.into(),
            IdentityError::Hashing(error) => error.into(),
            IdentityError::Signing(error) => Self::unavailable().because(error),
            IdentityError::Ledger(error) => error.into(),
            IdentityError::Database(error) => error.into(),
            IdentityError::Execute(error) => error.into(),
        }
    }
}

impl From<CodeError> for Refusal {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Wrong => Self::new(RefusalKind::Unauthenticated, "wrong_code", error.to_string()),
            CodeError::Banned { until, now } => {
                let seconds = until.micros().saturating_sub(now.micros()).max(0) / 1_000_000 + 1;
                let mut refusal = Self::new(
                    RefusalKind::TooManyRequests,
                    "too_many_wrong_codes",
                    error.to_string(),
                );
                refusal.retry_after = u32::try_from(seconds).ok();
                refusal
            }
            CodeError::Refused(error) => DomainError::from(error).into(),
            CodeError::Execute(error) => error.into(),
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::ClockOff(off) => off.into(),
            error => Self::unavailable().because(error),
        }
    }
}

impl From<ClockOff> for Refusal {
    fn from(off: ClockOff) -> Self {
        Self::later(RefusalKind::Unavailable, "clock", off.to_string())
    }
}

/// The clock of this node, if it is why commands had no effect.
fn off(cause: &Cause) -> Option<ClockOff> {
    match (**cause).downcast_ref::<LedgerError>() {
        Some(LedgerError::ClockOff(off)) => Some(*off),
        Some(_) | None => None,
    }
}

impl From<PastError> for Refusal {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Ledger(error) => error.into(),
            PastError::Replaying => Self::later(RefusalKind::Unavailable, "replaying", error.to_string()),
            refused @ PastError::TooMany(_) => Self::new(RefusalKind::Invalid, TOO_MANY, refused.to_string()),
            refused => Self::invalid(refused.to_string()),
        }
    }
}

impl From<Stale> for Refusal {
    fn from(error: Stale) -> Self {
        Self::later(RefusalKind::Unavailable, "stale", error.to_string())
    }
}

impl From<projections::sql::Error> for Refusal {
    fn from(error: projections::sql::Error) -> Self {
        Self::unavailable().because(error)
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::unavailable().because(error)
    }
}

impl From<ExecuteError> for Refusal {
    fn from(error: ExecuteError) -> Self {
        match error {
            // Without a caller, nobody knows whether the client may see what a user holds.
            ExecuteError::NotHeld { lacking, .. } => match lacking.shows() {
                Some(user) => Self::new(
                    RefusalKind::Forbidden,
                    lacking.code(),
                    Lacking::without_rights(user),
                ),
                None => Self::of(lacking),
            },
            ExecuteError::Unavailable(cause) => match off(&cause) {
                Some(off) => off.into(),
                None => Self::of(ExecuteError::Unavailable(cause)),
            },
            error => Self::of(error),
        }
    }
}

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        Self::of(error)
    }
}

impl Refusal {
    /// The kind of the error decides the kind of the refusal.
    fn of(error: impl Classified + Send + Sync + 'static) -> Self {
        let kind = match error.kind() {
            ErrorKind::NotFound => RefusalKind::NotFound,
            ErrorKind::Invalid => RefusalKind::Invalid,
            ErrorKind::Forbidden => RefusalKind::Forbidden,
            ErrorKind::Conflict | ErrorKind::Protected => RefusalKind::Conflict,
            ErrorKind::TooMany => RefusalKind::TooManyRequests,
            ErrorKind::Unavailable | ErrorKind::Fault => return Self::unavailable().because(error),
        };
        Self::new(kind, error.code(), error.to_string())
    }
}
