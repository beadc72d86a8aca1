//! `GET /.well-known/authzen-configuration`

use crate::support::{both_engines, server::Server};

both_engines! {
    async fn anyone_learns_where_to_ask(server: Server) {
        let found = server.anonymous().get("/.well-known/authzen-configuration").await.expect(200).json();
        let base = server.address().to_owned();
        assert_eq!(found["policy_decision_point"], base.as_str());
        for (name, path) in [
            ("access_evaluation_endpoint", "evaluation"),
            ("access_evaluations_endpoint", "evaluations"),
            ("search_subject_endpoint", "search/subject"),
            ("search_resource_endpoint", "search/resource"),
            ("search_action_endpoint", "search/action"),
        ] {
            let url = format!("{base}/access/v1/{path}");
            assert_eq!(found[name], url.as_str());
            let answer = server.anonymous().post(format!("/access/v1/{path}"), serde_json::json!({})).await;
            answer.expect_error(401);
        }
    }

    async fn no_host_makes_a_url_of_its_own(server: Server) {
        let ask = |host: &'static str| server.anonymous().get("/.well-known/authzen-configuration").header("host", host);
        for host in ["evil.example/path", "a b", "user@host", "host?x", "host#x"] {
            let answer = ask(host).await;
            assert_eq!(answer.status, 400, "{host}");
        }
    }
}
