//! What several callers do at the same time: nothing is left of what somebody deletes, and nobody changes what has moved away.

use futures_util::future::join_all;
use http::Method;
use serde_json::json;

use super::*;
use crate::support::{both_engines, client::Response, connectware::*};

/// How often two callers race.
const ROUNDS: usize = 12;

/// How many changes one key makes at once: more than any number of attempts of one change should be.
const MANY: usize = 200;

/// Issues a key of these groups, and returns its number and the key.
async fn new_key(global: &Client, groups: &[i64]) -> (i64, String) {
    let body = json!({ "name": "of many", "permissionIds": groups });
    let issued = global.post("/api/v1/api-key", body).await.expect(201).json();
    (id(&issued), text(&issued["key"]).to_owned())
}

/// Makes many applications that are attached to these groups.
async fn many_applications(global: &Client, organisation: i64, name: &str, groups: &[i64]) -> Vec<i64> {
    let name = |number| format!("{name} {number}");
    let made = (0..MANY).map(async |number| application(global, organisation, &name(number), groups).await);
    join_all(made).await
}

/// The ids of all users.
async fn user_ids(admin: &Client) -> Vec<String> {
    let ids = admin.get("/api/users/ids").await.expect(200).json();
    list(&ids).iter().map(|id| text(id).to_owned()).collect()
}

/// The subjects and positions of the events of a type.
async fn events_of(server: &Server, event: &str) -> Vec<(String, i64)> {
    let auditor = server.admin().await;
    let path = format!("/api/events?eventType={event}&limit=1000");
    let found = auditor.get(path).await.expect(200).json();
    let of = |one: &Value| {
        (
            text(&one["subject"]).to_owned(),
            one["position"].as_i64().expect("a position"),
        )
    };
    list(&found["events"]).iter().map(of).collect()
}

both_engines! {
    /// Whoever makes something in an organisation that is being deleted either comes first, and then it is deleted too, or is refused.
    async fn nothing_is_left_of_an_organisation_that_is_deleted_meanwhile(server: Server) {
        let scene = Scene::new(&server).await;
        let global = &scene.global;
        for round in 0..ROUNDS {
            let doomed = organisation(global, &format!("Doomed {round}")).await;
            let group = json!({ "name": "late", "organizationId": doomed, "levels": [{ "type": "Read" }], "userIds": [] });
            let late = json!({ "name": format!("Late {round}"), "organizationId": doomed });
            let asks = json!({ "requestedOrganizationIds": [doomed] });
            let reader = scene.caller(0, "Read");
            let (deleted, formed, made, asked) = tokio::join!(
                global.delete(format!("/api/v1/organization/{doomed}")),
                global.post("/api/v1/permission", group),
                global.post("/api/v1/application", late),
                reader.put("/api/v1/kombitCreation/updateUserOrgs", asks),
            );
            deleted.expect(200);
            for (answer, path) in [(formed, "permission"), (made, "application")] {
                match answer.status {
                    201 => {
                        let path = format!("/api/v1/{path}/{}", id(&answer.json()));
                        global.get(path).await.expect(404);
                    }
                    status => assert_eq!(status, 404, "{answer:?}"),
                }
            }
            assert!([200, 404].contains(&asked.status), "{asked:?}");
            let me = reader.get("/api/v1/auth/me").await.expect(200).json();
            assert_eq!(me["user"]["awaitingConfirmation"], false, "{me}");
        }
    }

    /// Whoever joins a group that is being dissolved either comes first, and then loses it, or is refused.
    async fn nobody_stays_in_a_group_that_is_dissolved_meanwhile(server: Server) {
        let scene = Scene::new(&server).await;
        let (global, user) = (&scene.global, scene.users[0][3]);
        for _ in 0..ROUNDS {
            let doomed = group(global, scene.organisations[0], "Read").await;
            let joins = json!({ "name": "read-0", "active": true, "permissionIds": [scene.groups[0][3], doomed] });
            let key = json!({ "name": "late", "permissionIds": [doomed] });
            let (dissolved, joined, issued) = tokio::join!(
                global.delete(format!("/api/v1/permission/{doomed}")),
                global.put(format!("/api/v1/user/{user}"), joins),
                global.post("/api/v1/api-key", key),
            );
            dissolved.expect(200);
            assert!([200, 404].contains(&joined.status), "{joined:?}");
            assert!([201, 404].contains(&issued.status), "{issued:?}");
            let shown = global.get(format!("/api/v1/user/{user}")).await.expect(200).json();
            let groups: Vec<i64> = list(&shown["permissions"]).iter().map(id).collect();
            assert_eq!(groups, [scene.groups[0][3]], "{shown}");
            let keys = global.get("/api/v1/api-key").await.expect(200).json();
            assert_eq!(keys["count"], 0, "{keys}");
        }
    }

    /// The right to change an application is judged by where it is when the change is recorded.
    async fn nobody_changes_what_has_moved_away(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationApplicationAdmin");
        let [here, there] = scene.organisations;
        for round in 0..ROUNDS {
            let moving = application(&scene.global, here, &format!("Moving {round}"), &[scene.groups[0][2]]).await;
            let path = format!("/api/v1/application/{moving}");
            let change = json!({ "name": format!("Changed {round}"), "organizationId": here });
            let (moved, changed) = tokio::join!(
                scene.global.put(format!("/api/v1/application/updateApplicationOrganization/{moving}"),
                    json!({ "organizationId": there })),
                admin.put(&path, change.clone()),
            );
            moved.expect(200);
            // The change may have come first; the answer then shows an application that has moved since.
            assert!([200, 403].contains(&changed.status), "{changed:?}");
            admin.put(&path, change).await.expect(403);
        }
        let moved = events_of(&server, "application.moved").await;
        let renamed = events_of(&server, "application.renamed").await;
        assert_eq!(moved.len(), ROUNDS);
        for (subject, position) in renamed {
            let (_, gone) = moved.iter().find(|(one, _)| *one == subject).expect("each application moved");
            assert!(position < *gone, "{subject} was renamed by somebody who had no right to it any more");
        }
    }

    /// The right to change an application rests on the group to which it is attached when the change is recorded.
    async fn nobody_changes_what_their_group_has_lost(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationApplicationAdmin");
        let (here, admins) = (scene.organisations[0], scene.groups[0][2]);
        let known = events_of(&server, "role.application_detached").await.len();
        for round in 0..ROUNDS {
            let lost = application(&scene.global, here, &format!("Lost {round}"), &[admins]).await;
            let path = format!("/api/v1/application/{lost}");
            let change = json!({ "name": format!("Changed {round}"), "organizationId": here });
            let (detached, changed) = tokio::join!(
                scene.global.put(format!("/api/v1/permission/{admins}"), json!({ "applicationIds": [] })),
                admin.put(&path, change.clone()),
            );
            detached.expect(200);
            assert!([200, 403].contains(&changed.status), "{changed:?}");
            admin.put(&path, change).await.expect(403);
        }
        let renamed = events_of(&server, "application.renamed").await;
        let detached = events_of(&server, "role.application_detached").await.split_off(known);
        let created = events_of(&server, "application.created").await;
        assert!(detached.len() >= ROUNDS, "{detached:?}");
        for (subject, position) in renamed {
            let (_, made) = created.iter().find(|(one, _)| *one == subject).expect("each was created");
            let (_, lost) = detached.iter().find(|(_, at)| at > made).expect("each was detached");
            assert!(position < *lost, "{subject} was renamed by somebody whose group had lost it");
        }
    }

    /// Each of these changes moves the group on which the right to all of them rests.
    async fn one_key_moves_and_deletes_as_many_applications_at_once_as_it_likes(server: Server) {
        let scene = Scene::new(&server).await;
        let [here, there] = scene.organisations;
        let admins = [scene.groups[0][2], scene.groups[1][2]];
        let (_, key) = new_key(&scene.global, &admins).await;
        let caller = server.anonymous();
        let many = many_applications(&scene.global, here, "Many", &admins[..1]).await;
        let moved = join_all(many.iter().map(async |one| {
            let path = format!("/api/v1/application/updateApplicationOrganization/{one}");
            let to = json!({ "organizationId": there, "permissionIds": [admins[1]] });
            caller.put(path, to).header("x-api-key", &key).await
        }));
        must_all_be(200, &moved.await);
        let deleted = join_all(many.iter().map(async |one| {
            caller.delete(format!("/api/v1/application/{one}")).header("x-api-key", &key).await
        }));
        must_all_be(200, &deleted.await);
        let left = scene.global.get("/api/v1/application").await.expect(200).json();
        assert_eq!(column(&left["data"], "name"), ["App 0", "App 1"]);
    }

    /// However many changes of a key wait for each other, none is made after the key has ended.
    async fn a_key_that_is_revoked_while_its_changes_wait_changes_nothing_more(server: Server) {
        let scene = Scene::new(&server).await;
        let admins = scene.groups[0][2];
        let (number, key) = new_key(&scene.global, &[admins]).await;
        let many = many_applications(&scene.global, scene.organisations[0], "Many", &[admins]).await;
        let caller = server.anonymous();
        let deleted = join_all(many.iter().map(async |one| {
            caller.delete(format!("/api/v1/application/{one}")).header("x-api-key", &key).await
        }));
        let (deleted, revoked) = tokio::join!(deleted, scene.global.delete(format!("/api/v1/api-key/{number}")));
        revoked.expect(200);
        for answer in &deleted {
            assert!([200, 401, 403].contains(&answer.status), "{answer:?}");
        }
        let revoked = events_of(&server, "api_key.revoked").await;
        let [(_, end)] = revoked.as_slice() else { panic!("one key was revoked: {revoked:?}") };
        let gone = events_of(&server, "application.deleted").await;
        // The revocation does not wait until all of them are made.
        assert!(gone.len() < MANY, "the revocation came last");
        assert_eq!(gone.len(), deleted.iter().filter(|answer| answer.status == 200).count());
        assert!(gone.iter().all(|(_, position)| position < end), "a revoked key deleted an application");
    }

    /// Of two changes that say to which groups exactly an application is attached, the later one counts.
    async fn an_application_is_attached_to_what_one_of_two_changes_says(server: Server) {
        let scene = Scene::new(&server).await;
        let (global, here) = (&scene.global, scene.organisations[0]);
        let one = group(global, here, "OrganizationApplicationAdmin").await;
        let other = group(global, here, "Read").await;
        let changed = application(global, here, "Changed", &[]).await;
        let path = format!("/api/v1/application/{changed}");
        let attached = async || {
            let shown = global.get(&path).await.expect(200).json();
            let mut groups: Vec<i64> = list(&shown["permissions"]).iter().map(id).collect();
            groups.sort_unstable();
            groups
        };
        let to = |groups: &[i64]| json!({ "name": "Changed", "organizationId": here, "permissionIds": groups });
        for _ in 0..ROUNDS {
            global.put(&path, to(&[])).await.expect(200);
            assert_eq!(attached().await, [0_i64; 0]);
            let (first, second) = tokio::join!(global.put(&path, to(&[one])), global.put(&path, to(&[other])));
            first.expect(200);
            second.expect(200);
            let attached = attached().await;
            assert!(attached == [one] || attached == [other], "{attached:?} is neither [{one}] nor [{other}]");
        }
    }

    /// A group that is dissolved at the same moment is refused if somebody asks for it, and is of no concern to who only detaches from it.
    async fn a_group_that_is_dissolved_meanwhile_is_not_attached(server: Server) {
        let scene = Scene::new(&server).await;
        let (global, here) = (&scene.global, scene.organisations[0]);
        for round in 0..ROUNDS {
            let (from, to) = (group(global, here, "Read").await, group(global, here, "Read").await);
            let doomed = if round % 2 == 0 { from } else { to };
            let name = format!("Changed {round}");
            let changed = application(global, here, &name, &[from]).await;
            let path = format!("/api/v1/application/{changed}");
            let change = json!({ "name": name, "organizationId": here, "permissionIds": [to] });
            let (dissolved, answer) = tokio::join!(
                global.delete(format!("/api/v1/permission/{doomed}")),
                global.put(&path, change),
            );
            dissolved.expect(200);
            let expected: &[u16] = if doomed == from { &[200] } else { &[200, 404] };
            assert!(expected.contains(&answer.status), "{answer:?}");
            let shown = global.get(&path).await.expect(200).json();
            let groups: Vec<i64> = list(&shown["permissions"]).iter().map(id).collect();
            assert!(!groups.contains(&doomed), "{shown}");
        }
    }

    /// Of two global administrators who are deleted at the same moment, the second one is followed by an administrator.
    async fn the_second_of_two_global_administrators_who_are_deleted_at_once_is_followed(server: Server) {
        let mut caller = server.admin().await;
        let administrators = role_named(&caller, "connectware-admin").await;
        let mut global = global(&server).await;
        let mut first = admin_id(&caller).await;
        for round in 0..ROUNDS {
            let known = user_ids(&caller).await;
            let body = json!({ "name": "other", "email": format!("other-{round}@example.org"), "password": SECRET,
                "active": true, "globalAdmin": true });
            global.post("/api/v1/user", body).await.expect(201);
            let mut new = user_ids(&caller).await;
            new.retain(|id| !known.contains(id));
            let [second] = new.as_slice() else { panic!("one user was made: {new:?}") };
            let name = format!("heir-{round}");
            let heir = create_user_with(&caller, &name, json!({ "roles": [administrators] })).await;
            caller = server.anonymous().login(&name, PASSWORD).await;
            let (one, other) = tokio::join!(
                caller.delete(format!("/api/users/{first}")),
                caller.delete(format!("/api/users/{second}")),
            );
            one.expect(204);
            other.expect(204);
            global = login(&server, &name, PASSWORD).await;
            organisation(&global, &format!("after {round}")).await;
            first = heir;
        }
    }

    /// An administrator who is to follow, and who is deleted or revoked at the same moment, is followed by the next one.
    async fn an_heir_who_goes_at_the_same_moment_is_followed_by_the_next_one(server: Server) {
        let admin = server.admin().await;
        let administrators = role_named(&admin, "connectware-admin").await;
        let rights = json!({ "roles": [administrators] });
        let mut last = admin_id(&admin).await;
        let mut caller = admin;
        for round in 0..ROUNDS {
            let heir = create_user_with(&caller, &format!("heir-{round}"), rights.clone()).await;
            let name = format!("next-{round}");
            let next = create_user_with(&caller, &name, rights.clone()).await;
            let by = server.anonymous().login(&name, PASSWORD).await;
            let goes = async {
                match round % 2 {
                    0 => by.delete(format!("/api/users/{heir}")).await,
                    _ => by.call(Method::POST, format!("/api/users/{heir}/revoke")).await,
                }
            };
            let (gone, ended) = tokio::join!(goes, by.delete(format!("/api/users/{last}")));
            gone.expect(204);
            ended.expect(204);
            let global = login(&server, &name, PASSWORD).await;
            organisation(&global, &format!("after {round}")).await;
            (caller, last) = (by, next);
        }
    }

    /// Two who make things at the same time get different numbers.
    async fn things_that_are_made_at_once_have_different_numbers(server: Server) {
        let global = &global(&server).await;
        let made = async |name: &str| organisation(global, name).await;
        let (a, b, c) = tokio::join!(made("a"), made("b"), made("c"));
        assert!(a != b && b != c && a != c, "{a} {b} {c}");
    }
}

#[track_caller]
fn must_all_be(status: u16, answers: &[Response]) {
    let others: Vec<_> = answers.iter().filter(|answer| answer.status != status).collect();
    assert!(
        others.is_empty(),
        "{} of {}: {:?}",
        others.len(),
        answers.len(),
        others.first()
    );
}
