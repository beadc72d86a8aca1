//! `POST /hooks/rabbitmq/vhost`: may a client use a virtual host?

use axum::extract::State;
use server::{
    App, Refusal,
    brokers::{FromBroker, InForm},
};

use super::{allow, deny, user_in_vhost};
use crate::form::answer;

/// Whether a client may use a virtual host: `username`, `vhost`.
#[utoipa::path(post, path = "/hooks/rabbitmq/vhost", tag = "hooks", responses(
    (status = 200, description = "`allow` or `deny`", body = String)
))]
pub(super) async fn rabbitmq_vhost(State(app): State<App>, asked: FromBroker) -> InForm {
    answer(may_use(&app, &asked), |()| allow(), deny)
}

fn may_use(app: &App, asked: &FromBroker) -> Result<(), Refusal> {
    user_in_vhost(app, &asked.form()?)?;
    app.fresh()?;
    Ok(())
}
