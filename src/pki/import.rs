//! An authority that the operator brings.

use zeroize::Zeroizing;

use crate::{BadKey, Issuer, IssuerError, Key, UnixSeconds, encode::signed_parts, issuer::Facts};

/// An authority that the operator brings, checked.
#[derive(Debug)]
pub struct Imported {
    /// The certificate of the issuer in DER.
    pub certificate: Vec<u8>,
    /// The certificates above it in DER, from the one that signed it to the last one that was given.
    pub above: Vec<Vec<u8>>,
    /// The private key in PKCS #8.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// The identifier of its key in hexadecimal digits.
    pub key_id: String,
    /// When the certificate expires.
    pub not_after: UnixSeconds,
}

/// What the operator brings cannot issue certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The text is no PEM.
    #[error("the {0} must be PEM")]
    NotPem(&'static str),
    /// There is no certificate.
    #[error("there is no certificate in the file: expected PEM with the label CERTIFICATE")]
    NoCertificate,
    /// The private key is not in PKCS #8, or encrypted.
    #[error(
        "the private key has the label {0}: expected PRIVATE KEY; `openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW` converts it"
    )]
    KeyForm(String),
    /// There is not exactly one private key.
    #[error("the file of the key must have one private key")]
    NotOneKey,
    /// The private key cannot be used.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// A certificate cannot be the one of an issuer.
    #[error("certificate {number}: {error}")]
    Certificate {
        /// Its place in the file, from 1.
        number: usize,
        /// Why it is refused.
        error: IssuerError,
    },
    /// The private key is for another certificate.
    #[error("{0}")]
    Pair(IssuerError),
    /// A certificate did not sign the one before it.
    #[error("certificate {0} did not sign the certificate before it: give the issuer first, then its chain")]
    Chain(usize),
    /// The certificate is not valid now.
    #[error("the certificate of the authority is not valid now")]
    NotValid,
}

/// Checks a certificate with its chain and a private key, both in PEM.
pub fn import(certificates: &str, key: &str, now: UnixSeconds) -> Result<Imported, ImportError> {
    let pkcs8 = private_key(key)?;
    let key = Key::from_pkcs8(&pkcs8)?;
    let blocks = pem::parse_many(certificates).map_err(|_| ImportError::NotPem("certificate"))?;
    let mut chain = Vec::new();
    for block in blocks.iter().filter(|block| block.tag() == "CERTIFICATE") {
        let number = chain.len() + 1;
        let facts =
            Facts::read(block.contents()).map_err(|error| ImportError::Certificate { number, error })?;
        chain.push(facts);
    }
    let links = chain.iter().zip(chain.iter().skip(1));
    for (number, (below, above)) in links.enumerate() {
        let proves = || {
            let (message, algorithm, signature) = signed_parts(&below.der).ok()?;
            above.public_key.verify(&algorithm, message, &signature).ok()
        };
        if below.issuer != above.subject || proves().is_none() {
            return Err(ImportError::Chain(number + 2));
        }
    }
    let mut chain = chain.into_iter();
    let first = chain.next().ok_or(ImportError::NoCertificate)?;
    if now < first.not_before || first.not_after <= now {
        return Err(ImportError::NotValid);
    }
    let issuer = Issuer::new(&first.der, key, None).map_err(ImportError::Pair)?;
    Ok(Imported {
        key_id: issuer.key_id(),
        not_after: issuer.not_after(),
        certificate: first.der,
        above: chain.map(|facts| facts.der).collect(),
        pkcs8,
    })
}

fn private_key(text: &str) -> Result<Zeroizing<Vec<u8>>, ImportError> {
    let blocks = pem::parse_many(text).map_err(|_| ImportError::NotPem("private key"))?;
    let mut keys = blocks.iter().filter(|block| block.tag().ends_with("PRIVATE KEY"));
    match (keys.next(), keys.next()) {
        (Some(key), None) if key.tag() == "PRIVATE KEY" => Ok(Zeroizing::new(key.contents().to_vec())),
        (Some(key), None) => Err(ImportError::KeyForm(key.tag().to_owned())),
        (None, _) | (Some(_), Some(_)) => Err(ImportError::NotOneKey),
    }
}
