//! Seats: a licence has as many as it says, whoever asks at the same time.

use futures_util::future::join_all;
use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::*};

fn device(number: usize) -> Value {
    json!({ "DeviceUUID": format!("00000000-0000-4000-8000-{number:012}") })
}

async fn licence_with(server: &Server, admin: &Client, seats: usize) -> String {
    let owner = organisation(server, "Aarhus").await;
    let agreement = agreement(admin, "Edge", "trial").await;
    license(admin, &agreement, &owner, json!({ "Seats": seats })).await
}

both_engines! {
    async fn a_hundred_seats_have_room_for_a_hundred_devices(server: Server) {
        let admin = server.admin().await;
        let id = licence_with(&server, &admin, 100).await;
        let path = format!("/auth/admin/licenses/{id}/assign");
        let answers = join_all((0..200).map(|number| admin.post(&path, device(number)).into_future())).await;
        let assigned = answers.iter().filter(|answer| answer.status == 204).count();
        assert_eq!(assigned, 100);
        let full: Vec<_> = answers.iter().filter(|answer| answer.status != 204).collect();
        full.iter().for_each(|answer| refused(answer, 409, "licence_full"));
        // Those who have a seat keep it when they ask again, and the others get none.
        let again = join_all((0..200).map(|number| admin.post(&path, device(number)).into_future())).await;
        let same = answers.iter().zip(&again).all(|(before, after)| before.status == after.status);
        assert!(same, "{again:?}");
    }

    async fn a_device_takes_one_seat_however_often_it_asks(server: Server) {
        let admin = server.admin().await;
        let id = licence_with(&server, &admin, 2).await;
        let path = |what: &str| format!("/auth/admin/licenses/{id}/{what}");
        let answers = join_all((0..8).map(|_| admin.post(path("assign"), device(1)).into_future())).await;
        assert!(answers.iter().all(|answer| answer.status == 204), "{answers:?}");
        admin.post(path("assign"), device(2)).await.expect(204);
        refused(&admin.post(path("assign"), device(3)).await, 409, "licence_full");
        // A seat that is freed is another's. Freeing it twice frees no other one.
        admin.post(path("release"), device(1)).await.expect(204);
        admin.post(path("release"), device(1)).await.expect(204);
        admin.post(path("assign"), device(3)).await.expect(204);
        refused(&admin.post(path("assign"), device(1)).await, 409, "licence_full");
    }

    async fn a_device_takes_no_seat_after_a_suspension(server: Server) {
        let admin = server.admin().await;
        let id = licence_with(&server, &admin, 100).await;
        let path = |what: &str| format!("/auth/admin/licenses/{id}/{what}");
        let assign = |number| admin.post(path("assign"), device(number)).into_future();
        let calls = (0..=40).map(|number| match number {
            20 => admin.post(path("suspend"), json!({})).into_future(),
            _ => assign(number),
        });
        let answers = join_all(calls).await;
        assert_eq!(answers[20].status, 204, "{:?}", answers[20]);
        let suspended = answers[20].position();
        for (number, answer) in answers.iter().enumerate().filter(|(number, _)| *number != 20) {
            match answer.status {
                204 => assert!(answer.position() < suspended, "{number}: {answer:?}"),
                _ => refused(answer, 409, "licence_suspended"),
            }
        }
        // Those who have a seat keep it when they ask again, and the others get none.
        for (number, before) in answers.iter().enumerate().filter(|(number, _)| *number != 20) {
            assert_eq!(assign(number).await.status, before.status, "{number}");
        }
    }

    async fn a_seat_needs_a_licence_and_a_device(server: Server) {
        let admin = server.admin().await;
        let none = licence_with(&server, &admin, 0).await;
        for what in ["assign", "release"] {
            let path = format!("/auth/admin/licenses/{NOTHING}/{what}");
            refused(&admin.post(path, device(1)).await, 404, "unknown_licence");
            let path = format!("/auth/admin/licenses/{none}/{what}");
            for body in [json!({}), json!({ "DeviceUUID": "1" }), json!({ "DeviceUUID": null }), json!({ "DeviceUUID": 1 })] {
                refused(&admin.post(&path, body).await, 400, "invalid_request");
            }
            refused(&admin.post(format!("/auth/admin/licenses/1/{what}"), device(1)).await, 400, "invalid_request");
        }
        refused(&admin.post(format!("/auth/admin/licenses/{none}/assign"), device(1)).await, 409, "licence_full");
    }

    async fn a_device_that_is_deleted_or_revoked_frees_its_seats(server: Server) {
        let admin = server.admin().await;
        let one = licence_with(&server, &admin, 1).await;
        let agreement = agreement(&admin, "Core", "trial").await;
        let owner = organisation(&server, "Odense").await;
        let other = license(&admin, &agreement, &owner, json!({})).await;
        let assign = async |licence: &str, device: &str| {
            let path = format!("/auth/admin/licenses/{licence}/assign");
            admin.post(path, json!({ "DeviceUUID": device })).await
        };
        for (name, is_revoked) in [("sensor.1", false), ("sensor.2", true)] {
            let id = create_user(&admin, name).await;
            for licence in [&one, &other] {
                assign(licence, &id).await.expect(204);
                refused(&assign(licence, NOTHING).await, 409, "licence_full");
            }
            let ended = match is_revoked {
                true => admin.post(format!("/api/users/{id}/revoke"), json!({})).await,
                false => admin.delete(format!("/api/users/{id}")).await,
            };
            ended.expect(204);
            for licence in [&one, &other] {
                assign(licence, NOTHING).await.expect(204);
                let path = format!("/auth/admin/licenses/{licence}/release");
                admin.post(path, json!({ "DeviceUUID": NOTHING })).await.expect(204);
            }
        }
    }
}
