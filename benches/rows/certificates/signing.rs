//! Certificates signed by one thread, beside signatures of ring alone.

use std::time::Instant;

use ledger::{
    clock::{Clock, SystemClock},
    ids::{Entropy, SystemEntropy},
};
use pki::{Csr, Issuer, Key, Leaf, NewAuthority, Serial};
use ring::rand::SystemRandom;

use super::device;
use crate::{
    context::{Bench, Result},
    measure::{Series, Window},
    progress,
    table::{Row, Table},
};

const USER: &str = "0b0ce5f8-6c1c-4b6f-9c6e-2f0f5d4b8a11";
const NAME: &str = "iot.device.0000001";
const YEAR: u64 = 365 * 24 * 3600;

/// Measures the rows.
pub(super) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let (window, rounds) = (bench.options.window(), bench.options.rounds);
    let rows = tokio::task::spawn_blocking(move || rows(window, rounds)).await??;
    for row in rows {
        table.add(row);
    }
    Ok(())
}

fn rows(window: Window, rounds: usize) -> Result<[Row; 2]> {
    let now = u64::try_from(SystemClock.now().seconds())?;
    let issuer = issuer(now)?;
    let request = device::request(NAME)?;
    let csr = Csr::from_der(&request)?;
    let (key, random) = (device::key()?, SystemRandom::new());
    let (mut ours, mut whole, mut alone) = (Series::default(), Series::default(), Series::default());
    let issue = |csr: &Csr| {
        let leaf = Leaf {
            public_key: csr.public_key(),
            username: NAME,
            user_id: USER,
            serial: serial(),
            now,
            life: YEAR,
        };
        issuer.issue(&leaf).map(drop)
    };
    for round in 1..=rounds {
        progress(&format!("  round {round}"));
        ours.push(per_second(window, || Ok(issue(&csr)?))?);
        whole.push(per_second(window, || Ok(issue(&Csr::from_der(&request)?)?))?);
        alone.push(per_second(window, || {
            key.sign(&random, &request).map_err(|_| "no signature")?;
            Ok(())
        })?);
    }
    let beside = "ring, ECDSA P-256 signatures, one thread";
    Ok([
        Row::rate("certificates signed, one thread", "certificates/s", &ours)
            .beside(beside, &alone)
            .goal(0.5),
        Row::rate(
            "requests verified and certificates signed, one thread",
            "certificates/s",
            &whole,
        )
        .beside(beside, &alone),
    ])
}

fn issuer(now: u64) -> Result<Issuer> {
    let key = Key::from_pkcs8(&Key::new_pkcs8(&[7; 32]).ok_or("no key")?)?;
    let authority = NewAuthority {
        common_name: "Bench",
        serial: serial(),
        now,
        life: 5 * YEAR,
    };
    let certificate = pki::root_certificate(&key, &authority)?;
    Ok(Issuer::new(
        &certificate,
        key,
        Some("https://id.example.com".to_owned()),
    )?)
}

fn serial() -> Serial {
    let mut octets = [0; 20];
    SystemEntropy.fill(&mut octets);
    Serial::from_random(octets)
}

/// How often per second `work` can be done by this thread.
fn per_second(window: Window, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut counted = |length| -> Result<f64> {
        let (began, mut done) = (Instant::now(), 0_u64);
        while began.elapsed() < length {
            work()?;
            done += 1;
        }
        Ok(done as f64 / began.elapsed().as_secs_f64())
    };
    counted(window.warm_up)?;
    counted(window.length)
}
