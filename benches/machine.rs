//! Facts about the machine that made the figures.

use std::{fs, process::Stdio, sync::Arc, thread::available_parallelism, time::Duration};

use ledger::ids::SystemEntropy;
use server::identity::passwords::{MayHash, Passwords};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    context::{Bench, HASHING, Result},
    cpu::Cpu,
    measure::{Window, rate},
    outside::output,
    seed,
    table::number,
};

/// The facts, one per line.
pub(crate) async fn facts(bench: &Bench) -> Result<String> {
    let (load, syncs, hashes) = (load()?, syncs(bench).await?, hashes().await?);
    let options = bench.options;
    let mut date = Command::new("date");
    date.args(["-u", "+%F %H:%M UTC"]);
    let mut kernel = Command::new("uname");
    kernel.args(["-s", "-r", "-m"]);
    let mut file_system = Command::new("stat");
    file_system.args(["-f", "-c", "%T"]).arg(&bench.folder);
    let version = bench.cluster.psql("postgres", "SHOW server_version").await?;
    let quiet = if load < 0.5 {
        ""
    } else {
        " - not quiet: these figures say little"
    };
    Ok(format!(
        "CPU: {}, {} cores\nMemory: {} GiB\nSystem: {}, load {load} before{quiet}\nDate: {}\nPostgres: {version}\n\
         Disk: {}, {syncs} fdatasync/s (pg_test_fsync)\n\
         argon2id, m={} KiB, t={}, p={}: {} hashes/s on one thread\n\
         Measured: {} s each after {} ms of warm-up, {} rounds; median (least..most)\n",
        field("/proc/cpuinfo", "model name")?,
        available_parallelism()?,
        kilobytes("MemTotal")? / 1_048_576,
        output(kernel).await?.trim(),
        output(date).await?.trim(),
        output(file_system).await?.trim(),
        HASHING.memory_kib,
        HASHING.iterations,
        HASHING.parallelism,
        number(hashes),
        options.seconds,
        options.warm_up.as_millis(),
        options.rounds,
    ))
}

/// How many threads wanted a core, on average over the last minute.
fn load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

fn field(file: &str, name: &str) -> Result<String> {
    let text = fs::read_to_string(file)?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(key, _)| key.trim() == name);
    Ok(found.map_or("unknown", |(_, value)| value.trim()).to_owned())
}

fn kilobytes(name: &str) -> Result<u64> {
    let value = field("/proc/meminfo", name)?;
    Ok(value.split(' ').next().unwrap_or_default().parse()?)
}

/// The result of pg_test_fsync for fdatasync with one 8 KiB write. The program is ended after this result.
async fn syncs(bench: &Bench) -> Result<String> {
    let mut test = bench.cluster.program("pg_test_fsync");
    test.args(["-s", "1", "-f"])
        .arg(bench.folder.join("fsync"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut test = test.spawn()?;
    let mut lines = BufReader::new(test.stdout.take().ok_or("stdout is no pipe")?).lines();
    let mut figure = "unknown".to_owned();
    while let Some(line) = lines.next_line().await? {
        let mut words = line.split_whitespace();
        if let (Some("fdatasync"), Some(per_second)) = (words.next(), words.next()) {
            figure = number(per_second.parse()?);
            break;
        }
    }
    test.kill().await?;
    Ok(figure)
}

/// Hashes per second on one thread.
async fn hashes() -> Result<f64> {
    let passwords = Passwords::start(HASHING, Arc::new(SystemEntropy))?;
    let window = Window {
        warm_up: Duration::from_millis(100),
        length: Duration::from_secs(1),
    };
    let cpu = Cpu::default();
    let rate = rate(2, window, &cpu, |_, run| {
        let passwords = passwords.clone();
        async move {
            while run.goes_on() {
                passwords
                    .hash(MayHash::without_requests(), seed::new_password()?)
                    .await?;
                run.count();
            }
            Ok(())
        }
    });
    Ok(rate.await?.per_second)
}
