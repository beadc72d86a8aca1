//! Which process used the processor, according to `/proc`.

use std::{collections::BTreeMap, time::Instant};

use crate::{context::Result, measure::Series, table::number};

/// Ticks of the kernel's clock in `/proc/PID/stat`: USER_HZ is 100 on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// The time that no process used.
const IDLE: &str = "idle";

/// The processes whose time is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Processes {
    /// This process, and the programs that it ran and waited for.
    Own,
    /// One process, without its children.
    One(u32),
    /// One process and all its descendants.
    Tree(u32),
}

/// Reads the time of some processes and of the machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cpu(Vec<(&'static str, Processes)>);

/// The time used so far.
pub(crate) struct Reading {
    at: Instant,
    ticks: Vec<u64>,
    idle: u64,
}

/// Per cent of one core, by name, including the idle time.
pub(crate) type Shares = Vec<(&'static str, f64)>;

struct Stat {
    parent: u32,
    own: u64,
    waited_for: u64,
}

impl Cpu {
    /// Reads these processes, each under a name.
    pub(crate) fn of(processes: &[(&'static str, Processes)]) -> Self {
        Self(processes.to_vec())
    }

    /// Reads the clocks.
    pub(crate) fn read(&self) -> Result<Reading> {
        let stats = all()?;
        let own = std::process::id();
        let ticks = self.0.iter().map(|(_, processes)| match processes {
            Processes::Own => stats.get(&own).map_or(0, |stat| stat.own + stat.waited_for),
            Processes::One(id) => stats.get(id).map_or(0, |stat| stat.own),
            Processes::Tree(root) => stats
                .iter()
                .filter(|(id, _)| descends(&stats, **id, *root))
                .map(|(_, stat)| stat.own + stat.waited_for)
                .sum(),
        });
        Ok(Reading {
            at: Instant::now(),
            ticks: ticks.collect(),
            idle: idle()?,
        })
    }

    /// The time used between two readings.
    pub(crate) fn shares(&self, from: &Reading, to: &Reading) -> Shares {
        let seconds = to.at.duration_since(from.at).as_secs_f64();
        let share = |from: u64, to: u64| to.saturating_sub(from) as f64 / TICKS_PER_SECOND / seconds * 100.0;
        let used = from
            .ticks
            .iter()
            .zip(&to.ticks)
            .map(|(from, to)| share(*from, *to));
        let names = self.0.iter().map(|(name, _)| *name);
        names
            .zip(used)
            .chain([(IDLE, share(from.idle, to.idle))])
            .collect()
    }
}

fn descends(stats: &BTreeMap<u32, Stat>, mut id: u32, root: u32) -> bool {
    while id != root {
        match stats.get(&id) {
            Some(stat) if stat.parent != 0 => id = stat.parent,
            _ => return false,
        }
    }
    true
}

fn all() -> Result<BTreeMap<u32, Stat>> {
    let mut stats = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end during the reading.
        let Ok(text) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name, in parentheses, may contain any character. The numbers follow it (proc(5), from the third field
        // on).
        let fields: Vec<&str> = text
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().collect())
            .unwrap_or_default();
        let number = |at: usize| {
            fields
                .get(at)
                .and_then(|text| text.parse::<u64>().ok())
                .unwrap_or(0)
        };
        let stat = Stat {
            parent: u32::try_from(number(1)).unwrap_or(0),
            own: number(11) + number(12),
            waited_for: number(13) + number(14),
        };
        stats.insert(id, stat);
    }
    Ok(stats)
}

/// The ticks in which a core had nothing to do, or waited for the disk.
fn idle() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let all = text.lines().next().unwrap_or_default();
    let numbers = all.split_whitespace().skip(4).take(2);
    Ok(numbers.filter_map(|text| text.parse::<u64>().ok()).sum())
}

/// `server 95 % (48 us), postgres 60 % (30 us), idle 2 %`: the mean over some measurements, and the time per counted
/// operation.
pub(crate) fn describe(Series { values, shares, .. }: &Series) -> String {
    let Some(first) = shares.first() else {
        return String::new();
    };
    let sum = |at: usize| {
        let of_round = shares.iter().filter_map(|shares| shares.get(at));
        of_round.map(|(_, share)| share).sum::<f64>()
    };
    let part = |(at, (name, _)): (usize, &(&str, f64))| {
        let share = sum(at) / shares.len() as f64;
        if *name == IDLE {
            return format!("{name} {share:.0} %");
        }
        // One per cent is a hundredth of a second per second.
        let micros = sum(at) / values.iter().sum::<f64>() * 10_000.0;
        format!("{name} {share:.0} % ({} us)", number(micros))
    };
    first.iter().enumerate().map(part).collect::<Vec<_>>().join(", ")
}
