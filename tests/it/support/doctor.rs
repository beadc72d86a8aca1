//! What `muniment doctor` says.

use std::time::Duration;

use super::server::Site;

/// How often the test asks. A server and a broker may be busy.
const TIMES: usize = 600;

/// Asks until the answer has this text. Returns the answer.
pub async fn doctor_says(site: &Site, wanted: &str) -> String {
    let mut said = String::new();
    for _ in 0..TIMES {
        said = String::from_utf8_lossy(&site.run(&["doctor"]).await.stdout).into_owned();
        if said.contains(wanted) {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the doctor does not say {wanted:?}:\n{said}");
}
