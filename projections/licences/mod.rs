//! Which agreements, licences and seats are there? Any page of all licences, or of those of one organisation, costs the same in each order
//! by one key. In the order of several keys, it costs what the licences cost that are equal in the first key to one of the page; if these are too
//! many, there is no page.

mod chosen;
mod queries;
pub(crate) mod record;
mod reducer;
mod rows;
mod several;

pub use queries::{PageError, agreement, agreements, find, page, seats_of};
pub(crate) use reducer::Licences;
pub use rows::{
    AgreementRow, AgreementSort, LicenceFilter, LicenceRow, LicenceSort, LicenceStanding, LicencesAmong,
    SeatRow,
};
