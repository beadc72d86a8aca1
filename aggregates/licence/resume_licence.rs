//! End the suspension of a licence.

use super::{Licence, LicenceError, LicenceEvent};

pub(super) fn decide(licence: &Licence) -> Result<Vec<LicenceEvent>, LicenceError> {
    licence.must_exist()?;
    let resumed = (!licence.is_in_force()).then_some(LicenceEvent::Resumed {});
    Ok(resumed.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        licence::{LicenceCommand, tests::issued},
        testing::given,
    };

    #[test]
    fn a_suspension_ends_once() {
        let (suspended, resumed) = (LicenceEvent::Suspended {}, LicenceEvent::Resumed {});
        given::<Licence>(&[issued(), suspended.clone()])
            .when(LicenceCommand::Resume)
            .then_expect_events(vec![resumed.clone()]);
        for events in [vec![issued()], vec![issued(), suspended, resumed]] {
            given::<Licence>(&events)
                .when(LicenceCommand::Resume)
                .then_expect_events(vec![]);
        }
        given::<Licence>(&[])
            .when(LicenceCommand::Resume)
            .then_expect_error(LicenceError::NotFound);
    }
}
