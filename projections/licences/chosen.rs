//! A part of the licences that a filter chooses. The database reads all licences of the organisations.

use super::{
    LicenceFilter, LicenceSort, LicencesAmong,
    queries::{order_by, with_ids},
    record::LicenceRecord,
};
use crate::{
    page::{Part, Sorting},
    store::{
        Record,
        sql::{Argument, Error, Tx, filled, rounded, sql},
    },
};

/// The conditions of a statement, and the values of its placeholders.
#[derive(Default)]
struct Conditions<'a> {
    texts: Vec<String>,
    arguments: Vec<Argument<'a>>,
}

impl<'a> Conditions<'a> {
    /// Takes a value, and returns its placeholder.
    fn value(&mut self, value: impl Into<Argument<'a>>) -> String {
        self.arguments.push(value.into());
        format!("${}", self.arguments.len())
    }

    fn of(among: LicencesAmong<'_>, filter: &'a LicenceFilter) -> Self {
        let mut all = Self::default();
        if let LicencesAmong::Organisations(ids) = among {
            // A connection keeps few prepared statements: the list has the last organisation several times.
            let places = filled(ids, rounded(ids.len()));
            let ids: Vec<_> = places.map(|id| all.value(*id)).collect();
            all.texts.push(format!("organisation IN ({})", ids.join(", ")));
        }
        if let Some(part) = &filter.key_part {
            let pattern = all.value(containing(part));
            all.texts
                .push(format!("LOWER(licence_key) LIKE {pattern} ESCAPE '\\'"));
        }
        if let Some(device) = filter.device {
            let device = all.value(device);
            all.texts.push(format!(
                "licence_id IN (SELECT licence FROM licence_seats WHERE device = {device})"
            ));
        }
        for (column, value) in [("kind", &filter.kind), ("name", &filter.agreement)] {
            if let Some(value) = value {
                let value = all.value(value.as_str());
                all.texts.push(format!(
                    "agreement IN (SELECT agreement_id FROM agreements WHERE {column} = {value})"
                ));
            }
        }
        all
    }

    fn text(&self) -> String {
        match self.texts.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", self.texts.join(" AND ")),
        }
    }
}

/// The pattern of the keys that contain a text, in lower case. Keys are ASCII.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

pub(super) async fn chosen(
    tx: &mut Tx<'_>,
    among: LicencesAmong<'_>,
    filter: &LicenceFilter,
    order: &[Sorting<LicenceSort>],
    part: Part,
) -> Result<Vec<LicenceRecord>, Error> {
    let mut conditions = Conditions::of(among, filter);
    let text = conditions.text();
    let (limit, offset) = (
        conditions.value(part.limit.max(0)),
        conditions.value(part.offset.max(0)),
    );
    let rows = format!(
        "SELECT licence_id FROM {} {text} {} LIMIT {limit} OFFSET {offset}",
        LicenceRecord::TABLE.name,
        order_by(order),
    );
    let rows = tx.all(sql(rows).bind_all(conditions.arguments)).await?;
    with_ids(tx, &rows).await
}

#[cfg(test)]
mod tests {
    use aggregates::values::{Ordinal, OrganisationId};

    use super::*;

    #[test]
    fn lists_of_about_as_many_organisations_are_one_statement() {
        let text = |count: i64| {
            let of = |number| OrganisationId::of(Ordinal::new(number).expect("a number"));
            let ids: Vec<_> = (1..=count).map(of).collect();
            let filter = LicenceFilter::default();
            let conditions = Conditions::of(LicencesAmong::Organisations(&ids), &filter);
            (conditions.text(), conditions.arguments.len())
        };
        assert_eq!(text(2), ("WHERE organisation IN ($1, $2)".to_owned(), 2));
        assert_eq!(text(17), text(32));
        assert_eq!(text(17).1, 32);
        assert_ne!(text(32), text(33));
    }

    #[test]
    fn a_part_of_a_key_is_taken_literally() {
        assert_eq!(containing("Ab-1"), "%ab-1%");
        assert_eq!(containing("a%_\\"), "%a\\%\\_\\\\%");
        assert_eq!(containing(""), "%%");
    }
}
