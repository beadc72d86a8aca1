//! The command line: how the server starts, ends and refuses to, and its sub-commands.

use crate::support::{both_engines, server::Server};

both_engines! {
    async fn a_server_that_is_asked_to_end_does_so_with_success(server: Server) {
        let _ = server.terminate().await;
    }
}
