//! Messages of EST.

use pki::certificates_only;

use crate::folder::{Folder, Pair, now};

#[test]
fn openssl_finds_the_certificates_of_a_message() {
    let folder = Folder::new();
    let pair = Pair::new(now());
    let issued = pair.issue(&folder, "a", 7, now());
    let message = certificates_only(&[&issued.der, pair.issuer.der(), pair.root.der()]);
    folder.write("message.der", message);
    let text = folder.openssl("pkcs7 -inform DER -in message.der -print_certs");
    assert_eq!(text.matches("-----BEGIN CERTIFICATE-----").count(), 3, "{text}");
    for name in ["iot.device.x1", "Test Issuing", "Test Root"] {
        assert!(text.contains(&format!("subject=CN = {name}\n")), "{text}");
    }
    folder.openssl("cms -cmsout -inform DER -in message.der -print");
}
