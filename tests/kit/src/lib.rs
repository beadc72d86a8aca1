//! The base of the tests of faces: a client whose answers fail a test with a clear message, and the whole server in
//! process, on SQLite, with a clock that the test moves and a seeded source of randomness.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]
#![expect(missing_docs, reason = "the names of these helpers say what they do")]

pub mod client;
pub mod connectware;
pub mod faces;
pub mod openssl;
pub mod second_factor;
pub mod server;

/// Makes each of these scenarios a test on a server in process. `tests/it` has a macro of the same name, which runs them
/// against the binary on both engines.
#[macro_export]
macro_rules! both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($server:ident: Server) $body:block)*) => {$(
        $(#[$attribute])*
        #[tokio::test]
        async fn $name() {
            let $server = Server::start().await;
            $body
        }
    )*};
}
