//! `muniment rekey`: another sealing key locks nobody out, wherever the power fails.

use std::{os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use serde_json::json;

use crate::support::{
    both_engines,
    connectware::*,
    openssl::Openssl,
    second_factor::Enrolled,
    server::{Engine, Server, Site},
};

fn key_file(site: &Site) -> PathBuf {
    site.data().join("sealing.key")
}

fn next_file(site: &Site) -> PathBuf {
    site.data().join("sealing.key.new")
}

fn key(site: &Site) -> String {
    std::fs::read_to_string(key_file(site)).expect("the key")
}

/// Replaces the key. Returns what the command says.
async fn rekey(site: &Site) -> String {
    let output = site.run(&["rekey"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{told}");
    said
}

/// Why the command refuses.
async fn refuses(site: &Site, arguments: &[&str]) -> String {
    let output = site.run(arguments).await;
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything that depends on a key still works.
async fn is_whole(server: &Server, ada: &Enrolled, code: usize) {
    let admin = server.admin().await;
    // The names of persons, the uniqueness of names, and passwords.
    let found = admin
        .get("/api/listUsers?username[eq]=ada")
        .await
        .expect(200)
        .json();
    assert_eq!(found["users"][0]["id"], ada.id.as_str());
    admin
        .post("/api/users", user("ADA", json!({})))
        .await
        .expect_error(409);
    admin.login("grace", PASSWORD).await;
    // The secret of the second factor, and the back-up codes.
    let login = json!({ "username": "ada", "password": PASSWORD });
    let half = server
        .anonymous()
        .post("/api/login", login)
        .await
        .expect(200)
        .json();
    let body = json!({ "username": "ada", "secret": half["secret"], "backupCode": ada.backup_codes[code] });
    let answer = server
        .anonymous()
        .post("/api/mfa/login", body)
        .await
        .expect(200)
        .json();
    let session = server.anonymous().bearer(text(&answer["token"]));
    let step = crate::support::second_factor::step(&admin).await;
    let wrong = session
        .post("/api/mfa/disable", json!({ "otp": ada.device.wrong(step) }))
        .await;
    wrong.expect_error(400);
    // The key of the certificate authority, which the first call makes.
    let found = admin
        .get("/api/listUsers?username[eq]=grace")
        .await
        .expect(200)
        .json();
    let csr = Openssl::default().csr("grace", "/CN=grace");
    let body = json!({ "userId": found["users"][0]["id"], "csr": csr });
    admin.post("/api/certificates/issued", body).await.expect(201);
}

async fn filled(server: &Server) -> Enrolled {
    let admin = server.admin().await;
    create_user(&admin, "grace").await;
    Enrolled::user(&admin, "ada").await
}

both_engines! {
    async fn another_key_locks_nobody_out(server: Server) {
        let ada = filled(&server).await;
        let site = server.terminate().await;
        let mut keys = vec![key(&site)];
        let mut server = None;
        for round in 0..3 {
            if let Some(running) = server.take() {
                let site: Site = Server::terminate(running).await;
                drop(site);
            }
            let said = rekey(&site).await;
            assert!(said.contains("sealing.key was replaced"), "{said}");
            assert!(!keys.contains(&key(&site)));
            keys.push(key(&site));
            assert!(!next_file(&site).exists());
            let mode = std::fs::metadata(key_file(&site)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let running = site.clone().start().await;
            is_whole(&running, &ada, round).await;
            server = Some(running);
        }
        // A person who is made and a person who is erased after that.
        let running = server.take().expect("a server");
        let admin = running.admin().await;
        let linus = create_user(&admin, "linus").await;
        admin.delete(format!("/api/users/{linus}")).await.expect(204);
        is_whole(&running, &ada, 3).await;
        let site = running.terminate().await;
        let verified = site.run(&["verify"]).await;
        assert!(verified.status.success(), "{verified:?}");
        let rebuilt = site.run(&["rebuild"]).await;
        assert!(rebuilt.status.success(), "{rebuilt:?}");
        // Earlier keys open nothing any more.
        let newest = key(&site);
        for old in &keys[..3] {
            std::fs::write(key_file(&site), old).expect("a file");
            let (_, told) = site.clone().refuses_to_start().await;
            assert!(told.contains("key"), "{told}");
            refuses(&site, &["rekey"]).await;
        }
        std::fs::write(key_file(&site), newest).expect("a file");
        is_whole(&site.start().await, &ada, 4).await;
    }

    async fn the_power_fails_between_the_database_and_the_file(server: Server) {
        let ada = filled(&server).await;
        let site = server.terminate().await;
        let old = key(&site);
        rekey(&site).await;
        let new = key(&site);
        for command in ["serve", "rekey", "verify"] {
            // The database has the new key. The file still has the old one.
            std::fs::write(next_file(&site), key(&site)).expect("a file");
            std::fs::set_permissions(next_file(&site), PermissionsExt::from_mode(0o600)).expect("a mode");
            std::fs::write(key_file(&site), &old).expect("a file");
            match command {
                "serve" => {
                    let server = site.clone().start().await;
                    is_whole(&server, &ada, 0).await;
                    assert!(server.log().contains("interrupted"), "{}", server.log());
                    drop(server.terminate().await);
                    assert_eq!(key(&site), new);
                }
                "rekey" => {
                    rekey(&site).await;
                    assert_ne!(key(&site), new);
                }
                _ => {
                    // It only reads: it uses the new key, and changes no file.
                    let output = site.run(&["verify"]).await;
                    assert!(output.status.success(), "{output:?}");
                    assert_eq!(key(&site), old);
                    assert!(next_file(&site).exists());
                    continue;
                }
            }
            assert!(!next_file(&site).exists());
        }
        is_whole(&site.start().await, &ada, 1).await;
    }

    async fn a_key_that_the_database_never_got_is_not_used(server: Server) {
        let ada = filled(&server).await;
        let site = server.terminate().await;
        let old = key(&site);
        let unused = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        std::fs::write(next_file(&site), unused).expect("a file");
        std::fs::set_permissions(next_file(&site), PermissionsExt::from_mode(0o600)).expect("a mode");
        let server = site.start().await;
        is_whole(&server, &ada, 0).await;
        let site = server.terminate().await;
        assert_eq!(key(&site), old);
        rekey(&site).await;
        assert_ne!(key(&site), unused);
        is_whole(&site.start().await, &ada, 1).await;
    }

    async fn a_kill_at_any_moment_locks_nobody_out(server: Server) {
        let ada = filled(&server).await;
        let mut site = server.terminate().await;
        for (round, moment) in [2, 10, 20, 30, 45, 60, 80].into_iter().enumerate() {
            let mut child = site.spawn(&["rekey"]);
            // The moment of the kill is arbitrary, so this test is allowed to sleep.
            tokio::time::sleep(Duration::from_millis(moment)).await;
            let _ = child.kill().await;
            let server = site.start().await;
            is_whole(&server, &ada, round).await;
            site = server.terminate().await;
            // A rebuild opens every event.
            let rebuilt = site.run(&["rebuild"]).await;
            assert!(rebuilt.status.success(), "{rebuilt:?}");
        }
    }

    async fn a_key_that_a_setting_gives_is_not_replaced(server: Server) {
        let site = server.terminate().await;
        let given = key(&site);
        let site = site.with("MUNIMENT_SEALING_KEY", given.trim());
        let told = refuses(&site, &["rekey"]).await;
        assert!(told.contains("sealing_key"), "{told}");
        assert_eq!(key(&site), given);
        assert!(!next_file(&site).exists());
    }
}

#[tokio::test]
async fn a_running_server_keeps_its_key() {
    let server = Server::start(Engine::Sqlite).await;
    let before = key(server.site());
    let told = refuses(server.site(), &["rekey"]).await;
    assert!(told.contains("another process uses"), "{told}");
    assert_eq!(key(server.site()), before);
}

#[tokio::test]
async fn without_a_ledger_there_is_no_key_to_replace() {
    let site = Site::new(Engine::Sqlite);
    site.run(&["migrate"]).await;
    let told = refuses(&site, &["rekey"]).await;
    assert!(told.contains("no key to replace"), "{told}");
    assert!(!key_file(&site).exists());
}
