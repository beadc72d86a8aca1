//! Hashes passwords: argon2id, on separate threads.
//!
//! Hashing is slow on purpose. A fixed number of threads does it, so that it never starves the threads that answer
//! requests. Whoever hashes or compares a password needs a turn ([`MayHash`]), so only a few passwords wait for the threads at the same
//! time. All others wait for a turn, where they are shared out fairly and refused if they are too many.

use std::{
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use aggregates::{text::MAX_PASSWORD_BYTES, values::PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use self::{
    blocklist::BlocklistError,
    rest::Rests,
    rules::{NewPassword, NotAccepted, RuleBroken},
};
use super::Password;
use ledger::ids::Entropy;

/// Bytes of salt (RFC 9106 section 3.1 recommends 16).
const SALT_BYTES: usize = 16;

/// The text whose hash is compared for unknown users. It is not a valid password, so nothing that somebody types can equal it. So the
/// comparison always takes its full time.
const NOBODY: &str = "nobody's\0password";

/// The cost of a hash, and how many hashes are made at the same time.
#[derive(Clone, Copy, Debug)]
pub struct HashingOptions {
    /// Memory in KiB (argon2's m).
    pub memory_kib: u32,
    /// Iterations (t).
    pub iterations: u32,
    /// Lanes (p).
    pub parallelism: u32,
    /// Threads that hash.
    pub workers: usize,
    /// Passwords that may wait for a turn.
    pub queue: usize,
}

/// Permission to use the threads that hash, for one password after the other. Turns give it, as long as they last: the turn of a
/// login, and the turn of a caller who sets passwords.
#[derive(Clone, Copy, Debug)]
pub struct MayHash<'turn>(PhantomData<&'turn ()>);

impl<'turn> MayHash<'turn> {
    /// The permission that goes with a turn.
    pub(crate) fn during<T>(_turn: &'turn T) -> Self {
        Self(PhantomData)
    }

    /// The permission of a program that serves no requests, such as the first start.
    pub fn without_requests() -> Self {
        Self(PhantomData)
    }
}

/// How many passwords wait for the threads at most. There are fewer turns; only passwords of clients that have hung up can be more.
const WAITING: usize = 1_024;

/// Why a password was not hashed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// The hasher failed. The parameters were checked at the start, so this is a bug or a lack of memory.
    #[error("the password hasher failed")]
    Failed,
}

/// Why a new password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// It breaks a rule.
    #[error(transparent)]
    Broken(#[from] RuleBroken),
    /// The blocklist cannot be searched.
    #[error("the blocklist of passwords cannot be searched")]
    Blocklist(#[from] BlocklistError),
    /// It cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
}

impl From<NotAccepted> for NotSet {
    fn from(error: NotAccepted) -> Self {
        match error {
            NotAccepted::Broken(broken) => broken.into(),
            NotAccepted::Blocklist(error) => error.into(),
        }
    }
}

/// The niceness of the hashing threads (setpriority(2)). On a busy core they get one part in ten of the time.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// A hashing thread's memory, which is used again and again. If each hash allocated and freed its 19 MiB, the allocator
/// would keep them.
type Memory = Vec<Block>;
type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// The result of comparing a typed text with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The text is not the hashed password.
    Wrong,
    /// The text stands for the hashed password.
    Right,
    /// The text itself was hashed, not the password that it stands for. Older versions of the server hashed what was typed.
    RightAsTyped,
}

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    queue: mpsc::Sender<Job>,
    hasher: Arc<Argon2<'static>>,
    entropy: Arc<dyn Entropy>,
    /// The hash that is compared with an unknown user's password, so that it takes as long as for a known user.
    nobody: PasswordHash,
    /// What makes up for hashes with weaker parameters.
    rests: Rests,
    /// How many hashes this process has begun.
    runs: Arc<AtomicU64>,
}

impl Passwords {
    /// Starts the threads. Refuses parameters that argon2 refuses.
    pub fn start(options: HashingOptions, entropy: Arc<dyn Entropy>) -> Result<Self, String> {
        let params = Params::new(options.memory_kib, options.iterations, options.parallelism, None)
            .map_err(|error| format!("the password hashing parameters are not possible: {error}"))?;
        let hasher = Arc::new(Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
        let (queue, jobs) = mpsc::channel::<Job>(WAITING);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..options.workers.max(1) {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || {
                    give_way();
                    let mut memory = Memory::new();
                    loop {
                        let job = jobs
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .blocking_recv();
                        let Some(job) = job else {
                            return;
                        };
                        // A panic spoils only this job, whose caller gets an error. The thread goes on.
                        if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
                            tracing::error!("a thread panicked while it hashed a password");
                            memory = Memory::new();
                        }
                    }
                })
                .map_err(|error| format!("cannot start a thread for password hashing: {error}"))?;
        }
        let nobody =
            hash(&hasher, entropy.as_ref(), NOBODY, &mut Memory::new()).map_err(|error| error.to_string())?;
        Ok(Self {
            queue,
            hasher,
            entropy,
            nobody,
            rests: Rests::default(),
            runs: Arc::default(),
        })
    }

    /// How often this process has hashed or compared a password.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Hashes a new password, if it satisfies all rules. It is compared with the user's last passwords one by one, so that logins get their
    /// turns in between.
    pub async fn hash(&self, may: MayHash<'_>, mut new: NewPassword) -> Result<PasswordHash, NotSet> {
        for earlier in new.take_earlier() {
            match self.verify(may, new.text(), Some(&earlier)).await? {
                Verdict::Wrong => {}
                Verdict::Right | Verdict::RightAsTyped => return Err(new.used().into()),
            }
        }
        let (hasher, entropy) = (Arc::clone(&self.hasher), Arc::clone(&self.entropy));
        let hashed = self.run(move |memory| {
            let password = new.accepted()?;
            let hash = hash(&hasher, entropy.as_ref(), password.as_str(), memory)?;
            Ok::<_, NotSet>(hash)
        });
        hashed.await?
    }

    /// Hashes a password again that was verified. The rules are for new passwords.
    pub(super) async fn hash_again(
        &self,
        _may: MayHash<'_>,
        verified: Password,
    ) -> Result<PasswordHash, HashingError> {
        let (hasher, entropy) = (Arc::clone(&self.hasher), Arc::clone(&self.entropy));
        let hashed = self.run(move |memory| hash(&hasher, entropy.as_ref(), verified.as_str(), memory));
        hashed.await?
    }

    /// Compares what somebody typed with a hash. `None` stands for a user who has no password or does not exist: the result is
    /// [`Verdict::Wrong`], after the same time.
    pub async fn verify(
        &self,
        _may: MayHash<'_>,
        typed: Zeroizing<String>,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, HashingError> {
        let known = hash.is_some();
        // Comparing with a hash of weaker parameters is faster than comparing with the hash for unknown users. So another
        // hash makes up for the difference.
        let rest = match hash {
            Some(hash) => self.rest_of(hash).await?,
            None => None,
        };
        let hash = hash.unwrap_or(&self.nobody).clone();
        let compared = self.run(move |memory| compare(&hash, rest.as_ref(), &typed, memory));
        let verdict = compared.await?;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    /// Runs work on one of the threads.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (answer, answered) = oneshot::channel();
        let runs = Arc::clone(&self.runs);
        let job: Job = Box::new(move |memory| {
            // If the request has ended, nobody needs the result.
            if !answer.is_closed() {
                runs.fetch_add(1, Ordering::Relaxed);
                let _ = answer.send(work(memory));
            }
        });
        self.queue.send(job).await.map_err(|_| HashingError::Failed)?;
        answered.await.map_err(|_| HashingError::Failed)
    }

    /// A hasher whose cost is the difference between the cost of a hash with today's parameters and that of `hash`; `None` if `hash`
    /// costs as much or more. What that takes on this machine is measured once for each kind of hash.
    async fn rest_of(&self, hash: &PasswordHash) -> Result<Option<Argon2<'static>>, HashingError> {
        let (now, weaker) = (self.hasher.params(), made_with(hash));
        let Some(estimate) = rest::estimate(now, weaker.as_ref()) else {
            return Ok(None);
        };
        let Some(weaker) = weaker else {
            return Ok(Some(rest::hasher(estimate)));
        };
        let Some(kind) = self.rests.kind(&weaker) else {
            return Ok(Some(rest::hasher(estimate)));
        };
        let now = now.clone();
        let fitted =
            kind.get_or_try_init(|| self.run(move |memory| rest::fitted(&now, &weaker, estimate, memory)));
        Ok(Some(rest::hasher(fitted.await?.clone())))
    }

    /// Whether the parameters are stronger now than those of `hash`, so that the password should be hashed again.
    pub fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let Some(made_with) = made_with(hash) else {
            return true;
        };
        let now = self.hasher.params();
        made_with.m_cost() < now.m_cost()
            || made_with.t_cost() < now.t_cost()
            || made_with.p_cost() < now.p_cost()
    }
}

/// The parameters with which a hash was made.
fn made_with(hash: &PasswordHash) -> Option<Params> {
    Params::try_from(&phc::PasswordHash::new(hash.as_str()).ok()?).ok()
}

/// Lowers the priority of this thread. A login has to wait for a hash anyway, but a permission check should not wait.
fn give_way() {
    // Only Linux has priorities of threads. On other systems this would change the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "cannot lower the priority of password hashing");
    }
}

fn hash(
    hasher: &Argon2<'_>,
    entropy: &dyn Entropy,
    password: &str,
    memory: &mut Memory,
) -> Result<PasswordHash, HashingError> {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt);
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(hasher, password, &salt, &mut output, memory).ok_or(HashingError::Failed)?;
    let failed = |_| HashingError::Failed;
    let hash = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: hasher.params().try_into().map_err(|_| HashingError::Failed)?,
        salt: Some(phc::Salt::new(&salt).map_err(failed)?),
        hash: Some(phc::Output::new(&output).map_err(failed)?),
    };
    Ok(PasswordHash::new(hash.to_string()))
}

/// Compares the password that a text stands for, and then the text itself if it differs from that password and is not too long. If
/// `hash` has weaker parameters than today's, `rest` is computed each time, too, and makes up for the difference. Unless the text is
/// the password, the time depends only on the text.
fn compare(hash: &PasswordHash, rest: Option<&Argon2<'static>>, typed: &str, memory: &mut Memory) -> Verdict {
    let mut is_right = |text: &str| {
        let right = matches(hash, text, memory);
        if let Some(rest) = rest {
            let mut unused = [0; Params::DEFAULT_OUTPUT_LEN];
            compute(rest, text, &[0; SALT_BYTES], &mut unused, memory);
        }
        right
    };
    let password = Password::of(typed).ok();
    if password
        .as_ref()
        .is_some_and(|password| is_right(password.as_str()))
    {
        return Verdict::Right;
    }
    let is_another = password.is_none_or(|password| password.as_str() != typed);
    // No version of the server accepted a longer text.
    let may_be_old = is_another && typed.len() <= MAX_PASSWORD_BYTES;
    if may_be_old && is_right(typed) {
        return Verdict::RightAsTyped;
    }
    Verdict::Wrong
}

/// Whether `password` is the hashed password. It uses the parameters of `hash`.
fn matches(hash: &PasswordHash, password: &str, memory: &mut Memory) -> bool {
    let mut compare = || {
        let parsed = phc::PasswordHash::new(hash.as_str()).ok()?;
        let algorithm = Algorithm::new(parsed.algorithm.as_str()).ok()?;
        let version = parsed
            .version
            .map_or(Ok(Version::default()), Version::try_from)
            .ok()?;
        let (salt, expected) = (parsed.salt?, parsed.hash?);
        let hasher = Argon2::new(algorithm, version, Params::try_from(&parsed).ok()?);
        let mut output = vec![0; expected.as_bytes().len()];
        compute(&hasher, password, salt.as_ref(), &mut output, memory)?;
        // The equality of `Output` takes the same time wherever two hashes differ.
        Some(phc::Output::new(&output).ok()? == expected)
    };
    compare().unwrap_or(false)
}

fn compute(
    hasher: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Memory,
) -> Option<()> {
    let blocks = hasher.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    hasher
        .hash_password_into_with_memory(password.as_bytes(), salt, output, memory.get_mut(..blocks)?)
        .ok()
}

pub mod blocklist;
pub mod classes;
pub mod policy;
mod rest;
pub mod rules;
mod strength;
#[cfg(test)]
mod tests;
