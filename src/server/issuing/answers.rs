//! OCSP answers. Each status is read from the database, so a revocation counts at once on every node.

use std::sync::Arc;

use aggregates::values::SerialNumber;
use pki::{Asked, OcspRequest, Refusal, Status, Validity};
use projections::issued_certificates::{self, IssuedRow};

use super::{
    Issuers, Issuing, IssuingError, OurIssuer,
    lists::{reason, seconds},
};

/// For how many seconds relying parties may use an answer, if nothing tells them to ask again.
const ANSWER_LIFE: u64 = 3600;

impl Issuing {
    /// The answer to an OCSP request in DER. The issuer of the first certificate signs it.
    pub async fn ocsp(&self, request: &[u8]) -> Result<Vec<u8>, IssuingError> {
        let Ok(request) = OcspRequest::from_der(request) else {
            return Ok(Refusal::MalformedRequest.der());
        };
        let Some(first) = request.asked().first() else {
            return Ok(Refusal::MalformedRequest.der());
        };
        let mut issuers = self.known();
        if issuer_of(&issuers, first).is_none() {
            issuers = self.read().await?;
        }
        let Some(ours) = issuer_of(&issuers, first) else {
            return Ok(Refusal::Unauthorized.der());
        };
        let statuses = self.statuses(&issuers, ours, &request).await?;
        let now = self.now();
        let validity = Validity {
            produced_at: now,
            this_update: now,
            next_update: now + ANSWER_LIFE,
        };
        Ok(ours.issuer.ocsp(&request, &statuses, validity)?)
    }

    async fn statuses(
        &self,
        issuers: &Issuers,
        ours: &OurIssuer,
        request: &OcspRequest,
    ) -> Result<Vec<Status>, IssuingError> {
        let of_ours = request.asked().iter().filter(|asked| asked.is_of(&ours.issuer));
        let serials: Vec<SerialNumber> = of_ours.filter_map(|asked| serial_of(asked.serial())).collect();
        let db = self.0.executor.ledger().db();
        let found = issued_certificates::of_issuer(db, &ours.key_id, &serials).await?;
        let status = |asked: &Asked| {
            if !asked.is_of(&ours.issuer) {
                return Status::Unknown;
            }
            let serial = serial_of(asked.serial());
            let row = found.iter().find(|row| Some(&row.serial) == serial.as_ref());
            match row {
                Some(row) => status_of(row),
                None if issuers
                    .all()
                    .any(|other| other.issuer.is_asked(asked, &ours.issuer)) =>
                {
                    Status::Good
                }
                None => Status::Unknown,
            }
        };
        Ok(request.asked().iter().map(status).collect())
    }
}

fn issuer_of<'a>(issuers: &'a Issuers, asked: &Asked) -> Option<&'a Arc<OurIssuer>> {
    issuers.all().find(|ours| asked.is_of(&ours.issuer))
}

fn serial_of(octets: &[u8]) -> Option<SerialNumber> {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    SerialNumber::parse(&digits).ok()
}

fn status_of(row: &IssuedRow) -> Status {
    match row.revoked_at {
        None => Status::Good,
        Some(at) => Status::Revoked {
            at: seconds(at.seconds()),
            reason: reason(row.reason),
        },
    }
}
