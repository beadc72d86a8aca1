//! TLS on the server's own listener, with curl and openssl as clients.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::timeout,
};

use crate::support::{
    client::Client,
    connectware::*,
    server::{ADMIN_PASSWORD, Engine, Server, Site, clock},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with certificates and keys.
struct Certificates(TempDir);

impl Certificates {
    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Makes a certificate `NAME.pem` and its key `NAME.key`, by a clock that is off by this much, e.g. `-2y`.
    async fn make(&self, name: &str, offset: Option<&str>) {
        let (key, out) = (
            self.path(&format!("{name}.key")),
            self.path(&format!("{name}.pem")),
        );
        let mut command = Command::new("openssl");
        command.envs(offset.map(clock).into_iter().flatten());
        command.args(["req", "-x509", "-nodes", "-newkey", "ec"]);
        command.args(["-pkeyopt", "ec_paramgen_curve:P-256"]);
        command.args(["-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"]);
        command.arg("-subj").arg(format!("/CN={name}"));
        command.arg("-keyout").arg(key).arg("-out").arg(out);
        let made = command.output().await.expect("openssl should start");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// The SHA-256 of a certificate.
    async fn fingerprint(&self, name: &str) -> String {
        let mut command = Command::new("openssl");
        command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]);
        let output = command.arg(self.path(&format!("{name}.pem"))).output().await;
        let text = String::from_utf8(output.expect("openssl should start").stdout).expect("a text");
        let (_, digits) = text.trim().split_once('=').expect("a fingerprint");
        digits.replace(':', "").to_lowercase()
    }
}

/// A server with TLS, and the certificates.
async fn start(engine: Engine) -> (Server, Certificates) {
    let certificates = Certificates(tempfile::tempdir().expect("a temporary folder"));
    certificates.make("server", None).await;
    let path = |file: &str| certificates.path(file).to_str().expect("UTF-8").to_owned();
    let site = Site::new(engine)
        .with("MUNIMENT_TLS_LISTEN", "127.0.0.1:0")
        .with("MUNIMENT_TLS_CERTIFICATE", &path("server.pem"))
        .with("MUNIMENT_TLS_KEY", &path("server.key"))
        .with("MUNIMENT_HEAD_PATIENCE_MS", "2000");
    (site.start().await, certificates)
}

/// The status and the body that curl gets with these options.
async fn curl(server: &Server, certificates: &Certificates, path: &str, options: &[&str]) -> (u16, Value) {
    let url = format!("https://127.0.0.1:{}{path}", server.tls_port().await);
    let mut command = Command::new("curl");
    command.args(["-sS", "-m", "30", "-w", "\n%{http_code}", "--cacert"]);
    command
        .arg(certificates.path("server.pem"))
        .args(options)
        .arg(url);
    let output = command
        .current_dir(certificates.0.path())
        .output()
        .await
        .expect("curl should start");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("a text");
    let (body, status) = text.rsplit_once('\n').expect("a status");
    (
        status.parse().expect("a status"),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

/// The options with which curl shows a certificate.
fn shown(name: &str) -> [String; 4] {
    [
        "--cert".to_owned(),
        format!("{name}.pem"),
        "--key".to_owned(),
        format!("{name}.key"),
    ]
}

async fn status(
    server: &Server,
    certificates: &Certificates,
    certificate: Option<&str>,
    more: &[&str],
) -> u16 {
    let shown = certificate.map(shown);
    let mut options: Vec<&str> = shown.iter().flatten().map(String::as_str).collect();
    options.extend(more);
    curl(server, certificates, "/api/session", &options).await.0
}

/// The certificate that the server shows, as openssl prints it, or what openssl prints about the session.
async fn s_client(server: &Server, options: &[&str]) -> String {
    let mut command = Command::new("openssl");
    let address = format!("127.0.0.1:{}", server.tls_port().await);
    command
        .args(["s_client", "-connect", &address])
        .args(options)
        .stdin(Stdio::null());
    let output = timeout(PATIENCE, command.output())
        .await
        .expect("openssl should end");
    String::from_utf8_lossy(&output.expect("openssl should start").stdout).into_owned()
}

async fn certificates_prove_users(engine: Engine) {
    let (server, certificates) = start(engine).await;
    for name in ["ours", "foreign"] {
        certificates.make(name, None).await;
    }
    certificates.make("old", Some("-2y")).await;
    let admin = server.admin().await;
    let grants = json!([{ "method": "certificate", "isRequired": false }]);
    let rights = json!([http("/api/users/#", "read")]);
    let with = json!({ "grantTypes": grants, "password": null, "initialPermissions": rights });
    let id = create_user_with(&admin, "machine", with).await;
    let path = format!("/api/users/{id}/certificates");
    for name in ["ours", "old"] {
        let body = json!({ "fingerprint": certificates.fingerprint(name).await });
        admin.post(&path, body).await.expect(204);
    }
    let ask = async |certificate: Option<&str>, more: &[&str]| {
        status(&server, &certificates, certificate, more).await
    };

    // What is valid without TLS is valid with it.
    let bearer = format!("Authorization: Bearer {}", admin.token());
    assert_eq!(ask(None, &["-H", &bearer]).await, 200);
    assert_eq!(ask(Some("foreign"), &["-H", &bearer]).await, 200);
    assert_eq!(ask(None, &[]).await, 401);

    // A certificate stands for its user, as far as their rights go, on every face.
    let options = shown("ours");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let (code, session) = curl(&server, &certificates, "/api/session", &options).await;
    assert_eq!((code, text(&session["username"])), (200, "machine"));
    for (path, code) in [
        ("/api/users/ids", 200),
        ("/api/roles", 403),
        ("/api/audit", 403),
        ("/access/v1/changes?after=0", 403),
        // There it would be the proxy's, not that of its client.
        ("/access/forward/envoy/api/coiotedm/v3/devices", 401),
    ] {
        assert_eq!(
            curl(&server, &certificates, path, &options).await.0,
            code,
            "{path}"
        );
    }
    // Nobody has shown a credential there, so there is nothing that was refused.
    let refused = admin
        .get("/api/audit?kind=credential.refused")
        .await
        .expect(200)
        .json();
    assert!(!refused.to_string().contains("/access/forward"), "{refused}");
    for name in ["foreign", "old"] {
        assert_eq!(ask(Some(name), &[]).await, 401, "{name}");
    }

    // The certificate is taken while the connection is open.
    let mut open = open_with(&server, &certificates, "ours").await;
    assert_eq!(open.ask().await, 200);
    let body = json!({ "fingerprint": certificates.fingerprint("ours").await });
    admin.delete_with_body(&path, body).await.expect(204);
    assert_eq!(open.ask().await, 401, "on the same connection");
    assert_eq!(ask(Some("ours"), &[]).await, 401);
}

/// A server with the service account `importer`, which may introspect tokens and has the certificate `importer`.
struct Importer {
    server: Server,
    certificates: Certificates,
    admin: Client,
    id: String,
    secret: String,
}

impl Importer {
    const GRANTS: &str = "/iam/realms/plant/protocol/openid-connect/token";

    async fn open(engine: Engine) -> Self {
        let (server, certificates) = start(engine).await;
        let admin = server.admin().await;
        let asks = json!([http("/oauth/introspect", "read")]);
        create_role(&admin, "resource.servers", asks).await;
        let account = json!({ "name": "importer", "realm": "plant", "roles": ["resource.servers"] });
        let opened = admin.post("/api/service-accounts", account).await;
        let opened = opened.expect(201).json();
        let opened = Self {
            id: text(&opened["clientId"]).to_owned(),
            secret: text(&opened["clientSecret"]).to_owned(),
            server,
            certificates,
            admin,
        };
        opened.bind("importer", &opened.id, None).await;
        opened
    }

    /// Makes a certificate, valid for two days from this shift of the clock, and lets it stand for the user.
    async fn bind(&self, name: &str, user: &str, shift: Option<&str>) {
        self.certificates.make(name, shift).await;
        let fingerprint = self.fingerprint(name).await;
        let path = format!("/api/users/{user}/certificates");
        self.admin.post(path, fingerprint).await.expect(204);
    }

    async fn fingerprint(&self, name: &str) -> Value {
        json!({ "fingerprint": self.certificates.fingerprint(name).await })
    }

    /// Asks at a path with a certificate.
    async fn ask(&self, path: &str, name: Option<&str>, options: &[&str]) -> (u16, Value) {
        let shown = name.map(shown);
        let mut all: Vec<&str> = shown.iter().flatten().map(String::as_str).collect();
        all.extend(options);
        curl(&self.server, &self.certificates, path, &all).await
    }

    /// Asks for a token with a certificate.
    async fn grant(&self, name: Option<&str>) -> (u16, Value) {
        let client = format!("client_id={}", self.id);
        let options = ["-d", "grant_type=client_credentials", "-d", &client];
        self.ask(Self::GRANTS, name, &options).await
    }

    /// Whether a token is active, as an administrator hears.
    async fn is_active(&self, token: &Value) -> Value {
        let (bearer, token) = (
            format!("Authorization: Bearer {}", self.admin.token()),
            format!("token={}", text(token)),
        );
        let options = ["-H", &bearer, "-d", &token];
        let (status, body) = self.ask("/oauth/introspect", None, &options).await;
        assert_eq!(status, 200, "{body}");
        body["active"].clone()
    }
}

/// RFC 8705 section 2.
async fn a_certificate_proves_a_service_account(engine: Engine) {
    let importer = Importer::open(engine).await;
    let methods = json!([{ "method": "certificate", "isRequired": false }]);
    let bob = create_user_with(&importer.admin, "bob", json!({ "grantTypes": methods })).await;
    importer.bind("bob", &bob, None).await;
    importer.certificates.make("stranger", None).await;
    let (status, body) = importer.grant(Some("importer")).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")), "{body}");
    for name in [Some("bob"), Some("stranger"), None] {
        let (status, body) = importer.grant(name).await;
        assert_eq!(
            (status, &body["error"]),
            (401, &json!("invalid_client")),
            "{name:?}"
        );
    }
    let (_, metadata) = importer
        .ask("/.well-known/oauth-authorization-server", None, &[])
        .await;
    let issuer = format!("https://127.0.0.1:{}", importer.server.tls_port().await);
    assert_eq!(metadata["issuer"], issuer);
    // The certificate proves callers at the endpoints that need a right, too.
    let token = format!("token={}", text(&body["access_token"]));
    for (path, name, status) in [
        ("/oauth/introspect", Some("importer"), 200),
        ("/oauth/introspect", Some("bob"), 403),
        ("/oauth/introspect", Some("stranger"), 401),
        ("/oauth/introspect", None, 401),
        ("/api/service-accounts", Some("bob"), 403),
        ("/api/service-accounts", Some("stranger"), 401),
    ] {
        let options: &[&str] = if path == "/oauth/introspect" {
            &["-d", &token]
        } else {
            &[]
        };
        let (answered, body) = importer.ask(path, name, options).await;
        assert_eq!(answered, status, "{path} {name:?} {body}");
        if status == 200 {
            assert_eq!(
                (&body["active"], &body["username"]),
                (&json!(true), &json!("importer")),
                "{body}"
            );
        }
    }
}

/// What was got by a certificate ends with it, and no later than it.
async fn a_token_outlives_no_certificate(engine: Engine) {
    let importer = Importer::open(engine).await;
    let (_, by_certificate) = importer.grant(Some("importer")).await;
    let grant = importer.server.anonymous().basic(&importer.id, &importer.secret);
    let by_secret = grant
        .call(http::Method::POST, Importer::GRANTS)
        .body(
            "application/x-www-form-urlencoded",
            "grant_type=client_credentials",
        )
        .await;
    let by_secret = by_secret.expect(200).json();
    assert_eq!(importer.is_active(&by_certificate["access_token"]).await, true);
    let path = format!("/api/users/{}/certificates", importer.id);
    let fingerprint = importer.fingerprint("importer").await;
    importer
        .admin
        .delete_with_body(path, fingerprint)
        .await
        .expect(204);
    assert_eq!(importer.grant(Some("importer")).await.0, 401);
    assert_eq!(importer.is_active(&by_certificate["access_token"]).await, false);
    assert_eq!(importer.is_active(&by_secret["access_token"]).await, true);

    importer.bind("short", &importer.id, Some("-172680")).await;
    let (status, body) = importer.grant(Some("short")).await;
    assert_eq!(status, 200, "{body}");
    let seconds = body["expires_in"].as_u64().expect("seconds");
    assert!(
        seconds <= 121,
        "two minutes are left of two days, and not {seconds} seconds"
    );
}

#[tokio::test]
async fn a_token_outlives_no_certificate_on_sqlite() {
    a_token_outlives_no_certificate(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_token_outlives_no_certificate_on_postgres() {
    a_token_outlives_no_certificate(Engine::Postgres).await;
}

#[tokio::test]
async fn a_certificate_proves_a_service_account_on_sqlite() {
    a_certificate_proves_a_service_account(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_certificate_proves_a_service_account_on_postgres() {
    a_certificate_proves_a_service_account(Engine::Postgres).await;
}

#[tokio::test]
async fn certificates_prove_users_on_sqlite() {
    certificates_prove_users(Engine::Sqlite).await;
}

#[tokio::test]
async fn certificates_prove_users_on_postgres() {
    certificates_prove_users(Engine::Postgres).await;
}

/// A connection with a certificate that stays open.
struct Open {
    _client: tokio::process::Child,
    to: tokio::process::ChildStdin,
    from: tokio::process::ChildStdout,
}

async fn open_with(server: &Server, certificates: &Certificates, name: &str) -> Open {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect"])
        .arg(format!("127.0.0.1:{}", server.tls_port().await))
        .args(shown(name))
        .current_dir(certificates.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl should start");
    let (to, from) = (client.stdin.take(), client.stdout.take());
    Open {
        _client: client,
        to: to.expect("a pipe"),
        from: from.expect("a pipe"),
    }
}

impl Open {
    /// The status of the caller's session.
    async fn ask(&mut self) -> u16 {
        let request = b"GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n";
        self.to.write_all(request).await.expect("the connection is open");
        let mut answer = vec![0; 16 << 10];
        let read = timeout(PATIENCE, self.from.read(&mut answer)).await;
        let length = read
            .expect("the server should answer")
            .expect("the connection is open");
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
    }
}

#[tokio::test]
async fn two_required_methods_are_needed_together() {
    let (server, certificates) = start(Engine::Sqlite).await;
    for name in ["ours", "foreign"] {
        certificates.make(name, None).await;
    }
    let admin = server.admin().await;
    let grants = json!([
        { "method": "password", "isRequired": true }, { "method": "certificate", "isRequired": true },
    ]);
    for (user, certificate) in [("machine", "ours"), ("other", "foreign")] {
        let id = create_user_with(&admin, user, json!({ "grantTypes": grants })).await;
        let body = json!({ "fingerprint": certificates.fingerprint(certificate).await });
        admin
            .post(format!("/api/users/{id}/certificates"), body)
            .await
            .expect(204);
    }
    let ask = async |certificate: Option<&str>, more: &[&str]| {
        status(&server, &certificates, certificate, more).await
    };
    let basic = format!("machine:{PASSWORD}");
    assert_eq!(ask(Some("ours"), &["-u", &basic]).await, 200);
    assert_eq!(ask(Some("ours"), &[]).await, 401, "the certificate alone");
    assert_eq!(ask(None, &["-u", &basic]).await, 401, "the password alone");
    assert_eq!(
        ask(Some("foreign"), &["-u", &basic]).await,
        401,
        "another user's certificate"
    );
    assert_eq!(
        ask(Some("ours"), &["-u", "machine:a guess"]).await,
        401,
        "another password"
    );

    let login = json!({ "username": "machine", "password": PASSWORD }).to_string();
    let log_in = async |certificate: Option<&str>| {
        let shown = certificate.map(shown);
        let mut options: Vec<&str> = shown.iter().flatten().map(String::as_str).collect();
        options.extend(["--json", &login]);
        curl(&server, &certificates, "/api/login", &options).await
    };
    assert_eq!(log_in(None).await.0, 401);
    assert_eq!(log_in(Some("foreign")).await.0, 401);
    let (code, answer) = log_in(Some("ours")).await;
    assert_eq!(code, 200, "{answer}");
    let bearer = format!("Authorization: Bearer {}", text(&answer["token"]));
    assert_eq!(ask(Some("ours"), &["-H", &bearer]).await, 200);
    assert_eq!(ask(None, &["-H", &bearer]).await, 401, "the token alone");
    assert_eq!(ask(Some("foreign"), &["-H", &bearer]).await, 401);
    let without_tls = server.anonymous().bearer(text(&answer["token"]));
    without_tls.get("/api/session").await.expect_error(401);

    // Whoever has the token ends it, with or without the certificate.
    let token = format!("token={}", text(&answer["token"]));
    let (code, _) = curl(&server, &certificates, "/oauth/revoke", &["-d", &token]).await;
    assert_eq!(code, 200);
    assert_eq!(
        ask(Some("ours"), &["-H", &bearer]).await,
        401,
        "the token has ended"
    );
}

#[tokio::test]
async fn a_session_of_tls_is_never_resumed() {
    let (server, _certificates) = start(Engine::Sqlite).await;
    for version in ["-tls1_2", "-tls1_3"] {
        let said = s_client(&server, &[version]).await;
        assert!(said.contains("Cipher is "), "{said}");
        assert!(!said.contains("TLS session ticket"), "{said}");
        let ids = said
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Session-ID:"));
        assert!(ids.into_iter().all(|id| id.trim().is_empty()), "{said}");
    }
    assert!(
        !s_client(&server, &["-tls1_1"]).await.contains("Cipher is E"),
        "an old version"
    );
}

/// Waits until the log has this text.
async fn until_logged(server: &Server, text: &str) {
    let wait = async {
        while !server.log().contains(text) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "the log should have {text:?}: {}", server.log());
}

#[tokio::test]
async fn a_new_certificate_is_used_after_sighup() {
    let (server, certificates) = start(Engine::Sqlite).await;
    let subject = async || {
        let said = s_client(&server, &[]).await;
        said.lines()
            .find(|line| line.starts_with("subject="))
            .unwrap_or_default()
            .replace(' ', "")
    };
    assert!(subject().await.contains("CN=server"));
    certificates.make("second", None).await;
    let copy = |from: &str, to: &str| copy(&certificates.path(from), &certificates.path(to));
    copy("second.pem", "server.pem");
    server.read_settings_again();
    until_logged(&server, "cannot read the settings again").await;
    assert!(
        subject().await.contains("CN=server"),
        "the new certificate does not fit the old key"
    );
    copy("second.key", "server.key");
    server.read_settings_again();
    until_logged(&server, "read the settings again; the others").await;
    assert!(subject().await.contains("CN=second"));
    server.admin().await.get("/api/session").await.expect(200);
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).expect("a file of our own");
}

#[tokio::test]
async fn a_client_that_does_not_finish_the_handshake_is_cut_off() {
    let (server, certificates) = start(Engine::Sqlite).await;
    let mut silent = TcpStream::connect(("127.0.0.1", server.tls_port().await))
        .await
        .expect("a connection");
    let mut plain = TcpStream::connect(("127.0.0.1", server.tls_port().await))
        .await
        .expect("a connection");
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .expect("a connection");
    for stream in [&mut silent, &mut plain] {
        let mut said = Vec::new();
        let end = timeout(PATIENCE, stream.read_to_end(&mut said)).await;
        let _ = end.expect("the server should end the connection");
        assert!(!String::from_utf8_lossy(&said).contains("200"), "{said:?}");
    }
    let options = ["-u", &format!("admin:{ADMIN_PASSWORD}")];
    assert_eq!(status(&server, &certificates, None, &options).await, 200);
}

#[tokio::test]
async fn a_server_whose_certificate_cannot_be_used_does_not_start() {
    let site = |chain: &str, key: &str| {
        Site::new(Engine::Sqlite)
            .with("MUNIMENT_TLS_LISTEN", "127.0.0.1:0")
            .with("MUNIMENT_TLS_CERTIFICATE", chain)
            .with("MUNIMENT_TLS_KEY", key)
    };
    let (_, said) = site("/nowhere.pem", "/nowhere.key").refuses_to_start().await;
    assert!(
        said.contains("cannot use TLS: the certificate of the server cannot be read"),
        "{said}"
    );
    let (_, said) = site("/dev/null", "/dev/null").refuses_to_start().await;
    assert!(
        said.contains("cannot use TLS: the file has no certificate"),
        "{said}"
    );
    let without_key = site("/dev/null", "/dev/null").without("MUNIMENT_TLS_KEY");
    let (_, said) = without_key.refuses_to_start().await;
    assert!(
        said.contains("tls_certificate and tls_key belong together"),
        "{said}"
    );
}

/// The answer of `openssl s_client` to a server with this name, which trusts the server's own authority.
async fn handshake(server: &Server, folder: &Path, name: &str) -> String {
    let address = format!("127.0.0.1:{}", server.tls_port().await);
    let mut command = Command::new("openssl");
    command
        .args([
            "s_client",
            "-connect",
            &address,
            "-CAfile",
            "ca.pem",
            "-verify_return_error",
        ])
        .args(["-x509_strict", "-purpose", "sslserver"])
        .args(match name.parse::<std::net::IpAddr>() {
            Ok(_) => ["-verify_ip", name],
            Err(_) => ["-verify_hostname", name],
        })
        .current_dir(folder)
        .stdin(Stdio::null());
    let output = timeout(PATIENCE, command.output()).await.expect("in time");
    let output = output.expect("openssl should start");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The server's own authority, as the file `ca.pem`.
async fn own_authority(server: &Server) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let authority = server.anonymous().get("/pki/ca.pem").await.expect(200);
    std::fs::write(folder.path().join("ca.pem"), &authority.body).expect("a file");
    folder
}

async fn the_server_has_a_certificate_of_its_own_authority(engine: Engine) {
    let site = Site::new(engine)
        .with("MUNIMENT_TLS_LISTEN", "127.0.0.1:0")
        .with("MUNIMENT_PUBLIC_URL", "https://id.example.org:8443");
    let server = site.start().await;
    let authority = own_authority(&server).await;
    for name in ["localhost", "127.0.0.1", "id.example.org"] {
        let answer = handshake(&server, authority.path(), name).await;
        assert!(answer.contains("Verification: OK"), "{name}: {answer}");
    }
    let other = handshake(&server, authority.path(), "other.example.org").await;
    assert!(!other.contains("Verification: OK"), "{other}");
    let certificate = |answer: &str| {
        let begin = answer.find("-----BEGIN").expect("a certificate");
        let end = answer.find("-----END").expect("a certificate");
        answer[begin..end].to_owned()
    };
    let before = certificate(&handshake(&server, authority.path(), "localhost").await);
    server.read_settings_again();
    until_logged(&server, "read the settings again; the others").await;
    let after = handshake(&server, authority.path(), "localhost").await;
    assert!(after.contains("Verification: OK"), "{after}");
    assert_ne!(certificate(&after), before, "SIGHUP makes another one");
}

#[tokio::test]
async fn the_server_has_a_certificate_of_its_own_authority_on_sqlite() {
    the_server_has_a_certificate_of_its_own_authority(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_server_has_a_certificate_of_its_own_authority_on_postgres() {
    the_server_has_a_certificate_of_its_own_authority(Engine::Postgres).await;
}
