//! OCSP answers.

use pki::{OcspError, OcspRequest, Reason, Refusal, Status, Validity};
use proptest::prelude::*;

use crate::folder::{Folder, Pair, now};

fn validity() -> Validity {
    Validity {
        produced_at: now(),
        this_update: now(),
        next_update: now() + 3600,
    }
}

fn verified(folder: &Folder, certificates: &str) -> String {
    folder.openssl(&format!(
        "ocsp -no_nonce -respin answer.der -issuer issuing.pem {certificates} -CAfile root.pem -verify_other issuing.pem"
    ))
}

#[test]
fn openssl_accepts_the_answer() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    let issued = pair.issue(&folder, "a", 7, now());
    for hash in ["", "-sha1", "-sha256", "-sha384", "-sha512"] {
        for nonce in ["-nonce", "-no_nonce"] {
            folder.openssl(&format!(
                "ocsp -issuer issuing.pem {hash} -cert a.pem {nonce} -reqout request.der"
            ));
            let request = OcspRequest::from_der(&folder.read("request.der")).unwrap();
            assert_eq!(request.has_nonce(), nonce == "-nonce");
            let [asked] = request.asked() else {
                panic!("{request:?}")
            };
            assert_eq!(asked.serial(), issued.serial.octets());
            assert!(asked.is_of(&pair.issuer) && !asked.is_of(&pair.root));
            for (status, word) in [
                (Status::Good, "a.pem: good"),
                (Status::Unknown, "a.pem: unknown"),
                (
                    Status::Revoked {
                        at: now() - 60,
                        reason: Reason::KeyCompromise,
                    },
                    "a.pem: revoked",
                ),
            ] {
                folder.write(
                    "answer.der",
                    pair.issuer.ocsp(&request, &[status], validity()).unwrap(),
                );
                // openssl compares the nonce with the one of the request, and prints statuses of certificates that it is given.
                let text = folder.openssl(
                    "ocsp -reqin request.der -respin answer.der -CAfile root.pem -verify_other issuing.pem",
                );
                assert!(text.contains("Response verify OK"), "{text}");
                assert!(!text.contains("WARNING"), "{text}");
                let text = verified(&folder, &format!("{hash} -cert a.pem"));
                assert!(text.contains(word), "{text}");
            }
        }
    }
}

#[test]
fn one_answer_is_about_several_certificates() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    pair.issue(&folder, "a", 7, now());
    pair.issue(&folder, "b", 8, now());
    folder.openssl("ocsp -issuer issuing.pem -cert a.pem -cert b.pem -reqout request.der");
    let request = OcspRequest::from_der(&folder.read("request.der")).unwrap();
    let revoked = Status::Revoked {
        at: now(),
        reason: Reason::Unspecified,
    };
    folder.write(
        "answer.der",
        pair.issuer
            .ocsp(&request, &[Status::Good, revoked], validity())
            .unwrap(),
    );
    let text = verified(&folder, "-cert a.pem -cert b.pem");
    assert!(
        text.contains("a.pem: good") && text.contains("b.pem: revoked"),
        "{text}"
    );
}

#[test]
fn openssl_reads_each_refusal() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    for (refusal, word) in [
        (Refusal::MalformedRequest, "malformedrequest"),
        (Refusal::InternalError, "internalerror"),
        (Refusal::TryLater, "trylater"),
        (Refusal::Unauthorized, "unauthorized"),
    ] {
        folder.write("answer.der", refusal.der());
        let (_, text) = folder.tries("ocsp -respin answer.der -noverify");
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn bytes_that_are_no_request_are_refused() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    pair.issue(&folder, "a", 7, now());
    folder.openssl("ocsp -issuer issuing.pem -cert a.pem -no_nonce -reqout request.der");
    let der = folder.read("request.der");
    for bytes in [
        &[][..],
        b"hello",
        &der[..der.len() - 1],
        &[&der[..], &[0]].concat(),
    ] {
        assert_eq!(OcspRequest::from_der(bytes), Err(OcspError::Malformed));
    }
    assert_eq!(OcspRequest::from_der(&vec![0; 20_000]), Err(OcspError::TooLong));
    assert_eq!(
        OcspRequest::from_der(&[0x30, 4, 0x30, 2, 0x30, 0]),
        Err(OcspError::Number)
    );
    let many = "-cert a.pem ".repeat(65);
    folder.openssl(&format!(
        "ocsp -issuer issuing.pem {many} -no_nonce -reqout request.der"
    ));
    assert_eq!(
        OcspRequest::from_der(&folder.read("request.der")),
        Err(OcspError::Number)
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = OcspRequest::from_der(&bytes);
        let _ = pki::Csr::from_der(&bytes);
    }
}
