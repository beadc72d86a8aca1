use std::{collections::BTreeSet, io::Write, os::unix::ffi::OsStrExt};

use proptest::{collection::btree_set, prelude::*, sample::Index};
use tempfile::NamedTempFile;

use super::*;

fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file.flush().unwrap();
    file
}

fn list(content: &str) -> Blocklist {
    Blocklist::open(file(content.as_bytes()).path()).unwrap()
}

fn refused(content: &[u8]) -> String {
    let refused = Blocklist::open(file(content).path()).expect_err("a bad list");
    refused.to_string()
}

fn sha1(password: &str) -> String {
    Sha1::digest(password)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

/// The list of these passwords as Have I Been Pwned writes it.
fn hashed<'a>(passwords: impl IntoIterator<Item = &'a str>, end: &str) -> String {
    let hashes: BTreeSet<String> = passwords.into_iter().map(sha1).collect();
    hashes.iter().map(|hash| format!("{hash}:17{end}")).collect()
}

#[test]
fn plain_passwords_are_found_as_they_are() {
    let list = list("12345\nhunter2\npassword\nä ö\n");
    for known in ["12345", "hunter2", "password", "ä ö"] {
        assert!(list.has(known).unwrap(), "{known}");
    }
    for unknown in [
        "",
        "1234",
        "123456",
        "Password",
        "passwor",
        "zzz",
        "ä",
        "hunter2\n",
    ] {
        assert!(!list.has(unknown).unwrap(), "{unknown}");
    }
}

#[test]
fn hashes_are_found_however_they_are_written() {
    let passwords = ["password", "hunter2", "letmein"];
    for content in [
        hashed(passwords, "\n"),
        hashed(passwords, "\r\n"),
        hashed(passwords, "\n").to_lowercase(),
        hashed(passwords, "\n").replace(":17", ""),
        hashed(passwords, "\n").trim_end().to_owned(),
    ] {
        let list = list(&content);
        assert_eq!(list.form, Form::Sha1);
        assert!(
            passwords.into_iter().all(|known| list.has(known).unwrap()),
            "{content}"
        );
        assert!(!list.has("Password").unwrap() && !list.has(&sha1("password")).unwrap());
    }
}

#[test]
fn a_list_that_cannot_be_searched_is_refused() {
    for (content, reason) in [
        ("", "empty"),
        ("b\na\n", "out of order"),
        ("a\nb\nc\nbb\nd\n", "byte 6 is out of order"),
        ("8846F7EAEE8FB117AD06BDD830B7586C:3\n", "not of SHA-1"),
        ("8846F7EAEE8FB117AD06BDD830B7586C\n", "not of SHA-1"),
        (&format!("{}\nnot a hash\n", sha1("x")), "byte 41 is not"),
        (&format!("{}:x\n", sha1("x")), "not of SHA-1"),
        (&format!("{}\n\n", sha1("x")), "byte 41 is not"),
        (
            &format!("{}:2\n{}:1\n", "F".repeat(40), "0".repeat(40)),
            "out of order",
        ),
        (&format!("a\n{}\n", "b".repeat(LONGEST + 1)), "byte 2 is longer"),
        (&"b".repeat(LONGEST + 1), "byte 0 is longer"),
    ] {
        assert!(
            refused(content.as_bytes()).contains(reason),
            "{reason}: {}",
            refused(content.as_bytes())
        );
    }
    // Sorted by the rules of a language, not by bytes.
    assert!(refused("a\nB\nc\n".as_bytes()).contains("LC_ALL=C"));
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Blocklist::open(&folder.path().join("missing"));
    assert!(matches!(missing, Err(BlocklistError::Io(_))));
    assert!(matches!(
        Blocklist::open(folder.path()),
        Err(BlocklistError::NotAFile)
    ));
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        pipe.as_os_str().as_bytes(),
        rustix::fs::Mode::RUSR,
    )
    .unwrap();
    assert!(matches!(Blocklist::open(&pipe), Err(BlocklistError::NotAFile)));
}

#[test]
fn the_longest_line_is_found() {
    let longest = "x".repeat(LONGEST);
    for content in [
        format!("{longest}\n"),
        longest.clone(),
        format!("a\r\n{longest}\r\n"),
    ] {
        assert!(list(&content).has(&longest).unwrap());
    }
}

#[test]
fn another_list_in_its_place_changes_nothing_and_a_shorter_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    std::fs::write(&path, "first\nsecond\n").unwrap();
    let list = Blocklist::open(&path).unwrap();
    std::fs::write(folder.path().join("new"), "other\n").unwrap();
    std::fs::rename(folder.path().join("new"), &path).unwrap();
    assert!(list.has("second").unwrap() && !list.has("other").unwrap());
    let list = Blocklist::open(&path).unwrap();
    assert!(list.has("other").unwrap());
    std::fs::write(&path, "").unwrap();
    assert!(matches!(list.has("other"), Err(BlocklistError::Shorter)));
}

#[test]
fn a_large_list_is_checked_at_many_places() {
    let sorted: String = (0..30_000).map(|number| format!("{number:08}\n")).collect();
    let list = list(&sorted);
    list.check_places().unwrap();
    assert!(list.has("00029999").unwrap() && !list.has("00030000").unwrap());
    let turned: String = (0..30_000).rev().map(|number| format!("{number:08}\n")).collect();
    let turned = Blocklist {
        lines: Lines::new(File::open(file(turned.as_bytes()).path()).unwrap()).unwrap(),
        form: Form::Plain,
    };
    assert!(matches!(turned.check_places(), Err(BlocklistError::Unsorted(_))));
}

proptest! {
    /// The search over the bytes of the file finds what a search in a sorted list finds.
    #[test]
    fn the_search_agrees_with_a_sorted_list(
        known in btree_set("[a-c]{0,6}|[ -~]{1,40}|[ä-ü]{1,4}", 1..60),
        others in prop::collection::vec("[a-c]{0,6}|[ -~]{1,40}", 20),
        (one, cut) in (any::<Index>(), any::<Index>()),
        is_of_windows: bool,
        ends: bool,
        is_hashed: bool,
    ) {
        let end = if is_of_windows { "\r\n" } else { "\n" };
        let mut content = match is_hashed {
            true => hashed(known.iter().map(String::as_str), end),
            false => known.iter().map(|line| format!("{line}{end}")).collect(),
        };
        // A file that ends in an empty line without its end has no such line.
        if !ends && !content.ends_with(&format!("{end}{end}")) && content != end {
            content.truncate(content.len() - end.len());
        }
        let list = Blocklist::open(file(content.as_bytes()).path());
        // The only line may look like a hash.
        prop_assume!(list.is_ok());
        let list = list.unwrap();
        prop_assume!(is_hashed == (list.form == Form::Sha1));
        for line in &known {
            prop_assert!(list.has(line).unwrap(), "{line:?}");
        }
        let known: Vec<String> = known.into_iter().collect();
        let near = one.get(&known);
        let part: String = near.chars().take(cut.index(near.chars().count() + 1)).collect();
        for other in others.iter().cloned().chain([format!("{near}!"), part]) {
            prop_assert_eq!(list.has(&other).unwrap(), known.binary_search(&other).is_ok(), "{:?}", other);
        }
    }
}
