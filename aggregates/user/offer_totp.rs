//! Give a user the secret of a TOTP, which they may confirm.

use super::{User, UserError, UserEvent};
use crate::values::{IdentityProvider, TotpSecret};

/// The newest offer counts. A user who has a second factor must disable it first, which needs a code: else a stolen token could
/// replace the factor.
pub(super) fn decide(user: &User, secret: TotpSecret) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if user.identity_provider == Some(IdentityProvider::MsEntraId) {
        return Err(UserError::SecondFactorNotLocal);
    }
    if user.second_factor.is_some() {
        return Err(UserError::SecondFactorEnrolled);
    }
    Ok(vec![UserEvent::TotpOffered { secret }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::given,
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted, enrolled, secret},
        },
    };

    fn offer(text: &str) -> UserCommand {
        UserCommand::OfferTotp { secret: secret(text) }
    }

    #[test]
    fn the_newest_offer_replaces_an_earlier_one() {
        for events in [
            vec![ada_created()],
            vec![
                ada_created(),
                UserEvent::TotpOffered {
                    secret: secret("first"),
                },
            ],
        ] {
            given::<User>(&events)
                .when(offer("S"))
                .then_expect_events(vec![UserEvent::TotpOffered { secret: secret("S") }]);
        }
    }

    #[test]
    fn whoever_has_a_second_factor_gets_no_other() {
        given::<User>(&enrolled())
            .when(offer("T"))
            .then_expect_error(UserError::SecondFactorEnrolled);
    }

    #[test]
    fn entra_id_keeps_the_second_factors_of_its_own_users() {
        let moved = UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::MsEntraId,
        };
        given::<User>(&[ada_created(), moved])
            .when(offer("S"))
            .then_expect_error(UserError::SecondFactorNotLocal);
    }

    #[test]
    fn nobody_is_offered_nothing() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(offer("S"))
                .then_expect_error(UserError::NotFound);
        }
    }
}
