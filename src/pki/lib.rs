//! The cryptography of the certificate authority: requests are read and checked, certificates are issued, and revocation lists and
//! OCSP answers are signed.
//!
//! Nothing here does IO or reads a clock. Times, serial numbers and private keys are arguments. Only the nonces of ECDSA
//! signatures are drawn here, by ring.
//!
//! [Decision 0030](../../docs/decisions/0030-our-own-authority.md) says why these crates were chosen.

mod authority;
mod cms;
mod crl;
mod csr;
mod describe;
mod encode;
mod failure;
mod import;
mod issuer;
mod key;
mod leaf;
mod name;
mod ocsp;
mod public_key;
mod serial;
mod text;

pub use authority::{NewAuthority, issuing_certificate, root_certificate};
pub use cms::certificates_only;
pub use crl::{CrlTerms, PARTITIONS, Reason, entry, partition_of};
pub use csr::{Csr, CsrError, LONGEST_CSR};
pub use describe::{Constraints, Described, Party, Unreadable, bundle};
pub use encode::UnixSeconds;
pub use failure::Failure;
pub use import::{ImportError, Imported, import};
pub use issuer::{Issuer, IssuerError};
pub use key::{BadKey, Key};
pub use leaf::{BACKDATED, IssueError, Issued, LONGEST_NAME, Leaf, Server, USER_ID_URN};
pub use ocsp::{Asked, LONGEST_OCSP_REQUEST, OcspError, OcspRequest, Refusal, Status, Validity};
pub use public_key::{PublicKey, WeakKey};
pub use serial::Serial;
pub use text::{pem, sha256};
