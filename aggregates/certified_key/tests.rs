//! What the commands to a public key say of themselves.

use super::{fixtures::issue, *};
use crate::{
    testing::{commands_begin_streams_as_they_say, fingerprint},
    values::RevocationReason,
};

#[test]
fn only_issuing_a_certificate_begins_a_stream() {
    commands_begin_streams_as_they_say::<CertifiedKey>(|command| {
        Some(match command {
            None => CertifiedKeyCommand::Issue(Box::new(issue(1, 'a'))),
            Some(CertifiedKeyCommand::Issue(_)) => CertifiedKeyCommand::Revoke {
                fingerprint: fingerprint('a'),
                reason: RevocationReason::Unspecified,
            },
            Some(CertifiedKeyCommand::Revoke { .. }) => return None,
        })
    });
}
