//! Both compiled forms of permissions against the specification: every short filter, and random sets of long ones.

use aggregates::values::{Context, Operation, Permission, TopicFilter};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::patterns::{
        compile::compile,
        question::{Question, operations},
        scan::Scan,
        trie::Trie,
    },
    filter,
    ledger::permission,
    oracle::{covers, matches},
};

const OPERATIONS: [Operation; 3] = [Operation::Read, Operation::Write, Operation::ReadWrite];

/// The same permissions in both forms.
struct Forms(Scan, Trie);

impl Forms {
    fn of(permissions: &[Permission]) -> Self {
        Self(Scan::of(permissions), compile(permissions))
    }

    /// Asks both forms, which must agree.
    fn grant(&self, question: Option<Question<'_>>, operation: Operation) -> bool {
        let Some(question) = question else { return false };
        let wanted = operations(operation);
        let granted = self.0.granted(&question, wanted);
        assert_eq!(granted, self.1.granted(&question, wanted));
        granted == wanted
    }
}

/// Whether the permissions together grant an operation; `fits` tells which of them match the resource.
fn expected(permissions: &[Permission], operation: Operation, fits: impl Fn(&Permission) -> bool) -> bool {
    let fitting = permissions.iter().filter(|permission| fits(permission));
    let all = fitting.fold(0, |all, permission| all | operations(permission.operation));
    operations(operation) & !all == 0
}

/// All texts of up to `depth` of these levels.
fn texts(levels: &[&str], depth: usize) -> Vec<String> {
    let mut all: Vec<String> = levels.iter().map(|level| (*level).to_owned()).collect();
    let mut longest = all.clone();
    for _ in 1..depth {
        let longer = |text: &String| {
            levels
                .iter()
                .map(|level| format!("{text}/{level}"))
                .collect::<Vec<_>>()
        };
        longest = longest.iter().flat_map(longer).collect();
        all.extend(longest.iter().cloned());
    }
    all
}

#[test]
fn every_short_filter_agrees_with_the_specification() {
    let filters: Vec<TopicFilter> = texts(&["", "a", "$b", "+", "#"], 3)
        .iter()
        .filter_map(|text| TopicFilter::parse(text).ok())
        .collect();
    let topics = texts(&["", "a", "$b", "+c"], 4);
    let mut matched: Vec<Vec<bool>> = Vec::new();
    for pattern in &filters {
        for context in [Context::Http, Context::Mqtt] {
            let forms = Forms::of(&[permission(1, context, Operation::Read, pattern)]);
            for topic in &topics {
                let allowed = forms.grant(Question::resource(context, topic), Operation::Read);
                assert_eq!(
                    allowed,
                    matches(context, pattern, topic),
                    "{context:?} {pattern} {topic}"
                );
            }
        }
        let forms = Forms::of(&[permission(1, Context::Mqtt, Operation::Read, pattern)]);
        for asked in &filters {
            let allowed = forms.grant(Some(Question::filter(asked)), Operation::Read);
            assert_eq!(allowed, covers(pattern, asked), "{pattern} {asked}");
        }
        matched.push(
            topics
                .iter()
                .map(|topic| matches(Context::Mqtt, pattern, topic))
                .collect(),
        );
    }
    // A filter that covers another matches everything that the other matches.
    for (pattern, all) in filters.iter().zip(&matched) {
        for (asked, some) in filters.iter().zip(&matched) {
            let asks_more = some.iter().zip(all).any(|(asked, granted)| *asked && !granted);
            assert!(!(asks_more && covers(pattern, asked)), "{pattern} covers {asked}");
        }
    }
}

fn a_text(levels: Vec<&'static str>) -> impl Strategy<Value = String> {
    (vec(select(levels), 1..24), 0..12usize).prop_map(|(levels, pad)| {
        let mut all = vec!["a"; pad];
        all.extend(levels);
        let text = all.join("/");
        if text.is_empty() { "/".to_owned() } else { text }
    })
}

fn a_pattern() -> impl Strategy<Value = String> {
    let text = a_text(vec![
        "a",
        "a",
        "a",
        "+",
        "",
        "$s",
        "longer than 8",
        "longer than eight",
    ]);
    (text, any::<bool>()).prop_map(|(text, rest)| if rest { format!("{text}/#") } else { text })
}

fn a_permission() -> impl Strategy<Value = Permission> {
    let contexts = select(vec![Context::Http, Context::Mqtt, Context::Mqtt]);
    (0..1_000u128, contexts, select(OPERATIONS.to_vec()), a_pattern())
        .prop_map(|(id, context, operation, pattern)| permission(id, context, operation, &pattern))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// The filters are long enough that the walk passes the levels kept ready, forwards and back.
    #[test]
    fn many_long_patterns_agree_with_the_specification(
        permissions in vec(a_permission(), 0..20),
        topics in vec(a_text(vec!["a", "a", "a", "a", "", "$s", "longer than 8", "longer than eight"]), 4),
        filters in vec(a_pattern(), 2),
    ) {
        let forms = Forms::of(&permissions);
        let own = permissions.iter().map(|permission| permission.resource.to_string());
        for topic in topics.into_iter().chain(own.clone().map(|text| text.replace(['+', '#'], "a"))) {
            for context in [Context::Http, Context::Mqtt] {
                for operation in OPERATIONS {
                    let allowed = forms.grant(Question::resource(context, &topic), operation);
                    let fits = |one: &Permission| one.context == context && matches(context, &one.resource, &topic);
                    prop_assert_eq!(allowed, expected(&permissions, operation, fits));
                }
            }
        }
        for asked in filters.into_iter().chain(own) {
            let asked = filter(&asked);
            let allowed = forms.grant(Some(Question::filter(&asked)), Operation::Read);
            let fits = |one: &Permission| one.context == Context::Mqtt && covers(&one.resource, &asked);
            prop_assert_eq!(allowed, expected(&permissions, Operation::Read, fits));
        }
    }
}
