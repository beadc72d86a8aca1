//! `Muniment-Position` and `Muniment-At-Least`: the position of a write in the ledger, and the least position of a
//! read.

use serde_json::{Value, json};

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn every_write_says_its_position(server: Server) {
        let admin = server.admin().await;
        let mut last = 0;
        let mut check = |position: i64| {
            assert!(position > last, "{position} should come after {last}");
            last = position;
        };
        let made = admin.post("/api/users", user("ada", json!({}))).await.expect(201);
        check(made.position());
        let ada = format!("/api/users/{}", id_of(&made.json()));
        let made = admin.post("/api/roles", role("operators", json!([]))).await.expect(201);
        check(made.position());
        let operators = format!("/api/roles/{}", id_of(&made.json()));
        let role_id = json!({ "roleId": made.json()["id"] });
        let fingerprint = json!({ "fingerprint": "ab".repeat(32) });
        let login = json!({ "username": "ada", "password": PASSWORD });
        check(server.anonymous().post("/api/login", login).await.expect(200).position());
        check(admin.post("/api/users/batch", json!([user("grace", json!({}))])).await.expect(200).position());
        check(admin.put(&ada, json!({ "enforceMFAEnrollment": true })).await.expect(200).position());
        check(admin.post(format!("{ada}/roles"), role_id.clone()).await.expect(204).position());
        check(admin.delete_with_body(format!("{ada}/roles"), role_id).await.expect(204).position());
        check(admin.post(format!("{ada}/certificates"), fingerprint.clone()).await.expect(204).position());
        check(
            admin.delete_with_body(format!("{ada}/certificates"), fingerprint).await.expect(204).position(),
        );
        check(admin.delete(format!("{ada}/tokens")).await.expect(204).position());
        check(admin.post(format!("{operators}/permissions"), mqtt("a", "read")).await.expect(204).position());
        check(admin.put(&operators, role("workers", json!([]))).await.expect(200).position());
        check(admin.delete(&operators).await.expect(204).position());
        check(admin.delete(&ada).await.expect(204).position());

        let events = admin.get(format!("/api/events?after={}", last - 1)).await.expect(200).json();
        assert_eq!(events["events"][0]["position"], last);
        assert_eq!(events["events"][0]["type"], "user.deleted");
    }

    async fn a_write_that_changes_nothing_has_a_position_too(server: Server) {
        let admin = server.admin().await;
        let made = admin.post("/api/users", user("ada", json!({}))).await.expect(201);
        let path = format!("/api/users/{}", id_of(&made.json()));
        let unchanged = admin.put(path, json!({ "username": "ada" })).await.expect(200);
        assert!(unchanged.position() >= made.position(), "{unchanged:?}");
    }

    async fn a_read_waits_for_the_position_it_asks_for(server: Server) {
        let admin = server.admin().await;
        for number in 0..5 {
            let made = admin.post("/api/users", user(&format!("user.{number}"), json!({}))).await.expect(201);
            let path = format!("/api/users/{}", id_of(&made.json()));
            let at_least = made.position().to_string();
            admin.get(path).header("muniment-at-least", at_least).await.expect(200);
        }
    }

    async fn a_position_that_does_not_come_is_not_waited_for_long(server: Server) {
        let admin = server.admin().await;
        let answer = admin.get("/api/users/ids").header("muniment-at-least", "1000000000").await;
        answer.expect_error(503);
        let seconds: Result<u32, _> = answer.header("retry-after").parse();
        assert!(seconds.is_ok(), "Retry-After should be a number of seconds: {answer:?}");
        for nonsense in ["-1", "x", "", "1.5", "99999999999999999999"] {
            admin.get("/api/users/ids").header("muniment-at-least", nonsense).await.expect_error(400);
        }
        for (one, other) in [("1", "1"), ("1", "1000000000"), ("1000000000", "1"), ("1", "x")] {
            let twice = admin.get("/api/users/ids").header("muniment-at-least", one).one_more_header("muniment-at-least", other);
            twice.await.expect_error(400);
        }
    }

    async fn every_read_shows_the_write_before_it(server: Server) {
        let admin = server.admin().await;
        for number in 0..10 {
            let name = format!("user.{number}");
            let id = create_user(&admin, &name).await;
            let [names, one, page] = [
                admin.get("/api/users/usernames").await.expect(200).json(),
                admin.get(format!("/api/users/{id}")).await.expect(200).json(),
                admin.get(format!("/api/listUsers?username[eq]={name}")).await.expect(200).json(),
            ];
            assert!(list(&names).contains(&Value::from(name.as_str())), "{names}");
            assert_eq!(page["users"], json!([one]));
        }
    }
}
