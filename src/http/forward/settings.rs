//! The settings of this face: which API a path at the proxy is for.

use server::{
    App,
    forward::Bases,
    settings::{Fallback, Setting},
};

/// Where the API of Coiote IoT DM is.
pub(crate) const COIOTE: Setting = Setting {
    name: "forward_coiote",
    default: Fallback::Value("/api/coiotedm/v3"),
    doc: &[
        "The path at the proxies below which the API of Coiote IoT DM is served: the permissions of its endpoints decide there",
        "([proxies.md](docs/proxies.md)). Empty: nowhere",
    ],
    check: Bases::check,
};

/// Where the API of OS2iot is.
pub(crate) const OS2IOT: Setting = Setting {
    name: "forward_os2iot",
    default: Fallback::Value("/api/v1"),
    doc: &["The same for the API of OS2iot: the levels decide there. Empty: nowhere"],
    check: Bases::check,
};

/// The bases that are set.
pub(crate) fn bases(app: &App) -> Bases<'_> {
    Bases {
        coiote: app.settings.of_face(&COIOTE).unwrap_or_default(),
        os2iot: app.settings.of_face(&OS2IOT).unwrap_or_default(),
    }
}
