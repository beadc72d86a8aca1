//! What each broker still has to do, for `muniment doctor`.

use aggregates::values::Timestamp;
use ledger::{BrokerError, KeptForBroker, KicksLeft, Ledger, LedgerError, kept_for_brokers};
use projections::sql::{Db, Error};

use super::{Broker, Brokers};

/// What a broker of the settings still has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The name of the broker.
    pub broker: String,
    /// How many events no server has looked at for this broker; `None` if no server has looked at any.
    pub lag: Option<i64>,
    /// The number of users whose sessions the broker still has to end.
    pub left: i64,
    /// When the first of these tries failed.
    pub oldest: Option<Timestamp>,
    /// Why the last try failed, if the broker does not end all sessions.
    pub error: Option<String>,
}

impl State {
    /// Whether the broker has nothing to do.
    pub fn is_up_to_date(&self) -> bool {
        self.lag == Some(0) && self.left == 0
    }
}

/// What each broker of the settings still has to do, as the database says.
pub async fn states(ledger: &Ledger, brokers: &Brokers) -> Result<Vec<State>, LedgerError> {
    let cursors = ledger.broker_cursors().await?;
    // The head is read later, so no broker seems to be ahead of it.
    let head = ledger.head().await?.position;
    let errors = ledger.broker_errors().await?;
    let mut states = Vec::new();
    for broker in brokers.iter().map(Broker::name) {
        let cursor = cursors.iter().find(|cursor| cursor.broker == broker);
        let KicksLeft { number, oldest } = ledger.kicks_left(&broker).await?;
        let error = errors.iter().find(|error| error.broker == broker);
        states.push(State {
            lag: cursor.map(|cursor| head - cursor.position),
            left: number,
            oldest,
            error: error.map(|BrokerError { error, .. }| error.clone()),
            broker,
        });
    }
    Ok(states)
}

/// What the database keeps for brokers that are not in the settings.
pub async fn removed(db: &Db, brokers: Option<&Brokers>) -> Result<Vec<KeptForBroker>, Error> {
    let named: Vec<String> = brokers
        .into_iter()
        .flat_map(Brokers::iter)
        .map(Broker::name)
        .collect();
    let mut kept = kept_for_brokers(db).await?;
    kept.retain(|kept| !named.contains(&kept.broker));
    Ok(kept)
}
