//! Why a certificate signing request is refused.

use crate::WeakKey;

/// A certificate signing request is refused. The messages are what clients read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// There is no text.
    #[error("csr: is empty")]
    Empty,
    /// The text is longer than 16 KiB.
    #[error("csr: must be at most 16 KiB")]
    TooLong,
    /// The text is neither PEM nor base64.
    #[error("csr: must be the base64 of a PEM with the label CERTIFICATE REQUEST")]
    NotBase64,
    /// The base64 has neither PEM nor DER in it, or a PEM with another label.
    #[error("csr: the base64 must contain a PEM with the label CERTIFICATE REQUEST, or DER")]
    NotPem,
    /// The PEM has several requests.
    #[error("csr: must be one request, not several")]
    Several,
    /// The bytes end before the request ends.
    #[error("csr: is cut off: the request ends before its end")]
    Truncated,
    /// There are bytes after the request.
    #[error("csr: has bytes after the request")]
    TrailingBytes,
    /// The bytes are no PKCS #10 in DER.
    #[error("csr: is not a certification request (PKCS #10) in DER")]
    Malformed,
    /// The public key is not accepted.
    #[error("csr: {0}")]
    Key(#[from] WeakKey),
    /// The signature uses SHA-1.
    #[error("csr: must not be signed with SHA-1")]
    Sha1,
    /// The algorithm of the signature is unknown, or does not fit the key.
    #[error("csr: must be signed with ECDSA or RSA (PKCS #1 1.5) and SHA-256 or SHA-384, or RSA and SHA-512")]
    Algorithm,
    /// The signature is not by the key in the request.
    #[error("csr: the signature does not fit the key in the request")]
    Signature,
    /// The subject has no common name, or an empty one.
    #[error("csr: the subject must have a common name (CN)")]
    NoCommonName,
    /// The subject has several common names.
    #[error("csr: the subject must have one common name (CN), not several")]
    SeveralCommonNames,
    /// The common name is not a text of a type that we read.
    #[error("csr: the common name (CN) must be a UTF8String, PrintableString or IA5String")]
    CommonNameNotText,
    /// The common name is not the username.
    #[error("csr: the common name (CN) must be the username")]
    OtherCommonName,
    /// The request asks for the certificate of an authority.
    #[error("csr: must not ask for the certificate of an authority (CA:TRUE, keyCertSign or cRLSign)")]
    Authority,
}
