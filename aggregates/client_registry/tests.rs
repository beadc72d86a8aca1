//! What the commands to the registry say of themselves.

use super::{fixtures::open, *};
use crate::testing::commands_begin_streams_as_they_say;

#[test]
fn no_command_begins_a_stream_since_there_is_only_one() {
    commands_begin_streams_as_they_say::<ClientRegistry>(|command| {
        Some(match command {
            None => open(1, 2),
            Some(ClientRegistryCommand::Open { .. }) => ClientRegistryCommand::Close,
            Some(ClientRegistryCommand::Close) => return None,
        })
    });
}
