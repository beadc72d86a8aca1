//! What a token says, if this server signed it.

use aggregates::values::{SessionId, UserId};

use crate::{
    app::App,
    identity::{
        Audiences,
        tokens::{SmallAccess, SmallTokens, TokenClaims},
    },
};

/// What a token says that this server signed. The session says whether it is valid.
pub(super) struct Signed {
    pub(super) user: Option<UserId>,
    pub(super) session: Option<SessionId>,
    pub(super) exp: i64,
}

/// A token that this server signed for one of the audiences.
pub(super) fn signed(app: &App, token: &str, digest: &[u8; 32], audiences: Audiences) -> Option<Signed> {
    if let Some(TokenClaims { sub, jti, exp, .. }) = app.tokens.verify(token, digest, audiences) {
        return Some(Signed {
            user: sub.user(app.ledger().authorization()),
            session: Some(jti),
            exp,
        });
    }
    let small = audiences.have(SmallTokens::FACE);
    let SmallAccess { user, exp } = small.then(|| app.small_tokens().verify_access(token))??;
    app.tokens.remember(digest);
    Some(Signed {
        user: Some(user),
        session: None,
        exp,
    })
}
