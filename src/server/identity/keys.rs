//! The server's keys. The first start makes them in the data folder, readable by the owner only, or the settings give
//! them.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes, spki::der::pem::LineEnding},
};
use zeroize::{Zeroize, Zeroizing};

use ledger::{MasterKey, ids::Entropy};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: std::io::Error,
    },
    /// A key is malformed.
    #[error("{0} is not a key: expected {1}")]
    Malformed(String, &'static str),
    /// Other users than the owner can read a key.
    #[error("users other than its owner can read {0}: run chmod 600 on it, and treat the key as disclosed")]
    Exposed(PathBuf),
}

/// The form of a sealing key.
const SEALING_FORM: &str = "32 bytes in base64";
/// The form of a signing key.
const SIGNING_FORM: &str = "an Ed25519 private key in PKCS #8 PEM";

/// What a process finds if it must not make a key.
pub enum Found<K> {
    /// The key.
    Key(K),
    /// There is no key.
    Missing,
    /// Only another account can read the key.
    Hidden,
}

/// The key that seals the ledger, if there is one: `given` (base64), or the file `sealing.key` in `folder`. Makes no file.
pub fn existing_sealing_key(given: Option<&str>, folder: &Path) -> Result<Found<MasterKey>, KeyError> {
    match given {
        Some(given) => read_sealing_key("the setting sealing_key".to_owned(), given).map(Found::Key),
        None => existing(&folder.join("sealing.key"), read_sealing_key),
    }
}

/// The key that signs tokens, if there is one: `given` (PEM), or the file `signing.pem` in `folder`. Makes no file.
pub fn existing_signing_key(given: Option<&str>, folder: &Path) -> Result<Found<SigningKey>, KeyError> {
    match given {
        Some(given) => read_signing_key("the setting signing_key".to_owned(), given).map(Found::Key),
        None => existing(&folder.join("signing.pem"), read_signing_key),
    }
}

fn existing<K>(path: &Path, parse: fn(String, &str) -> Result<K, KeyError>) -> Result<Found<K>, KeyError> {
    match read_private(path) {
        Ok(text) => parse(path.display().to_string(), &text).map(Found::Key),
        Err(KeyError::File { error, .. }) if error.kind() == ErrorKind::NotFound => Ok(Found::Missing),
        Err(KeyError::File { error, .. }) if error.kind() == ErrorKind::PermissionDenied => Ok(Found::Hidden),
        Err(error) => Err(error),
    }
}

fn read_sealing_key(origin: String, text: &str) -> Result<MasterKey, KeyError> {
    let bytes = STANDARD
        .decode(text.trim())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes
        .map(MasterKey::new)
        .ok_or(KeyError::Malformed(origin, SEALING_FORM))
}

fn read_signing_key(origin: String, pem: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pkcs8_pem(pem.trim()).map_err(|_| KeyError::Malformed(origin, SIGNING_FORM))
}

/// The key that seals the ledger: `given` (base64), or the file `sealing.key` in `folder`.
pub fn sealing_key(given: Option<&str>, folder: &Path, entropy: &dyn Entropy) -> Result<MasterKey, KeyError> {
    if let Some(given) = given {
        return read_sealing_key("the setting sealing_key".to_owned(), given);
    }
    let path = folder.join("sealing.key");
    let text = read_or_make(&path, || new_sealing_key(entropy))?;
    read_sealing_key(path.display().to_string(), &text)
}

/// The file in which a new sealing key waits until the database has it.
const NEXT: &str = "sealing.key.new";

/// Makes a new sealing key and writes it beside the present one, in the place of one that was not used. It is on the disk before this
/// returns.
pub fn write_next_sealing_key(folder: &Path, entropy: &dyn Entropy) -> Result<MasterKey, KeyError> {
    let path = folder.join(NEXT);
    let _ = std::fs::remove_file(&path);
    let text = read_or_make(&path, || new_sealing_key(entropy))?;
    read_sealing_key(path.display().to_string(), &text)
}

/// The sealing key that waits beside the present one, if there is one.
pub fn next_sealing_key(folder: &Path) -> Result<Option<MasterKey>, KeyError> {
    match existing(&folder.join(NEXT), read_sealing_key)? {
        Found::Key(key) => Ok(Some(key)),
        Found::Missing | Found::Hidden => Ok(None),
    }
}

/// Puts the sealing key that waits in the place of the present one. It is there when this returns, even if the machine stops.
pub fn use_next_sealing_key(folder: &Path) -> Result<(), KeyError> {
    let path = folder.join("sealing.key");
    let failed = |error| KeyError::File {
        path: path.clone(),
        error,
    };
    std::fs::rename(folder.join(NEXT), &path).map_err(failed)?;
    let folder = std::fs::File::open(folder).map_err(failed)?;
    folder.sync_all().map_err(failed)
}

fn new_sealing_key(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(key.as_mut_slice());
    Zeroizing::new(STANDARD.encode(key.as_slice()) + "\n")
}

/// The key that signs tokens: `given` (PEM), or the file `signing.pem` in `folder`.
pub fn signing_key(
    given: Option<&str>,
    folder: &Path,
    entropy: &dyn Entropy,
) -> Result<SigningKey, KeyError> {
    if let Some(given) = given {
        return read_signing_key("the setting signing_key".to_owned(), given);
    }
    let path = folder.join("signing.pem");
    let text = read_or_make(&path, || {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice());
        // Without the public key, this is version 1 of PKCS #8 (RFC 8410 section 7). Many programs do not read version 2.
        let mut pair = KeypairBytes {
            secret_key: *seed,
            public_key: None,
        };
        // Encoding 32 bytes in PKCS #8 does not fail. If it did, the empty text would be refused below.
        let pem = pair.to_pkcs8_pem(LineEnding::LF).unwrap_or_default();
        pair.secret_key.zeroize();
        pem
    })?;
    read_signing_key(path.display().to_string(), &text)
}

/// Reads a key file. Makes it first if it does not exist. If two processes make it at the same time, both use the same
/// key.
fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Zeroizing<String>,
) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error| KeyError::File {
        path: path.to_owned(),
        error,
    };
    if !path.exists() {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let unique = format!(
            ".{}.{}",
            path.file_name().unwrap_or_default().display(),
            std::process::id()
        );
        let fresh = folder.join(unique);
        let _ = std::fs::remove_file(&fresh);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh).map_err(failed)?;
        file.write_all(make().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        // A hard link does not replace a key that another process put there meanwhile.
        let linked = std::fs::hard_link(&fresh, path);
        let _ = std::fs::remove_file(&fresh);
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => {}
        }
        if let Ok(folder) = std::fs::File::open(folder) {
            folder.sync_all().map_err(failed)?;
        }
    }
    read_private(path)
}

/// Reads a key file that only its owner can read.
fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error| KeyError::File {
        path: path.to_owned(),
        error,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed(path.to_owned()));
        }
    }
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::ids::SystemEntropy;

    #[test]
    fn keys_are_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let first = sealing_key(None, folder.path(), &SystemEntropy).unwrap();
        let again = sealing_key(None, folder.path(), &SystemEntropy).unwrap();
        assert_eq!(first.bytes(), again.bytes());
        let signing = signing_key(None, folder.path(), &SystemEntropy).unwrap();
        assert_eq!(
            signing.to_bytes(),
            signing_key(None, folder.path(), &SystemEntropy)
                .unwrap()
                .to_bytes()
        );
        use std::os::unix::fs::PermissionsExt;
        for name in ["sealing.key", "signing.pem"] {
            let mode = std::fs::metadata(folder.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing else is left behind"
        );
    }

    #[test]
    fn a_signing_key_is_written_in_version_1_and_read_in_both() {
        let folder = tempfile::tempdir().unwrap();
        let key = signing_key(None, folder.path(), &SystemEntropy).unwrap();
        let pem = std::fs::read_to_string(folder.path().join("signing.pem")).unwrap();
        let lines: Vec<&str> = pem.lines().collect();
        assert_eq!(lines.first(), Some(&"-----BEGIN PRIVATE KEY-----"));
        let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
        // RFC 8410 section 10.3: version 0, the algorithm 1.3.101.112, and the seed.
        let begin = [
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        assert_eq!(der, [&begin[..], &key.to_bytes()].concat());
        let version_2 = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        assert_ne!(*version_2, pem);
        let read = signing_key(Some(&version_2), folder.path(), &SystemEntropy).unwrap();
        assert_eq!(read.to_bytes(), key.to_bytes());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        sealing_key(None, folder.path(), &SystemEntropy).unwrap();
        let path = folder.path().join("sealing.key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            sealing_key(None, folder.path(), &SystemEntropy),
            Err(KeyError::Exposed(_))
        ));
    }

    #[test]
    fn a_malformed_key_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = sealing_key(Some("c2hvcnQ="), folder.path(), &SystemEntropy)
            .unwrap_err()
            .to_string();
        assert!(!error.contains("c2hvcnQ="), "{error}");
        assert!(
            signing_key(
                Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
                folder.path(),
                &SystemEntropy
            )
            .is_err()
        );
    }
}
