//! The certificate of the server for its listener of TLS: from the files that the settings name, or from its own authority.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ledger::WithCauses;
use server::{App, Tls, settings::Settings};
use tokio::time::sleep;

use super::CliError;

/// How often the server checks whether its own certificate is old.
const LOOK: Duration = Duration::from_secs(3_600);
/// An own certificate that will never be old: the files have another one.
const NEVER: u64 = u64::MAX;

/// The certificate of the listener of TLS.
pub(super) struct Certificate {
    /// What the listener uses.
    pub(super) tls: Arc<Tls>,
    /// The address on which the listener listens.
    address: IpAddr,
    /// When the server makes another certificate of its own, in seconds since 1970.
    old_at: AtomicU64,
}

/// A certificate that the listener may use from now on.
pub(super) struct Made {
    tls: Tls,
    old_at: u64,
}

impl Certificate {
    /// The certificate with which the listener on this address begins.
    pub(super) async fn new(app: &App, address: IpAddr) -> Result<Self, CliError> {
        let Made { tls, old_at } = make(app, &app.settings, address).await?;
        Ok(Self {
            tls: Arc::new(tls),
            address,
            old_at: AtomicU64::new(old_at),
        })
    }

    /// Reads the files that these settings name, or makes another certificate if they name none.
    pub(super) async fn make(&self, app: &App, settings: &Settings) -> Result<Made, CliError> {
        make(app, settings, self.address).await
    }

    /// Uses another certificate from now on.
    pub(super) fn replace(&self, made: Made) {
        self.tls.replace(made.tls);
        self.old_at.store(made.old_at, Ordering::Relaxed);
    }

    /// Makes another certificate of the server's own authority again and again, long before the last one expires.
    pub(super) async fn keep_young(self: Arc<Self>, app: App) {
        loop {
            sleep(LOOK).await;
            if seconds(&app) < self.old_at.load(Ordering::Relaxed) {
                continue;
            }
            match own(&app, self.address).await {
                Ok(made) => {
                    self.replace(made);
                    tracing::info!("the server has a new certificate of its own authority");
                }
                Err(error) => tracing::error!(%error, "the server cannot renew its own certificate"),
            }
        }
    }
}

async fn make(app: &App, settings: &Settings, address: IpAddr) -> Result<Made, CliError> {
    let (Some(chain), Some(key)) = (&settings.tls_certificate, &settings.tls_key) else {
        return own(app, address).await;
    };
    let tls = Tls::from_files(chain, key).map_err(|error| unusable(&error))?;
    Ok(Made { tls, old_at: NEVER })
}

/// A certificate of the server's own authority. It is old after two thirds of its life.
async fn own(app: &App, address: IpAddr) -> Result<Made, CliError> {
    let url = app.live().public_url.clone();
    let (hosts, addresses) = names(address, url.as_deref());
    let days = app.settings.certificate_days;
    let made = app
        .issuing()
        .own_certificate(&hosts, &addresses, days, url.as_deref());
    let made = made.await.map_err(|error| unusable(&error))?;
    let now = seconds(app);
    let tls = Tls::new(made.chain, made.pkcs8.to_vec()).map_err(|error| unusable(&error))?;
    let old_at = now.saturating_add(made.not_after.saturating_sub(now) / 3 * 2);
    Ok(Made { tls, old_at })
}

/// The names and addresses by which clients may reach the server.
fn names(address: IpAddr, url: Option<&str>) -> (Vec<String>, Vec<IpAddr>) {
    let mut hosts = vec!["localhost".to_owned()];
    let mut addresses = vec![
        IpAddr::from(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
    ];
    if !address.is_unspecified() && !addresses.contains(&address) {
        addresses.push(address);
    }
    let url = url.and_then(|url| url.parse::<axum::http::Uri>().ok());
    if let Some(host) = url.as_ref().and_then(|url| url.host()) {
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase();
        match host.parse() {
            Ok(address) if addresses.contains(&address) => {}
            Ok(address) => addresses.push(address),
            Err(_) if hosts.contains(&host) => {}
            // The first name is also the common name, which is short.
            Err(_) if host.len() <= pki::LONGEST_NAME => hosts.insert(0, host),
            Err(_) => hosts.push(host),
        }
    }
    (hosts, addresses)
}

fn seconds(app: &App) -> u64 {
    u64::try_from(app.clock.now().seconds()).unwrap_or_default()
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> CliError {
    CliError::Other(format!("cannot use TLS: {}", WithCauses(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_named_as_clients_reach_it() {
        let of = |address: &str, url| {
            let (hosts, addresses) = names(address.parse().unwrap(), url);
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            (hosts.join(" "), addresses.join(" "))
        };
        let both = |hosts: &str, addresses: &str| (hosts.to_owned(), addresses.to_owned());
        assert_eq!(of("0.0.0.0", None), both("localhost", "127.0.0.1 ::1"));
        assert_eq!(of("::1", None), both("localhost", "127.0.0.1 ::1"));
        assert_eq!(
            of("10.0.0.7", Some("https://IoT.example.org:8443/base")),
            both("iot.example.org localhost", "127.0.0.1 ::1 10.0.0.7")
        );
        assert_eq!(
            of("127.0.0.1", Some("https://[2001:db8::1]:8443")),
            both("localhost", "127.0.0.1 ::1 2001:db8::1")
        );
        assert_eq!(
            of("127.0.0.1", Some("http://localhost:1")),
            both("localhost", "127.0.0.1 ::1")
        );
    }
}
