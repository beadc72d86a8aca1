//! Be a member of an organisation no longer.

use super::{NxAccount, NxAccountError, NxAccountEvent};
use crate::values::OrganisationId;

pub(super) fn decide(
    account: &NxAccount,
    organisation: OrganisationId,
) -> Result<Vec<NxAccountEvent>, NxAccountError> {
    account.must_exist()?;
    if account.organisation != Some(organisation) {
        return Ok(Vec::new());
    }
    match account.is_owner {
        true => Err(NxAccountError::OwnerStays),
        false => Ok(vec![NxAccountEvent::OrganisationLeft {}]),
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
    fn a_member_leaves_and_the_owner_stays() {
        let leave = |organisation| NxAccountCommand::LeaveOrganisation { organisation };
        given::<NxAccount>(&[member()])
            .when(leave(organisation()))
            .then_expect_events(vec![NxAccountEvent::OrganisationLeft {}]);
        given::<NxAccount>(&[member()])
            .when(leave(other_organisation()))
            .then_expect_events(vec![]);
        given::<NxAccount>(&[opened()])
            .when(leave(organisation()))
            .then_expect_error(NxAccountError::OwnerStays);
        given::<NxAccount>(&[])
            .when(leave(organisation()))
            .then_expect_error(NxAccountError::NotFound);
    }
}
