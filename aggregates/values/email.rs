//! E-mail addresses.

use super::{Invalid, text_value};

/// An e-mail address as browsers accept it (HTML, "valid e-mail address"), with letters of any script: at most 254 bytes. Two addresses
/// that differ only in case are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// The punctuation of a local part (RFC 5322 section 3.2.3, `atext`), and the dot.
const PUNCTUATION: &str = ".!#$%&'*+/=?^_`{|}~-";

impl Email {
    /// Reads an address, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fail = |rule| Err(Invalid { what: "email", rule });
        let address = crate::text::composed(text);
        if address.len() > 254 {
            return fail("must be at most 254 bytes");
        }
        let Some((local, domain)) = address.rsplit_once('@') else {
            return fail("must be an e-mail address");
        };
        let is_local = |one: char| one.is_alphanumeric() || PUNCTUATION.contains(one);
        if local.is_empty() || local.len() > 64 || !local.chars().all(is_local) {
            return fail("must have a name before the @");
        }
        let is_label = |label: &str| {
            let fits =
                !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
            fits && label.chars().all(|one| one.is_alphanumeric() || one == '-')
        };
        match domain.split('.').all(is_label) {
            true => Ok(Self(address.into_owned())),
            false => fail("must have a domain after the @"),
        }
    }

    /// The form in which addresses are compared.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

text_value!(Email);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_as_they_are() {
        for text in [
            "a@b",
            "Ada.Lovelace+iot@example.org",
            "o'brien@example.co.uk",
            "søren@århus.dk",
        ] {
            assert_eq!(&*Email::parse(text).unwrap(), text);
        }
        assert_eq!(Email::parse("Ada@Example.ORG").unwrap().key(), "ada@example.org");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}", ["b".repeat(60).as_str(); 5].join("."));
        for text in [
            "", "ada", "@b", "a@", "a b@c", "a@b c", "a@@b", "a@-b", "a@b-", "a@b..c", "a@.b", "a@b.",
            "a\n@b", "<a@b>", "a@b\0", &long, &longer,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_read_in_its_composed_form(text in "\\PC{0,5}@\\PC{0,5}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(email.to_string().parse(), Ok(email.clone()));
                prop_assert!(!email.contains(char::is_whitespace) && !email.contains(char::is_control));
            }
        }
    }
}
