//! A right that is revoked through one node is refused by the other node, every time that the request carries the
//! position.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    client::{Client, Response},
    connectware::*,
    server::{Engine, Server},
};

/// How many rights are revoked.
const TRIALS: usize = 10_000;
/// How many users lose rights at the same time.
const LANES: usize = 16;
/// How many roles each user has. Each role gives a right of its own.
const ROLES: usize = 18;
/// How many rights a lane revokes in one round: the right of each role, a right of the user's own, and the user's
/// tokens.
const TRIALS_A_ROUND: usize = ROLES + 2;

/// A role, and the path to which it gives access.
#[derive(Clone, Debug)]
struct Right {
    role: String,
    path: String,
}

/// A path to which a right gives access. Nothing is there, so a user with the right gets a 404.
fn path(number: usize) -> String {
    format!("/api/users/00000000-0000-4000-8000-{number:012}")
}

async fn rights(admin: &Client) -> Vec<Right> {
    let mut rights = Vec::new();
    for number in 0..ROLES {
        let path = path(number);
        let role = create_role(admin, &format!("role.{number}"), json!([http(&path, "read")])).await;
        rights.push(Right { role, path });
    }
    rights
}

/// A user who is changed through one node and calls the other node.
struct Lane {
    name: String,
    id: String,
    /// The administrator, on the writing node.
    writer: Client,
    /// The administrator, on the other node.
    reader: Client,
}

impl Lane {
    async fn run(&self, rights: &[Right], rounds: usize) {
        let own = path(ROLES);
        for _ in 0..rounds {
            let roles: Vec<&str> = rights.iter().map(|right| right.role.as_str()).collect();
            let all = json!({ "roles": roles, "permissions": [http(&own, "read")] });
            let user = self.reader.anonymous().login(&self.name, PASSWORD).await;
            let given = self.change(all).await.position();
            // Without this check, a refusal would prove nothing.
            for path in [&own, &rights[0].path, &rights[ROLES - 1].path] {
                self.ask(&user, path, given).await.expect_error(404);
                assert!(self.evaluate(path, given).await);
            }
            for (number, right) in rights.iter().enumerate() {
                let revoke = self.writer.delete_with_body(
                    format!("/api/users/{}/roles", self.id),
                    json!({ "roleId": right.role }),
                );
                let position = revoke.await.expect(204).position();
                // The user's own request and a question about the user take turns.
                if number % 2 == 0 {
                    self.ask(&user, &right.path, position).await.expect_error(403);
                } else {
                    assert!(!self.evaluate(&right.path, position).await);
                }
            }
            let position = self.change(json!({ "permissions": [] })).await.position();
            self.ask(&user, &own, position).await.expect_error(403);
            let void = self.writer.delete(format!("/api/users/{}/tokens", self.id));
            let position = void.await.expect(204).position();
            self.ask(&user, &own, position).await.expect_error(401);
        }
    }

    async fn change(&self, change: Value) -> Response {
        self.writer
            .put(format!("/api/users/{}", self.id), change)
            .await
            .expect(200)
    }

    /// Whether the other node says, from at least this position, that the user may read there.
    async fn evaluate(&self, path: &str, position: i64) -> bool {
        let question = json!({
            "subject": { "type": "user", "id": self.id },
            "action": { "name": "read" },
            "resource": { "type": "http", "id": path },
        });
        let answer = self
            .reader
            .post("/access/v1/evaluation", question)
            .header("muniment-at-least", position.to_string());
        let answer = answer.await.expect(200).json();
        answer["decision"].as_bool().expect("a decision")
    }

    /// The answer of the other node from at least this position.
    async fn ask(&self, user: &Client, path: &str, position: i64) -> Response {
        user.get(path)
            .header("muniment-at-least", position.to_string())
            .await
    }
}

/// How often each kind of answer is asked for.
const ROUNDS: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_of_an_earlier_position_than_what_it_read() {
    let writes = Server::start(Engine::Postgres).await;
    let answers = writes.site().second_node().start().await;
    let third = writes.site().second_node().start().await;
    let writer = writes.admin().await;
    let reader = answers.anonymous().bearer(writer.token());
    let path = path(0);
    let role = create_role(&writer, "operators", json!([http(&path, "read")])).await;
    for round in 0..ROUNDS {
        let id = create_user_with(&writer, &format!("user.{round}"), json!({ "roles": [role] })).await;
        let of_user = format!("/api/users/{id}");
        let lane = Lane {
            name: String::new(),
            id,
            writer: writer.clone(),
            reader: third.anonymous().bearer(writer.token()),
        };
        let none = json!({ "roles": [] });
        let revoked = writer.put(&of_user, none.clone()).await.expect(200).position();
        // The right is gone, so this command has nothing to do.
        let again = reader.put(&of_user, none).await.expect(200).position();
        assert!(again >= revoked, "{again} < {revoked}");
        assert!(!lane.evaluate(&path, again).await, "round {round}");

        let title = json!({ "username": format!("renamed.{round}") });
        let renamed = writer.put(&of_user, title).await.expect(200).position();
        for path in [of_user.as_str(), "/api/users/ids", "/api/listUsers"] {
            let read = reader.get(path).await.expect(200).position();
            assert!(read >= renamed, "{path}: {read} < {renamed}");
        }

        let deleted = writer.delete(&of_user).await.expect(204).position();
        let missing = [
            reader.put(&of_user, json!({ "username": "nobody" })).await,
            reader.get(&of_user).await,
            reader.delete(&of_user).await,
        ];
        for refused in missing {
            assert_eq!(refused.status, 404, "{refused:?}");
            assert!(refused.position() >= deleted, "{refused:?}");
        }

        let named = role_named(round);
        let taken = writer
            .post("/api/roles", named.clone())
            .await
            .expect(201)
            .position();
        let refused = reader.post("/api/roles", named).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        assert!(refused.position() >= taken, "{refused:?}");
    }
    let ada = create_user(&writer, "ada").await;
    let caller = third.anonymous().login("ada", PASSWORD).await;
    let grant = json!({ "permissions": [http(&path, "read")] });
    let granted = writer.put(format!("/api/users/{ada}"), grant).await.expect(200);
    let at = granted.position();
    let refused = caller
        .get("/api/users/ids")
        .header("muniment-at-least", at.to_string())
        .await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.position() >= at, "{refused:?}");
    let session = caller.get("/api/session").await.expect(200);
    assert!(session.position() >= at, "{session:?}");
    let stranger = third.anonymous().get("/api/session").await;
    assert_eq!(stranger.status, 401);
    assert!(
        stranger.headers.get("muniment-position").is_none(),
        "{stranger:?}"
    );
}

fn role_named(round: usize) -> Value {
    role(&format!("role.{round}"), json!([]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_right_is_refused_by_the_other_node_in_every_trial() {
    let one = Server::start(Engine::Postgres).await;
    let other = one.site().second_node().start().await;
    let admin = one.admin().await;
    let rights = rights(&admin).await;
    let mut lanes = Vec::new();
    for number in 0..LANES {
        // Both nodes write, so that each of them follows the other while it appends.
        let (writes, answers) = if number % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        let name = format!("lane.{number}");
        lanes.push(Lane {
            id: create_user(&admin, &name).await,
            name,
            writer: writes.anonymous().bearer(admin.token()),
            reader: answers.anonymous().bearer(admin.token()),
        });
    }
    let rounds = TRIALS.div_ceil(LANES * TRIALS_A_ROUND);
    join_all(lanes.iter().map(|lane| lane.run(&rights, rounds))).await;
}
