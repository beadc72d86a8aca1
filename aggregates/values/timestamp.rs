//! A moment: microseconds since the Unix epoch, UTC.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use super::Invalid;

/// Microseconds since 1970-01-01T00:00:00Z. JSON carries it as RFC 3339 with six digits and `Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 9999-12-31T23:59:59.999999Z: the last moment that RFC 3339 can write.
const LAST: i64 = 253_402_300_799_999_999;

impl Timestamp {
    /// The moment after `micros` microseconds since the epoch, clamped to the years 1970 to 9999.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < 0 {
            Self(0)
        } else if micros > LAST {
            Self(LAST)
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down (`NumericDate`, RFC 7519 section 2).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The moment `hours` later, clamped to the last one that can be written.
    pub const fn plus_hours(self, hours: i64) -> Self {
        Self::from_micros(self.0.saturating_add(hours.saturating_mul(3_600_000_000)))
    }

    /// The moment this much later, clamped to the last one that can be written.
    pub fn plus(self, time: Duration) -> Self {
        let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// The time from this moment to a later one; none if it is not later.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_micros(u64::try_from(later.0 - self.0).unwrap_or(0))
    }

    /// Reads RFC 3339 in any offset.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid {
            what: "time",
            rule: "must be RFC 3339, e.g. 2026-01-31T12:00:00Z",
        };
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| invalid.clone())?;
        let micros =
            i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000)).map_err(|_| invalid.clone())?;
        if (0..=LAST).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(invalid)
        }
    }

    fn write(self, millis_only: bool) -> String {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let written = if millis_only {
            moment.format(format_description!(
                "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
            ))
        } else {
            moment.format(format_description!(
                "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
            ))
        };
        written.unwrap_or_default()
    }

    /// RFC 3339 with three digits, as the connectware face writes times.
    pub fn to_millis_string(self) -> String {
        self.write(true)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.write(false))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.write(false))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_moment_is_written_with_six_digits_or_three() {
        let moment = Timestamp::from_micros(1_769_860_800_123_456);
        assert_eq!(moment.to_string(), "2026-01-31T12:00:00.123456Z");
        assert_eq!(moment.to_millis_string(), "2026-01-31T12:00:00.123Z");
        assert_eq!(moment.seconds(), 1_769_860_800);
    }

    #[test]
    fn any_offset_and_precision_is_read() {
        let noon = Timestamp::from_micros(1_769_860_800_000_000);
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31T13:00:00.0+01:00",
            "2026-01-31T12:00:00.000000999Z",
        ] {
            assert_eq!(Timestamp::parse(text), Ok(noon), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_since_1970_is_refused() {
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-02-30T12:00:00Z",
            "1969-12-31T23:59:59Z",
            "1969-12-31T23:59:59.9999999Z",
            "1970-01-01T00:00:00+00:01",
            "1769860800",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn moments_that_cannot_be_written_are_clamped() {
        assert_eq!(Timestamp::from_micros(-1), Timestamp::default());
        let last = Timestamp::from_micros(i64::MAX);
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(last.plus_hours(i64::MAX), last);
        assert_eq!(Timestamp::default().plus_hours(i64::MIN), Timestamp::default());
        assert_eq!(
            Timestamp::default().plus_hours(99_999).to_string(),
            "1981-05-29T15:00:00.000000Z"
        );
    }

    #[test]
    fn json_is_read_borrowed_escaped_and_from_a_value() {
        let noon = Timestamp::from_micros(1_769_860_800_000_000);
        let borrowed = r#""2026-01-31T12:00:00Z""#;
        let escaped = r#""2026-01-31T12:00:00\u005a""#;
        assert_eq!(serde_json::from_str::<Timestamp>(borrowed).unwrap(), noon);
        assert_eq!(serde_json::from_str::<Timestamp>(escaped).unwrap(), noon);
        assert_eq!(
            serde_json::from_slice::<Timestamp>(borrowed.as_bytes()).unwrap(),
            noon
        );
        assert_eq!(
            serde_json::from_reader::<_, Timestamp>(borrowed.as_bytes()).unwrap(),
            noon
        );
        assert_eq!(
            serde_json::from_value::<Timestamp>(json!("2026-01-31T12:00:00Z")).unwrap(),
            noon
        );
        assert!(serde_json::from_value::<Timestamp>(json!(1_769_860_800)).is_err());
        assert!(serde_json::from_value::<Timestamp>(Value::Null).is_err());
    }

    proptest! {
        #[test]
        fn every_moment_is_read_as_it_is_written(micros in 0..=LAST) {
            let moment = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
            let json = serde_json::to_value(moment).unwrap();
            prop_assert_eq!(serde_json::from_value::<Timestamp>(json).unwrap(), moment);
            let millis = Timestamp::parse(&moment.to_millis_string()).unwrap();
            prop_assert_eq!(millis.micros(), micros - micros % 1_000);
        }

        #[test]
        fn the_time_until_a_moment_leads_to_it(one in 0..=LAST, other in 0..=LAST) {
            let (one, other) = (Timestamp::from_micros(one), Timestamp::from_micros(other));
            prop_assert_eq!(one.plus(one.until(other)), one.max(other));
        }

        #[test]
        fn moments_are_written_in_their_order(one in 0..=LAST, other in 0..=LAST) {
            let (one, other) = (Timestamp::from_micros(one), Timestamp::from_micros(other));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
        }
    }
}
