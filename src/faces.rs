//! The faces of this server. No other place lists them.

use server::{Face, Faces};

/// All faces, in the order in which the OpenAPI document describes them.
pub const FACES: Faces = Faces::new(&[
    connectware::FACE,
    access::FACE,
    audit::FACE,
    trust::FACE,
    est::FACE,
    forward::FACE,
    coiote::OAUTH,
    coiote::SERVICE_ACCOUNTS,
    os2iot::FACE,
    os2iot::AUTH,
    nx::FACE,
    hooks::FACE,
    system::FACE,
]);

/// The faces of the API of OS2iot, which has a document of its own.
pub const OS2IOT: &[Face] = &[os2iot::FACE, os2iot::AUTH];
