//! What the commands to the authority say of themselves.

use super::{
    fixtures::{establish, issuer, trusted},
    *,
};
use crate::testing::commands_begin_streams_as_they_say;

#[test]
fn only_making_the_authority_begins_a_stream() {
    commands_begin_streams_as_they_say::<Authority>(|command| {
        Some(match command {
            None => establish(),
            Some(AuthorityCommand::Establish { .. }) => {
                AuthorityCommand::AddIssuer(Box::new(issuer(IssuerKind::Issuing, 3)))
            }
            Some(AuthorityCommand::AddIssuer(_)) => AuthorityCommand::AddCertificates(vec![trusted(7)]),
            Some(AuthorityCommand::AddCertificates(_)) => AuthorityCommand::RemoveCertificate {
                fingerprint: trusted(7).fingerprint,
            },
            Some(AuthorityCommand::RemoveCertificate { .. }) => return None,
        })
    });
}

#[test]
fn neither_state_nor_command_shows_a_private_key_to_a_log() {
    let mut authority = Authority::default();
    authority.apply(issuer(IssuerKind::Root, 1).into());
    let shown = format!("{authority:?} {:?}", establish());
    assert!(!shown.contains("c2VjcmV0"), "{shown}");
}
