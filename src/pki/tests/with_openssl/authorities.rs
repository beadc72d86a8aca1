//! Certificates that we issue.

use pki::{Csr, IssueError, Issuer, Server, issuing_certificate, pem, root_certificate};

use crate::folder::{BASE, Folder, Pair, USER, YEAR, authority, key, leaf, now, serial};

#[test]
fn openssl_accepts_the_chain() {
    let folder = Folder::new();
    let now = now();
    let pair = Pair::new(now);
    pair.write(&folder);
    let issued = pair.issue(&folder, "a", 7, now);
    assert!(!issued.is_shortened);
    assert_eq!(issued.not_after, now + YEAR);
    assert_eq!(issued.sha256, pki::sha256(&issued.der));
    folder.openssl("verify -x509_strict -CAfile root.pem -untrusted issuing.pem -purpose sslclient a.pem");
    folder.openssl("verify -x509_strict -CAfile root.pem -purpose any issuing.pem");
    folder.refuses("verify -CAfile root.pem -untrusted issuing.pem -purpose sslserver a.pem");
    folder.refuses(&format!(
        "verify -CAfile root.pem -untrusted issuing.pem -attime {} a.pem",
        issued.not_before - 1
    ));
    folder.openssl(&format!(
        "verify -CAfile root.pem -untrusted issuing.pem -attime {} a.pem",
        issued.not_before
    ));
    folder.refuses(&format!(
        "verify -CAfile root.pem -untrusted issuing.pem -attime {} a.pem",
        issued.not_after + 1
    ));
}

#[test]
fn a_certificate_says_what_it_is_for_and_nothing_of_the_request() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    let csr = folder.csr(
        "a",
        "P-256",
        "-subj /O=Evil/CN=iot.device.x1 -addext subjectAltName=DNS:admin -addext extendedKeyUsage=serverAuth",
    );
    let csr = Csr::parse(&csr).unwrap();
    let issued = pair.issuer.issue(&leaf(&csr, 7, now(), YEAR)).unwrap();
    folder.write("a.pem", pem("CERTIFICATE", &issued.der));
    let text = folder.openssl("x509 -in a.pem -noout -text");
    for line in [
        "Subject: CN = iot.device.x1\n",
        "Issuer: CN = Test Issuing\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        &format!("URI:urn:uuid:{USER}, DNS:iot.device.x1\n"),
        &format!("URI:{BASE}/pki/{}/7.crl\n", pair.issuer.key_id()),
        &format!("OCSP - URI:{BASE}/pki/ocsp\n"),
        &format!("CA Issuers - URI:{BASE}/pki/{}.crt\n", pair.issuer.key_id()),
        "X509v3 Authority Key Identifier",
        "X509v3 Subject Key Identifier",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("Evil") && !text.contains("admin"), "{text}");
    let serial = folder.openssl("x509 -in a.pem -noout -serial");
    assert_eq!(serial.trim().to_lowercase(), format!("serial={}", issued.serial));
}

#[test]
fn without_a_url_a_certificate_names_no_places() {
    let folder = Folder::new();
    let pair = Pair::with_life(now(), YEAR, None);
    let csr = Csr::parse(&folder.csr("a", "P-256", "-subj /CN=a_b")).unwrap();
    let issued = pair.issuer.issue(&leaf(&csr, 7, now(), YEAR)).unwrap();
    folder.write("a.pem", pem("CERTIFICATE", &issued.der));
    let text = folder.openssl("x509 -in a.pem -noout -text");
    assert!(!text.contains("OCSP") && !text.contains("CRL"), "{text}");
    assert!(!text.contains("DNS:"), "`a_b` is no host name: {text}");
}

#[test]
fn a_certificate_never_outlives_its_issuer() {
    let folder = Folder::new();
    let now = now();
    let pair = Pair::with_life(now, YEAR / 2, Some(BASE));
    let csr = Csr::parse(&folder.csr("a", "P-256", "-subj /CN=ada")).unwrap();
    let issued = pair.issuer.issue(&leaf(&csr, 7, now, YEAR)).unwrap();
    assert!(issued.is_shortened);
    assert_eq!(issued.not_after, pair.issuer.not_after());
    let end = pair.issuer.not_after();
    assert!(pair.issuer.issue(&leaf(&csr, 7, end - 1, YEAR)).is_ok());
    for late in [end, end + 1] {
        let refused = pair.issuer.issue(&leaf(&csr, 7, late, YEAR));
        assert_eq!(refused, Err(IssueError::IssuerExpired));
    }
    let early = pair.issuer.issue(&leaf(&csr, 7, now - 1000, YEAR));
    assert_eq!(early, Err(IssueError::IssuerNotYetValid));
    let late = authority("Late", 3, pair.root.not_after(), YEAR);
    let refused = issuing_certificate(&pair.root, key(3).public(), &late);
    assert_eq!(refused, Err(IssueError::IssuerExpired));
    let long = authority("Long", 3, now, 50 * YEAR);
    let der = issuing_certificate(&pair.root, key(3).public(), &long).unwrap();
    assert_eq!(
        Issuer::new(&der, key(3), None).unwrap().not_after(),
        pair.root.not_after()
    );
}

#[test]
fn a_name_of_more_than_64_characters_gets_no_certificate() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    let csr = Csr::parse(&folder.csr("a", "P-256", "-subj /CN=ada")).unwrap();
    for (length, is_issued) in [(64, true), (65, false)] {
        let name = "ä".repeat(length);
        let mut leaf = leaf(&csr, 7, now(), YEAR);
        leaf.username = &name;
        let issued = pair.issuer.issue(&leaf);
        assert_eq!(issued.is_ok(), is_issued, "{length}: {issued:?}");
        assert!(is_issued || issued == Err(IssueError::NameTooLong));
    }
}

#[test]
fn an_authority_of_the_lowest_level_signs_no_authority() {
    let pair = Pair::new(now());
    let below = issuing_certificate(&pair.issuer, key(3).public(), &authority("Below", 3, now(), YEAR));
    assert_eq!(below, Err(IssueError::NoAuthorityBelow));
}

#[test]
fn times_after_2049_are_written_in_full() {
    let folder = Folder::new();
    let life = 40 * YEAR;
    let der = root_certificate(&key(1), &authority("Long", 1, now(), life)).unwrap();
    folder.write("root.pem", pem("CERTIFICATE", &der));
    let end = folder.openssl("x509 -in root.pem -noout -enddate");
    assert!(end.contains("206"), "{end}");
    folder.openssl("verify -x509_strict -CAfile root.pem root.pem");
}

#[test]
fn a_certificate_of_this_server_is_one_of_a_server() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    let server_key = key(9);
    let server = Server {
        public_key: server_key.public(),
        hosts: &["id.example.org".to_owned(), "localhost".to_owned()],
        addresses: &["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
        serial: serial(9),
        now: now(),
        life: YEAR,
    };
    let issued = pair.issuer.issue_server(&server).unwrap();
    folder.write("a.pem", pem("CERTIFICATE", &issued.der));
    let verify = "verify -x509_strict -CAfile root.pem -untrusted issuing.pem -purpose sslserver";
    folder.openssl(&format!("{verify} -verify_hostname localhost a.pem"));
    folder.openssl(&format!("{verify} -verify_hostname id.example.org a.pem"));
    folder.openssl(&format!("{verify} -verify_ip 127.0.0.1 a.pem"));
    folder.openssl(&format!("{verify} -verify_ip ::1 a.pem"));
    folder.refuses(&format!("{verify} -verify_hostname other.example.org a.pem"));
}
