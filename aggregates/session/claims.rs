//! The claims that a session requires others to hold.

use std::collections::BTreeSet;

use super::Session;
use crate::{
    claim::{Claim, Claims, scopes},
    user::claims::USER,
};

scopes! {}

impl Claims for Session {
    fn claims(&self, _aggregate_id: &str) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let user = self.user_id.filter(|_| self.is_live());
        user.map(|user_id| Claim::new(USER, user_id.to_string()))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        session::{SessionEvent, fixtures::issued},
        testing::{folded, user_id},
    };

    #[test]
    fn a_live_session_needs_its_user() {
        let session: Session = folded([issued()]);
        assert_eq!(session.claims("7"), BTreeSet::new());
        assert_eq!(
            session.requires(),
            BTreeSet::from([Claim::new(USER, user_id(1).to_string())])
        );
    }

    #[test]
    fn any_other_needs_nobody() {
        for session in [
            Session::default(),
            folded([issued(), SessionEvent::TokenRevoked {}]),
        ] {
            assert_eq!(session.requires(), BTreeSet::new());
        }
    }
}
