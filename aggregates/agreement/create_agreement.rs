//! Create an agreement.

use super::{Agreement, AgreementError, AgreementEvent, CreateAgreement, LONGEST_TEXT, MOST_PROVIDED};
use crate::values::Title;

pub(super) fn decide(
    agreement: &Agreement,
    command: CreateAgreement,
) -> Result<Vec<AgreementEvent>, AgreementError> {
    if agreement.exists {
        return Err(AgreementError::Exists);
    }
    let CreateAgreement {
        name,
        kind,
        provides,
        published_at,
        provider,
    } = command;
    if provides.len() > MOST_PROVIDED {
        return Err(AgreementError::ProvidesTooMuch);
    }
    let is_too_long = |text: &Title| text.chars().count() > LONGEST_TEXT;
    if is_too_long(&name) || is_too_long(&kind) || provides.iter().any(is_too_long) {
        return Err(AgreementError::TextTooLong);
    }
    Ok(vec![AgreementEvent::Created {
        name,
        kind,
        provides,
        published_at,
        provider,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreement::{
            AgreementCommand,
            tests::{create, created},
        },
        testing::given,
    };

    fn decided(change: impl FnOnce(&mut CreateAgreement)) -> Result<Vec<AgreementEvent>, AgreementError> {
        let AgreementCommand::Create(mut command) = create();
        change(&mut command);
        given::<Agreement>(&[])
            .when(AgreementCommand::Create(command))
            .inspect_result()
    }

    fn text(length: usize) -> Title {
        "x".repeat(length).parse().unwrap()
    }

    #[test]
    fn what_an_agreement_says_has_a_bound() {
        assert!(decided(|one| one.provides = vec![text(LONGEST_TEXT); MOST_PROVIDED]).is_ok());
        assert!(decided(|one| (one.name, one.kind) = (text(LONGEST_TEXT), text(LONGEST_TEXT))).is_ok());
        assert_eq!(
            decided(|one| one.provides = vec![text(1); MOST_PROVIDED + 1]),
            Err(AgreementError::ProvidesTooMuch)
        );
        let too_long = || text(LONGEST_TEXT + 1);
        for decided in [
            decided(|one| one.name = too_long()),
            decided(|one| one.kind = too_long()),
            decided(|one| one.provides = vec![too_long()]),
        ] {
            assert_eq!(decided, Err(AgreementError::TextTooLong));
        }
    }

    #[test]
    fn an_agreement_is_created_once() {
        given::<Agreement>(&[])
            .when(create())
            .then_expect_events(vec![created()]);
        given::<Agreement>(&[created()])
            .when(create())
            .then_expect_error(AgreementError::Exists);
    }
}
