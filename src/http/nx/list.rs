//! What the lists of this API take (contracts/nx.md section 4).

use aggregates::values::DeviceId;
use projections::{
    Part, Sorting,
    licences::{LicenceFilter, LicenceSort},
};
use server::{Query, Refusal};

/// How many rows a list has if the request does not say.
const LIMIT: i64 = 100;
/// How many rows one answer has at most.
const MOST: i64 = 1_000;

const KEYS: [(&str, LicenceSort); 4] = [
    ("AgreementName", LicenceSort::AgreementName),
    ("LicenseKey", LicenceSort::LicenceKey),
    ("StartsAt", LicenceSort::StartsAt),
    ("ExpiresAt", LicenceSort::ExpiresAt),
];

/// The value of a parameter that chooses by a text, unless it is empty. An id that is empty is none, and no choice.
pub(crate) fn given<'a>(query: &'a Query, name: &'a str) -> Result<Option<&'a str>, Refusal> {
    Ok(query.one(name)?.filter(|text| !text.is_empty()))
}

/// The part of a list that a request asks for.
pub(crate) fn part(query: &Query) -> Result<Part, Refusal> {
    let number = |name: &str, otherwise: i64| match query.one(name)? {
        None => Ok(otherwise),
        Some(text) => {
            // A sign is no digit, so `+1` is no number either.
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<i64>().ok().filter(|_| digits);
            number.ok_or_else(|| Refusal::invalid(format!("{name} must be a whole number, 0 or more")))
        }
    };
    Ok(Part {
        offset: number("Offset", 0)?,
        limit: number("Limit", LIMIT)?.min(MOST),
    })
}

/// The order of a list: each key once.
pub(crate) fn order(query: &Query) -> Result<Vec<Sorting<LicenceSort>>, Refusal> {
    let mut order: Vec<Sorting<LicenceSort>> = Vec::new();
    let texts = given(query, "OrderBy")?.into_iter();
    for text in texts.flat_map(|text| text.split(',')) {
        let text = text.trim();
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let found = KEYS.iter().find(|(known, _)| *known == name);
        let (_, by) = *found.ok_or_else(|| {
            Refusal::invalid("OrderBy must name AgreementName, LicenseKey, StartsAt or ExpiresAt")
        })?;
        // A key that was named before decides nothing more.
        if order.iter().all(|before| before.by != by) {
            order.push(Sorting { by, descending });
        }
    }
    Ok(order)
}

/// What the licences of a list must have.
pub(crate) fn filter(query: &Query) -> Result<LicenceFilter, Refusal> {
    let text = |name| Ok::<_, Refusal>(given(query, name)?.map(str::to_owned));
    let device = query.one("Device")?.map(DeviceId::parse);
    Ok(LicenceFilter {
        key_part: text("q")?,
        device: device.transpose()?,
        kind: text("Kind")?,
        agreement: text("Agreement")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text).expect("a query")
    }

    #[test]
    fn an_order_has_several_keys_and_directions() {
        let order = |text: &str| order(&query(text)).map_err(|refusal| refusal.code);
        let key = |by, descending| Sorting { by, descending };
        assert_eq!(order(""), Ok(vec![]));
        assert_eq!(order("OrderBy="), Ok(vec![]));
        assert_eq!(
            order("OrderBy=-ExpiresAt,%20AgreementName,ExpiresAt"),
            Ok(vec![
                key(LicenceSort::ExpiresAt, true),
                key(LicenceSort::AgreementName, false)
            ])
        );
        for text in ["Name", "licenseKey", "--StartsAt", "StartsAt,", "-", ","] {
            assert_eq!(
                order(&format!("OrderBy={text}")),
                Err("invalid_request"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_part_is_whole_numbers() {
        let part = |text: &str| part(&query(text)).map_err(|refusal| refusal.code);
        let of = |offset, limit| Ok(Part { offset, limit });
        assert_eq!(part(""), of(0, LIMIT));
        assert_eq!(part("Offset=7&Limit=0"), of(7, 0));
        assert_eq!(part("Limit=99999"), of(0, MOST));
        for text in ["-1", "1.5", "a", "", "+1", "%201", "1e3", "99999999999999999999"] {
            for name in ["Offset", "Limit"] {
                assert_eq!(
                    part(&format!("{name}={text}")),
                    Err("invalid_request"),
                    "{name} {text}"
                );
            }
        }
        assert_eq!(part("Limit=1&Limit=2"), Err("invalid_request"));
    }

    #[test]
    fn a_device_is_a_uuid() {
        assert!(filter(&query("Device=1")).is_err());
        assert!(filter(&query("Device=")).is_err());
        let found =
            filter(&query("Device=6D756e69-6d65-4e74-8000-000000000001&q=&Kind=a+b")).expect("a filter");
        assert!(found.device.is_some() && found.key_part.is_none());
        assert_eq!(found.kind.as_deref(), Some("a b"));
    }
}
