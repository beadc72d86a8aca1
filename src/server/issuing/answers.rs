//! OCSP answers. Before each, this process learns of all revocations that any node has recorded (`statuses.rs`). If the settings allow
//! it, an answer is used again for a while (`reused.rs`).

use std::sync::Arc;

use aggregates::values::SerialNumber;
use pki::{Asked, OcspRequest, Refusal, Status, Validity};

use super::{
    Issuers, Issuing, IssuingError, OurIssuer,
    lists::{reason, seconds},
    statuses::Known,
};

/// For how many seconds relying parties may use an answer, if nothing tells them to ask again.
pub(super) const ANSWER_LIFE: u64 = 3600;

/// An answer to an OCSP request.
#[derive(Clone, Debug)]
pub struct OcspAnswer {
    /// The answer in DER.
    pub der: Arc<Vec<u8>>,
    /// For how many seconds it may be used again for the same request.
    pub reusable: u64,
}

impl OcspAnswer {
    /// An answer for one request only.
    fn once(der: Vec<u8>) -> Self {
        Self {
            der: Arc::new(der),
            reusable: 0,
        }
    }
}

impl Issuing {
    /// The answer to an OCSP request in DER. The issuer of the first certificate signs it. An answer about one certificate and without a
    /// nonce may be used again for `max_age` seconds: then it may be one that was signed before.
    pub async fn ocsp(&self, request: &[u8], max_age: u64) -> Result<OcspAnswer, IssuingError> {
        let Ok(request) = OcspRequest::from_der(request) else {
            return Ok(OcspAnswer::once(Refusal::MalformedRequest.der()));
        };
        let Some(first) = request.asked().first() else {
            return Ok(OcspAnswer::once(Refusal::MalformedRequest.der()));
        };
        let may_be_reused = max_age > 0 && request.asked().len() == 1 && !request.has_nonce();
        let id = may_be_reused.then(|| first.id()).flatten();
        let now = self.now();
        if let Some(id) = &id
            && let Some((der, next_update)) = self.reused(id, now)
        {
            let reusable = max_age.min(next_update - now);
            return Ok(OcspAnswer { der, reusable });
        }
        let mut issuers = self.known();
        if issuer_of(&issuers, first).is_none() {
            issuers = self.read().await?;
        }
        let Some(ours) = issuer_of(&issuers, first) else {
            return Ok(OcspAnswer::once(Refusal::Unauthorized.der()));
        };
        let (statuses, known) = self.statuses(&issuers, ours, &request).await?;
        let validity = Validity {
            produced_at: now,
            this_update: now,
            next_update: now + ANSWER_LIFE,
        };
        let der = Arc::new(ours.issuer.ocsp(&request, &statuses, validity)?);
        // A certificate that is unknown now may be issued in the next moment.
        let reusable = match (id, known) {
            (Some(id), Some(known)) => {
                self.reuse(id, &der, known, now);
                max_age.min(ANSWER_LIFE)
            }
            (None, _) | (_, None) => 0,
        };
        Ok(OcspAnswer { der, reusable })
    }

    /// The status of each certificate, and what is known if there is only one and it is ours.
    async fn statuses(
        &self,
        issuers: &Issuers,
        ours: &OurIssuer,
        request: &OcspRequest,
    ) -> Result<(Vec<Status>, Option<Known>), IssuingError> {
        let of_ours = request.asked().iter().filter(|asked| asked.is_of(&ours.issuer));
        let serials: Vec<SerialNumber> = of_ours.filter_map(|asked| serial_of(asked.serial())).collect();
        let known = self.known_of(&ours.key_id, serials.clone()).await?;
        let status = |asked: &Asked| {
            if !asked.is_of(&ours.issuer) {
                return Status::Unknown;
            }
            let serial = serial_of(asked.serial());
            let place = serials.iter().position(|one| Some(one) == serial.as_ref());
            match place.and_then(|place| known.get(place)).and_then(Option::as_ref) {
                Some(known) => status_of(known),
                None if issuers
                    .all()
                    .any(|other| other.issuer.is_asked(asked, &ours.issuer)) =>
                {
                    Status::Good
                }
                None => Status::Unknown,
            }
        };
        let statuses = request.asked().iter().map(status).collect();
        let only = (known.len() == 1)
            .then(|| known.first().cloned().flatten())
            .flatten();
        Ok((statuses, only))
    }
}

fn issuer_of<'a>(issuers: &'a Issuers, asked: &Asked) -> Option<&'a Arc<OurIssuer>> {
    issuers.signers().find(|ours| asked.is_of(&ours.issuer))
}

fn serial_of(octets: &[u8]) -> Option<SerialNumber> {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    SerialNumber::parse(&digits).ok()
}

fn status_of(known: &Known) -> Status {
    match known {
        Known::Good(..) => Status::Good,
        Known::Revoked(at, revoked_for) => Status::Revoked {
            at: seconds(at.seconds()),
            reason: reason(*revoked_for),
        },
    }
}
