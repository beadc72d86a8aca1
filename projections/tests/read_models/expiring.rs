//! The list of certificates that expire soon costs the same, however many there are.

use projections::{
    Page,
    issued_certificates::{MOST_EXPIRING, expiring},
};

use crate::world::{NOW, World, both_engines, certificate, issued_as, user_id};

/// How many certificates expire soon.
const EXPIRING: u32 = 10_020;

/// Records certificates that expire in an hour.
async fn many(world: &mut World) {
    for first in (0..EXPIRING).step_by(1_670) {
        let numbers = first..(first + 1_670).min(EXPIRING);
        let issued = |n: u32| issued_as(certificate(n).fingerprint, n * 7 + 4, n, user_id(n));
        world.record(numbers.map(issued).collect()).await;
    }
}

both_engines! {
    async fn a_list_of_many_certificates_that_expire_is_cut(mut world) {
        many(&mut world).await;
        let soon = (NOW, NOW.plus_hours(2));
        for (number, rows, found) in [(1, 100, 100), (100, 100, 100), (101, 100, 0), (102, 99, 1), (i64::MAX, 7, 0)] {
            let page = Page { number, rows };
            let found_now = expiring(&world.db, &page, soon).await.expect("certificates");
            assert_eq!((found_now.rows.len(), found_now.total), (found, MOST_EXPIRING), "{page:?}");
        }
    }
}
