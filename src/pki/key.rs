//! Private keys that sign.

use der::asn1::{Any, BitString, Null};
use p256::pkcs8::EncodePrivateKey;
use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
        RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use zeroize::Zeroizing;

use crate::{
    Failure, PublicKey, WeakKey,
    public_key::{EC, ECDSA_SHA256, ECDSA_SHA384, P256, P384, RSA, RSA_SHA256},
};

/// A private key of an issuer.
pub struct Key {
    pair: Pair,
    public: PublicKey,
    algorithm: AlgorithmIdentifierOwned,
    random: SystemRandom,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// Bytes are not a private key that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The bytes are no PKCS #8 of a key on P-256 or P-384, or of an RSA key.
    #[error(
        "the private key must be PKCS #8, unencrypted, and on the curve P-256 or P-384 or an RSA key of 2048 to 4096 bits"
    )]
    Unreadable,
    /// We do not accept the public key.
    #[error(transparent)]
    Weak(#[from] WeakKey),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// The PKCS #8 of a new key on the curve P-256, from 32 random octets. `None` for one of 2^32 texts: draw others then.
    pub fn new_pkcs8(random: &[u8; 32]) -> Option<Zeroizing<Vec<u8>>> {
        let secret = p256::SecretKey::from_slice(random).ok()?;
        let document = secret.to_pkcs8_der().ok()?;
        Some(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// Reads a key from its PKCS #8.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, BadKey> {
        let random = SystemRandom::new();
        let curves = [
            (&ECDSA_P256_SHA256_ASN1_SIGNING, P256, ECDSA_SHA256),
            (&ECDSA_P384_SHA384_ASN1_SIGNING, P384, ECDSA_SHA384),
        ];
        for (signing, curve, algorithm) in curves {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(signing, pkcs8, &random) {
                let public = public_key(EC, Any::encode_from(&curve), pair.public_key().as_ref())?;
                let algorithm = AlgorithmIdentifierOwned {
                    oid: algorithm,
                    parameters: None,
                };
                return Ok(Self {
                    pair: Pair::Ecdsa(pair),
                    public,
                    algorithm,
                    random,
                });
            }
        }
        let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey::Unreadable)?;
        let public = public_key(RSA, Any::encode_from(&Null), pair.public_key().as_ref())?;
        let algorithm = AlgorithmIdentifierOwned {
            oid: RSA_SHA256,
            parameters: Some(Any::null()),
        };
        Ok(Self {
            pair: Pair::Rsa(pair),
            public,
            algorithm,
            random,
        })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn signature_algorithm(&self) -> &AlgorithmIdentifierOwned {
        &self.algorithm
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        match &self.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&self.random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Failure::Signing),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature)
                    .map_err(|_| Failure::Signing)?;
                Ok(signature)
            }
        }
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        PublicKeyData::algorithm(&self.public)
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

fn public_key(
    oid: der::asn1::ObjectIdentifier,
    parameters: der::Result<Any>,
    bits: &[u8],
) -> Result<PublicKey, BadKey> {
    let parameters = parameters.map_err(|_| BadKey::Unreadable)?;
    let info = SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned {
            oid,
            parameters: Some(parameters),
        },
        subject_public_key: BitString::from_bytes(bits).map_err(|_| BadKey::Unreadable)?,
    };
    Ok(PublicKey::new(info)?)
}
