//! An event as it is stored: sealed fields are ciphertext.

use aggregates::values::Timestamp;
use projections::sql::{Error, Row};
use serde::Serialize;

use super::{chain::hexadecimal, json::Json};

/// A stored event. Payload and metadata are JSON texts, which are parsed where needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The position in the ledger.
    pub position: i64,
    /// The aggregate type: `user`, `role`, …
    pub aggregate_type: String,
    /// The id of the stream.
    pub aggregate_id: String,
    /// The position in the stream.
    pub sequence: i64,
    /// The event type: `user.role_granted`, …
    pub event_type: String,
    /// The version of the event type: `1`, …
    pub event_version: String,
    /// When the ledger recorded the event.
    pub recorded_at: Timestamp,
    /// The payload as JSON; sealed fields are ciphertext.
    pub payload: String,
    /// The metadata as JSON; the address is ciphertext.
    pub metadata: String,
    /// The hash of the chain, as stored.
    pub hash: Vec<u8>,
}

/// The columns of [`Stored`], in order.
pub(super) const COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_type, event_version, \
     recorded_at, CAST(payload AS TEXT), CAST(metadata AS TEXT), hash";

impl Stored {
    /// Reads a row of [`COLUMNS`].
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            position: row.int(0)?,
            aggregate_type: row.text(1)?,
            aggregate_id: row.text(2)?,
            sequence: row.int(3)?,
            event_type: row.text(4)?,
            event_version: row.text(5)?,
            recorded_at: Timestamp::from_micros(row.int(6)?),
            payload: row.text(7)?,
            metadata: row.text(8)?,
            hash: row.bytes(9)?,
        })
    }

    /// The event as an auditor receives it.
    pub fn cloud_event(&self, ledger_id: &str) -> Result<CloudEvent, serde_json::Error> {
        let metadata: StoredMetadata = serde_json::from_str(&self.metadata)?;
        let data = serde_json::from_str(&self.payload)?;
        let mut event = self.parts(ledger_id).cloud_event(data, metadata);
        event.hash = Some(hexadecimal(&self.hash));
        Ok(event)
    }

    /// Writes the canonical form of this event into `bytes`, in place of what is there.
    pub(super) fn canonical(&self, ledger_id: &str, bytes: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let data: Json<'_> = serde_json::from_str(&self.payload)?;
        let metadata: StoredMetadata = serde_json::from_str(&self.metadata)?;
        bytes.clear();
        serde_json::to_writer(bytes, &self.parts(ledger_id).cloud_event(data, metadata))
    }

    fn parts<'a>(&'a self, ledger_id: &'a str) -> Parts<'a> {
        Parts {
            position: self.position,
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
            recorded_at: self.recorded_at,
            ledger_id,
        }
    }
}

/// The parts of a CloudEvent besides payload and metadata.
pub(super) struct Parts<'a> {
    pub(super) position: i64,
    pub(super) aggregate_type: &'a str,
    pub(super) aggregate_id: &'a str,
    pub(super) sequence: i64,
    pub(super) event_type: &'a str,
    pub(super) event_version: &'a str,
    pub(super) recorded_at: Timestamp,
    pub(super) ledger_id: &'a str,
}

impl Parts<'_> {
    pub(super) fn cloud_event<D>(&self, data: D, metadata: StoredMetadata) -> CloudEvent<D> {
        CloudEvent {
            actor: metadata.actor,
            actoraddress: metadata.address,
            causationid: metadata.causationid,
            correlationid: metadata.correlationid,
            data,
            datacontenttype: "application/json",
            eventversion: self.event_version.to_owned(),
            face: metadata.face,
            hash: None,
            id: self.position.to_string(),
            onbehalfof: metadata.onbehalfof,
            position: self.position,
            requestid: metadata.requestid,
            sequence: self.sequence,
            source: format!("urn:uuid:{}", self.ledger_id),
            specversion: "1.0",
            subject: format!("{}/{}", self.aggregate_type, self.aggregate_id),
            time: self.recorded_at,
            event_type: self.event_type.to_owned(),
        }
    }
}

/// Metadata as it is stored: like [`super::Metadata`], but the address is sealed.
pub(super) type StoredMetadata = super::Metadata;

/// A CloudEvents 1.0 object in JSON. The fields are in the order of RFC 8785, so the JSON of an object without its hash
/// is the canonical form: keys are ASCII, numbers are integers, and strings are escaped in the same way.
#[derive(Clone, Debug, Serialize)]
pub struct CloudEvent<D = serde_json::Value> {
    /// Extension: a user id, or `system`.
    pub actor: String,
    /// Extension: the source address, sealed under the actor's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actoraddress: Option<String>,
    /// Extension: the position of the event that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// Extension: the id that groups several requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<String>,
    /// What happened; sealed fields are `{"$sealed": …}`.
    pub data: D,
    /// `application/json`.
    pub datacontenttype: &'static str,
    /// Extension: the version of the event type.
    pub eventversion: String,
    /// Extension: the API through which the command came.
    pub face: String,
    /// Extension: the hash of the chain in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The position as text: unique within `source`.
    pub id: String,
    /// Extension: the user on whose behalf the actor acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onbehalfof: Option<String>,
    /// Extension: the position in the ledger.
    pub position: i64,
    /// Extension: the id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requestid: Option<String>,
    /// Extension: the position in the stream.
    pub sequence: i64,
    /// `urn:uuid:` and the ledger's id.
    pub source: String,
    /// `1.0`.
    pub specversion: &'static str,
    /// The stream: `user/<id>`.
    pub subject: String,
    /// When the ledger recorded the event.
    pub time: Timestamp,
    /// The event type: `user.role_granted`, …
    #[serde(rename = "type")]
    pub event_type: String,
}

impl CloudEvent {
    /// The canonical form (RFC 8785). `serde_json::Value` keeps its keys sorted.
    pub(super) fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}
