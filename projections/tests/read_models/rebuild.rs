//! Rebuilds the read models beside the live ones.

use aggregates::Recorded;
use projections::{
    Page,
    read_models::READ_MODELS,
    rebuild::Shadow,
    sql::{Db, sql},
    user_directory,
};

use crate::world::{
    NOW, World, both_engines, certificate, of_user, permission_added, permission_granted, reading,
    role_created, role_granted, token_issued, user_created,
};

async fn populated(world: &mut World) -> Vec<Recorded> {
    let mut events = vec![role_created(1, "operators", true, false)];
    for n in 0..1_200 {
        events.push(user_created(n, &format!("user.{n}"), n % 3 == 0));
        events.push(role_granted(n, 1));
        if n % 10 == 0 {
            events.push(permission_granted(n, reading(n, "plant/#")));
            let certificate = certificate(n);
            events.push(of_user(
                n,
                aggregates::user::UserEvent::CertificateAdded { certificate },
            ));
            events.push(token_issued(n, n, 1));
        }
    }
    events.push(permission_added(1, reading(5_000, "late/#")));
    world.record(events).await
}

async fn replayed(world: &World, events: &[Recorded]) -> Shadow {
    let shadow = Shadow::create(&world.db, &world.shadow_url(), READ_MODELS)
        .await
        .expect("a shadow");
    for batch in events.chunks(700) {
        let mut tx = shadow.db().begin().await.expect("a transaction should begin");
        projections::read_models::apply(&mut tx, batch)
            .await
            .expect("the events should be taken");
        tx.commit().await.expect("the transaction should commit");
    }
    shadow
}

async fn differing(world: &World, shadow: &mut Shadow) -> Vec<&'static str> {
    let mut tx = world.db.begin().await.expect("a transaction should begin");
    let differing = shadow.differing(&mut tx).await.expect("both should be read");
    differing.iter().map(|table| table.name).collect()
}

both_engines! {
    async fn replaying_gives_the_same_tables(mut world) {
        let events = populated(&mut world).await;
        let mut shadow = replayed(&world, &events).await;
        assert_eq!(differing(&world, &mut shadow).await, Vec::<&str>::new());
        shadow.drop(&world.db).await.expect("the shadow should go");
        let mut again = replayed(&world, &events[..10]).await;
        let mut filled = Vec::new();
        for table in READ_MODELS.tables() {
            filled.extend((world.count(table.name).await > 0).then_some(table.name));
        }
        assert_eq!(differing(&world, &mut again).await, filled);
        assert!(filled.len() >= 8, "{filled:?}");
        drop(again);
        let mut anew = replayed(&world, &events).await;
        assert_eq!(differing(&world, &mut anew).await, Vec::<&str>::new(), "what was left behind is gone");
        if let Db::Postgres(_) = world.db {
            let second = Shadow::create(&world.db, &world.shadow_url(), READ_MODELS).await;
            assert!(second.is_err(), "there is one rebuild at a time");
        }
        anew.drop(&world.db).await.expect("the shadow should go");
    }

    async fn a_shadow_that_may_have_lost_rows_is_not_compared(mut world) {
        let events = populated(&mut world).await;
        let mut shadow = replayed(&world, &events).await;
        if let Db::Postgres(_) = world.db {
            // When Postgres stops, it ends the session that has the right to rebuild.
            let end = "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS ended";
            let ended = world.db.optional(sql(end)).await.expect("an answer").expect("a row");
            assert_eq!(ended.int(0).expect("a number"), 1);
            let mut tx = world.db.begin().await.expect("a transaction should begin");
            assert!(shadow.differing(&mut tx).await.is_err());
        }
    }

    async fn damage_is_found_and_put_right(mut world) {
        let events = populated(&mut world).await;
        let healthy = world.digests().await;
        for damage in [
            "UPDATE user_directory SET username = 'mallory' WHERE username = 'user.7'",
            "DELETE FROM list_nodes WHERE level = 1",
            "DELETE FROM sessions",
            "INSERT INTO user_roles SELECT user_id, user_id, 1, 1 FROM user_directory WHERE username = 'user.8'",
        ] {
            assert!(world.db.execute(sql(damage)).await.expect("damage") > 0, "{damage}");
        }
        let mut shadow = replayed(&world, &events).await;
        let mut tx = world.db.begin().await.expect("a transaction should begin");
        let tables = shadow.differing(&mut tx).await.expect("both should be read");
        let names: Vec<_> = tables.iter().map(|table| table.name).collect();
        assert_eq!(names, ["user_directory", "user_roles", "sessions", "list_nodes"]);
        shadow.swap(&mut tx, &tables).await.expect("rows should be copied");
        tx.commit().await.expect("the transaction should commit");
        shadow.drop(&world.db).await.expect("the shadow should go");
        assert_eq!(world.digests().await, healthy);
        let page = Page { number: 12, rows: 100 };
        let page = user_directory::page(&world.db, &page, false, NOW).await.expect("users");
        assert_eq!((page.rows.len(), page.total), (100, 1_200));
    }

    async fn a_digest_tells_every_value(mut world) {
        populated(&mut world).await;
        for (table, column, value) in [
            ("user_directory", "mqtt_publish_prefix", "NULL"),
            ("user_directory", "mqtt_publish_prefix", "''"),
            ("user_directory", "enforce_mfa_enrollment", "TRUE"),
            ("user_certificates", "expires_at", "0"),
            ("permission_usage", "operation", "'write'"),
            ("resource_directory", "uses", "7"),
        ] {
            let before = world.digests().await;
            let change = format!("UPDATE {table} SET {column} = {value}");
            world.db.execute(sql(change.clone())).await.expect("a change");
            let after = world.digests().await;
            let changed: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).map(|(a, _)| a.0).collect();
            assert_eq!(changed, [table], "{change}");
        }
    }
}
