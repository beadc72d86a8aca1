//! Certificate signing requests and OCSP requests: any bytes are read or refused, and what is read is answered.

use std::sync::LazyLock;

use pki::{
    Csr, Described, Issuer, Key, Leaf, NewAuthority, OcspRequest, Serial, Status, Validity, root_certificate,
};

const NOW: u64 = 1_800_000_000;
const YEAR: u64 = 365 * 24 * 3600;

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    let key = || Key::from_pkcs8(&Key::new_pkcs8(&[7; 32]).unwrap()).unwrap();
    let new = NewAuthority {
        common_name: "fuzz",
        serial: Serial::from_random([7; 20]),
        now: NOW,
        life: YEAR,
    };
    let certificate = root_certificate(&key(), &new).unwrap();
    Issuer::new(&certificate, key(), Some("https://id.example.org".to_owned())).unwrap()
});

/// Reads the input as a request in each form.
pub fn csr(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for read in [Csr::from_der(data), Csr::parse(&text)].into_iter().flatten() {
        assert_eq!(
            Csr::from_der(read.der()).as_ref(),
            Ok(&read),
            "what is read is read again"
        );
        assert!(!read.common_name().is_empty());
        let issued = ISSUER.issue(&Leaf {
            public_key: read.public_key(),
            username: read.common_name(),
            user_id: "0b0ce5f8-6c1c-4b6f-9c6e-2f0f5d4b8a11",
            serial: Serial::from_random([9; 20]),
            now: NOW,
            life: YEAR,
        });
        match issued {
            Ok(issued) => {
                let described = Described::from_der(&issued.der).unwrap();
                assert!(!described.constraints.is_authority);
                assert_eq!(
                    described.issued_to.common_name.as_deref(),
                    Some(read.common_name())
                );
            }
            Err(error) => assert_eq!(error, pki::IssueError::NameTooLong),
        }
    }
    let _ = pki::bundle(&text);
}

/// Reads the input as an OCSP request, and answers it.
pub fn ocsp(data: &[u8]) {
    let Ok(request) = OcspRequest::from_der(data) else {
        return;
    };
    let statuses: Vec<Status> = request
        .asked()
        .iter()
        .map(|asked| match asked.is_of(&ISSUER) {
            true => Status::Good,
            false => Status::Unknown,
        })
        .collect();
    let validity = Validity {
        produced_at: NOW,
        this_update: NOW,
        next_update: NOW + 3600,
    };
    assert!(ISSUER.ocsp(&request, &statuses, validity).is_ok());
}
