//! Users replace their own password.

use std::sync::Arc;

use aggregates::{
    Command, DomainError,
    user::{UserCommand, UserError},
};
use ledger::Appended;
use zeroize::Zeroizing;

use super::{Confirmed, confirm};
use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

/// The code of the refusal if the old password is wrong.
pub const WRONG_PASSWORD: &str = "wrong_password";

/// Replaces the caller's password, if they know the old one. All other sessions of the caller end; if the caller has no session, all.
pub async fn change_password(
    app: &App,
    caller: &Caller,
    old: Zeroizing<String>,
    new: &str,
) -> Result<Appended, Refusal> {
    let (verified, earlier) = match confirm(app, caller, old).await? {
        Confirmed::Right(verified, earlier) => (verified, earlier),
        Confirmed::NoPassword => return Err(DomainError::from(UserError::PasswordNotLocal).into()),
        Confirmed::Wrong => {
            let message = "the old password is wrong";
            return Err(Refusal::new(RefusalKind::Invalid, WRONG_PASSWORD, message));
        }
    };
    let user = app.ledger().authorization().user(caller.user);
    let names: Vec<&str> = user.iter().map(|user| &*user.username).collect();
    let rules = Arc::clone(&app.live().password_rules);
    let last = std::iter::once(verified.clone()).chain(earlier);
    let new = rules.propose(new, &names)?.unlike(last);
    let password_hash = caller.hash(app, new).await?;
    let change = UserCommand::ChangePassword {
        verified,
        password_hash,
        session: caller.session,
    };
    caller
        .execute(app, vec![Command::User(caller.user, change)])
        .await
}
