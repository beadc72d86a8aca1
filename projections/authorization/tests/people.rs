//! Names and sessions, by example.

use aggregates::{
    sealing::ERASED,
    session::SessionEvent,
    user::UserEvent,
    values::{GrantMethod, GrantType, Timestamp},
};

use super::{
    super::Authorization,
    ledger::{
        Ledger, certificate_added, certificate_fingerprint, certificate_removed, fingerprint, role_created,
        role_granted, session_id, token_issued, token_issued_by, user_created, user_id,
    },
};

const USER: u128 = 1;

/// A user with one role.
fn somebody() -> Ledger {
    let mut ledger = Ledger::default();
    ledger
        .role(1, role_created("role"))
        .user(USER, user_created("user"))
        .user(USER, role_granted(1));
    ledger
}

fn applied(ledger: &Ledger) -> Authorization {
    let authorization = Authorization::new();
    authorization.apply(&ledger.0);
    authorization
}

#[test]
fn a_user_is_found_by_their_present_name_only() {
    let mut ledger = Ledger::default();
    ledger.user(1, user_created("ann")).user(2, user_created("bob"));
    ledger.user(
        2,
        UserEvent::Renamed {
            username: "carl".to_owned(),
        },
    );
    ledger.user(
        1,
        UserEvent::Renamed {
            username: "bob".to_owned(),
        },
    );
    let authorization = applied(&ledger);
    let found = |name| authorization.user_by_name(name);
    assert_eq!(
        (found("ann"), found("bob"), found("carl")),
        (None, Some(user_id(1)), Some(user_id(2)))
    );
    assert_eq!(authorization.user_count(), 2);
    let mut later = ledger.clone();
    later.user(1, UserEvent::Deleted {});
    authorization.apply(&later.0);
    assert_eq!(authorization.user_by_name("bob"), None);
    assert_eq!(authorization.user_count(), 1);
}

#[test]
fn nobody_is_found_by_an_erased_name() {
    let mut ledger = Ledger::default();
    ledger
        .user(1, user_created(ERASED))
        .user(2, user_created(ERASED))
        .user(3, user_created("carl"));
    ledger.user(
        3,
        UserEvent::Renamed {
            username: ERASED.to_owned(),
        },
    );
    let authorization = applied(&ledger);
    assert_eq!(authorization.user_by_name(ERASED), None);
    assert_eq!(authorization.user_by_name("carl"), None);
    assert_eq!(authorization.user_count(), 3);
    assert_eq!(&*authorization.user(user_id(1)).unwrap().username, ERASED);
}

#[test]
fn a_session_lives_until_it_is_revoked() {
    let mut ledger = somebody();
    ledger.session(1, token_issued(USER, 7, 1_000));
    let view = applied(&ledger).session(&fingerprint(7)).unwrap();
    assert_eq!((view.session_id, view.user_id), (session_id(1), user_id(USER)));
    assert_eq!(view.expires_at, Timestamp::from_micros(1_000));
    assert_eq!(view.methods.to_vec(), [GrantMethod::Password, GrantMethod::Token]);
    assert_eq!(applied(&ledger).session(&fingerprint(8)), None);
    ledger.session(1, SessionEvent::TokenRevoked {});
    assert_eq!(applied(&ledger).session(&fingerprint(7)), None);
    assert_eq!(applied(&ledger).session_count(), 0);
}

#[test]
fn revoking_all_tokens_voids_those_issued_before_and_none_issued_after() {
    let mut ledger = somebody();
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .user(USER, UserEvent::TokensRevoked {});
    ledger.session(2, token_issued(USER, 2, 1_000));
    let authorization = applied(&ledger);
    assert_eq!(authorization.session(&fingerprint(1)), None);
    assert!(authorization.session(&fingerprint(2)).is_some());
    assert_eq!(
        (
            authorization.session_count(),
            authorization.drop_expired(Timestamp::from_micros(0))
        ),
        (2, 1)
    );
    assert_eq!(authorization.session_count(), 1);
}

/// The tokens with these numbers whose sessions go on.
fn live(ledger: &Ledger) -> Vec<u8> {
    let engine = applied(ledger);
    (0..9)
        .filter(|token| engine.session(&fingerprint(*token)).is_some())
        .collect()
}

fn ended(kept: Option<u128>) -> UserEvent {
    UserEvent::SessionsEnded {
        kept: kept.map(session_id),
    }
}

#[test]
fn the_kept_session_goes_on_and_no_other() {
    let mut ledger = somebody();
    for number in 1..4 {
        ledger.session(number, token_issued(USER, number as u8, 1_000));
    }
    ledger.user(USER, ended(Some(2)));
    assert_eq!(live(&ledger), [2]);
    ledger.session(4, token_issued(USER, 4, 1_000));
    assert_eq!(live(&ledger), [2, 4]);
    ledger.user(USER, ended(Some(2)));
    assert_eq!(live(&ledger), [2], "it is kept again");
    ledger
        .session(5, token_issued(USER, 5, 1_000))
        .user(USER, ended(Some(5)));
    assert_eq!(live(&ledger), [5]);
    ledger.user(USER, ended(None));
    assert_eq!(live(&ledger), [0; 0]);
}

#[test]
fn what_has_ended_is_not_kept() {
    let with_token = || {
        let mut ledger = somebody();
        ledger.session(1, token_issued(USER, 1, 1_000));
        ledger
    };
    let by_password = UserEvent::SessionsByMethodEnded {
        method: GrantMethod::Password,
    };
    for end in [
        UserEvent::TokensRevoked {},
        ended(None),
        ended(Some(9)),
        by_password,
    ] {
        let mut ledger = with_token();
        ledger.user(USER, end.clone()).user(USER, ended(Some(1)));
        assert_eq!(live(&ledger), [0; 0], "{end:?}");
    }
    let mut ledger = with_token();
    ledger
        .session(1, SessionEvent::TokenRevoked {})
        .user(USER, ended(Some(1)));
    assert_eq!(live(&ledger), [0; 0]);
    // Nor is a session of another user.
    let mut ledger = with_token();
    ledger
        .user(2, user_created("other"))
        .user(2, ended(Some(1)))
        .user(USER, ended(None));
    assert_eq!(live(&ledger), [0; 0]);
}

#[test]
fn a_methods_end_is_for_sessions_obtained_by_it() {
    let mut ledger = somebody();
    let by_certificate = [GrantMethod::Certificate];
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .session(2, token_issued_by(&by_certificate, USER, 2, 1_000));
    let ended_by = |method| UserEvent::SessionsByMethodEnded { method };
    ledger.user(USER, ended_by(GrantMethod::Password));
    assert_eq!(live(&ledger), [2]);
    ledger.session(3, token_issued(USER, 3, 1_000));
    assert_eq!(live(&ledger), [2, 3]);
    // The kept session, too, ends with its method.
    ledger.user(USER, ended(Some(2)));
    assert_eq!(live(&ledger), [2]);
    ledger.user(USER, ended_by(GrantMethod::Certificate));
    assert_eq!(live(&ledger), [0; 0]);
}

#[test]
fn what_ended_stays_ended_when_the_method_comes_back() {
    let granted = |method| UserEvent::GrantTypesChanged {
        grant_types: vec![GrantType {
            method,
            is_required: false,
        }],
    };
    let mut ledger = somebody();
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .user(USER, granted(GrantMethod::Certificate))
        .user(
            USER,
            UserEvent::SessionsByMethodEnded {
                method: GrantMethod::Password,
            },
        )
        .user(USER, granted(GrantMethod::Password));
    assert_eq!(live(&ledger), [0; 0]);
    assert_eq!(applied(&ledger).bearer(&fingerprint(1)), None);
}

#[test]
fn a_deleted_users_sessions_stay_dead_whatever_comes() {
    let mut ledger = somebody();
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .user(USER, UserEvent::Deleted {});
    assert_eq!(applied(&ledger).session(&fingerprint(1)), None);
    ledger.user(USER, user_created("again"));
    assert_eq!(applied(&ledger).session(&fingerprint(1)), None);
    assert_eq!(applied(&ledger).user(user_id(USER)).unwrap().roles, []);
}

#[test]
fn expired_sessions_are_dropped_at_their_end_and_not_before() {
    let mut ledger = somebody();
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .session(2, token_issued(USER, 2, 1_001));
    let authorization = applied(&ledger);
    assert_eq!(authorization.drop_expired(Timestamp::from_micros(999)), 0);
    assert_eq!(authorization.drop_expired(Timestamp::from_micros(1_000)), 1);
    assert_eq!(authorization.session(&fingerprint(1)), None);
    assert!(authorization.session(&fingerprint(2)).is_some());
}

#[test]
fn a_certificate_is_its_users_until_it_is_removed() {
    let mut ledger = somebody();
    ledger
        .user(USER, certificate_added(1, Some(1_000)))
        .user(USER, certificate_added(0, None));
    let found = |ledger: &Ledger, number| applied(ledger).certificate(&certificate_fingerprint(number));
    let view = found(&ledger, 1).unwrap();
    assert_eq!(
        (view.user_id, view.expires_at),
        (user_id(USER), Some(Timestamp::from_micros(1_000)))
    );
    assert_eq!(found(&ledger, 0).unwrap().expires_at, None);
    assert_eq!(found(&ledger, 2), None);
    ledger.user(USER, certificate_removed(1));
    assert_eq!(found(&ledger, 1), None);
    assert!(found(&ledger, 0).is_some());
}

#[test]
fn certificates_go_with_their_user_and_may_come_to_another() {
    let mut ledger = somebody();
    ledger
        .user(USER, certificate_added(1, None))
        .user(USER, UserEvent::Deleted {});
    let found = |ledger: &Ledger| applied(ledger).certificate(&certificate_fingerprint(1));
    assert_eq!(found(&ledger), None);
    ledger.user(USER, user_created("again"));
    assert_eq!(found(&ledger), None);
    ledger
        .user(2, user_created("other"))
        .user(2, certificate_added(1, None))
        .user(USER, certificate_removed(1));
    assert_eq!(found(&ledger).unwrap().user_id, user_id(2));
    // Within a unit, one user may get the certificate just before the other loses it.
    ledger.user(USER, certificate_added(1, None));
    ledger
        .user(2, certificate_removed(1))
        .user(2, UserEvent::Deleted {});
    assert_eq!(found(&ledger).unwrap().user_id, user_id(USER));
    assert_eq!(applied(&ledger).certificate_count(), 1);
}
