//! Permission checks by other engines, in a process of their own: cedar-policy and casbin.
//!
//! The first argument names a file with lines of three kinds, separated by tabs: `role NUMBER PATTERN`, `user ID ROLE
//! ROLE ROLE` and `question USER TOPIC true|false`. A line on stdin, `cedar MILLISECONDS` or `casbin MILLISECONDS`,
//! asks for a measurement. The answer is a line with the nanoseconds of a check: the median, the 99th percentile, and
//! the number of checks. Before the first measurement of an engine, it answers all questions once, and the answers are
//! compared.

mod casbin;
mod cedar;

use std::{
    collections::BTreeMap,
    hint::black_box,
    io::{BufRead, Write},
    time::{Duration, Instant},
};

/// The same allocator as the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An error is only a text.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The users, their rights, and the questions.
#[derive(Default)]
pub struct World {
    /// The patterns of roles: MQTT filters.
    pub roles: BTreeMap<usize, Vec<String>>,
    /// The roles of users.
    pub users: BTreeMap<String, Vec<usize>>,
    /// The questions.
    pub questions: Vec<Question>,
}

/// Whether a user may read a topic.
pub struct Question {
    /// The user.
    pub user: String,
    /// The topic.
    pub topic: String,
    /// The answer.
    pub allowed: bool,
}

/// An engine that answers questions.
pub trait Engine {
    /// The answer to a question.
    fn check(&self, question: &Question) -> bool;
}

fn main() -> Result<()> {
    let file = std::env::args()
        .nth(1)
        .ok_or("the argument must be a file that scripts/bench makes")?;
    let world = World::read(&std::fs::read_to_string(file)?)?;
    let (mut cedar, mut casbin) = (None, None);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (name, length) = line.split_once(' ').ok_or("two words are wanted")?;
        let length = Duration::from_millis(length.parse()?);
        let times = match name {
            "cedar" => {
                let engine = match &mut cedar {
                    Some(engine) => engine,
                    none => none.insert(cedar::Cedar::new(&world)?),
                };
                measure(engine, &world.questions, length)?
            }
            _ => {
                let engine = match &mut casbin {
                    Some(engine) => engine,
                    none => none.insert(casbin::Casbin::new(&world)?),
                };
                measure(engine, &world.questions, length)?
            }
        };
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        println!("{} {} {}", at(50), at(99), times.len());
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// The nanoseconds of each check, in ascending order. Checks until the time is over, and at least 20 times.
fn measure(engine: &impl Engine, questions: &[Question], length: Duration) -> Result<Vec<u64>> {
    let mut times = Vec::new();
    let begun = Instant::now();
    for question in questions.iter().cycle() {
        let started = Instant::now();
        let allowed = black_box(engine.check(black_box(question)));
        times.push(started.elapsed().as_nanos() as u64);
        if allowed != question.allowed {
            return Err(format!(
                "{} {} should be {}",
                question.user, question.topic, question.allowed
            )
            .into());
        }
        if begun.elapsed() >= length && times.len() >= 20 {
            break;
        }
    }
    times.sort_unstable();
    Ok(times)
}

impl World {
    fn read(text: &str) -> Result<Self> {
        let mut world = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            match words[..] {
                ["role", number, pattern] => {
                    world
                        .roles
                        .entry(number.parse()?)
                        .or_default()
                        .push(pattern.to_owned());
                }
                ["user", id, ref roles @ ..] => {
                    let roles = roles
                        .iter()
                        .map(|role| role.parse())
                        .collect::<std::result::Result<_, _>>()?;
                    world.users.insert(id.to_owned(), roles);
                }
                ["question", user, topic, allowed] => world.questions.push(Question {
                    user: user.to_owned(),
                    topic: topic.to_owned(),
                    allowed: allowed.parse()?,
                }),
                _ => return Err(format!("unknown line: {line}").into()),
            }
        }
        Ok(world)
    }
}
