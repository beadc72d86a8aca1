//! Let a user be a member.

use super::{MOST_MEMBERS, Organisation, OrganisationError, OrganisationEvent};
use crate::values::UserId;

pub(super) fn decide(
    organisation: &Organisation,
    user: UserId,
) -> Result<Vec<OrganisationEvent>, OrganisationError> {
    organisation.must_have_members()?;
    if organisation.members.contains(&user) {
        return Ok(Vec::new());
    }
    if organisation.members.len() >= MOST_MEMBERS {
        return Err(OrganisationError::TooManyMembers);
    }
    Ok(vec![OrganisationEvent::MemberJoined { user }])
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        organisation::{
            OrganisationCommand,
            tests::{deleted, founded, founded_by_sign_up, joined, member},
        },
        testing::given,
    };

    fn add() -> OrganisationCommand {
        OrganisationCommand::AddMember { user: member() }
    }

    #[test]
    fn a_user_becomes_a_member_once() {
        given::<Organisation>(&[founded_by_sign_up()])
            .when(add())
            .then_expect_events(vec![joined()]);
        given::<Organisation>(&[founded_by_sign_up(), joined()])
            .when(add())
            .then_expect_events(vec![]);
    }

    #[test]
    fn only_organisations_of_sign_ups_have_members() {
        for events in [vec![], vec![founded()], deleted()] {
            given::<Organisation>(&events)
                .when(add())
                .then_expect_error(OrganisationError::NotFound);
        }
    }

    #[test]
    fn members_are_bounded() {
        let others = (100..)
            .take(MOST_MEMBERS)
            .map(|number| OrganisationEvent::MemberJoined {
                user: UserId(Uuid::from_u128(number)),
            });
        let events: Vec<_> = [founded_by_sign_up()].into_iter().chain(others).collect();
        given::<Organisation>(&events)
            .when(add())
            .then_expect_error(OrganisationError::TooManyMembers);
    }
}
