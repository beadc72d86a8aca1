//! Authorities that the operator brings, and certificates that people upload.

use pki::{
    BadKey, Constraints, CrlTerms, Csr, ImportError, Issuer, IssuerError, Key, Reason, Unreadable, bundle,
    entry, import, pem,
};

use crate::folder::{Folder, Pair, YEAR, leaf, now};

/// An authority made by openssl, in `NAME.key` and `NAME.pem`.
fn authority(folder: &Folder, name: &str, kind: &str, options: &str) {
    folder.key(name, kind);
    folder.openssl(&format!(
        "req -x509 -new -key {name}.key -out {name}.pem -days 100 {options}"
    ));
}

const USAGE: &str = "-addext keyUsage=critical,keyCertSign,cRLSign";

#[test]
fn an_authority_of_the_operator_issues_with_its_exact_name() {
    let folder = Folder::new();
    for kind in ["P-256", "P-384", "2048"] {
        let subject = "-subj /C=DE/O=Acme/OU=East/OU=West/CN=Acme~CA+serialNumber=7 -multivalue-rdn";
        authority(&folder, "ca", kind, &format!("{subject} {USAGE}"));
        let imported = import(&folder.text("ca.pem"), &folder.text("ca.key"), now()).unwrap();
        let key = Key::from_pkcs8(&imported.pkcs8).unwrap();
        let issuer = Issuer::new(&imported.certificate, key, None).unwrap();
        assert_eq!(issuer.key_id(), imported.key_id);
        let csr = Csr::parse(&folder.csr("a", "P-256", "-subj /CN=ada")).unwrap();
        let issued = issuer.issue(&leaf(&csr, 7, now(), YEAR)).unwrap();
        assert!(issued.is_shortened);
        folder.write("a.pem", pem("CERTIFICATE", &issued.der));
        folder.openssl("verify -x509_strict -CAfile ca.pem -purpose sslclient a.pem");
        let terms = CrlTerms {
            number: 1,
            this_update: now() - 1,
            next_update: now() + 60,
        };
        let entries = entry(issued.serial.octets(), now(), Reason::Unspecified).unwrap();
        folder.write(
            "list.pem",
            pem("X509 CRL", &issuer.crl(&entries, terms, None).unwrap()),
        );
        let refused = folder.refuses("verify -CAfile ca.pem -crl_check -CRLfile list.pem a.pem");
        assert!(refused.contains("certificate revoked"), "{refused}");
    }
}

#[test]
fn a_chain_is_taken_in_order() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    let key = Key::new_pkcs8(&[2; 32]).unwrap();
    let key = pem("PRIVATE KEY", &key);
    let (root, issuing) = (folder.text("root.pem"), folder.text("issuing.pem"));
    let imported = import(&format!("{issuing}{root}"), &key, now()).unwrap();
    assert_eq!(imported.above, [pair.root.der()]);
    assert_eq!(imported.key_id, pair.issuer.key_id());
    let wrong = import(&format!("{root}{issuing}"), &key, now());
    assert_eq!(wrong.unwrap_err(), ImportError::Chain(2));
    authority(&folder, "other", "P-256", &format!("-subj /CN=Test~Root {USAGE}"));
    let forged = import(&format!("{issuing}{}", folder.text("other.pem")), &key, now());
    assert_eq!(forged.unwrap_err(), ImportError::Chain(2));
    let late = import(&issuing, &key, pair.issuer.not_after());
    assert_eq!(late.unwrap_err(), ImportError::NotValid);
}

#[test]
fn what_cannot_issue_is_refused() {
    let folder = Folder::new();
    authority(&folder, "ca", "P-256", &format!("-subj /CN=ca {USAGE}"));
    let (ca, key) = (folder.text("ca.pem"), folder.text("ca.key"));
    let refused = |certificate: &str, key: &str| import(certificate, key, now()).unwrap_err();
    assert_eq!(refused("", &key), ImportError::NoCertificate);
    assert_eq!(refused(&key, &key), ImportError::NoCertificate);
    assert_eq!(refused(&ca, ""), ImportError::NotOneKey);
    assert_eq!(refused(&ca, &format!("{key}{key}")), ImportError::NotOneKey);
    let rubbish = pem("PRIVATE KEY", b"rubbish");
    assert_eq!(refused(&ca, &rubbish), ImportError::Key(BadKey::Unreadable));
    folder.key("other", "P-256");
    assert_eq!(
        refused(&ca, &folder.text("other.key")),
        ImportError::Pair(IssuerError::OtherKey)
    );
    folder.openssl("ec -in ca.key -out old.key");
    assert_eq!(
        refused(&ca, &folder.text("old.key")),
        ImportError::KeyForm("EC PRIVATE KEY".into())
    );
    folder.openssl("pkcs8 -topk8 -in ca.key -out sealed.key -passout pass:secret");
    let sealed = refused(&ca, &folder.text("sealed.key"));
    assert_eq!(sealed, ImportError::KeyForm("ENCRYPTED PRIVATE KEY".into()));
    for (options, error) in [
        (
            "-addext basicConstraints=critical,CA:FALSE",
            IssuerError::NoAuthority,
        ),
        ("-addext keyUsage=keyCertSign", IssuerError::Usage),
        ("-addext keyUsage=digitalSignature", IssuerError::Usage),
    ] {
        authority(&folder, "no", "P-256", &format!("-subj /CN=no {options}"));
        let refused = refused(&folder.text("no.pem"), &folder.text("no.key"));
        assert_eq!(
            refused,
            ImportError::Certificate { number: 1, error },
            "{options}"
        );
    }
}

#[test]
fn certificates_are_described() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    let issued = pair.issue(&folder, "a", 7, now());
    let text = ["root.pem", "issuing.pem", "a.pem"]
        .map(|name| folder.text(name))
        .concat();
    let [root, issuing, leaf] = <[_; 3]>::try_from(bundle(&text).unwrap()).unwrap();
    assert_eq!(
        root.constraints,
        Constraints {
            is_authority: true,
            path_length: None
        }
    );
    assert_eq!(
        issuing.constraints,
        Constraints {
            is_authority: true,
            path_length: Some(0)
        }
    );
    assert_eq!(issuing.issued_by.common_name.as_deref(), Some("Test Root"));
    assert_eq!(issuing.key_usage, ["digitalSignature", "keyCertSign", "cRLSign"]);
    assert_eq!(leaf.extended_key_usage, ["clientAuth"]);
    assert_eq!(leaf.alternative_names.len(), 2);
    assert_eq!(
        (leaf.not_before, leaf.not_after),
        (issued.not_before, issued.not_after)
    );
    for (option, ours) in [("-sha1", &leaf.sha1), ("-sha256", &leaf.sha256)] {
        let theirs = folder.openssl(&format!("x509 -in a.pem -noout -fingerprint {option}"));
        let theirs = theirs
            .trim()
            .split('=')
            .next_back()
            .unwrap()
            .replace(':', "")
            .to_lowercase();
        assert_eq!(ours, &theirs);
    }
}

#[test]
fn a_bundle_of_something_else_is_refused() {
    let folder = Folder::new();
    authority(&folder, "ca", "P-256", &format!("-subj /CN=ca {USAGE}"));
    let ca = folder.text("ca.pem");
    for text in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----",
        &ca[..ca.len() - 10],
        &format!("{ca}-----BEGIN X"),
    ] {
        assert_eq!(bundle(text), Err(Unreadable::NotPem), "{text}");
    }
    let key = format!("{ca}{}", folder.text("ca.key"));
    assert!(matches!(bundle(&key), Err(Unreadable::Label { number: 2, .. })));
    let rubbish = format!("{ca}{}", pem("CERTIFICATE", b"rubbish"));
    assert!(matches!(
        bundle(&rubbish),
        Err(Unreadable::Certificate { number: 2, .. })
    ));
}
