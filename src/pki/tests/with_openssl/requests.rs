//! Certificate signing requests.

use base64::{Engine, engine::general_purpose::STANDARD};
use pki::{Csr, CsrError, WeakKey};

use crate::folder::Folder;

const SUBJECT: &str = "-subj /CN=iot.device.x1";

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

#[test]
fn a_request_of_each_kind_is_read_in_each_form() {
    let folder = Folder::new();
    for kind in ["P-256", "P-384", "2048", "4096"] {
        let pem = folder.csr("a", kind, SUBJECT);
        folder.openssl("req -in a.csr -outform DER -out a.der");
        let der = folder.read("a.der");
        let wrapped: Vec<String> = base64(&pem)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into())
            .collect();
        let forms = [
            base64(&pem),
            wrapped.join("\r\n"),
            base64(&pem).trim_end_matches('=').to_owned(),
            format!("  {}\n", base64(&der)),
            pem.clone(),
            pem.replace('\n', "\r\n"),
            pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
        ];
        let read = Csr::from_der(&der).unwrap();
        assert_eq!(read.common_name(), "iot.device.x1");
        assert_eq!(read.must_name("iot.device.x1"), Ok(()));
        assert_eq!(read.must_name("iot.device.x2"), Err(CsrError::OtherCommonName));
        assert_eq!(read.must_name("IOT.device.x1"), Err(CsrError::OtherCommonName));
        for form in forms {
            assert_eq!(Csr::parse(&form), Ok(read.clone()), "{kind} {form}");
        }
    }
}

#[test]
fn the_key_of_two_requests_is_the_same() {
    let folder = Folder::new();
    let first = Csr::parse(&folder.csr("a", "P-256", SUBJECT)).unwrap();
    folder.openssl("req -new -key a.key -out b.csr -subj /O=Acme/CN=another");
    let second = Csr::parse(&folder.text("b.csr")).unwrap();
    assert_eq!(first.public_key().sha256(), second.public_key().sha256());
    assert_ne!(first.sha256(), second.sha256());
    assert_eq!(second.common_name(), "another");
}

#[test]
fn a_text_that_is_no_request_is_refused() {
    let folder = Folder::new();
    let pem = folder.csr("a", "P-256", SUBJECT);
    let key = folder.text("a.key");
    folder.openssl("req -in a.csr -outform DER -out a.der");
    let der = folder.read("a.der");
    let one_octet_less = &der[..der.len() - 1];
    let cases = [
        (String::new(), CsrError::Empty),
        (" \n ".to_owned(), CsrError::Empty),
        (base64(" \n"), CsrError::Empty),
        ("!".to_owned(), CsrError::NotBase64),
        ("%%%%".to_owned(), CsrError::NotBase64),
        ("abcde".to_owned(), CsrError::NotBase64),
        (format!("{}!", base64(&pem)), CsrError::NotBase64),
        (base64("hello"), CsrError::NotPem),
        (base64([0xff, 0xfe]), CsrError::NotPem),
        (base64(&key), CsrError::NotPem),
        (key, CsrError::NotPem),
        (pem.replace("-----END", "----END"), CsrError::NotPem),
        (pem.replace("MI", "M*"), CsrError::NotPem),
        (base64(format!("{pem}{pem}")), CsrError::Several),
        (base64(base64(&pem)), CsrError::NotPem),
        (base64(one_octet_less), CsrError::Truncated),
        (base64(&der[..1]), CsrError::Truncated),
        (base64(&der[..40]), CsrError::Truncated),
        (
            base64(pki::pem("CERTIFICATE REQUEST", one_octet_less)),
            CsrError::Truncated,
        ),
        (base64([&der[..], &[0]].concat()), CsrError::TrailingBytes),
        (base64([&der[..], &der[..]].concat()), CsrError::TrailingBytes),
        (base64([0x30, 0]), CsrError::Malformed),
        (base64([0x30, 0x80, 0, 0]), CsrError::Malformed),
        (base64([0x30, 3, 2, 1, 0]), CsrError::Malformed),
        ("A".repeat(16 * 1024 + 1), CsrError::TooLong),
        (base64(vec![0x30; 100_000]), CsrError::TooLong),
    ];
    for (text, error) in cases {
        assert_eq!(Csr::parse(&text), Err(error), "{text}");
    }
    assert_eq!(Csr::from_der(&vec![0x30; 100_000]), Err(CsrError::TooLong));
    assert_eq!(Csr::from_der(&[]), Err(CsrError::Empty));
}

#[test]
fn no_changed_bit_is_accepted() {
    let folder = Folder::new();
    folder.csr("a", "P-256", SUBJECT);
    folder.openssl("req -in a.csr -outform DER -out a.der");
    let der = folder.read("a.der");
    for place in 0..der.len() * 8 {
        let mut changed = der.clone();
        changed[place / 8] ^= 1 << (place % 8);
        assert!(Csr::from_der(&changed).is_err(), "bit {place}");
    }
}

#[test]
fn a_signature_that_proves_nothing_is_refused() {
    let folder = Folder::new();
    folder.csr("a", "P-256", SUBJECT);
    folder.openssl("req -in a.csr -outform DER -out a.der");
    let mut der = folder.read("a.der");
    *der.last_mut().unwrap() ^= 1;
    assert_eq!(Csr::from_der(&der), Err(CsrError::Signature));
    for kind in ["P-256", "2048"] {
        let weak = folder.csr("b", kind, &format!("{SUBJECT} -sha1"));
        assert_eq!(Csr::parse(&weak), Err(CsrError::Sha1), "{kind}");
        for digest in ["sha256", "sha384"] {
            let strong = folder.csr("b", kind, &format!("{SUBJECT} -{digest}"));
            assert!(Csr::parse(&strong).is_ok(), "{kind} {digest}");
        }
    }
    for options in ["-sha224", "-md5", "-sigopt rsa_padding_mode:pss"] {
        let unknown = folder.csr("b", "2048", &format!("{SUBJECT} {options}"));
        assert_eq!(Csr::parse(&unknown), Err(CsrError::Algorithm), "{options}");
    }
}

#[test]
fn a_weak_key_is_refused() {
    let folder = Folder::new();
    for (kind, error) in [
        ("1024", WeakKey::Size),
        ("2047", WeakKey::Size),
        ("4104", WeakKey::Size),
        ("P-521", WeakKey::Type),
        ("secp256k1", WeakKey::Type),
        ("ed25519", WeakKey::Type),
    ] {
        let csr = folder.csr("a", kind, SUBJECT);
        assert_eq!(Csr::parse(&csr), Err(CsrError::Key(error)), "{kind}");
    }
    folder.openssl(
        "genpkey -out a.key -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3",
    );
    folder.openssl(&format!("req -new -key a.key -out a.csr {SUBJECT}"));
    assert_eq!(
        Csr::parse(&folder.text("a.csr")),
        Err(CsrError::Key(WeakKey::Exponent))
    );
    folder.openssl(
        "genpkey -out a.key -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt point-format:compressed",
    );
    folder.openssl("ec -in a.key -conv_form compressed -out b.key");
    folder.openssl(&format!("req -new -key b.key -out a.csr {SUBJECT}"));
    assert_eq!(
        Csr::parse(&folder.text("a.csr")),
        Err(CsrError::Key(WeakKey::Type))
    );
}

#[test]
fn a_request_has_one_common_name() {
    let folder = Folder::new();
    for (subject, error) in [
        ("/O=Acme", CsrError::NoCommonName),
        ("/", CsrError::NoCommonName),
        ("/CN=ada/CN=bob", CsrError::SeveralCommonNames),
        ("/CN=ada/CN=ada", CsrError::SeveralCommonNames),
        ("/CN=ada+CN=bob -multivalue-rdn", CsrError::SeveralCommonNames),
    ] {
        let csr = folder.csr("a", "P-256", &format!("-subj {subject}"));
        assert_eq!(Csr::parse(&csr), Err(error), "{subject}");
    }
    let csr = folder.csr("a", "P-256", "-utf8 -subj /O=Acme/OU=East/CN=wärter");
    assert_eq!(Csr::parse(&csr).unwrap().common_name(), "wärter");
}

#[test]
fn a_common_name_of_another_type_of_text_is_refused() {
    let folder = Folder::new();
    folder.write(
        "bmp.cnf",
        "[req]\ndistinguished_name = dn\nstring_mask = MASK:2048\nprompt = no\n[dn]\nCN = w\u{e4}rter\n",
    );
    let csr = folder.csr("a", "P-256", "-utf8 -config bmp.cnf");
    assert_eq!(Csr::parse(&csr), Err(CsrError::CommonNameNotText));
}

#[test]
fn a_request_may_not_ask_for_an_authority() {
    let folder = Folder::new();
    for wish in [
        "basicConstraints=CA:TRUE",
        "basicConstraints=critical,CA:TRUE,pathlen:0",
        "keyUsage=keyCertSign",
        "keyUsage=digitalSignature,cRLSign",
    ] {
        let csr = folder.csr("a", "P-256", &format!("{SUBJECT} -addext {wish}"));
        assert_eq!(Csr::parse(&csr), Err(CsrError::Authority), "{wish}");
    }
    for wish in [
        "basicConstraints=CA:FALSE",
        "keyUsage=digitalSignature",
        "subjectAltName=DNS:admin",
        "extendedKeyUsage=serverAuth",
    ] {
        let csr = folder.csr("a", "P-256", &format!("{SUBJECT} -addext {wish}"));
        assert!(Csr::parse(&csr).is_ok(), "{wish}");
    }
}
