//! `POST /hooks/mosquitto/superuser`: may a client do everything?

use server::brokers::{FromBroker, InForm};

use super::deny;

/// Whether a client may do everything. Nobody may: rights are rights on topics.
#[utoipa::path(post, path = "/hooks/mosquitto/superuser", tag = "hooks", responses(
    (status = 403, description = "The client may not")
))]
pub(super) async fn mosquitto_superuser(_asked: FromBroker) -> InForm {
    InForm::never(deny())
}
