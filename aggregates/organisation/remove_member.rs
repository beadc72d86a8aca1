//! Remove a member.

use super::{Organisation, OrganisationError, OrganisationEvent};
use crate::values::UserId;

pub(super) fn decide(
    organisation: &Organisation,
    user: UserId,
) -> Result<Vec<OrganisationEvent>, OrganisationError> {
    organisation.must_have_members()?;
    match organisation.members.contains(&user) {
        true => Ok(vec![OrganisationEvent::MemberLeft { user }]),
        false => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        organisation::{
            OrganisationCommand,
            tests::{founded, founded_by_sign_up, joined, left, member},
        },
        testing::{folded, given},
    };

    fn remove() -> OrganisationCommand {
        OrganisationCommand::RemoveMember { user: member() }
    }

    #[test]
    fn a_member_is_removed_once_and_departures_are_counted() {
        given::<Organisation>(&[founded_by_sign_up(), joined()])
            .when(remove())
            .then_expect_events(vec![left()]);
        let events = [founded_by_sign_up(), joined(), left()];
        given::<Organisation>(&events)
            .when(remove())
            .then_expect_events(vec![]);
        let organisation: Organisation = folded(events);
        assert_eq!((organisation.members.len(), organisation.departures), (0, 1));
    }

    #[test]
    fn only_organisations_of_sign_ups_have_members() {
        for events in [vec![], vec![founded()]] {
            given::<Organisation>(&events)
                .when(remove())
                .then_expect_error(OrganisationError::NotFound);
        }
    }
}
