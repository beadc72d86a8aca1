//! Tokens for service accounts (RFC 6749 section 4.4).

use aggregates::values::{SessionId, TokenLabel};

use super::client::{Shown, authenticate_client};
use crate::{
    app::App,
    caller::Origin,
    identity::{Issue, Lifetime, LoggedIn, is_conflict, tokens::InToken},
    refusal::Refusal,
};

/// How often a client is authenticated again because its account changed meanwhile.
const ATTEMPTS: u32 = 4;

/// Issues a token to a service account.
pub async fn client_credentials(
    app: &App,
    origin: &Origin,
    shown: &Shown<'_>,
    lifetime: Lifetime,
    in_token: &InToken,
) -> Result<LoggedIn, Refusal> {
    let mut attempt = 1;
    loop {
        let client = authenticate_client(app, origin, shown).await?;
        let issue = Issue {
            username: shown.id,
            user: client.user,
            session: SessionId(app.entropy.uuid()),
            audience: origin.audience(),
            lifetime,
            not_after: client.not_after,
            label: &TokenLabel::default(),
            in_token,
            methods: vec![client.method],
        };
        match issue.run(app, origin, None, &client.seen).await {
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
            issued => return Ok(issued?),
        }
    }
}
