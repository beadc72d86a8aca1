//! Licence files: what a licence says, signed (RFC 7515, EdDSA), so that a device checks it without this server.

use aggregates::values::{DeviceId, LicenceId, Timestamp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use projections::licences::{self, LicenceRow, LicenceStanding};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{app::App, refusal::Refusal};

/// The type of a file in its header (RFC 8725 section 3.11): a token of a user is none, and a file is no token.
pub(crate) const FILE_TYPE: &str = "nx-license+jwt";
/// For whom a file is.
const AUDIENCE: &str = "nx-license";
/// How many bytes a public key has (RFC 8032 section 5.1).
const KEY_BYTES: usize = 32;

/// What a licence file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceFile {
    /// The ledger that issued the licence.
    pub iss: String,
    /// The licence.
    pub sub: String,
    /// Always `nx-license`.
    pub aud: String,
    /// When the file was made, in seconds.
    pub iat: i64,
    /// When the licence begins to be valid, in seconds.
    pub nbf: i64,
    /// When the file stops to count, in seconds: not after the licence expires.
    pub exp: i64,
    /// The key.
    pub license_key: String,
    /// The name of the agreement.
    pub agreement: String,
    /// Its kind.
    pub kind: String,
    /// What it provides.
    pub provides: Vec<String>,
    /// What the licence is for, in a catalogue.
    pub catalogue: Vec<String>,
    /// The organisation that owns it.
    pub organisation: String,
    /// How many devices may use it.
    pub seats: i64,
    /// The device for which the file was made: it had a seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// Why a licence file does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The text is not a signed licence.
    #[error("this is no licence file")]
    Malformed,
    /// The keys are no JSON Web Key Set.
    #[error("the keys are no JSON Web Key Set")]
    Keys,
    /// None of the keys has signed the file.
    #[error("the licence was not signed by one of these keys, or was changed")]
    Signature,
    /// Another ledger issued the licence.
    #[error("another server issued the licence")]
    Issuer,
    /// The file is not for this device.
    #[error("the licence file is not for this device")]
    Device,
    /// The licence is not valid yet.
    #[error("the licence is not valid yet")]
    TooEarly,
    /// The file has ended: the licence has expired, or another file must be fetched.
    #[error("the licence has expired, or its file is too old: fetch another one")]
    Expired,
}

/// The signed file of a licence, for a device that has a seat, or for all. It ends with the licence, but at the latest after the days that
/// the settings say, since whoever checks it does not hear that the licence was suspended or the seat was released.
pub async fn file(app: &App, licence: &LicenceRow, device: Option<DeviceId>) -> Result<String, Refusal> {
    let now = app.clock.now();
    match licence.standing(now) {
        LicenceStanding::Pending | LicenceStanding::Active => {}
        LicenceStanding::Suspended => {
            return Err(Refusal::conflict("licence_suspended", "the licence is suspended"));
        }
        LicenceStanding::Expired => {
            return Err(Refusal::conflict("licence_expired", "the licence has expired"));
        }
    }
    if let Some(device) = device {
        must_have_seat(app, licence.id, device).await?;
    }
    let end = end(licence.expires_at, now, app.settings.licence_file_days);
    if licence.starts_at >= end {
        let message = "the licence begins after a file made now would end";
        return Err(Refusal::conflict("licence_pending", message));
    }
    let claims = LicenceFile {
        iss: app.tokens.issuer().to_owned(),
        sub: licence.id.to_string(),
        aud: AUDIENCE.to_owned(),
        iat: now.seconds(),
        nbf: licence.starts_at.seconds(),
        exp: end.seconds(),
        license_key: licence.licence_key.clone(),
        agreement: licence.agreement.name.clone(),
        kind: licence.agreement.kind.clone(),
        provides: licence.agreement.provides.clone(),
        catalogue: licence.catalogue.iter().map(ToString::to_string).collect(),
        organisation: licence.organisation.to_string(),
        seats: licence.seats,
        device: device.map(|device| device.to_string()),
    };
    let signed = app.tokens.sign_document(FILE_TYPE, &claims);
    signed.map_err(|error| Refusal::unavailable().because(error))
}

/// When a file ends that is made at `now`.
fn end(of_licence: Option<Timestamp>, now: Timestamp, days: i64) -> Timestamp {
    let latest = now.plus_hours(days.saturating_mul(24));
    of_licence.map_or(latest, |end| end.min(latest))
}

async fn must_have_seat(app: &App, licence: LicenceId, device: DeviceId) -> Result<(), Refusal> {
    let seats = licences::seats_of(app.ledger().db(), [device]).await?;
    match seats.iter().any(|seat| seat.licence == licence) {
        true => Ok(()),
        false => Err(Refusal::not_found("seat of this device")),
    }
}

/// What a licence file must say to count somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The keys that may have signed it: a JSON Web Key Set.
    pub keys: &'a Value,
    /// The ledger that must have issued it; `None` is any that has one of the keys.
    pub issuer: Option<&'a str>,
    /// The device for which it must have been made; `None` is any, and none.
    pub device: Option<DeviceId>,
    /// The time.
    pub now: Timestamp,
}

/// What a licence file says, if it counts at a place: one of the keys has signed it, and it counts now. It asks no server: a licence
/// that was suspended, or whose seat was released, since the file was made is valid here until the file ends.
pub fn check(file: &str, place: &Place<'_>) -> Result<LicenceFile, FileError> {
    let file = file.trim();
    let header = jsonwebtoken::decode_header(file).map_err(|_| FileError::Malformed)?;
    if header.typ.as_deref() != Some(FILE_TYPE) {
        return Err(FileError::Malformed);
    }
    let keys = place.keys["keys"].as_array().ok_or(FileError::Keys)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["aud", "sub"]);
    // The times are compared with the given clock.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let fitting = keys.iter().filter(|key| {
        let same = key["kid"].as_str() == header.kid.as_deref();
        same && key["kty"] == "OKP" && key["crv"] == "Ed25519"
    });
    let claims = fitting
        .filter_map(|key| {
            let x = key["x"].as_str()?;
            // The library panics about a shorter one.
            let is_whole = URL_SAFE_NO_PAD.decode(x).is_ok_and(|x| x.len() == KEY_BYTES);
            DecodingKey::from_ed_components(x).ok().filter(|_| is_whole)
        })
        .find_map(|key| jsonwebtoken::decode::<LicenceFile>(file, &key, &validation).ok());
    let claims = claims.ok_or(FileError::Signature)?.claims;
    if place.issuer.is_some_and(|issuer| issuer != claims.iss) {
        return Err(FileError::Issuer);
    }
    if place
        .device
        .is_some_and(|device| claims.device != Some(device.to_string()))
    {
        return Err(FileError::Device);
    }
    let now = place.now.seconds();
    if claims.nbf > now {
        return Err(FileError::TooEarly);
    }
    match claims.exp <= now {
        true => Err(FileError::Expired),
        false => Ok(claims),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::identity::tokens::Tokens;

    fn tokens(seed: u8) -> Tokens {
        Tokens::new("ledger", &SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn check(file: &str, keys: &Value, now: Timestamp) -> Result<LicenceFile, FileError> {
        let (issuer, device) = (None, None);
        let place = Place {
            keys,
            issuer,
            device,
            now,
        };
        super::check(file, &place)
    }

    fn claims() -> LicenceFile {
        LicenceFile {
            iss: "ledger".to_owned(),
            sub: "0a0b0c0d-0000-4000-8000-000000000001".to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: 1,
            nbf: 2,
            exp: 9,
            license_key: "KEY-1".to_owned(),
            agreement: "Edge".to_owned(),
            kind: "trial".to_owned(),
            provides: vec!["recording".to_owned()],
            catalogue: vec![],
            organisation: "00000001-6f73-8001-8000-696f74000000".to_owned(),
            seats: 3,
            device: None,
        }
    }

    #[test]
    fn a_file_counts_from_its_start_to_its_end() {
        let ours = tokens(1);
        let file = ours.sign_document(FILE_TYPE, &claims()).unwrap();
        let check = |second| check(&format!("{file}\n"), &ours.key_set(), at(second));
        assert_eq!(check(1), Err(FileError::TooEarly));
        assert_eq!(check(2), Ok(claims()));
        assert_eq!(check(8), Ok(claims()));
        assert_eq!(check(9), Err(FileError::Expired));
    }

    #[test]
    fn a_file_without_an_end_does_not_count() {
        let ours = tokens(1);
        let mut endless = serde_json::to_value(claims()).unwrap();
        endless.as_object_mut().unwrap().remove("exp");
        let file = ours.sign_document(FILE_TYPE, &endless).unwrap();
        assert_eq!(check(&file, &ours.key_set(), at(3)), Err(FileError::Signature));
    }

    #[test]
    fn a_file_ends_with_its_licence_or_after_some_days() {
        let day = 24 * 60 * 60;
        assert_eq!(end(None, at(5), 2), at(5 + 2 * day));
        assert_eq!(end(Some(at(5 + 2 * day)), at(5), 2), at(5 + 2 * day));
        assert_eq!(end(Some(at(4 + 2 * day)), at(5), 2), at(4 + 2 * day));
        assert_eq!(end(Some(at(6 + 2 * day)), at(5), 2), at(5 + 2 * day));
    }

    #[test]
    fn a_file_of_another_server_or_with_another_content_does_not_count() {
        let (ours, theirs) = (tokens(1), tokens(2));
        let file = ours.sign_document(FILE_TYPE, &claims()).unwrap();
        let refused = |file: &str, keys: &Value| check(file, keys, at(3)).unwrap_err();
        assert_eq!(refused(&file, &theirs.key_set()), FileError::Signature);
        let mut parts: Vec<String> = file.split('.').map(str::to_owned).collect();
        let more = LicenceFile { seats: 4, ..claims() };
        parts[1] = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&more).unwrap());
        assert_eq!(refused(&parts.join("."), &ours.key_set()), FileError::Signature);
        // A key of theirs under the id of ours.
        let mut keys = theirs.key_set();
        keys["keys"][0]["kid"] = ours.key_set()["keys"][0]["kid"].clone();
        assert_eq!(refused(&file, &keys), FileError::Signature);
        assert_eq!(refused(&file, &json!({})), FileError::Keys);
        assert_eq!(refused(&file, &json!({ "keys": [] })), FileError::Signature);
        let whole = ours.key_set()["keys"][0]["x"].as_str().unwrap().to_owned();
        let long = URL_SAFE_NO_PAD.encode([URL_SAFE_NO_PAD.decode(&whole).unwrap(), vec![0]].concat());
        for x in ["", "AA", "=", &whole[1..], &long] {
            let mut keys = ours.key_set();
            keys["keys"][0]["x"] = json!(x);
            assert_eq!(refused(&file, &keys), FileError::Signature, "{x}");
        }
    }

    #[test]
    fn a_file_of_another_ledger_or_for_another_device_does_not_count_where_that_matters() {
        let ours = tokens(1);
        let [device, other] = [7, 8].map(|number| DeviceId(Uuid::from_u128(number)));
        let bound = LicenceFile {
            device: Some(device.to_string()),
            ..claims()
        };
        for (said, issuer, wanted, expected) in [
            (&bound, None, None, None),
            (&bound, Some("ledger"), Some(device), None),
            (&bound, Some("another"), None, Some(FileError::Issuer)),
            (&bound, None, Some(other), Some(FileError::Device)),
            (&claims(), Some("ledger"), None, None),
            (&claims(), None, Some(device), Some(FileError::Device)),
        ] {
            let file = ours.sign_document(FILE_TYPE, said).unwrap();
            let place = Place {
                keys: &ours.key_set(),
                issuer,
                device: wanted,
                now: at(3),
            };
            assert_eq!(
                super::check(&file, &place).err(),
                expected,
                "{issuer:?} {wanted:?}"
            );
        }
    }

    #[test]
    fn no_other_document_is_a_licence() {
        let ours = tokens(1);
        let refused = |file: &str| check(file, &ours.key_set(), at(3)).unwrap_err();
        for text in ["", "a.b.c", "{}"] {
            assert_eq!(refused(text), FileError::Malformed, "{text:?}");
        }
        let other_type = ours.sign_document("JWT", &claims()).unwrap();
        assert_eq!(refused(&other_type), FileError::Malformed);
        let aud = "connectware".to_owned();
        let other = ours.sign_document(FILE_TYPE, &LicenceFile { aud, ..claims() });
        assert_eq!(refused(&other.unwrap()), FileError::Signature);
        let unsigned = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": FILE_TYPE }).to_string());
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap());
        assert_eq!(refused(&format!("{unsigned}.{body}.")), FileError::Malformed);
    }
}
