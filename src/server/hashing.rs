//! Hashes the passwords that callers set.
//!
//! Callers take turns, and only few of their passwords are hashed at the same time. So nobody keeps others from logging in by setting
//! passwords, and no caller keeps out another. A password is hashed after everything else about the request is judged.

use aggregates::values::PasswordHash;

use crate::{
    app::App,
    caller::Caller,
    identity::passwords::{MayHash, rules::NewPassword},
    refusal::Refusal,
};

impl Caller {
    /// Hashes a password that the caller sets, if it satisfies all rules. It waits for a turn of this caller, and is refused if too many wait.
    pub async fn hash(&self, app: &App, password: NewPassword) -> Result<PasswordHash, Refusal> {
        let (place, _) = app.new_passwords().place(self.user).await?;
        Ok(app.passwords.hash(MayHash::during(&place), password).await?)
    }

    /// Hashes a further password of a request whose first password was hashed. It waits as long as necessary.
    pub async fn hash_next(&self, app: &App, password: NewPassword) -> Result<PasswordHash, Refusal> {
        let place = app.new_passwords().place_for_rest(self.user).await?;
        Ok(app.passwords.hash(MayHash::during(&place), password).await?)
    }
}
