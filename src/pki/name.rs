//! Distinguished names.

use der::{
    Tag, Tagged,
    asn1::{Any, ObjectIdentifier},
};
use rcgen::{DistinguishedName, DnType};
use x509_cert::name::Name;

pub(crate) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
pub(crate) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
pub(crate) const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// The name that consists of a common name.
pub(crate) fn of_common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

/// The values of an attribute, in their order.
pub(crate) fn values(name: &Name, oid: ObjectIdentifier) -> impl Iterator<Item = &Any> {
    let attributes = name.0.iter().flat_map(|set| set.0.iter());
    attributes
        .filter(move |attribute| attribute.oid == oid)
        .map(|attribute| &attribute.value)
}

/// The text of a value; `None` if its type is not one of the usual types of texts.
pub(crate) fn text(value: &Any) -> Option<&str> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => std::str::from_utf8(value.value()).ok(),
        _ => None,
    }
}

/// Whether the text can be a host name (RFC 1123 section 2.1): labels of letters, digits and hyphens.
pub(crate) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label of digits would look like an IP address.
    let is_address = text
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit()));
    text.len() <= 253 && text.split('.').all(is_label) && !is_address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_known() {
        for name in ["ada", "ada.example.org", "iot-7.x1", "7.de"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in [
            "",
            "ada_7",
            "a..b",
            ".a",
            "a.",
            "-a",
            "a-.b",
            "wärter",
            "10.0.0.1",
            "iot.7",
            &"a".repeat(64),
        ] {
            assert!(!is_host_name(name), "{name}");
        }
    }
}
