//! A folder of files in which openssl works, and an authority for the tests.

use std::{fs, path::Path, process::Command};

use pki::{
    BACKDATED, Csr, Issued, Issuer, Key, Leaf, NewAuthority, Serial, UnixSeconds, issuing_certificate, pem,
    root_certificate,
};

pub(crate) const YEAR: u64 = 365 * 24 * 3600;
pub(crate) const USER: &str = "0b0ce5f8-6c1c-4b6f-9c6e-2f0f5d4b8a11";
pub(crate) const BASE: &str = "https://id.example.org";

/// The current time. openssl compares some times with its own clock.
#[expect(
    clippy::disallowed_methods,
    reason = "openssl has no option for the time of OCSP answers"
)]
pub(crate) fn now() -> UnixSeconds {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Runs openssl with the words of the line; says whether it succeeded, and all that it printed.
    pub(crate) fn tries(&self, line: &str) -> (bool, String) {
        let words = line.split_whitespace().map(|word| word.replace('~', " "));
        let output = Command::new("openssl")
            .args(words)
            .current_dir(self.path())
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&printed).into_owned(),
        )
    }

    pub(crate) fn openssl(&self, line: &str) -> String {
        let (succeeded, printed) = self.tries(line);
        assert!(succeeded, "openssl {line}: {printed}");
        printed
    }

    pub(crate) fn refuses(&self, line: &str) -> String {
        let (succeeded, printed) = self.tries(line);
        assert!(!succeeded, "openssl {line}: {printed}");
        printed
    }

    /// A new key, in `NAME.key`.
    pub(crate) fn key(&self, name: &str, kind: &str) {
        let options = match kind {
            "P-256" | "P-384" | "P-521" | "secp256k1" => format!("EC -pkeyopt ec_paramgen_curve:{kind}"),
            "ed25519" => kind.to_owned(),
            bits => format!("RSA -pkeyopt rsa_keygen_bits:{bits}"),
        };
        self.openssl(&format!("genpkey -out {name}.key -algorithm {options}"));
    }

    /// A new key and a request for a certificate, in `NAME.key` and `NAME.csr`.
    pub(crate) fn csr(&self, name: &str, kind: &str, options: &str) -> String {
        self.key(name, kind);
        self.openssl(&format!("req -new -key {name}.key -out {name}.csr {options}"));
        self.text(&format!("{name}.csr"))
    }
}

/// A root and an authority below it.
pub(crate) struct Pair {
    pub root: Issuer,
    pub issuer: Issuer,
}

pub(crate) fn key(number: u8) -> Key {
    Key::from_pkcs8(&Key::new_pkcs8(&[number; 32]).unwrap()).unwrap()
}

pub(crate) fn serial(number: u8) -> Serial {
    Serial::from_random([number; 20])
}

pub(crate) fn authority(common_name: &str, number: u8, now: UnixSeconds, life: u64) -> NewAuthority<'_> {
    NewAuthority {
        common_name,
        serial: serial(number),
        now,
        life,
    }
}

impl Pair {
    pub(crate) fn new(now: UnixSeconds) -> Self {
        Self::with_life(now, 5 * YEAR, Some(BASE))
    }

    pub(crate) fn with_life(now: UnixSeconds, life: u64, base: Option<&str>) -> Self {
        let base = base.map(str::to_owned);
        let der = root_certificate(&key(1), &authority("Test Root", 1, now, 20 * YEAR)).unwrap();
        let root = Issuer::new(&der, key(1), base.clone()).unwrap();
        let der =
            issuing_certificate(&root, key(2).public(), &authority("Test Issuing", 2, now, life)).unwrap();
        let issuer = Issuer::new(&der, key(2), base).unwrap();
        Self { root, issuer }
    }

    /// Writes both certificates into the folder.
    pub(crate) fn write(&self, folder: &Folder) {
        folder.write("root.pem", pem("CERTIFICATE", self.root.der()));
        folder.write("issuing.pem", pem("CERTIFICATE", self.issuer.der()));
    }

    /// A certificate for the device `iot.device.x1`, in `NAME.pem`.
    pub(crate) fn issue(&self, folder: &Folder, name: &str, number: u8, now: UnixSeconds) -> Issued {
        let csr = folder.csr(name, "P-256", "-subj /CN=iot.device.x1");
        let csr = Csr::parse(&csr).unwrap();
        let issued = self.issuer.issue(&leaf(&csr, number, now, YEAR)).unwrap();
        folder.write(&format!("{name}.pem"), pem("CERTIFICATE", &issued.der));
        assert_eq!(issued.not_before, now - BACKDATED);
        issued
    }
}

pub(crate) fn leaf(csr: &Csr, number: u8, now: UnixSeconds, life: u64) -> Leaf<'_> {
    Leaf {
        public_key: csr.public_key(),
        username: csr.common_name(),
        user_id: USER,
        serial: serial(number),
        now,
        life,
    }
}
