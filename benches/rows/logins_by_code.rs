//! Logins of users who have a second factor: the password, and then a code of their device.
//!
//! A code is good once, and the next one comes after 30 seconds. So there are many users, each with a device, and each login is of the user
//! who has waited longest.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use aggregates::{Event, user::UserEvent, values::TotpSecret};
use ring::hmac;

use super::server::{HASHING_CONNECTIONS, Subject};
use crate::{
    context::{Bench, Result, open_ledger},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, rate},
    seed,
};

/// How many users have a device. Two logins of one are further apart than a code is good, unless there are 600 logins a second.
const OWNERS: u64 = 20_000;
/// The number of the first of them: behind those who log in by the password alone.
const FIRST: u64 = 50_000_000;
/// The secret of all devices, and how the server stores it.
const SECRET: &[u8] = b"12345678901234567890";
const SECRET_BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// How many users' events are written at once.
const AT_ONCE: u64 = 500;
/// Seconds of a time step.
const STEP: u64 = 30;

/// Makes the users with their devices. No server may run.
pub(super) async fn make_owners(bench: &Bench, url: &str) -> Result<()> {
    let ledger = open_ledger(url).await?;
    ledger.read_to_head().await?;
    let hash = bench.password_hash().await?;
    for block in 0..OWNERS / AT_ONCE {
        let numbers = FIRST + block * AT_ONCE..FIRST + (block + 1) * AT_ONCE;
        let events = numbers.flat_map(|number| {
            let of_user = [
                seed::user_created(number, Some(hash.clone())),
                UserEvent::TotpOffered {
                    secret: TotpSecret::new(SECRET_BASE32),
                },
                UserEvent::TotpEnrolled {
                    step: 1,
                    backup_codes: Vec::new(),
                },
            ];
            (1..).zip(of_user).map(move |(sequence, event)| {
                seed::new_event(seed::user(number), sequence, Event::User(event))
            })
        });
        ledger.append(seed::unit(events.collect())).await?;
    }
    ledger.close().await;
    Ok(())
}

/// The users, in the order in which they log in.
#[derive(Default)]
pub(super) struct Owners {
    next: Arc<AtomicU64>,
}

impl Owners {
    /// Logs in as often as the server can.
    pub(super) async fn log_in(&mut self, bench: &Bench, subject: &Subject<'_>) -> Result<Rate> {
        let cpu = Cpu::of(&[
            ("server", subject.server.processes()),
            ("postgres", Processes::Tree(bench.cluster.process)),
            ("load", Processes::Own),
        ]);
        let address = subject.server.address();
        rate(HASHING_CONNECTIONS, bench.options.window(), &cpu, |_, run| {
            let next = Arc::clone(&self.next);
            async move {
                let mut connection = Connection::open(address).await?;
                while run.goes_on() {
                    let number = FIRST + next.fetch_add(1, Ordering::Relaxed) % OWNERS;
                    log_in(&mut connection, &seed::username(number)).await?;
                    run.count();
                }
                Ok(())
            }
        })
        .await
    }
}

async fn log_in(connection: &mut Connection, name: &str) -> Result<()> {
    let body = seed::login_body(name);
    let answer = connection.expect(200, ("POST", "/api/login"), "", &body).await?;
    let half: serde_json::Value = serde_json::from_slice(answer.body)?;
    let handle = half["secret"]
        .as_str()
        .ok_or("the login needs no second factor")?;
    let code = code(now()? / STEP);
    let body = format!(r#"{{"username":"{name}","secret":"{handle}","otp":"{code}"}}"#);
    let answer = connection
        .expect(200, ("POST", "/api/mfa/login"), "", &body)
        .await?;
    let whole: serde_json::Value = serde_json::from_slice(answer.body)?;
    whole["token"].as_str().ok_or("no token")?;
    Ok(())
}

/// Seconds since 1970, as the devices count them.
#[expect(
    clippy::disallowed_methods,
    reason = "the server under test has the time of the machine"
)]
fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// The code of a time step (RFC 6238 with SHA-1 and six digits).
fn code(step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    let at = usize::from(digest[digest.len() - 1] & 0xf);
    let number = digest[at..at + 4]
        .iter()
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}
