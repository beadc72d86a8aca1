//! Checks a code that a user typed, and counts it if it is wrong.

use aggregates::{
    Command, DomainError,
    user::{
        User, UserCommand, UserError,
        second_factor::{Limit, Proof},
    },
    values::{Timestamp, UserId},
};
use ledger::{ExecuteError, Metadata};

use super::Typed;
use crate::{app::App, evidence::Evidence};

/// Why a code proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The code is wrong, or was used before.
    #[error("the code is wrong, or was used before")]
    Wrong,
    /// There were too many wrong codes.
    #[error("there were too many wrong codes: no code is accepted for a while")]
    Banned {
        /// Until when.
        until: Timestamp,
        /// The time.
        now: Timestamp,
    },
    /// The user refuses the command for another reason.
    #[error(transparent)]
    Refused(UserError),
    /// The code cannot be counted, or the user cannot be read.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

/// A code that proves the second factor, if nobody else uses it meanwhile: the command decides that.
pub(in super::super) struct Checked {
    pub(in super::super) proof: Proof,
    pub(in super::super) now: Timestamp,
}

/// Checks a code against the state of a user, who has proved something else before. A wrong code is counted.
pub(in super::super) async fn check(
    app: &App,
    user: UserId,
    state: &User,
    typed: &Typed,
    metadata: &Metadata,
) -> Result<Checked, CodeError> {
    let checked = compare(app, user, state, typed, metadata).await;
    if let Err(error) = &checked {
        leave(user, error);
    }
    checked
}

/// Leaves evidence of a code that was refused.
pub(in super::super) fn leave(user: UserId, error: &CodeError) {
    match error {
        CodeError::Wrong => Evidence::second_factor(user, "wrong_code").leave(),
        CodeError::Banned { .. } => Evidence::second_factor(user, "too_many_wrong_codes").leave(),
        CodeError::Refused(_) | CodeError::Execute(_) => {}
    }
}

async fn compare(
    app: &App,
    user: UserId,
    state: &User,
    typed: &Typed,
    metadata: &Metadata,
) -> Result<Checked, CodeError> {
    let now = app.clock.now();
    let factor = state.second_factor.as_ref();
    let factor = factor.ok_or(CodeError::Refused(UserError::SecondFactorMissing))?;
    factor
        .must_not_be_banned(now)
        .map_err(|error| of_state(error, now))?;
    let Some(proof) = typed.proof(app, user, factor, now) else {
        count(app, user, now, metadata).await?;
        return Err(CodeError::Wrong);
    };
    // A code that was used before is no guess, so it is not counted: else somebody who sends a request twice would be banned.
    factor.judge(&proof, now).map_err(|error| of_state(error, now))?;
    Ok(Checked { proof, now })
}

async fn count(app: &App, user: UserId, now: Timestamp, metadata: &Metadata) -> Result<(), CodeError> {
    let limit: Limit = app.settings.wrong_codes();
    let commands = vec![Command::User(user, UserCommand::CountWrongCode { limit, now })];
    match app.executor.execute(commands, metadata).await {
        Ok(_) => Ok(()),
        Err(ExecuteError::Domain {
            error: DomainError::User(error),
            ..
        }) => Err(of_state(error, now)),
        Err(error) => Err(error.into()),
    }
}

/// The error of a code that the newest state refuses.
pub(in super::super) fn of_state(error: UserError, now: Timestamp) -> CodeError {
    match error {
        UserError::WrongCode => CodeError::Wrong,
        UserError::Banned { until } => CodeError::Banned { until, now },
        error => CodeError::Refused(error),
    }
}
