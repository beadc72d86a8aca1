//! Pages that cross the nodes of the counting tree.

use aggregates::{role::RoleEvent, user::UserEvent};
use projections::{Page, permission_usage, role_directory, user_directory};

use crate::world::{
    NOW, World, both_engines, of_role, of_user, permission_added, reading, role_created, user_created,
    user_id,
};

async fn names(world: &World, number: i64, rows: i64, exclude: bool) -> (Vec<String>, i64) {
    let page = user_directory::page(&world.db, &Page { number, rows }, exclude, NOW)
        .await
        .expect("users");
    (
        page.rows.into_iter().map(|row| row.username).collect(),
        page.total,
    )
}

both_engines! {
    async fn an_empty_list_has_an_empty_page(world) {
        assert_eq!(names(&world, 1, 10, false).await, (vec![], 0));
        assert_eq!(names(&world, 7, 10, true).await, (vec![], 0));
    }

    async fn pages_hold_across_nodes_and_gaps(mut world) {
        // 2,000 users in many nodes of 256 ordinals; a person made every tenth user. Then a gap that empties whole
        // nodes, and single gaps.
        for batch in 0..4_u32 {
            let users = batch * 500..(batch + 1) * 500;
            world.record(users.map(|n| user_created(n, &format!("user.{n}"), !n.is_multiple_of(10))).collect()).await;
        }
        let gone = |n: &u32| (300..1_000).contains(n) || n.is_multiple_of(7);
        world.record((0..2_000).filter(gone).map(|n| of_user(n, UserEvent::Deleted {})).collect()).await;
        for exclude in [false, true] {
            let left = (0..2_000_u32).filter(|n| !gone(n) && (!exclude || n.is_multiple_of(10)));
            let left: Vec<_> = left.map(|n| format!("user.{n}")).collect();
            let total = i64::try_from(left.len()).expect("few");
            for (n, expected) in left.chunks(97).enumerate() {
                let number = i64::try_from(n).expect("few") + 1;
                assert_eq!(names(&world, number, 97, exclude).await, (expected.to_vec(), total));
            }
            assert_eq!(names(&world, 1_000, 97, exclude).await, (vec![], total), "past the end");
            assert_eq!(names(&world, i64::MAX, 97, exclude).await, (vec![], total), "far past the end");
        }
    }

    async fn numbers_out_of_range_are_brought_into_it(mut world) {
        world.record((0..150).map(|n| user_created(n, &format!("user.{n}"), false)).collect()).await;
        assert_eq!(names(&world, 0, 10, false).await, names(&world, 1, 10, false).await);
        assert_eq!(names(&world, 1, 1_000, false).await.0.len(), 100);
        assert_eq!(names(&world, 1, 0, false).await.0.len(), 1);
    }

    async fn names_asked_for_twice_or_unknown_are_no_rows(mut world) {
        world.record((0..40).map(|n| user_created(n, &format!("user.{n}"), n % 2 == 0)).collect()).await;
        let asked: Vec<_> = (0..60).rev().chain(5..9).map(|n| format!("user.{n}")).collect();
        let page = Page { number: 2, rows: 15 };
        let found = user_directory::by_usernames(&world.db, &asked, &page, true, NOW).await.expect("users");
        let ids: Vec<_> = found.rows.iter().map(|row| row.id).collect();
        assert_eq!((ids, found.total), ([31, 33, 35, 37, 39].map(user_id).to_vec(), 20));
        let nobody: [&str; 0] = [];
        let found = user_directory::by_usernames(&world.db, &nobody, &page, true, NOW).await.expect("users");
        assert_eq!((found.rows, found.total), (vec![], 0));
    }

    async fn a_role_changes_lists_with_its_sharing(mut world) {
        world.record((0..9).map(|n| role_created(n, &format!("role.{n}"), n % 2 == 0, n % 3 == 0)).collect()).await;
        let page = Page { number: 1, rows: 100 };
        let total = async |auto, shared| {
            let page = role_directory::page(&world.db, &page, None, auto, shared, 10).await.expect("roles");
            assert_eq!(page.total, i64::try_from(page.rows.len()).expect("few"));
            page.total
        };
        assert_eq!(total(None, None).await, 9);
        assert_eq!(total(None, Some(true)).await, 5);
        assert_eq!(total(Some(true), None).await, 3);
        assert_eq!(total(Some(false), Some(false)).await, 3);
        world.record(vec![of_role(1, RoleEvent::SharingChanged { is_shared: true })]).await;
        let page = role_directory::page(&world.db, &page, None, Some(false), Some(false), 10).await.expect("roles");
        assert_eq!(page.total, 2);
    }

    async fn resources_come_in_the_order_of_their_first_use(mut world) {
        world.record(vec![role_created(1, "operators", true, false)]).await;
        let add = |n: u32| permission_added(1, reading(n, &format!("device/{}", n % 300)));
        world.record((0..600).map(add).collect()).await;
        let page = permission_usage::page(&world.db, &Page { number: 3, rows: 100 }, None).await.expect("resources");
        assert_eq!((page.total, page.rows.len()), (300, 100));
        for (n, row) in (200..).zip(&page.rows) {
            assert_eq!((row.resource.as_str(), row.usage.len()), (format!("device/{n}").as_str(), 2));
        }
    }
}
