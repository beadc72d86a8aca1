//! Revoke an API key.

use super::{ApiKey, ApiKeyError, ApiKeyEvent};

pub(super) fn decide(key: &ApiKey) -> Result<Vec<ApiKeyEvent>, ApiKeyError> {
    key.must_be_live()?;
    Ok(vec![ApiKeyEvent::Revoked {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api_key::{ApiKeyCommand, tests::issued},
        testing::given,
    };

    #[test]
    fn a_key_is_revoked_once() {
        let revoked = vec![ApiKeyEvent::Revoked {}];
        given::<ApiKey>(&issued())
            .when(ApiKeyCommand::Revoke)
            .then_expect_events(revoked.clone());
        for events in [vec![], [issued(), revoked].concat()] {
            given::<ApiKey>(&events)
                .when(ApiKeyCommand::Revoke)
                .then_expect_error(ApiKeyError::NotFound);
        }
    }
}
