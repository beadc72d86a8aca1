//! Which user has which patterns, as a plain scan sees it, and questions about them: half are allowed, half denied, in
//! an unpredictable order.

use std::collections::HashMap;

use aggregates::values::{Operation, UserId};

use super::memory::{self, GRANTS, ROLES, role_of};
use crate::{context::Result, random::Random, seed};

/// Whether a user may read a topic.
pub(crate) struct Question {
    /// The user.
    pub(crate) user: UserId,
    /// The same user, by number.
    pub(crate) number: u64,
    /// The topic.
    pub(crate) topic: String,
    /// The answer.
    pub(crate) allowed: bool,
}

/// The data of a plain scan.
pub(crate) struct Plain {
    users: u64,
    roles_of: HashMap<UserId, Vec<usize>>,
    filters: Vec<Vec<(String, Operation)>>,
}

impl Plain {
    /// Makes the data of so many users.
    pub(crate) fn new(users: u64) -> Result<Self> {
        let mut filters = Vec::new();
        for number in 0..ROLES {
            filters.push(memory::permissions(number)?);
        }
        let roles = |user| (0..GRANTS).map(|at| role_of(user, at) as usize).collect();
        Ok(Self {
            users,
            roles_of: (0..users).map(|user| (seed::user(user), roles(user))).collect(),
            filters,
        })
    }

    /// The patterns of each role.
    pub(crate) fn roles(&self) -> impl Iterator<Item = impl Iterator<Item = &str>> {
        self.filters
            .iter()
            .map(|filters| filters.iter().map(|(filter, _)| filter.as_str()))
    }

    /// Whether a user may read a topic.
    pub(crate) fn check(&self, user: UserId, topic: &str) -> bool {
        let Some(roles) = self.roles_of.get(&user) else {
            return false;
        };
        roles
            .iter()
            .flat_map(|role| &self.filters[*role])
            .any(|(filter, operation)| operation.covers(Operation::Read) && matches(filter, topic))
    }

    /// So many questions.
    pub(crate) fn questions(&self, count: usize) -> Vec<Question> {
        let mut random = Random::new(7);
        (0..count)
            .map(|at| {
                // A random number decides whether a pair of questions is swapped, so that there are as many of each
                // kind, in an unpredictable order.
                let flipped = Random::new(at as u64 / 2).next() % 2;
                self.question(&mut random, at as u64 % 2 == flipped)
            })
            .collect()
    }

    fn question(&self, random: &mut Random, allowed: bool) -> Question {
        loop {
            let number = random.below(self.users);
            let user = seed::user(number);
            // A topic that matches a pattern of this user, or of a random user.
            let of = if allowed { number } else { random.below(self.users) };
            let filters = &self.filters[role_of(of, random.below(GRANTS)) as usize];
            let (filter, _) = &filters[random.below(filters.len() as u64) as usize];
            let topic = filter
                .replace('+', &random.below(100).to_string())
                .replace('#', "device/7/state");
            if self.check(user, &topic) == allowed {
                return Question {
                    user,
                    number,
                    topic,
                    allowed,
                };
            }
        }
    }
}

/// Whether a topic matches a filter (MQTT 5.0 section 4.7).
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
