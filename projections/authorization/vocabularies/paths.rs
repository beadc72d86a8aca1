//! Paths below the base of an API that another server has: as the server reads them, or not at all.
//!
//! What is decided must be what the other server gets. Servers differ in what they make of dots, empty segments, backslashes, parameters
//! after a semicolon and octets that are encoded twice. So a path with any of these has no segments here, and nobody may use it.

use super::access::LONGEST;

/// The segments of a path that is relative to the base, each percent-decoded after the path was split. So an encoded slash is part of its
/// segment. One slash at the end does not count. `None` if two servers could read the path in different ways.
pub fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() || path.len() > LONGEST {
        return None;
    }
    path.split('/').map(decoded).collect()
}

/// A percent-decoded segment, unless it is one that servers read in different ways.
fn decoded(segment: &str) -> Option<String> {
    let decoded = match segment.contains('%') {
        false => segment.to_owned(),
        true => String::from_utf8(octets(segment.as_bytes())?).ok()?,
    };
    let is_odd = |c: char| c.is_control() || matches!(c, '\\' | ';');
    let is_dots = |part: &str| part == "." || part == "..";
    let differs = segment.is_empty()
        || segment.contains(['?', '#'])
        || decoded.contains(is_odd)
        || decoded.split('/').any(is_dots)
        || has_octet(decoded.as_bytes());
    (!differs).then_some(decoded)
}

/// The octets of a segment; `None` if a `%` does not begin an encoded octet.
fn octets(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let (digits, after) = after.split_first_chunk::<2>()?;
            octets.push(octet(*digits)?);
            rest = after;
        } else {
            octets.push(*first);
            rest = after;
        }
    }
    Some(octets)
}

/// Whether a text that was decoded has encoded octets again.
fn has_octet(text: &[u8]) -> bool {
    let mut windows = text.windows(3);
    windows.any(|window| matches!(window, [b'%', high, low] if octet([*high, *low]).is_some()))
}

fn octet([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_before_it_is_decoded() {
        for (path, expected) in [
            ("devices", vec!["devices"]),
            ("devices/", vec!["devices"]),
            ("devices/d-1", vec!["devices", "d-1"]),
            ("devices/a%2Fb", vec!["devices", "a/b"]),
            ("d%65vices/%C3%A9", vec!["devices", "é"]),
            ("domains/%2fa%2fb%2f", vec!["domains", "/a/b/"]),
            (
                "devices/urn:imei:1,2=+$&'()*!@~",
                vec!["devices", "urn:imei:1,2=+$&'()*!@~"],
            ),
            ("devices/100%25", vec!["devices", "100%"]),
            ("devices/...", vec!["devices", "..."]),
        ] {
            assert_eq!(segments(path).unwrap_or_default(), expected, "{path}");
        }
    }

    #[test]
    fn what_servers_read_in_different_ways_is_no_path() {
        for path in [
            "",
            "/",
            "//",
            "devices//",
            "/devices",
            "devices//d",
            "devices/.",
            "devices/..",
            "devices/%2e%2E",
            "devices/.%2e/x",
            "devices/..%2Fx",
            "devices/x%2F..%2Fy",
            "devices/a\\b",
            "devices/a%5Cb",
            "devices/a%5cb",
            "devices/a;x=1",
            "devices;x/all",
            "devices/a%3Bx",
            "devices/..;/all",
            "devices/a?x",
            "devices/a#x",
            "devices/a%00",
            "devices/a\0",
            "devices/a%0d%0Ab",
            "devices/a%7f",
            "devices/a%",
            "devices/a%2",
            "devices/a%zz",
            "devices/a%+1",
            "devices/%252e%252e",
            "devices/a%252Fb",
            "devices/%c0%af",
            "devices/%ff",
        ] {
            assert_eq!(segments(path), None, "{path:?}");
        }
        assert_eq!(segments(&"a".repeat(LONGEST + 1)), None);
        assert!(segments(&"a".repeat(LONGEST)).is_some());
    }
}
