//! Public keys that we accept, and signatures that they verify.

use der::{Decode, Encode, asn1::ObjectIdentifier, asn1::UintRef};
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::{sha256, text::sha1};

pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

pub(crate) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
pub(crate) const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
pub(crate) const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// The algorithms that use SHA-1: of RSA, of ECDSA, and the old name of the one of RSA.
const SHA1: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
    ObjectIdentifier::new_unwrap("1.3.14.3.2.29"),
];

/// A public key that we accept in a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    info: SubjectPublicKeyInfoOwned,
    der: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
}

/// We do not accept a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakKey {
    /// The key is for another algorithm, on another curve or in another form.
    #[error("the key must be an uncompressed point on the curve P-256 or P-384, or an RSA key")]
    Type,
    /// An RSA key has too few or too many bits.
    #[error("an RSA key must have 2048 to 4096 bits")]
    Size,
    /// The public exponent of an RSA key is even or too small.
    #[error("the public exponent of an RSA key must be odd and at least 65537")]
    Exponent,
}

/// A signature does not prove anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unproved {
    Sha1,
    Algorithm,
    Signature,
}

/// `RSAPublicKey` of RFC 8017.
#[derive(der::Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// The key, if we accept it. Each key has only one accepted encoding, so that a hash identifies it.
    pub(crate) fn new(info: SubjectPublicKeyInfoOwned) -> Result<Self, WeakKey> {
        let bits = info.subject_public_key.as_bytes().ok_or(WeakKey::Type)?;
        let kind = if info.algorithm.oid == EC {
            let curve = info.algorithm.parameters.as_ref().ok_or(WeakKey::Type)?;
            let curve: ObjectIdentifier = curve.decode_as().map_err(|_| WeakKey::Type)?;
            let is_point = |octets: usize| bits.first() == Some(&4) && bits.len() == 1 + 2 * octets;
            match curve {
                P256 if is_point(32) => Kind::P256,
                P384 if is_point(48) => Kind::P384,
                _ => return Err(WeakKey::Type),
            }
        } else if info.algorithm.oid == RSA {
            let parameters = info.algorithm.parameters.as_ref().ok_or(WeakKey::Type)?;
            parameters
                .decode_as::<der::asn1::Null>()
                .map_err(|_| WeakKey::Type)?;
            check_rsa(bits)?;
            Kind::Rsa
        } else {
            return Err(WeakKey::Type);
        };
        let der = info.to_der().map_err(|_| WeakKey::Type)?;
        Ok(Self { kind, info, der })
    }

    /// The key of a `SubjectPublicKeyInfo` in DER, if we accept it.
    pub fn from_der(der: &[u8]) -> Result<Self, WeakKey> {
        Self::new(SubjectPublicKeyInfoOwned::from_der(der).map_err(|_| WeakKey::Type)?)
    }

    /// The `SubjectPublicKeyInfo` in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the `SubjectPublicKeyInfo`.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// The key identifier that we write into certificates: the first 160 bits of the SHA-256 of the key (RFC 7093, method 1).
    pub fn key_id(&self) -> Vec<u8> {
        sha256(self.bits()).into_iter().take(20).collect()
    }

    /// The SHA-1 of the key, by which OCSP identifies issuers and responders.
    pub(crate) fn sha1(&self) -> Vec<u8> {
        sha1(self.bits())
    }

    /// The key itself, without its algorithm.
    pub(crate) fn bits(&self) -> &[u8] {
        self.info.subject_public_key.raw_bytes()
    }

    /// Whether the holder of the private key signed the message.
    pub(crate) fn verify(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unproved> {
        if SHA1.contains(&algorithm.oid) {
            return Err(Unproved::Sha1);
        }
        let verifier: &'static dyn VerificationAlgorithm = match (self.kind, algorithm.oid) {
            (Kind::P256, ECDSA_SHA256) => &ECDSA_P256_SHA256_ASN1,
            (Kind::P256, ECDSA_SHA384) => &ECDSA_P256_SHA384_ASN1,
            (Kind::P384, ECDSA_SHA256) => &ECDSA_P384_SHA256_ASN1,
            (Kind::P384, ECDSA_SHA384) => &ECDSA_P384_SHA384_ASN1,
            (Kind::Rsa, RSA_SHA256) => &RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, RSA_SHA384) => &RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, RSA_SHA512) => &RSA_PKCS1_2048_8192_SHA512,
            _ => return Err(Unproved::Algorithm),
        };
        UnparsedPublicKey::new(verifier, self.bits())
            .verify(message, signature)
            .map_err(|_| Unproved::Signature)
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        self.bits()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.kind {
            Kind::P256 => &PKCS_ECDSA_P256_SHA256,
            Kind::P384 => &PKCS_ECDSA_P384_SHA384,
            Kind::Rsa => &PKCS_RSA_SHA256,
        }
    }

    fn subject_public_key_info(&self) -> Vec<u8> {
        self.der.clone()
    }
}

fn check_rsa(bits: &[u8]) -> Result<(), WeakKey> {
    let key = RsaPublicKey::from_der(bits).map_err(|_| WeakKey::Type)?;
    let modulus = key.modulus.as_bytes();
    let leading = modulus.first().map_or(0, |octet| octet.leading_zeros() as usize);
    let size = (modulus.len() * 8).saturating_sub(leading);
    if !(2048..=4096).contains(&size) {
        return Err(WeakKey::Size);
    }
    let exponent = key.exponent.as_bytes();
    let is_odd = exponent.last().is_some_and(|octet| octet % 2 == 1);
    // ring accepts exponents of at most 33 bits.
    let value = exponent
        .iter()
        .fold(0_u64, |value, octet| value << 8 | u64::from(*octet));
    if !is_odd || exponent.len() > 4 || value < 65_537 {
        return Err(WeakKey::Exponent);
    }
    Ok(())
}
