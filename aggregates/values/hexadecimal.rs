//! Hexadecimal digits and the octets that they mean.

/// The octets as digits in lower case.
pub(super) fn digits(octets: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let pairs = octets.iter().flat_map(|octet| [octet >> 4, octet & 0xf]);
    pairs.filter_map(|digit| DIGITS.get(usize::from(digit))).collect()
}

/// The octets of digits. A character that is not a digit counts as 0.
pub(super) fn octets(digits: &str) -> impl Iterator<Item = u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).map_or(0, |value| value as u8);
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs
        .iter()
        .map(move |[high, low]| value(*high) << 4 | value(*low))
}
