//! Suspend a licence: from then on no further device takes a seat.

use super::{Licence, LicenceError, LicenceEvent};

pub(super) fn decide(licence: &Licence) -> Result<Vec<LicenceEvent>, LicenceError> {
    licence.must_exist()?;
    let suspended = licence.is_in_force().then_some(LicenceEvent::Suspended {});
    Ok(suspended.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        licence::{LicenceCommand, tests::issued},
        testing::given,
    };

    #[test]
    fn a_licence_is_suspended_once() {
        let suspended = LicenceEvent::Suspended {};
        given::<Licence>(&[issued()])
            .when(LicenceCommand::Suspend)
            .then_expect_events(vec![suspended.clone()]);
        given::<Licence>(&[issued(), suspended])
            .when(LicenceCommand::Suspend)
            .then_expect_events(vec![]);
        given::<Licence>(&[])
            .when(LicenceCommand::Suspend)
            .then_expect_error(LicenceError::NotFound);
    }
}
