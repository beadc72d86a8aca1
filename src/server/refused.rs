//! From the errors of the crates below to refusals.

use aggregates::{
    DomainError, claim, role::RoleError, session::SessionError, user::UserError, values::Invalid,
};
use ledger::{ExecuteError, LedgerError, PastError};

use crate::{
    app::Stale,
    identity::{IdentityError, passwords::HashingError, policy::PolicyViolation},
    refusal::{Refusal, RefusalKind, TOO_MANY},
};

impl From<Invalid> for Refusal {
    fn from(error: Invalid) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<PolicyViolation> for Refusal {
    fn from(error: PolicyViolation) -> Self {
        Self::new(RefusalKind::Invalid, "password_policy", error.to_string())
    }
}

impl From<HashingError> for Refusal {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Self::later(RefusalKind::TooManyRequests, "busy", error.to_string()),
            HashingError::Failed => Self::unavailable().because(error),
        }
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::BadCredentials => Self::bad_credentials(),
            IdentityError::Hashing(error) => error.into(),
            IdentityError::Signing(error) => Self::unavailable().because(error),
            IdentityError::Ledger(error) => error.into(),
            IdentityError::Execute(error) => error.into(),
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        Self::unavailable().because(error)
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
            ExecuteError::Domain { error, .. } => error.into(),
            ExecuteError::Refused(refusal) => refusal.into(),
            unavailable @ ExecuteError::Unavailable(_) => Self::unavailable().because(unavailable),
        }
    }
}

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::User(error) => error.into(),
            DomainError::Role(error) => error.into(),
            DomainError::Session(error) => error.into(),
            wrong @ DomainError::WrongAggregate(_) => Self::unavailable().because(wrong),
        }
    }
}

impl From<UserError> for Refusal {
    fn from(error: UserError) -> Self {
        let message = error.to_string();
        match error {
            UserError::NotFound
            | UserError::RoleNotHeld(_)
            | UserError::PermissionNotHeld
            | UserError::CertificateNotHeld => Self::new(RefusalKind::NotFound, "not_found", message),
            UserError::AlreadyExists | UserError::PermissionIdTaken | UserError::CertificateAlreadyHeld => {
                Self::conflict("conflict", message)
            }
            UserError::DuplicateGrantMethod
            | UserError::PublishPrefixInvalid
            | UserError::PasswordMissing
            | UserError::PasswordNotLocal => Self::invalid(message),
            UserError::PasswordNotCurrent => Self::conflict("conflict", message),
        }
    }
}

impl From<RoleError> for Refusal {
    fn from(error: RoleError) -> Self {
        let message = error.to_string();
        match error {
            RoleError::NotFound | RoleError::PermissionNotFound => {
                Self::new(RefusalKind::NotFound, "not_found", message)
            }
            RoleError::AlreadyExists | RoleError::PermissionIdTaken => Self::conflict("conflict", message),
            RoleError::ResourceNotAPath => Self::invalid(message),
            RoleError::Protected => Self::conflict("protected", message),
        }
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        let message = error.to_string();
        match error {
            SessionError::NotFound => Self::new(RefusalKind::NotFound, "not_found", message),
            SessionError::AlreadyExists => Self::conflict("conflict", message),
            SessionError::NeverValid => Self::invalid(message),
        }
    }
}

impl From<ledger::Refusal> for Refusal {
    fn from(refusal: ledger::Refusal) -> Self {
        match refusal {
            ledger::Refusal::Conflict { .. } => Self::unavailable(),
            ledger::Refusal::ClaimTaken(taken) => match taken.scope {
                claim::USERNAME => Self::conflict("username_taken", "the username is taken"),
                claim::ROLE_NAME => Self::conflict("role_name_taken", "the role name is taken"),
                claim::CERTIFICATE => {
                    Self::conflict("certificate_taken", "the certificate belongs to another user")
                }
                claim::SOLE_HOLDER => Self::conflict(
                    "role_not_shared",
                    format!("role {} is not shared, and another user holds it", taken.value),
                ),
                _ => Self::conflict("conflict", format!("the {} is taken", taken.scope)),
            },
            ledger::Refusal::ClaimMissing(missing) => match missing.scope {
                claim::SHARED_ROLE => Self::conflict(
                    "role_not_shared",
                    format!("role {} is no longer shared", missing.value),
                ),
                claim::ROLE => Self::invalid(format!("there is no role {}", missing.value)),
                claim::USER => Self::not_found("user"),
                _ => Self::invalid(format!("there is no such {}", missing.scope)),
            },
            ledger::Refusal::HeldBySeveral(_) => Self::conflict(
                "role_is_held",
                "several users hold this role: it must stay shared",
            ),
            ledger::Refusal::LastClaim(_) => Self::conflict(
                "last_administrator",
                "this would leave nobody who can log in with the role connectware-admin",
            ),
        }
    }
}
