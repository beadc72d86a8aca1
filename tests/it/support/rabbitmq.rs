//! A RabbitMQ of Debian's package, on free ports of the loopback address, which asks Muniment.

use std::{net::Ipv4Addr, path::Path, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::postgres::free_port;

const BROKERS: &str = include_str!("../../../docs/brokers.md");
/// The program that starts a node. The one on the PATH would change to another user first.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const INSTALL: &str = "install it with: apt-get install rabbitmq-server (or run scripts/install-test-tools)";
/// How long a start may take: 10 s on a quiet machine, much longer on a busy one.
const PATIENCE: Duration = Duration::from_secs(180);
const PLUGINS: &str = "[rabbitmq_mqtt,rabbitmq_auth_backend_http,rabbitmq_management].\n";

/// The ports of a node. They are chosen before it starts, since the server must know where its management is.
#[derive(Clone, Copy)]
pub struct Ports {
    /// MQTT.
    pub mqtt: u16,
    /// MQTT over TLS.
    pub mqtts: u16,
    /// The management over TLS. Its user is `guest`, with the same password.
    pub management: u16,
}

/// Files in PEM, for a node that talks over TLS, too.
pub struct Tls<'a> {
    /// The authorities of the devices' certificates.
    pub authorities: &'a str,
    /// The certificate of the node, and its key.
    pub certificate: &'a str,
    pub key: &'a str,
    /// The folder of the revocation lists that certificates are checked with.
    pub lists: Option<&'a str>,
}

impl Ports {
    /// Ports that nobody uses.
    pub fn free() -> Self {
        Self {
            mqtt: free_port(),
            mqtts: free_port(),
            management: free_port(),
        }
    }
}

impl Tls<'_> {
    /// What docs/brokers.md says about revocation lists, with this folder. It must have all options of TLS.
    fn advanced(&self) -> String {
        let Self {
            authorities,
            certificate,
            key,
            lists,
        } = self;
        let Some(lists) = lists else {
            return "[].".to_owned();
        };
        let (_, after) = BROKERS.split_once("%% advanced.config\n").expect("a recipe");
        let (recipe, _) = after.split_once("```").expect("the end of the recipe");
        [
            ("/etc/rabbitmq/authorities.pem", authorities),
            ("/etc/rabbitmq/broker.pem", certificate),
            ("/etc/rabbitmq/broker.key", key),
            ("/etc/rabbitmq/lists", lists),
        ]
        .into_iter()
        .fold(recipe.to_owned(), |recipe, (path, own)| {
            assert!(recipe.contains(path), "{path}");
            recipe.replace(path, own)
        })
    }

    fn config(&self, ports: Ports) -> String {
        let Self {
            authorities,
            certificate,
            key,
            lists: _,
        } = self;
        let Ports {
            mqtts, management, ..
        } = ports;
        format!(
            "mqtt.listeners.ssl.default = 127.0.0.1:{mqtts}\nmqtt.ssl_cert_login = true\n\
             ssl_cert_login_from = common_name\nssl_options.verify = verify_peer\n\
             ssl_options.fail_if_no_peer_cert = true\nssl_options.cacertfile = {authorities}\n\
             ssl_options.certfile = {certificate}\nssl_options.keyfile = {key}\n\
             management.ssl.ip = 127.0.0.1\nmanagement.ssl.port = {management}\n\
             management.ssl.cacertfile = {certificate}\nmanagement.ssl.certfile = {certificate}\n\
             management.ssl.keyfile = {key}\n"
        )
    }
}

/// A running node. Dropping the value ends it.
pub struct RabbitMq {
    node: Child,
    /// Finds the node for its tools. It ends after the node.
    _names: Child,
    port: u16,
    folder: TempDir,
}

impl RabbitMq {
    /// Starts a node that asks the hooks at `http://ADDRESS` with this secret.
    pub async fn start(hooks: &str, secret: &str) -> Self {
        Self::start_at(Ports::free(), hooks, secret, None).await
    }

    /// The same, at these ports.
    pub async fn start_at(ports: Ports, hooks: &str, secret: &str, tls: Option<Tls<'_>>) -> Self {
        assert!(Path::new(SERVER).exists(), "RabbitMQ is missing: {INSTALL}");
        let folder = tempfile::Builder::new()
            .prefix("muniment-rabbitmq-")
            .tempdir()
            .expect("a temporary folder");
        let (port, names, nodes) = (ports.mqtt, free_port(), free_port());
        let address = hooks.trim_start_matches("http://");
        let of = |what: &str| {
            let secret = secret.replace(' ', "%20");
            format!("auth_http.{what}_path = http://muniment:{secret}@{address}/hooks/rabbitmq/{what}\n")
        };
        let config = format!(
            "listeners.tcp = none\nmqtt.listeners.tcp.default = 127.0.0.1:{port}\nmqtt.allow_anonymous = false\n\
             auth_backends.1 = internal\nauth_backends.2 = http\nauth_http.http_method = post\n{}{}{}{}{}",
            of("user"),
            of("vhost"),
            of("resource"),
            of("topic"),
            match &tls {
                Some(tls) => tls.config(ports),
                None => format!(
                    "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\n",
                    ports.management
                ),
            },
        );
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("rabbitmq.conf"), config).expect("a file of our own");
        let advanced = tls.as_ref().map_or_else(|| "[].".to_owned(), Tls::advanced);
        std::fs::write(path("advanced.config"), advanced).expect("a file of our own");
        std::fs::write(path("plugins"), PLUGINS).expect("a file of our own");
        let log = std::fs::File::create(path("log")).expect("a file of our own");
        let names_of_nodes = Command::new("epmd")
            .args(["-address", "127.0.0.1", "-port", &names.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("epmd of Erlang should start");
        let node = Command::new(SERVER)
            .env("RABBITMQ_NODENAME", format!("muniment{port}@localhost"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins"))
            .env("RABBITMQ_MNESIA_BASE", path("mnesia"))
            .env("RABBITMQ_LOG_BASE", path("logs"))
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_DIST_PORT", nodes.to_string())
            .env("ERL_EPMD_PORT", names.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("HOME", folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file of our own"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("RabbitMQ should start");
        let mut started = Self {
            node,
            _names: names_of_nodes,
            port,
            folder,
        };
        let waited = timeout(PATIENCE, started.listens()).await;
        assert!(waited == Ok(true), "RabbitMQ does not listen:\n{}", started.log());
        started
    }

    /// The port of MQTT.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the node logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until the node listens. Returns false if it has ended.
    async fn listens(&mut self) -> bool {
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return true;
            }
            if !matches!(self.node.try_wait(), Ok(None)) {
                return false;
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        let group = self
            .node
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(group) = group {
            // The node is a child of the script that was started.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
