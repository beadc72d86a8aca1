//! Counters of the answers of this process, for metrics.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What a broker's question was answered with that was not refused.
const ALLOWED: &str = "allowed";
/// What a question was answered with whose answer is always no.
const DENIED: &str = "denied";
/// How many hooks are counted at most. Their paths are texts of the program, so this is never reached.
const MOST: usize = 4_096;

/// Counters of answers. The keys are texts of the program: no client can make one.
#[derive(Debug, Default)]
pub struct Counts {
    evidence: Mutex<BTreeMap<&'static str, u64>>,
    refused: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    /// By the hook, then by the answer.
    asked: Mutex<BTreeMap<String, BTreeMap<&'static str, u64>>>,
}

impl Counts {
    /// Counts a refusal that is kept for auditors, by its kind.
    pub(crate) fn kept(&self, kind: &'static str) {
        let mut counts = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(kind).or_default() += 1;
    }

    /// Counts a refusal by a face.
    pub(crate) fn refused(&self, face: &'static str, code: &'static str) {
        let mut counts = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((face, code)).or_default() += 1;
    }

    /// Counts a broker's question to the hook with this path, with the code of its refusal.
    pub(crate) fn asked(&self, hook: &str, code: Option<&'static str>, is_success: bool) {
        let answer = code.unwrap_or(if is_success { ALLOWED } else { DENIED });
        let mut counts = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // The usual case allocates nothing: brokers ask all the time.
        if let Some(answers) = counts.get_mut(hook) {
            *answers.entry(answer).or_default() += 1;
        } else if counts.len() < MOST {
            counts.insert(hook.to_owned(), BTreeMap::from([(answer, 1)]));
        }
    }

    /// How many refusals were kept for auditors, by their kinds.
    pub fn evidence(&self) -> Vec<(&'static str, u64)> {
        let counts = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(kind, count)| (*kind, *count)).collect()
    }

    /// How many requests each face refused, by the code of the refusal.
    pub fn refusals(&self) -> Vec<(&'static str, &'static str, u64)> {
        let counts = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((face, code), count)| (*face, *code, *count))
            .collect()
    }

    /// How brokers' questions were answered: the path of the hook, `allowed` or the code of the refusal, and how often.
    pub fn hooks(&self) -> Vec<(String, &'static str, u64)> {
        let counts = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let of_hook = |(hook, answers): (&String, &BTreeMap<&'static str, u64>)| {
            let hook = hook.clone();
            let counts = answers.clone().into_iter();
            counts.map(move |(answer, count)| (hook.clone(), answer, count))
        };
        counts.iter().flat_map(of_hook).collect()
    }
}
