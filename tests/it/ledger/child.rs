//! A second process on the same database. It is this same binary, started again with a task.

use std::{
    io::{BufRead, Write},
    process::Stdio,
    time::Duration,
};

use aggregates::values::UserId;
use futures_util::future::join_all;
use ledger::{Executor, Ledger};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::counts::take_seats;
use super::site::{
    self, create_user, metadata, new_role, new_session, new_user, role_unit, token_issued, tokens_revoked,
    unique, unit,
};

/// The variable that holds the task.
const TASK: &str = "MUNIMENT_TEST_TASK";
/// The prefix of each line for the parent. The test harness writes lines of its own.
const MARK: &str = "child: ";
/// How long a child may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The task of the other process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Task {
    /// So many writers append so many units each. At the end the process prints `events N`.
    Append { writers: usize, units: usize },
    /// So many contenders want one username. For each the process prints `won` or `lost`, or an error.
    Contend { username: String, contenders: usize },
    /// So many people want a seat in one organisation. For each the process prints `won` or `lost`.
    TakeSeats { organisation: String, people: usize },
    /// Issues tokens for one user. Each has the label `from the child`.
    IssueTokens { user: UserId, tokens: usize },
    /// Appends until it is killed. Prints `POSITION AGGREGATE` for each event of an acknowledged unit.
    AppendForEver,
    /// Opens the ledger and prints its id.
    Open,
}

/// A running second process. Dropping the value kills it.
pub struct Child {
    process: tokio::process::Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts a process. It has opened the ledger and waits for the order to begin.
    pub async fn ready(task: &Task, url: &str) -> Self {
        let mut child = Self::start(task, url);
        assert_eq!(child.line().await.as_deref(), Some("ready"));
        child
    }

    /// Starts a process.
    pub fn start(task: &Task, url: &str) -> Self {
        let given = serde_json::to_string(&(task, url)).expect("a task is JSON");
        let mut process = Command::new(std::env::current_exe().expect("this binary has a path"))
            .args([
                "ledger::child::a_second_process_does_its_task",
                "--exact",
                "--nocapture",
            ])
            .env(TASK, given)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this binary should start again");
        let stdin = process.stdin.take().expect("stdin is a pipe");
        let lines = BufReader::new(process.stdout.take().expect("stdout is a pipe")).lines();
        Self {
            process,
            stdin,
            lines,
        }
    }

    /// Orders it to begin.
    pub async fn go(&mut self) {
        self.stdin
            .write_all(b"go\n")
            .await
            .expect("the child should listen");
    }

    /// The next line of the process. `None` after its end.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let line = line
                .expect("the child should say something")
                .expect("its output should be text")?;
            if let Some((_, said)) = line.split_once(MARK) {
                return Some(said.to_owned());
            }
        }
    }

    /// All further lines of the process. It must end with success.
    pub async fn rest(mut self) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(line) = self.line().await {
            said.push(line);
        }
        let status = self.process.wait().await.expect("the child should end");
        assert!(status.success(), "the child failed: {said:?}");
        said
    }

    /// Sends kill -9. Returns the lines that were not read yet.
    pub async fn kill(mut self) -> Vec<String> {
        self.process.kill().await.expect("the child should be killed");
        let mut said = Vec::new();
        while let Some(line) = self.line().await {
            said.push(line);
        }
        said
    }
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{MARK}{line}").expect("the parent should listen");
    stdout.flush().expect("the parent should listen");
}

/// The other process. If a person runs this test, it has no task and does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_does_its_task() {
    let Ok(given) = std::env::var(TASK) else { return };
    let (task, url): (Task, String) = serde_json::from_str(&given).expect("a task is JSON");
    let ledger = site::open(&url).await;
    say("ready");
    let mut told = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut told)
        .expect("the parent should speak");
    match task {
        Task::Append { writers, units } => {
            let written = join_all((0..writers).map(|_| append_units(&ledger, units))).await;
            say(&format!("events {}", written.iter().sum::<usize>()));
        }
        Task::Contend { username, contenders } => {
            for outcome in contend(&ledger, &username, contenders).await {
                say(outcome);
            }
        }
        Task::TakeSeats { organisation, people } => {
            for outcome in take_seats(&ledger, &organisation, people).await {
                say(outcome);
            }
        }
        Task::IssueTokens { user, tokens } => issue_tokens(&ledger, user, tokens, "from the child").await,
        Task::AppendForEver => append_for_ever(&ledger).await,
        Task::Open => say(ledger.id()),
    }
    ledger.close().await;
}

/// Appends units of one, two and three events in turn, each to streams of its own. Returns the number of events.
pub async fn append_units(ledger: &Ledger, units: usize) -> usize {
    let mut events = 0;
    for turn in 0..units {
        let count = turn % 3 + 1;
        let user = new_user();
        let new = (1..).take(count).map(|sequence| tokens_revoked(user, sequence));
        let appended = ledger
            .append(unit(new.collect()))
            .await
            .expect("a unit should be appended");
        assert_eq!(appended.events.len(), count);
        events += count;
    }
    events
}

/// All contenders want the same username.
pub async fn contend(ledger: &Ledger, username: &str, contenders: usize) -> Vec<&'static str> {
    let executor = Executor::new(ledger.clone());
    let attempts = (0..contenders).map(|_| async {
        let metadata = metadata();
        executor
            .execute(vec![site::user_created(new_user(), username)], &metadata)
            .await
    });
    let outcomes = join_all(attempts).await.into_iter().map(|outcome| match outcome {
        Ok(_) => "won",
        Err(ledger::ExecuteError::Rejected(ledger::Rejection::ClaimTaken(claim)))
            if claim.scope == aggregates::user::claims::USERNAME && claim.value == username =>
        {
            "lost"
        }
        Err(error) => panic!("neither won nor lost: {error}"),
    });
    outcomes.collect()
}

/// Issues tokens to a user, all at once.
pub async fn issue_tokens(ledger: &Ledger, user: UserId, tokens: usize, label: &str) {
    let executor = Executor::new(ledger.clone());
    let issued = (0..tokens).map(|_| async {
        let metadata = metadata();
        executor
            .execute(vec![token_issued(new_session(), user, label)], &metadata)
            .await
    });
    for outcome in join_all(issued).await {
        outcome.expect("a token should be issued");
    }
}

/// Eight writers make users with roles and tokens, and roles without holders, so that all read models have work.
async fn append_for_ever(ledger: &Ledger) {
    let executor = Executor::new(ledger.clone());
    let writers = (0..8).map(|_| async {
        loop {
            let (user, role) = (new_user(), new_role());
            let name = unique("user");
            let commands = vec![
                site::role_created(role, &unique("role")),
                aggregates::Command::User(
                    user,
                    aggregates::user::UserCommand::Create(aggregates::user::CreateUser {
                        roles: vec![aggregates::user::RoleGrant {
                            role_id: role,
                            is_shared: true,
                        }],
                        ..create_user(&name)
                    }),
                ),
                token_issued(new_session(), user, "laptop"),
            ];
            let appended = executor
                .execute(commands, &metadata())
                .await
                .expect("a unit should be appended");
            let more = ledger.append(role_unit(new_role(), &unique("role"))).await;
            let events = appended
                .events
                .into_iter()
                .chain(more.expect("a unit should be appended").events);
            for event in events {
                say(&format!("{} {}", event.position, event.aggregate_id));
            }
        }
    });
    join_all(writers).await;
}
