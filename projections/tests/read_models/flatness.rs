//! Every page of a list costs the same: as many statements, about as many rows, and no walk through a table.

use projections::{
    Page, permission_usage, role_directory,
    sql::{Db, Options, sql},
    user_directory,
};

use crate::{
    trace::{Ran, statements},
    world::{
        Engine, NOW, World, certificate, of_user, permission_granted, permission_id, reading, role_created,
        role_granted, token_issued, user_created,
    },
};

/// 3,000 users who each hold a role, a permission of their own, a certificate and a token.
async fn crowd() -> World {
    let mut world = World::new(Engine::Postgres).await;
    world
        .record(
            (0..10)
                .map(|n| role_created(n, &format!("role.{n}"), n < 5, n % 2 == 0))
                .collect(),
        )
        .await;
    for batch in 0..6_u32 {
        let mut events = Vec::new();
        for n in batch * 500..(batch + 1) * 500 {
            let certificate = aggregates::user::UserEvent::CertificateAdded {
                certificate: certificate(n),
            };
            events.extend([
                user_created(n, &format!("user.{n}"), n % 100 != 0),
                role_granted(n, n % 5),
                permission_granted(n, reading(n, &format!("device/{n}/#"))),
                of_user(n, certificate),
                token_issued(n, n, 1),
            ]);
        }
        world.record(events).await;
    }
    world
}

/// Asserts that SQLite's plans for these statements walk through no table and sort at most a page.
async fn no_walks(sqlite: &Db, ran: &[Ran]) {
    for Ran { text, .. } in ran {
        for row in sqlite
            .all(sql(format!("EXPLAIN QUERY PLAN {text}")))
            .await
            .expect("a plan")
        {
            let step = row.text(3).expect("a step");
            let walks = step.starts_with("SCAN") && !step.contains("CONSTANT ROW") && !is_of_a_part(&step);
            assert!(!walks, "{step}\n{text}");
        }
    }
}

/// Whether a step like `SCAN list0` walks through a part of the statement that has its own limit.
fn is_of_a_part(step: &str) -> bool {
    ["SCAN list", "SCAN (subquery"]
        .iter()
        .any(|part| step.starts_with(part))
        && !step.starts_with("SCAN list_nodes")
}

fn rows(ran: &[Ran]) -> u64 {
    ran.iter().map(|ran| ran.rows).sum()
}

#[tokio::test]
async fn a_page_of_users_costs_the_same_wherever_it_is() {
    let (world, sqlite) = (crowd().await, World::new(Engine::Sqlite).await);
    for (exclude, last) in [(false, 300), (true, 3)] {
        let mut read = Vec::new();
        for number in [1, last / 2 + 1, last] {
            let page = Page { number, rows: 10 };
            let (found, ran) = statements(user_directory::page(&world.db, &page, exclude, NOW)).await;
            assert_eq!(found.expect("users").rows.len(), 10);
            assert_eq!(ran.len(), 10, "{ran:#?}");
            no_walks(&sqlite.db, &ran).await;
            read.push(rows(&ran));
        }
        // A node has up to 256 children on each of two lists, and there are some dozens of nodes on the way.
        assert!(read.iter().all(|rows| *rows < 600), "{read:?}");
    }
    let (_, ran) = statements(user_directory::page(
        &world.db,
        &Page {
            number: 301,
            rows: 10,
        },
        false,
        NOW,
    ))
    .await;
    assert_eq!(ran.len(), 1, "past the end");
}

/// The number of users with these names is small, however many users exist.
#[tokio::test]
async fn a_page_of_named_users_costs_what_it_names() {
    let (world, sqlite) = (crowd().await, World::new(Engine::Sqlite).await);
    let names: Vec<String> = (0..40).map(|n| format!("user.{}", n * 75)).collect();
    for (exclude, total) in [(false, 40), (true, 10)] {
        for number in [1, total / 10] {
            let page = Page { number, rows: 10 };
            let asked = user_directory::by_usernames(&world.db, &names, &page, exclude, NOW);
            let (found, ran) = statements(asked).await;
            let found = found.expect("users");
            assert_eq!((found.rows.len(), found.total), (10, total));
            assert_eq!(ran.len(), 5, "{ran:#?}");
            assert!(rows(&ran) < 150, "{ran:#?}");
            no_walks(&sqlite.db, &ran).await;
        }
    }
}

#[tokio::test]
async fn a_page_of_roles_costs_the_same_wherever_it_is() {
    let (world, sqlite) = (crowd().await, World::new(Engine::Sqlite).await);
    for auto_generated in [None, Some(false), Some(true)] {
        for shared in [None, Some(false), Some(true)] {
            let asked = async |number| {
                let page = Page { number, rows: 10 };
                let found = role_directory::page(&world.db, &page, None, auto_generated, shared, 10);
                let (found, ran) = statements(found).await;
                (found.expect("roles"), ran)
            };
            let (first, _) = asked(1).await;
            assert!(first.total > 0);
            let last = (first.total + 9) / 10;
            for number in [1, last / 2 + 1, last] {
                let (found, ran) = asked(number).await;
                assert_eq!(found.total, first.total);
                assert!(!found.rows.is_empty());
                assert_eq!(ran.len(), 8, "{ran:#?}");
                // Each of the five levels gives up to 256 nodes; each role gives one permission and eleven holders.
                assert!(rows(&ran) < 600, "{ran:#?}");
                no_walks(&sqlite.db, &ran).await;
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_named_roles_costs_what_it_names() {
    let (world, sqlite) = (crowd().await, World::new(Engine::Sqlite).await);
    let names: Vec<String> = (0..10).map(|n| format!("role.{n}")).collect();
    for auto_generated in [None, Some(false), Some(true)] {
        for shared in [None, Some(false), Some(true)] {
            let page = Page { number: 1, rows: 10 };
            let found = role_directory::page(&world.db, &page, Some(&names), auto_generated, shared, 10);
            let (found, ran) = statements(found).await;
            assert!(!found.expect("roles").rows.is_empty());
            assert_eq!(ran.len(), 3, "{ran:#?}");
            assert!(rows(&ran) < 150, "{ran:#?}");
            no_walks(&sqlite.db, &ran).await;
        }
    }
}

/// All users hold a shared role, but listing its resources must not read its holders.
#[tokio::test]
async fn the_resources_of_a_shared_role_do_not_cost_its_holders() {
    let mut world = crowd().await;
    let added =
        (0..20).map(|n| crate::world::permission_added(n % 5, reading(9_000 + n, &format!("shared/{n}"))));
    world.record(added.collect()).await;
    let page = Page {
        number: 302,
        rows: 10,
    };
    let (found, ran) = statements(permission_usage::page(&world.db, &page, None)).await;
    let found = found.expect("resources");
    assert!(
        found
            .rows
            .iter()
            .all(|row| row.usage.len() == 1 && row.usage[0].username.is_none())
    );
    assert_eq!((found.rows.len(), ran.len()), (10, 7), "{ran:#?}");
}

/// Six hundred users hold each of the first five roles.
#[tokio::test]
async fn a_role_on_a_page_costs_what_is_shown_of_those_who_hold_it() {
    let world = crowd().await;
    for most in [0, 3, 599, 600] {
        let page = Page { number: 1, rows: 1 };
        let (found, ran) = statements(role_directory::page(&world.db, &page, None, None, None, most)).await;
        let role = found.expect("roles").rows.remove(0);
        assert_eq!(role.holders.len() as i64, most);
        assert_eq!(role.more_holders, most < 600);
        let holders = ran.last().expect("a statement");
        assert_eq!(holders.rows as i64, (most + 1).min(600), "{}", holders.text);
    }
}

#[tokio::test]
async fn a_page_of_resources_costs_the_same_wherever_it_is() {
    let (world, sqlite) = (crowd().await, World::new(Engine::Sqlite).await);
    for number in [1, 150, 300] {
        let (found, ran) = statements(permission_usage::page(
            &world.db,
            &Page { number, rows: 10 },
            None,
        ))
        .await;
        assert_eq!(found.expect("resources").rows.len(), 10);
        assert_eq!(ran.len(), 8, "{ran:#?}");
        no_walks(&sqlite.db, &ran).await;
    }
    let ids: Vec<_> = (0..40).map(|n| permission_id(n * 75)).collect();
    for number in [1, 4] {
        let page = Page { number, rows: 10 };
        let (found, ran) = statements(permission_usage::page(&world.db, &page, Some(&ids))).await;
        let found = found.expect("resources");
        assert_eq!((found.rows.len(), found.total), (10, 40));
        assert_eq!((ran.len(), rows(&ran)), (3, 120), "{ran:#?}");
        no_walks(&sqlite.db, &ran).await;
    }
}

/// A role with thousands of permissions, of which half ended.
#[tokio::test]
async fn what_a_role_gave_costs_what_is_read() {
    use aggregates::role::RoleEvent;
    use projections::permission_spans::{Time, counts, first_given, names, touched};
    const MANY: u32 = 2_000;
    let (mut world, sqlite) = (
        World::new(Engine::Postgres).await,
        World::new(Engine::Sqlite).await,
    );
    let role = crate::world::role_id(1);
    world.record(vec![role_created(1, "many", true, false)]).await;
    let added = (0..MANY).map(|n| crate::world::permission_added(1, reading(n, &format!("plant/{n}"))));
    world.record(added.collect()).await;
    let removed = (0..MANY).step_by(2).map(|n| {
        let id = permission_id(n);
        crate::world::of_role(1, RoleEvent::PermissionRemoved { id })
    });
    world.record(removed.collect()).await;
    let end = i64::from(MANY + MANY / 2) + 1;
    for (at, count) in [(1, 0), (1 + i64::from(MANY), MANY), (end, MANY / 2)] {
        let moments = [(role, at)];
        let (counted, ran) = statements(counts(&world.db, &moments)).await;
        assert_eq!(counted.expect("a count"), [i64::from(count)]);
        assert_eq!((ran.len(), rows(&ran)), (1, 1), "{ran:#?}");
        let (first, first_ran) = statements(first_given(&world.db, &moments, 100)).await;
        assert_eq!(first.expect("permissions")[0].len(), count.min(100) as usize);
        let time = Time {
            role,
            after: at - 1,
            until: end,
        };
        let times = [time];
        let (_, touched_ran) = statements(touched(&world.db, &times, 10)).await;
        let roles = [role];
        let (named, names_ran) = statements(names(&world.db, &roles, (at, end))).await;
        assert_eq!(named.expect("names")[&role], [1]);
        for ran in ran.iter().chain(&first_ran).chain(&touched_ran).chain(&names_ran) {
            assert!(ran.rows <= 100, "{ran:#?}");
            for row in sqlite
                .db
                .all(sql(format!("EXPLAIN QUERY PLAN {}", ran.text)))
                .await
                .expect("a plan")
            {
                let step = row.text(3).expect("a step");
                let walks = ["SCAN permission_spans", "SCAN role_spans", "USE TEMP B-TREE"];
                // The names of a role are few.
                let is_of_names = ran.text.contains("role_spans");
                let walks = walks.iter().any(|walk| step.contains(walk)) && !is_of_names;
                assert!(!walks, "{step}\n{}", ran.text);
            }
        }
    }
}

#[tokio::test]
async fn writing_walks_through_no_table() {
    let sqlite = World::new(Engine::Sqlite).await;
    let mut world = World::new(Engine::Postgres).await;
    let mut ran = Vec::new();
    let mut events = Vec::new();
    for n in 0..20 {
        events.push(role_created(n, &format!("role.{n}"), true, false));
        events.push(user_created(n, &format!("user.{n}"), false));
        events.push(role_granted(n, n));
        events.push(permission_granted(n, reading(n, &format!("device/{n}/#"))));
    }
    let mut ending = Vec::new();
    for n in 0..20 {
        use aggregates::{role::RoleEvent, user::UserEvent};
        let fingerprint = certificate(n).fingerprint;
        ending.push(of_user(n, UserEvent::CertificateRemoved { fingerprint }));
        ending.push(of_user(
            n,
            UserEvent::RoleRevoked {
                role_id: crate::world::role_id(n),
            },
        ));
        ending.push(crate::world::of_role(n, RoleEvent::Deleted {}));
        ending.push(of_user(n, UserEvent::Deleted {}));
    }
    for batch in [events, ending] {
        let batch = world.at_next_positions(batch);
        ran.extend(statements(world.apply(&batch)).await.1);
    }
    let arrays = ran.iter().filter(|ran| ran.text.contains("unnest(")).count();
    assert!(arrays > 10, "{ran:#?}");
    for text in ran.iter().flat_map(Ran::on_sqlite) {
        for row in sqlite
            .db
            .all(sql(format!("EXPLAIN QUERY PLAN {text}")))
            .await
            .expect("a plan")
        {
            let step = row.text(3).expect("a step");
            let rows_given = step.contains("CONSTANT ROW") || step == "SCAN v" || step.contains("VALUES");
            assert!(!step.starts_with("SCAN") || rows_given, "{step}\n{text}");
        }
    }
}

/// How often Postgres read a whole table of the read models, as it counts itself.
async fn whole_tables_read(db: &Db) -> i64 {
    db.all(sql("SELECT pg_stat_force_next_flush()"))
        .await
        .expect("a flush");
    let count = "SELECT CAST(SUM(seq_scan) AS BIGINT) FROM pg_stat_user_tables";
    let rows = db.all(sql(count)).await.expect("a count");
    rows.first()
        .expect("a count is a row")
        .int(0)
        .expect("a count is a number")
}

#[tokio::test]
async fn postgres_reads_no_whole_table_though_it_has_no_statistics() {
    let world = crowd().await;
    // A connection sees its own counts at once; the counts of others may come later.
    let options = Options {
        connections: 1,
        ..Options::default()
    };
    let db = Db::open(&world.shadow_url(), &options)
        .await
        .expect("the database should open");
    let before = whole_tables_read(&db).await;
    let users: Vec<_> = (0..100).map(crate::world::user_id).collect();
    for number in [1, 15] {
        let page = Page { number, rows: 100 };
        user_directory::page(&db, &page, false, NOW).await.expect("users");
        user_directory::find_many(&db, &users, NOW).await.expect("users");
        role_directory::page(&db, &page, None, None, None, 10)
            .await
            .expect("roles");
        permission_usage::page(&db, &page, None).await.expect("resources");
    }
    assert_eq!(whole_tables_read(&db).await, before);
    db.all(sql("SELECT MAX(created_at) FROM user_directory"))
        .await
        .expect("a maximum");
    assert!(whole_tables_read(&db).await > before, "the count counts");
    db.close().await;
}
