//! Revocation lists.

use pki::{CrlTerms, Reason, entry, partition_of, pem};

use crate::folder::{Folder, Pair, now, serial};

fn terms(number: u64) -> CrlTerms {
    CrlTerms {
        number,
        this_update: now() - 60,
        next_update: now() + 3600,
    }
}

const VERIFY: &str = "verify -x509_strict -CAfile root.pem -untrusted issuing.pem -crl_check";

#[test]
fn openssl_refuses_what_is_on_the_list() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    let issued = pair.issue(&folder, "a", 7, now());
    pair.issue(&folder, "b", 8, now());
    let empty = pair.issuer.crl(&[], terms(1), None).unwrap();
    folder.write("empty.pem", pem("X509 CRL", &empty));
    folder.openssl(&format!("{VERIFY} -CRLfile empty.pem a.pem"));
    for reason in Reason::ALL {
        let entries = entry(issued.serial.octets(), now() - 30, reason).unwrap();
        let list = pair.issuer.crl(&entries, terms(2), None).unwrap();
        folder.write("list.pem", pem("X509 CRL", &list));
        let refused = folder.refuses(&format!("{VERIFY} -CRLfile list.pem a.pem"));
        assert!(refused.contains("certificate revoked"), "{refused}");
        folder.openssl(&format!("{VERIFY} -CRLfile list.pem b.pem"));
    }
    let without = folder.refuses(&format!("{VERIFY} a.pem"));
    assert!(without.contains("unable to get certificate CRL"), "{without}");
}

#[test]
fn a_partition_is_used_for_its_certificates_alone() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    pair.write(&folder);
    let issued = pair.issue(&folder, "a", 7, now());
    pair.issue(&folder, "b", 8, now());
    assert_eq!(partition_of(issued.serial.octets()), 7);
    let entries = entry(issued.serial.octets(), now() - 30, Reason::KeyCompromise).unwrap();
    for (partition, answer) in [(7, "certificate revoked"), (8, "scope")] {
        let list = pair.issuer.crl(&entries, terms(2), Some(partition)).unwrap();
        folder.write("list.pem", pem("X509 CRL", &list));
        let refused = folder.refuses(&format!("{VERIFY} -extended_crl -CRLfile list.pem a.pem"));
        assert!(refused.contains(answer), "{partition}: {refused}");
    }
    folder.openssl(&format!("{VERIFY} -extended_crl -CRLfile list.pem b.pem"));
}

#[test]
fn a_list_says_its_number_and_times() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    let mut entries = Vec::new();
    for number in 0..=255 {
        entries.extend(entry(serial(number).octets(), now(), Reason::Superseded).unwrap());
    }
    for number in [0, 1, 127, 128, 1 << 40, u64::MAX] {
        let list = pair.issuer.crl(&entries, terms(number), None).unwrap();
        folder.write("list.der", &list);
        let text =
            folder.openssl("crl -inform DER -in list.der -noout -crlnumber -lastupdate -nextupdate -text");
        let written = text
            .lines()
            .find_map(|line| line.strip_prefix("crlNumber=0x"))
            .unwrap();
        assert_eq!(u64::from_str_radix(written, 16).unwrap(), number, "{text}");
        assert_eq!(text.matches("Serial Number:").count(), 256);
        assert_eq!(text.matches("Superseded").count(), 256);
        pair.write(&folder);
        let verified = folder.openssl("crl -inform DER -in list.der -noout -CAfile issuing.pem -verify");
        assert!(verified.contains("verify OK"), "{verified}");
    }
}
