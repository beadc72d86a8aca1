//! The folder into which mails are written if there is no SMTP server. Only its owner can read it: mails have links that prove something.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use uuid::Uuid;

/// The folder.
pub(super) struct Outbox(PathBuf);

impl Outbox {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Writes a mail. Whoever sees the file sees all of it.
    pub(super) async fn write(&self, name: Uuid, mail: Vec<u8>) -> io::Result<()> {
        let folder = self.0.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, name, &mail));
        written.await.map_err(io::Error::other)?
    }
}

fn write(folder: &Path, name: Uuid, mail: &[u8]) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.recursive(true).create(folder)?;
    let unfinished = folder.join(format!(".{name}"));
    let mut file = options.open(&unfinished)?;
    file.write_all(mail)?;
    file.sync_all()?;
    std::fs::rename(unfinished, folder.join(format!("{name}.eml")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_can_read_mails() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = folder.path().join("outbox");
        write(&outbox, Uuid::from_u128(7), b"hello").unwrap();
        write(&outbox, Uuid::from_u128(8), b"again").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&outbox), 0o700);
        let mail = outbox.join(format!("{}.eml", Uuid::from_u128(7)));
        assert_eq!(mode(&mail), 0o600);
        assert_eq!(std::fs::read(mail).unwrap(), b"hello");
        assert_eq!(std::fs::read_dir(outbox).unwrap().count(), 2);
    }
}
