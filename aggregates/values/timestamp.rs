//! A moment: microseconds since the Unix epoch, UTC.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use super::Invalid;

/// Microseconds since 1970-01-01T00:00:00Z. Written in JSON as RFC 3339 with six digits and `Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 9999-12-31T23:59:59.999999Z: the last moment that RFC 3339 can write.
const LAST: i64 = 253_402_300_799_999_999;

impl Timestamp {
    /// From microseconds since the epoch; clamped to the years 1970 to 9999.
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

    /// Reads RFC 3339 in any offset.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid {
            what: "time",
            rule: "must be RFC 3339, e.g. 2026-01-31T12:00:00Z",
        };
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| invalid.clone())?;
        let micros = i64::try_from(moment.unix_timestamp_nanos() / 1_000).map_err(|_| invalid.clone())?;
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
