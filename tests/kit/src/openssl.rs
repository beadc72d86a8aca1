//! openssl, as a device or a relying party uses it: in a folder of its own.

use std::{fs, process::Command};

use tempfile::TempDir;

/// A folder of files in which openssl works.
pub struct Openssl(TempDir);

impl Default for Openssl {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }
}

impl Openssl {
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), bytes).expect("the file is written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).expect("the file is there")
    }

    /// The whole path of a file.
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("a text")
    }

    /// Runs openssl with the words of the line. Returns whether it succeeded, and all that it printed.
    pub fn tries(&self, line: &str) -> (bool, String) {
        let output = Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("openssl is installed");
        let printed = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&printed).into_owned(),
        )
    }

    /// Runs openssl, which must succeed, and returns all that it printed.
    #[track_caller]
    pub fn run(&self, line: &str) -> String {
        let (succeeded, printed) = self.tries(line);
        assert!(succeeded, "openssl {line}: {printed}");
        printed
    }

    /// A new key in `NAME.key`, and the base64 of a request for a certificate with this subject, as devices send it.
    pub fn csr(&self, name: &str, subject: &str) -> String {
        self.run(&format!(
            "genpkey -out {name}.key -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
        ));
        self.request(name, subject)
    }

    /// The base64 of a request with the key in `NAME.key`.
    pub fn request(&self, name: &str, subject: &str) -> String {
        use base64::{Engine, engine::general_purpose::STANDARD};
        self.run(&format!(
            "req -new -key {name}.key -out {name}.csr -subj {subject}"
        ));
        STANDARD.encode(self.read(&format!("{name}.csr")))
    }
}
