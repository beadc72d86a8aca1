//! Create an agreement.

use super::{Agreement, AgreementError, AgreementEvent, CreateAgreement};

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
        agreement::tests::{create, created},
        testing::given,
    };

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
