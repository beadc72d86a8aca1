//! Give a user another account kind.

use super::{User, UserError, UserEvent};
use crate::values::{AccountKind, RoleId};

pub(super) fn decide(user: &User, kind: Option<AccountKind>) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let wanted = kind.map(AccountKind::role);
    let held = user.roles.keys().copied();
    let held: Vec<RoleId> = held.filter(|role| role.account_kind().is_some()).collect();
    let revoked = held.iter().copied().filter(|role| Some(*role) != wanted);
    let revoked = revoked.map(|role_id| UserEvent::RoleRevoked { role_id });
    let granted = wanted.filter(|role| !held.contains(role));
    let granted = granted.map(|role_id| UserEvent::RoleGranted {
        role_id,
        exclusive: false,
    });
    Ok(revoked.chain(granted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{given, role_id},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted},
        },
    };

    fn change(events: &[UserEvent], kind: Option<AccountKind>) -> Result<Vec<UserEvent>, UserError> {
        given::<User>(events)
            .when(UserCommand::ChangeAccountKind { kind })
            .inspect_result()
    }

    fn granted(role_id: RoleId) -> UserEvent {
        UserEvent::RoleGranted {
            role_id,
            exclusive: false,
        }
    }

    #[test]
    fn a_user_has_one_account_kind() {
        let (developer, enterprise) = (AccountKind::Developer, AccountKind::Enterprise);
        let events = change(&[ada_created(), granted(role_id(1))], Some(developer)).unwrap();
        assert_eq!(events, [granted(developer.role())]);
        let before = [vec![ada_created(), granted(role_id(1))], events].concat();
        assert_eq!(change(&before, Some(developer)), Ok(vec![]));
        let lost = UserEvent::RoleRevoked {
            role_id: developer.role(),
        };
        let raised = vec![lost.clone(), granted(enterprise.role())];
        assert_eq!(change(&before, Some(enterprise)), Ok(raised));
        assert_eq!(change(&before, None), Ok(vec![lost]));
        assert_eq!(change(&[ada_created()], None), Ok(vec![]));
    }

    #[test]
    fn nobody_has_no_account() {
        for events in [vec![], ada_deleted()] {
            assert_eq!(
                change(&events, Some(AccountKind::Developer)),
                Err(UserError::NotFound)
            );
        }
    }
}
