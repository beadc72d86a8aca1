//! cedar-policy and casbin, in a process of their own (`benches/peers`), with the same questions.

use std::{fmt::Write, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    memory::{GRANTS, role_of},
    plain::{Plain, Question},
};
use crate::context::{Bench, Result};

/// How many of the questions the engines get. Each is about another user, and the engines hold the policies of these
/// users.
const QUESTIONS: usize = 1_000;

/// The process.
pub(crate) struct Decisions {
    _child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Nanoseconds of a check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The median.
    pub(crate) median: f64,
    /// The 99th percentile.
    pub(crate) p99: f64,
}

impl Decisions {
    /// Starts the process, if it was built.
    pub(crate) fn start(bench: &Bench, plain: &Plain, questions: &[Question]) -> Result<Option<Self>> {
        let Some(program) = std::env::var_os("BENCH_DECISIONS") else {
            return Ok(None);
        };
        let file = bench.folder.join("decisions.tsv");
        std::fs::write(&file, world(plain, &questions[..QUESTIONS.min(questions.len())])?)?;
        let mut child = Command::new(program)
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Some(Self {
            asks: child.stdin.take().ok_or("stdin is no pipe")?,
            answers: BufReader::new(child.stdout.take().ok_or("stdout is no pipe")?),
            _child: child,
        }))
    }

    /// Measures one of the engines for so long.
    pub(crate) async fn measure(&mut self, name: &str, seconds: u64) -> Result<Times> {
        self.asks
            .write_all(format!("{name} {}\n", seconds * 1_000).as_bytes())
            .await?;
        let mut line = String::new();
        self.answers.read_line(&mut line).await?;
        let numbers: Vec<f64> = line.split_whitespace().flat_map(str::parse).collect();
        match numbers[..] {
            [median, p99, _] => Ok(Times { median, p99 }),
            _ => Err(format!("{name} said: {line}").into()),
        }
    }
}

/// All roles, the users of the questions, and the questions.
fn world(plain: &Plain, questions: &[Question]) -> Result<String> {
    let mut text = String::new();
    for (number, patterns) in plain.roles().enumerate() {
        for pattern in patterns {
            writeln!(text, "role\t{number}\t{pattern}")?;
        }
    }
    for Question {
        user,
        number,
        topic,
        allowed,
    } in questions
    {
        write!(text, "user\t{user}")?;
        for at in 0..GRANTS {
            write!(text, "\t{}", role_of(*number, at))?;
        }
        writeln!(text, "\nquestion\t{user}\t{topic}\t{allowed}")?;
    }
    Ok(text)
}
