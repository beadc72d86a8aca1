//! Become a member of an organisation.

use super::{NxAccount, NxAccountError, NxAccountEvent};
use crate::values::OrganisationId;

pub(super) fn decide(
    account: &NxAccount,
    organisation: OrganisationId,
) -> Result<Vec<NxAccountEvent>, NxAccountError> {
    account.must_exist()?;
    match account.organisation {
        None => Ok(vec![NxAccountEvent::OrganisationJoined { organisation }]),
        Some(of) if of == organisation => Ok(Vec::new()),
        Some(_) => Err(NxAccountError::AlreadyMember),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nx_account::{
            NxAccountCommand,
            tests::{member, opened, organisation, other_organisation},
        },
        testing::given,
    };

    #[test]
    fn a_person_is_a_member_of_one_organisation() {
        let join = |organisation| NxAccountCommand::JoinOrganisation { organisation };
        let joined = NxAccountEvent::OrganisationJoined {
            organisation: other_organisation(),
        };
        given::<NxAccount>(&[member(), NxAccountEvent::OrganisationLeft {}])
            .when(join(other_organisation()))
            .then_expect_events(vec![joined]);
        given::<NxAccount>(&[opened()])
            .when(join(organisation()))
            .then_expect_events(vec![]);
        given::<NxAccount>(&[opened()])
            .when(join(other_organisation()))
            .then_expect_error(NxAccountError::AlreadyMember);
        for events in [vec![], vec![opened(), NxAccountEvent::Closed {}]] {
            given::<NxAccount>(&events)
                .when(join(organisation()))
                .then_expect_error(NxAccountError::NotFound);
        }
    }
}
