//! What becomes of an account when its user is deleted or revoked.

use std::collections::BTreeMap;

use aggregates::{
    Command,
    account::{
        AccountCommand, ChangeAccount,
        claims::{ACCOUNT, GLOBAL_ADMIN},
    },
    role::claims::GROUP,
    user::{Ending, UserCommand},
    values::UserId,
};
use ledger::{ExecuteError, Rejection, Seen};
use projections::accounts;

use super::{
    again::came_second,
    succession::{Succession, succession},
};
use crate::{app::App, refusal::Refusal};

/// What belongs to commands that end users: commands that go into the same unit, and what these rest on.
#[derive(Default)]
pub(crate) struct Belonging {
    /// The commands.
    pub(crate) commands: Vec<Command>,
    /// Aggregates that must stay as they are.
    pub(crate) seen: Vec<Seen>,
    /// Whether nobody would be a global administrator then.
    nobody_follows: bool,
}

impl Belonging {
    /// Whether a refusal of these commands together with the first `own` ones, to which they belong, says no more than that somebody else was
    /// first: the heir has gone, or is not needed, or another one is.
    pub(crate) fn is_outdated(&self, error: &ExecuteError, own: usize) -> bool {
        came_second(error)
            || match error {
                ExecuteError::Domain { index, .. } => *index >= own,
                ExecuteError::Rejected(rejection) => match rejection {
                    Rejection::Conflict { .. } => true,
                    Rejection::LastClaim(scope) => **scope == *GLOBAL_ADMIN && !self.nobody_follows,
                    // The heir has got an account, or a group of the heir is gone.
                    Rejection::ClaimTaken(claim) => *claim.scope == *ACCOUNT,
                    Rejection::ClaimMissing(claim) => *claim.scope == *GROUP,
                    Rejection::Vetoed(_) | Rejection::TooManyClaims(_) => false,
                },
                ExecuteError::NotHeld { .. } | ExecuteError::Unavailable(_) => false,
            }
    }
}

/// What belongs to the accounts of users whom these commands delete or revoke: the account of a deleted user is closed, so its address is
/// free again, and the account of a revoked user is no longer in use. If nobody would be a global administrator then, an administrator who
/// stays becomes one, in the same unit.
pub(crate) async fn for_accounts(app: &App, commands: &[Command]) -> Result<Belonging, Refusal> {
    let ended = ended_by(commands);
    if ended.is_empty() {
        return Ok(Belonging::default());
    }
    let accounts = accounts::of_users(app.ledger().db(), ended.keys().copied()).await?;
    let Succession {
        mut commands,
        seen,
        nobody_follows,
    } = succession(app, &ended, &accounts).await?;
    commands.extend(accounts.iter().map(|account| {
        let command = match ended.get(&account.user) {
            Some(Ending::Deleted) => AccountCommand::Close,
            Some(Ending::Revoked) | None => AccountCommand::Change(ChangeAccount {
                name: None,
                email: None,
                is_active: Some(false),
                now: app.clock.now(),
                expires_at: None,
            }),
        };
        Command::Account(account.id, command)
    }));
    Ok(Belonging {
        commands,
        seen,
        nobody_follows,
    })
}

/// The users whom the commands end.
fn ended_by(commands: &[Command]) -> BTreeMap<UserId, Ending> {
    let ended = commands.iter().filter_map(|command| match command {
        Command::User(id, UserCommand::Delete) => Some((*id, Ending::Deleted)),
        Command::User(id, UserCommand::Revoke) => Some((*id, Ending::Revoked)),
        _ => None,
    });
    ended.collect()
}
