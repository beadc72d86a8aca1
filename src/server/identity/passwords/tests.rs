//! What a hash accepts.

use super::*;
use ledger::ids::SystemEntropy;

fn options(memory_kib: u32) -> HashingOptions {
    HashingOptions {
        memory_kib,
        iterations: 1,
        parallelism: 1,
        workers: 1,
        queue: 2,
    }
}

fn passwords(memory_kib: u32) -> Passwords {
    Passwords::start(options(memory_kib), Arc::new(SystemEntropy)).unwrap()
}

fn may() -> MayHash<'static> {
    MayHash::without_requests()
}

fn password(text: &str) -> NewPassword {
    let policy = policy::PasswordPolicy::parse(r#"{"min":1}"#).unwrap();
    let rules = Arc::new(rules::PasswordRules {
        policy,
        ..rules::PasswordRules::default()
    });
    rules.propose(text, &[]).unwrap()
}

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

#[tokio::test]
async fn a_hash_verifies_its_password_and_no_other() {
    let passwords = passwords(8);
    let hash = passwords.hash(may(), password("open sesame")).await.unwrap();
    assert!(
        hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
        "{}",
        hash.as_str()
    );
    assert_eq!(
        passwords.verify(may(), secret("open sesame"), Some(&hash)).await,
        Ok(Verdict::Right)
    );
    assert_eq!(
        passwords.verify(may(), secret("open sesam"), Some(&hash)).await,
        Ok(Verdict::Wrong)
    );
}

#[tokio::test]
async fn a_password_is_the_same_however_it_is_typed() {
    let passwords = passwords(8);
    let hash = passwords.hash(may(), password("pässwörd 1")).await.unwrap();
    for typed in ["pässwörd 1", "pa\u{308}sswo\u{308}rd 1", "pässwörd\u{a0}1"] {
        assert_eq!(
            passwords.verify(may(), secret(typed), Some(&hash)).await,
            Ok(Verdict::Right)
        );
    }
    assert_eq!(
        passwords.verify(may(), secret("passwörd 1"), Some(&hash)).await,
        Ok(Verdict::Wrong)
    );
}

/// The hash that an older version of the server made of what was typed.
fn old_hash(of: &Passwords, typed: &str) -> PasswordHash {
    hash(&of.hasher, of.entropy.as_ref(), typed, &mut Memory::new()).unwrap()
}

#[tokio::test]
async fn an_old_hash_is_compared_with_what_is_typed() {
    let (weaker, passwords) = (passwords(8), passwords(16));
    for typed in ["pa\u{308}ss", "a\tb", "\u{200b}"] {
        for hasher in [&weaker, &passwords] {
            let old = old_hash(hasher, typed);
            assert_eq!(
                passwords.verify(may(), secret(typed), Some(&old)).await,
                Ok(Verdict::RightAsTyped)
            );
            assert_eq!(
                passwords.verify(may(), secret("x"), Some(&old)).await,
                Ok(Verdict::Wrong)
            );
        }
    }
    let old = old_hash(&passwords, "päss");
    assert_eq!(
        passwords.verify(may(), secret("pa\u{308}ss"), Some(&old)).await,
        Ok(Verdict::Right)
    );
    assert_eq!(
        passwords.verify(may(), secret("pa\u{308}ss"), None).await,
        Ok(Verdict::Wrong)
    );
    let empty = old_hash(&passwords, "");
    assert_eq!(
        passwords.verify(may(), secret(""), Some(&empty)).await,
        Ok(Verdict::RightAsTyped)
    );
}

#[tokio::test]
async fn nobody_has_a_password() {
    assert_eq!(
        passwords(8)
            .verify(may(), secret("nobody's password"), None)
            .await,
        Ok(Verdict::Wrong)
    );
}

#[test]
fn no_old_hash_is_of_a_longer_text() {
    let passwords = passwords(8);
    let mut memory = Memory::new();
    for (typed, verdict) in [
        ("a\u{301}".repeat(341), Verdict::RightAsTyped),
        ("a\u{301}".repeat(342), Verdict::Wrong),
        ("x".repeat(MAX_PASSWORD_BYTES + 1), Verdict::Wrong),
        ("x".repeat(1 << 20), Verdict::Wrong),
    ] {
        let old = old_hash(&passwords, &typed);
        assert_eq!(
            compare(&old, None, &typed, &mut memory),
            verdict,
            "{} bytes",
            typed.len()
        );
    }
}

/// If a text stood for it, an unknown name would cost one hash less than a known one.
#[test]
fn nobodys_password_is_the_password_of_no_text() {
    let passwords = passwords(8);
    for typed in ["nobody's password", "nobody's\u{a0}password", NOBODY] {
        let verdict = compare(&passwords.nobody, None, typed, &mut Memory::new());
        assert_ne!(verdict, Verdict::Right, "{typed:?}");
    }
    assert!(Password::of(NOBODY).is_err());
}

#[tokio::test]
async fn a_hash_with_weaker_parameters_has_a_rest() {
    let with = |memory_kib, iterations| {
        let options = HashingOptions {
            iterations,
            ..options(memory_kib)
        };
        Passwords::start(options, Arc::new(SystemEntropy)).unwrap()
    };
    let today = with(64, 2);
    for (memory_kib, iterations) in [(8, 1), (16, 1), (16, 2), (64, 1), (32, 3)] {
        let old = &with(memory_kib, iterations).nobody;
        assert!(today.rest_of(old).await.unwrap().is_some());
    }
    for (memory_kib, iterations) in [(64, 2), (62, 2), (128, 2), (8, 100)] {
        let old = &with(memory_kib, iterations).nobody;
        assert!(today.rest_of(old).await.unwrap().is_none());
    }
    let unreadable = PasswordHash::new("no hash".to_owned());
    let rest = today.rest_of(&unreadable).await.unwrap().expect("a rest");
    assert_eq!((rest.params().m_cost(), rest.params().t_cost()), (64, 2));
}

#[tokio::test]
async fn raised_parameters_outdate_a_hash() {
    let hash = passwords(8).hash(may(), password("x")).await.unwrap();
    assert!(!passwords(8).is_outdated(&hash));
    assert!(passwords(16).is_outdated(&hash));
    assert_eq!(
        passwords(16).verify(may(), secret("x"), Some(&hash)).await,
        Ok(Verdict::Right),
        "it still verifies"
    );
}

#[tokio::test]
async fn passwords_with_a_turn_wait_and_are_not_refused() {
    let passwords = passwords(8);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (started, running) = oneshot::channel();
    let first: Job = Box::new(move |_| {
        let _ = started.send(());
        let _ = held.recv();
    });
    passwords.queue.try_send(first).unwrap();
    running.await.unwrap();
    // Clients have hung up, and left their passwords.
    while passwords.queue.try_send(Box::new(|_| {})).is_ok() {}
    let waiting = passwords.clone();
    let verified = tokio::spawn(async move { waiting.verify(may(), secret("x"), None).await });
    tokio::task::yield_now().await;
    assert!(!verified.is_finished());
    drop(release);
    assert_eq!(verified.await.unwrap(), Ok(Verdict::Wrong));
}

#[test]
fn impossible_parameters_are_refused() {
    assert!(Passwords::start(options(1), Arc::new(SystemEntropy)).is_err());
}
