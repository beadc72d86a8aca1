//! What makes up for the time that a hash with weaker parameters saves, so that the time of a refused login does not tell that the user
//! has such a hash.
//!
//! The time of argon2 is not in proportion to its memory: the first pass over the memory differs from the others, and less memory fits
//! better into the caches. So the first time that a process compares a hash of some kind, it measures what makes up for it on this
//! machine.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::OnceCell;

use super::{Memory, SALT_BYTES, compute};

/// For how many kinds of weaker hashes the rest is measured; for all others it is estimated. A ledger has few kinds: one for each change
/// of the settings or source of an import.
const MOST: usize = 16;
/// How often the estimate is improved.
const STEPS: usize = 4;
/// How often each time is measured in one step. The least counts: whatever interrupts a thread makes a time longer.
const ROUNDS: usize = 4;

/// Memory in KiB, iterations, lanes.
type Kind = (u32, u32, u32);

/// What makes up for hashes, by their parameters.
#[derive(Clone, Default)]
pub(super) struct Rests(Arc<Mutex<HashMap<Kind, Arc<OnceCell<Params>>>>>);

impl Rests {
    /// What makes up for hashes with these parameters, as soon as it is measured. `None` if there are too many kinds already.
    pub(super) fn kind(&self, weaker: &Params) -> Option<Arc<OnceCell<Params>>> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = (weaker.m_cost(), weaker.t_cost(), weaker.p_cost());
        let has_room = kinds.len() < MOST;
        match kinds.get(&kind) {
            Some(known) => Some(Arc::clone(known)),
            None => has_room.then(|| Arc::clone(kinds.entry(kind).or_default())),
        }
    }
}

/// Parameters that take the memory which is gone through with the present ones, but not with the weaker ones (`None`: a hash that cannot
/// be computed). `None` if that is nothing, or less than argon2 can use.
pub(super) fn estimate(now: &Params, weaker: Option<&Params>) -> Option<Params> {
    let cost = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
    let rest = cost(now).checked_sub(weaker.map_or(0, cost))?;
    with_memory(now, rest / u64::from(now.t_cost()))
}

/// The present parameters with another memory, in KiB.
fn with_memory(now: &Params, memory: u64) -> Option<Params> {
    Params::new(u32::try_from(memory).ok()?, now.t_cost(), now.p_cost(), None).ok()
}

pub(super) fn hasher(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Improves an estimate until a weaker hash and the rest take as much of the processor as a hash with the present parameters.
pub(super) fn fitted(now: &Params, weaker: &Params, estimate: Params, memory: &mut Memory) -> Params {
    fit(now, estimate, |rest| {
        let mut least = Times {
            whole: Duration::MAX,
            made_up: Duration::MAX,
            rest: Duration::MAX,
        };
        for _ in 0..ROUNDS {
            least.whole = least.whole.min(time_of(now, memory)?);
            let weak = time_of(weaker, memory)?;
            let rest = time_of(rest, memory)?;
            least.made_up = least.made_up.min(weak + rest);
            least.rest = least.rest.min(rest);
        }
        Some(least)
    })
}

/// What was measured.
struct Times {
    /// A hash with the present parameters.
    whole: Duration,
    /// A weaker hash and the rest.
    made_up: Duration,
    /// The rest alone.
    rest: Duration,
}

fn fit(now: &Params, estimate: Params, mut measure: impl FnMut(&Params) -> Option<Times>) -> Params {
    let mut fitted = estimate;
    for _ in 0..STEPS {
        let better = measure(&fitted).and_then(|times| {
            let wanted = times.rest.as_secs_f64() + times.whole.as_secs_f64() - times.made_up.as_secs_f64();
            let factor = wanted / times.rest.as_secs_f64();
            // A rest is never larger than the whole by much. What says so was disturbed, or the clock does not move.
            let memory = f64::from(fitted.m_cost()) * factor;
            let is_likely = memory > 0.0 && memory < 2.0 * f64::from(now.m_cost());
            is_likely.then(|| with_memory(now, memory as u64)).flatten()
        });
        match better {
            Some(better) => fitted = better,
            None => break,
        }
    }
    fitted
}

/// The time of the processor that this thread needs for a hash.
fn time_of(params: &Params, memory: &mut Memory) -> Option<Duration> {
    let began = thread_time()?;
    let mut unused = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(&hasher(params.clone()), "", &[0; SALT_BYTES], &mut unused, memory)?;
    thread_time()?.checked_sub(began)
}

/// The time of the processor that this thread has used. Unlike the time on the wall, it does not depend on what else runs.
fn thread_time() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    return Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)).ok();
    #[cfg(not(target_os = "linux"))]
    return None;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(memory: u32, iterations: u32) -> Params {
        Params::new(memory, iterations, 1, None).expect("parameters")
    }

    /// A machine on which each hash takes 3 ms more than its share of the memory.
    fn machine(params: &Params) -> Duration {
        Duration::from_millis(3) + Duration::from_micros(u64::from(params.m_cost() * params.t_cost()))
    }

    #[test]
    fn the_rest_makes_up_for_what_a_weaker_hash_saves_on_this_machine() {
        for (memory, iterations) in [(8_192, 1), (19_456, 1), (4_096, 3), (64, 1)] {
            let (now, weaker) = (params(19_456, 2), params(memory, iterations));
            let estimate = estimate(&now, Some(&weaker)).expect("an estimate");
            let measured = |rest: &Params| Times {
                whole: machine(&now),
                made_up: machine(&weaker) + machine(rest),
                rest: machine(rest),
            };
            let fitted = fit(&now, estimate, |rest| Some(measured(rest)));
            let made_up = machine(&weaker) + machine(&fitted);
            let difference = machine(&now).abs_diff(made_up);
            assert!(
                difference < Duration::from_micros(100),
                "{memory} {iterations}: {difference:?}"
            );
        }
    }

    #[test]
    fn the_estimate_goes_through_the_memory_that_is_left() {
        let now = params(64, 2);
        for (memory, iterations) in [(8, 1), (16, 1), (16, 2), (64, 1), (32, 3)] {
            let rest = estimate(&now, Some(&params(memory, iterations))).expect("an estimate");
            assert_eq!(rest.m_cost() * rest.t_cost() + memory * iterations, 128);
        }
    }

    #[test]
    fn a_measurement_that_makes_no_sense_leaves_the_estimate() {
        let (now, weaker) = (params(1_024, 2), params(512, 1));
        let guess = estimate(&now, Some(&weaker)).expect("an estimate");
        let (none, some) = (Duration::ZERO, Duration::from_millis(1));
        for (whole, made_up, rest) in [
            (none, none, none),
            (some, 9 * some, some),
            (90 * some, some, some),
        ] {
            let fitted = fit(&now, guess.clone(), |_| Some(Times { whole, made_up, rest }));
            assert_eq!(fitted.m_cost(), guess.m_cost());
        }
        assert_eq!(fit(&now, guess.clone(), |_| None).m_cost(), guess.m_cost());
    }

    #[test]
    fn few_kinds_are_measured() {
        let rests = Rests::default();
        for memory in 0..100 {
            assert_eq!(
                rests.kind(&params(64 + memory, 1)).is_some(),
                memory < MOST as u32
            );
        }
        assert!(rests.kind(&params(64, 1)).is_some());
    }
}
