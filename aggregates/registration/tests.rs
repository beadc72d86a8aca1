//! What the commands to a registration say of themselves.

use super::{
    fixtures::{at, request},
    *,
};
use crate::testing::commands_begin_streams_as_they_say;

#[test]
fn only_a_request_begins_a_stream() {
    commands_begin_streams_as_they_say::<Registration>(|command| {
        let now = at(1);
        Some(match command {
            None => RegistrationCommand::Request(request()),
            Some(RegistrationCommand::Request(_)) => RegistrationCommand::Confirm { now },
            Some(RegistrationCommand::Confirm { .. }) => RegistrationCommand::Reject { now },
            Some(RegistrationCommand::Reject { .. }) => RegistrationCommand::Expire { now },
            Some(RegistrationCommand::Expire { .. }) => return None,
        })
    });
}
