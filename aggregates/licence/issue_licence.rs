//! Issue a licence.

use super::{IssueLicence, Licence, LicenceError, LicenceEvent, MOST_ENTRIES, MOST_SEATS, WHOLE_BP};

pub(super) fn decide(licence: &Licence, command: IssueLicence) -> Result<Vec<LicenceEvent>, LicenceError> {
    if licence.exists() {
        return Err(LicenceError::Exists);
    }
    if command.expires_at.is_some_and(|end| end <= command.starts_at) {
        return Err(LicenceError::EndsBeforeItStarts);
    }
    if command.seats > MOST_SEATS {
        return Err(LicenceError::TooManySeats);
    }
    if command.catalogue.len() > MOST_ENTRIES {
        return Err(LicenceError::TooManyEntries);
    }
    if command.discount_bp > WHOLE_BP {
        return Err(LicenceError::DiscountTooHigh);
    }
    let IssueLicence {
        agreement,
        organisation,
        licence_key,
        starts_at,
        expires_at,
        paid_until_at,
        amount_per_month,
        discount_bp,
        catalogue,
        seats,
    } = command;
    Ok(vec![LicenceEvent::Issued {
        agreement,
        organisation,
        licence_key,
        starts_at,
        expires_at,
        paid_until_at,
        amount_per_month,
        discount_bp,
        catalogue,
        seats,
    }])
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        licence::{
            LicenceCommand,
            tests::{at, issue, issued},
        },
        testing::given,
    };

    fn decided(change: impl FnOnce(&mut IssueLicence)) -> Result<Vec<LicenceEvent>, LicenceError> {
        let mut command = issue();
        change(&mut command);
        given::<Licence>(&[])
            .when(LicenceCommand::Issue(Box::new(command)))
            .inspect_result()
    }

    #[test]
    fn a_licence_is_issued_once() {
        assert_eq!(decided(|_| ()), Ok(vec![issued()]));
        given::<Licence>(&[issued()])
            .when(LicenceCommand::Issue(Box::new(issue())))
            .then_expect_error(LicenceError::Exists);
    }

    #[test]
    fn a_licence_expires_after_it_starts_or_never() {
        for end in [at(0), at(1)] {
            let decided = decided(|issue| issue.expires_at = Some(end));
            assert_eq!(decided, Err(LicenceError::EndsBeforeItStarts));
        }
        assert!(decided(|issue| issue.expires_at = Some(at(2))).is_ok());
        assert!(decided(|issue| issue.expires_at = None).is_ok());
    }

    #[test]
    fn seats_catalogue_and_discount_have_a_bound() {
        assert!(decided(|issue| issue.seats = MOST_SEATS).is_ok());
        assert!(decided(|issue| issue.seats = 0).is_ok());
        assert_eq!(
            decided(|issue| issue.seats = MOST_SEATS + 1),
            Err(LicenceError::TooManySeats)
        );
        assert!(decided(|issue| issue.catalogue = vec![Uuid::nil(); MOST_ENTRIES]).is_ok());
        assert_eq!(
            decided(|issue| issue.catalogue = vec![Uuid::nil(); MOST_ENTRIES + 1]),
            Err(LicenceError::TooManyEntries)
        );
        assert!(decided(|issue| issue.discount_bp = WHOLE_BP).is_ok());
        assert_eq!(
            decided(|issue| issue.discount_bp = WHOLE_BP + 1),
            Err(LicenceError::DiscountTooHigh)
        );
    }
}
