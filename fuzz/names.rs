//! Names and passwords: every text has one spelling, and what is accepted is accepted again in every form.

use aggregates::{
    text::{alike, opaque, spelling},
    values::{RoleName, Username},
};

/// Reads the input as a text, and checks what holds for every text.
pub fn run(data: &[u8]) {
    let typed = String::from_utf8_lossy(data);
    let kept = spelling(&typed);
    assert_eq!(spelling(&kept), kept, "a spelling stays");
    let key = alike(&typed);
    assert_eq!(alike(&kept), key, "a spelling is like what was typed");
    assert_eq!(alike(&key), key, "a key stays");
    if let Ok(name) = Username::parse(&typed) {
        assert_eq!(*name, *kept);
        assert_eq!(Username::parse(&name), Ok(name.clone()), "a username stays");
        assert!(
            RoleName::parse(&name).is_ok(),
            "what a user may be called a role may be called"
        );
        assert!(!name.contains(char::is_whitespace) && !name.contains(char::is_control));
    }
    if let Ok(name) = RoleName::parse(&typed) {
        assert_eq!(*name, *kept);
        assert_eq!(RoleName::parse(&name), Ok(name.clone()), "a role's name stays");
    }
    let (mut password, mut again) = (String::new(), String::new());
    if opaque(&typed, &mut password).is_ok() {
        assert_eq!(opaque(&password, &mut again), Ok(()), "a password stays");
        assert_eq!(password, again);
        assert!(!password.contains(char::is_control));
    }
}
