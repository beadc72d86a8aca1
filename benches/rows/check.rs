//! One permission check in process: 100,000 users with 3 roles each, 1,000 roles with 20 patterns each, as many
//! checks allowed as denied. Beside it a plain scan of the same user's filters.

use std::{collections::HashMap, hint::black_box, time::Instant};

use aggregates::values::{Context, Operation, UserId};
use projections::authorization::Authorization;

use super::memory::{self, GRANTS, ROLES, role_of};
use crate::{
    context::{Bench, Result},
    measure::{Series, median, quantile},
    progress,
    random::Random,
    seed,
    table::{Row, Table},
};

const USERS: u64 = 100_000;
/// Questions that are asked over and over.
const QUESTIONS: usize = 1 << 16;
/// Checks between two looks at the clock, which costs about as much as one.
const BATCH: usize = 16;

struct Question {
    user: UserId,
    topic: String,
}

/// What a plain scan looks at.
struct Plain {
    roles_of: HashMap<UserId, Vec<usize>>,
    filters: Vec<Vec<(String, Operation)>>,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    progress("  filling the engine");
    let engine = Authorization::new();
    memory::apply_roles(&engine)?;
    memory::apply_users(&engine, USERS)?;
    let plain = Plain::new()?;
    let questions = plain.questions();
    for (number, question) in questions.iter().enumerate() {
        let allowed = number % 2 == 0;
        if plain.check(question) != allowed || check(&engine, question) != allowed {
            return Err(format!("the engine and the scan do not agree on {}", question.topic).into());
        }
    }
    let [mut ours, mut ours_p99, mut theirs, mut theirs_p99] = [const {
        Series {
            values: Vec::new(),
            shares: Vec::new(),
        }
    }; 4];
    for _ in 0..bench.options.rounds {
        let times = time(bench, &questions, |question| check(&engine, question));
        ours.push(median(&times));
        ours_p99.push(quantile(&times, 0.99));
        let times = time(bench, &questions, |question| plain.check(question));
        theirs.push(median(&times));
        theirs_p99.push(quantile(&times, 0.99));
    }
    let beside = "plain scan of the user's 60 filters";
    table.add(
        Row::rate("permission check, median", "ns", &ours)
            .less_is_better()
            .beside(beside, &theirs),
    );
    table.add(
        Row::rate("permission check, p99", "ns", &ours_p99)
            .less_is_better()
            .beside(beside, &theirs_p99)
            .note(format!("of the means of {BATCH} checks of different users")),
    );
    let users = bench.options.users_in_memory;
    let (bytes, seconds) = memory::measured(bench, users).await?;
    let (mut memory, mut filling) = (Series::default(), Series::default());
    memory.push(bytes / 1_048_576.0);
    filling.push(users as f64 / seconds);
    let what = format!("engine's memory for {users} users");
    table.add(Row::rate(what, "MiB", &memory).note(format!("{:.0} bytes a user", bytes / users as f64)));
    let what = format!("filling the engine with {users} users");
    table.add(
        Row::rate(what, "users/s", &filling).note(format!("{seconds:.1} s; {} events a user", GRANTS + 1)),
    );
    Ok(())
}

fn check(engine: &Authorization, question: &Question) -> bool {
    engine
        .check(question.user, Context::Mqtt, Operation::Read, &question.topic)
        .allowed
}

/// Nanoseconds of a check, a value a batch.
fn time(bench: &Bench, questions: &[Question], check: impl Fn(&Question) -> bool) -> Vec<f64> {
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed().as_secs() < bench.options.seconds {
        for batch in questions.chunks_exact(BATCH) {
            let begun = Instant::now();
            for question in batch {
                black_box(check(black_box(question)));
            }
            times.push(begun.elapsed().as_nanos() as f64 / BATCH as f64);
        }
    }
    times
}

impl Plain {
    fn new() -> Result<Self> {
        let mut filters = Vec::new();
        for number in 0..ROLES {
            filters.push(memory::permissions(number)?);
        }
        let roles = |user| (0..GRANTS).map(|at| role_of(user, at) as usize).collect();
        Ok(Self {
            roles_of: (0..USERS).map(|user| (seed::user(user), roles(user))).collect(),
            filters,
        })
    }

    fn check(&self, question: &Question) -> bool {
        let Some(roles) = self.roles_of.get(&question.user) else {
            return false;
        };
        roles
            .iter()
            .flat_map(|role| &self.filters[*role])
            .any(|(filter, operation)| operation.covers(Operation::Read) && matches(filter, &question.topic))
    }

    /// Allowed and denied in turn.
    fn questions(&self) -> Vec<Question> {
        let mut random = Random::new(7);
        (0..QUESTIONS)
            .map(|number| {
                loop {
                    let user = random.below(USERS);
                    // A topic that fits a pattern of the user's own, or of anybody's.
                    let of = if number % 2 == 0 {
                        user
                    } else {
                        random.below(USERS)
                    };
                    let filters = &self.filters[role_of(of, random.below(GRANTS)) as usize];
                    let (filter, _) = &filters[random.below(filters.len() as u64) as usize];
                    let question = Question {
                        user: seed::user(user),
                        topic: filter
                            .replace('+', &random.below(100).to_string())
                            .replace('#', "device/7/state"),
                    };
                    if self.check(&question) == (number % 2 == 0) {
                        return question;
                    }
                }
            })
            .collect()
    }
}

/// Whether a topic fits a filter (MQTT 5.0 section 4.7).
fn matches(filter: &str, topic: &str) -> bool {
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}
