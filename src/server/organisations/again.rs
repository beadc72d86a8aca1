//! Changes that are judged again, since somebody else was first.

use aggregates::{Classified as _, Command, values::NUMBER_TAKEN};
use ledger::{Appended, Attempted, ExecuteError};
use projections::{organisations::CHANGED, sql::Boxed};

use super::may::Right;
use crate::{app::App, caller::Caller, refusal::Refusal};

/// A change as it was judged at one moment.
pub(super) struct Planned<T = ()> {
    commands: Vec<Command>,
    right: Right,
    is_own: bool,
    makes: T,
}

impl Planned {
    /// These commands. The caller has this right to them.
    pub(super) fn new(commands: Vec<Command>, right: Right) -> Self {
        Self {
            commands,
            right,
            is_own: false,
            makes: (),
        }
    }
}

impl<T> Planned<T> {
    /// The commands give rights on nothing but what the caller makes with them: it is theirs to give.
    pub(super) fn own(self) -> Self {
        Self { is_own: true, ..self }
    }

    /// What the change makes.
    pub(super) fn making<M>(self, makes: M) -> Planned<M> {
        Planned {
            commands: self.commands,
            right: self.right,
            is_own: self.is_own,
            makes,
        }
    }
}

/// Whether commands are refused only because somebody else was first: another node has taken a number that was free, or somebody has made
/// something in what is deleted.
pub(crate) fn came_second(error: &ExecuteError) -> bool {
    [NUMBER_TAKEN, CHANGED.code].contains(&error.code())
}

/// Makes a change, and plans it again while somebody else is first. Each plan judges the caller anew, from what this process then knows. The
/// changes of this process that rest on the same things are made one after the other, so none is refused because there are many.
pub(super) async fn until_first<'a, T>(
    app: &App,
    caller: &Caller,
    plan: impl Fn() -> Boxed<'a, Result<Planned<T>, Refusal>>,
) -> Result<(T, Appended), Refusal> {
    let mut attempts = app.executor.attempts();
    loop {
        let Planned {
            commands,
            right,
            is_own,
            makes,
        } = plan().await?;
        match caller
            .attempt(app, &mut attempts, commands, &right, is_own)
            .await?
        {
            Attempted::Made(appended) => return Ok((makes, appended)),
            Attempted::Outdated => attempts.again().await?,
        }
    }
}

/// The same, for changes that make nothing to which anybody refers.
pub(super) async fn until_done<'a>(
    app: &App,
    caller: &Caller,
    plan: impl Fn() -> Boxed<'a, Result<Planned, Refusal>>,
) -> Result<Appended, Refusal> {
    let ((), appended) = until_first(app, caller, plan).await?;
    Ok(appended)
}
