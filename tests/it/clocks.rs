//! A node whose clock cannot be right writes nothing, and says so.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::support::{
    client::Client,
    connectware::*,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// How long a node may take to notice that its clock is right or wrong.
const SOON: Duration = Duration::from_secs(10);
const BOUND: &str = "MUNIMENT_CLOCK_BOUND_S";

/// Waits until `/readyz` has this status, and returns how long that took.
async fn until_ready_is(server: &Server, status: u16) -> Duration {
    let begun = Instant::now();
    let asked = async {
        while server.anonymous().get("/readyz").await.status != status {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(2 * SOON, asked)
        .await
        .unwrap_or_else(|_| panic!("no {status} in time:\n{}", server.log()));
    begun.elapsed()
}

async fn until_log_has(server: &Server, text: &str) {
    let said = async {
        while !server.log().contains(text) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, said)
        .await
        .unwrap_or_else(|_| panic!("the log should have {text:?}:\n{}", server.log()));
}

async fn must_refuse_to_write(server: &Server, admin: &Client, why: &str) {
    let refused = admin.post("/api/roles", role("any", json!([]))).await;
    let error = refused.expect_error(503);
    assert_eq!(error.code, "clock", "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.body).contains(why),
        "{refused:?}"
    );
    let ready = server.anonymous().get("/readyz").await;
    assert_eq!(ready.expect_error(503).code, "clock");
}

/// A file that says how far the clock of a node is ahead, so that a test can set it while the node runs.
struct Shift {
    folder: TempDir,
}

impl Shift {
    fn by(shift: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let made = Self { folder };
        made.set(shift);
        made
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("shift")
    }

    fn set(&self, shift: &str) {
        std::fs::write(self.file(), format!("{shift}\n")).expect("a file");
    }

    /// A second node of this one's site, with this clock.
    async fn node_beside(&self, server: &Server) -> Server {
        let site = server.site().second_node().at("+0d").without("FAKETIME");
        site.with("FAKETIME_TIMESTAMP_FILE", &self.file().display().to_string())
            .with("FAKETIME_CACHE_DURATION", "1")
            .with(BOUND, "60")
            .start()
            .await
    }
}

/// A node whose clock is right writes, and so no event is of the future.
async fn must_go_on(server: &Server, admin: &Client) {
    let (_, port) = server.address().rsplit_once(':').expect("a port");
    create_role(admin, &format!("by-{port}"), json!([])).await;
    server.anonymous().get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_node_that_is_two_days_ahead_writes_nothing_until_its_clock_is_right() {
    let good = Site::new(Engine::Postgres).start().await;
    let admin = good.admin().await;
    let shift = Shift::by("+2d");
    let wrong = shift.node_beside(&good).await;
    // Two days later, the tokens of the other node would have expired.
    let on_wrong = wrong.anonymous().basic("admin", ADMIN_PASSWORD);
    must_refuse_to_write(&wrong, &on_wrong, "ahead of the database's").await;
    until_log_has(&wrong, "ahead of the database's").await;
    must_go_on(&good, &admin).await;

    shift.set("+0d");
    let took = until_ready_is(&wrong, 200).await;
    assert!(took <= SOON, "{took:?}");
    must_go_on(&wrong, &on_wrong).await;
    // This node knows the sessions of the other one.
    let same = wrong.anonymous().bearer(admin.token());
    same.get("/api/session").await.expect(200);
}

#[tokio::test]
async fn a_clock_that_is_set_forward_while_the_node_runs_gives_no_event_its_time() {
    let good = Site::new(Engine::Postgres).start().await;
    let admin = good.admin().await;
    let shift = Shift::by("+0d");
    let other = shift.node_beside(&good).await;
    let on_other = other.anonymous().basic("admin", ADMIN_PASSWORD);
    must_go_on(&other, &on_other).await;

    shift.set("+2d");
    let refused = async {
        for number in 0.. {
            let body = role(&format!("role-{number}"), json!([]));
            let answer = on_other.post("/api/roles", body).await;
            if answer.status != 201 {
                return answer;
            }
        }
        unreachable!("the numbers do not end")
    };
    let refused = timeout(SOON, refused).await.expect("a refusal");
    assert_eq!(refused.expect_error(503).code, "clock", "{refused:?}");
    must_go_on(&good, &admin).await;

    shift.set("+0d");
    let took = until_ready_is(&other, 200).await;
    assert!(took <= SOON, "{took:?}");
}

#[tokio::test]
async fn a_node_whose_clock_is_behind_the_events_writes_nothing() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let ahead = Site::new(engine).at("+2d").start().await;
        let site = ahead.terminate().await.at("+0d");
        let right = site.with(BOUND, "60").start().await;
        let admin = right.anonymous().basic("admin", ADMIN_PASSWORD);
        must_refuse_to_write(&right, &admin, "behind the newest event").await;
        // An operator may decide to live with it.
        let bounded = right.kill9().await.with(BOUND, "1000000").start().await;
        let admin = bounded.anonymous().basic("admin", ADMIN_PASSWORD);
        must_go_on(&bounded, &admin).await;
    }
}
