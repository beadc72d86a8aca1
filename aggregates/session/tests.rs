//! What the commands to a session say of themselves.

use super::{fixtures::issue, *};
use crate::testing::commands_begin_streams_as_they_say;

#[test]
fn only_issuing_a_token_begins_a_stream() {
    commands_begin_streams_as_they_say::<Session>(|command| {
        Some(match command {
            None => SessionCommand::IssueToken(issue()),
            Some(SessionCommand::IssueToken(_)) => SessionCommand::RevokeToken,
            Some(SessionCommand::RevokeToken) => SessionCommand::EndToken,
            Some(SessionCommand::EndToken) => return None,
        })
    });
}
