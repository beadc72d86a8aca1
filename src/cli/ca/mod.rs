//! `muniment ca`

mod crl;
mod issue;
mod issuers;
mod revoke;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, Subcommand};
use ledger::{Executor, Ledger, clock::SystemClock, ids::SystemEntropy};
use server::{issuing::Issuing, settings::Settings};

use super::{CliError, lock, look, open_database, open_ledger};

/// What to do with the certificate authority.
#[derive(Args)]
pub(crate) struct CaArguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// List the issuers: which one signs certificates, and when each expires.
    Show,
    /// Bring your own issuer, or a new certificate for its key. From then on it signs the certificates of devices; issuers before it go on
    /// signing revocation lists.
    Import {
        /// PEM with the certificate of the issuer, then those above it up to the root.
        #[arg(long)]
        certificates: PathBuf,
        /// PEM with its private key: PKCS #8, not encrypted.
        #[arg(long)]
        key: PathBuf,
    },
    /// Let an issuer sign the certificates of devices again that an import or a rollover has left.
    Use {
        /// The key of the issuer, as `muniment ca show` prints it.
        key: String,
    },
    /// Make a new issuer below the newest root. From then on it signs the certificates of devices; certificates of the issuers before it stay
    /// valid.
    Rollover {
        /// Make a new root, and no issuer yet. Devices and brokers find the root beside the others, and must trust it before the next rollover.
        #[arg(long, conflicts_with = "leave_imported")]
        root: bool,
        /// The current issuer was imported: leave it, and go on below Muniment's own root.
        #[arg(long)]
        leave_imported: bool,
    },
    /// Issue a certificate to a user, and print it with the certificates above it.
    Issue {
        /// The user's name. It must be the only common name of the request.
        #[arg(long)]
        user: String,
        /// A certificate signing request in PEM: `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout KEY -out CSR -subj /CN=NAME`
        #[arg(long)]
        csr: PathBuf,
    },
    /// Revoke a certificate. Revocation lists and OCSP say so at once.
    Revoke {
        /// The SHA-256 of the certificate: `openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE`
        fingerprint: String,
        /// unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn.
        #[arg(long, default_value = "unspecified")]
        reason: String,
    },
    /// Print the revocation lists of all issuers in PEM, the newest issuer first.
    Crl,
}

/// Runs a task. On SQLite the server must be stopped meanwhile, since SQLite serves one process.
pub(crate) async fn run(settings: Settings, arguments: CaArguments) -> Result<ExitCode, CliError> {
    look::ledger_must_exist(&settings).await?;
    let _lock = settings
        .database_url
        .is_none()
        .then(|| lock::take(&settings.data_dir))
        .transpose()?;
    let ledger = open_ledger(&settings, open_database(&settings).await?).await?;
    let done = act(&settings, &ledger, arguments.task).await;
    ledger.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(settings: &Settings, ledger: &Ledger, task: Task) -> Result<(), CliError> {
    let executor = Executor::new(ledger.clone());
    let issuing = Issuing::new(executor.clone(), Arc::new(SystemClock), Arc::new(SystemEntropy));
    let url = settings.public_url.as_deref();
    match task {
        Task::Show => issuers::show(&issuing, url).await,
        Task::Import { certificates, key } => issuers::import(&issuing, url, &certificates, &key).await,
        Task::Use { key } => issuers::use_again(&issuing, &key).await,
        Task::Rollover { root: true, .. } => issuers::add_root(&issuing, url).await,
        Task::Rollover { leave_imported, .. } => issuers::roll_over(&issuing, url, leave_imported).await,
        Task::Issue { user, csr } => issue::run(settings, (&executor, &issuing), &user, &csr).await,
        Task::Revoke { fingerprint, reason } => {
            revoke::run((&executor, &issuing), &fingerprint, &reason).await
        }
        Task::Crl => crl::run(&issuing, url).await,
    }
}
