//! Serial numbers.

use std::fmt;

/// The serial number of a certificate that we issue: 20 random octets, so that nobody can predict what the authority signs
/// (CA/Browser Forum, section 7.1). The number is positive and always has 20 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; 20]);

impl Serial {
    /// The serial number of 20 random octets. Two bits are fixed: DER would need a 21st octet if the top bit were 1, and fewer octets
    /// if the first octet were 0.
    pub const fn from_random(mut octets: [u8; 20]) -> Self {
        octets[0] = octets[0] & 0x7f | 0x40;
        Self(octets)
    }

    /// The octets in big-endian order.
    pub const fn octets(&self) -> &[u8; 20] {
        &self.0
    }

    /// Reads the number from its hexadecimal form.
    pub fn parse(text: &str) -> Option<Self> {
        let octets = crate::text::octets_of(text)?;
        let octets: [u8; 20] = octets.try_into().ok()?;
        (Self::from_random(octets).0 == octets).then_some(Self(octets))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::hexadecimal(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_positive_and_has_twenty_octets() {
        for first in 0..=u8::MAX {
            let mut octets = [7; 20];
            octets[0] = first;
            let serial = Serial::from_random(octets);
            assert_eq!(serial.octets()[0] & 0xc0, 0x40);
            assert_eq!(serial.octets()[1..], octets[1..]);
            assert_eq!(crate::encode::integer(serial.octets()).len(), 22);
            assert_eq!(Serial::parse(&serial.to_string()), Some(serial));
        }
    }

    #[test]
    fn a_text_that_is_no_serial_number_is_refused() {
        let zeros = "0".repeat(40);
        let negative = "ff".repeat(20);
        for text in [
            "",
            "4",
            "40",
            &zeros,
            &negative,
            &"4g".repeat(20),
            &"41".repeat(21),
        ] {
            assert_eq!(Serial::parse(text), None, "{text}");
        }
    }
}
