//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::{UserEvent, second_factor::Used};
use crate::values::{
    BackupCodeHash, Certificate, Context, Fingerprint, GrantMethod, GrantType, IdentityProvider, Invalid,
    Operation, PasswordHash, Permission, PermissionId, RoleId, SessionId, Timestamp, TotpSecret,
};

pub(super) fn all() -> Result<Vec<UserEvent>, Invalid> {
    let role_id = RoleId(Uuid::from_u128(1));
    let id = PermissionId(Uuid::from_u128(1));
    let fingerprint = Fingerprint::parse(&"a".repeat(64))?;
    let grant_types = vec![
        GrantType {
            method: GrantMethod::Password,
            is_required: false,
        },
        GrantType {
            method: GrantMethod::Certificate,
            is_required: true,
        },
    ];
    let before = vec![
        UserEvent::Created {
            username: "iot.device.0123456".into(),
            identity_provider: IdentityProvider::Local,
            auto_generated: true,
            mqtt_publish_prefix: Some("site/7".into()),
            grant_types: grant_types.clone(),
            enforce_mfa_enrollment: true,
            password_hash: Some(PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")),
        },
        UserEvent::Renamed {
            username: "ada".into(),
        },
        UserEvent::PasswordChanged {
            password_hash: PasswordHash::new("$argon2id$changed"),
        },
        UserEvent::PasswordSet {
            password_hash: PasswordHash::new("$argon2id$set"),
        },
        UserEvent::PasswordRehashed {
            password_hash: PasswordHash::new("$argon2id$rehashed"),
        },
        UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: Some("site/7".into()),
        },
        UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::MsEntraId,
        },
        UserEvent::GrantTypesChanged { grant_types },
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: true,
        },
        UserEvent::PasswordChangeDemanded { demanded: true },
    ];
    let after = vec![
        UserEvent::RoleGranted {
            role_id,
            exclusive: true,
        },
        UserEvent::RoleRevoked { role_id },
        UserEvent::PermissionGranted {
            permission: Permission::new(id, "site/+/#".parse()?, Operation::Read, Context::Mqtt)?,
        },
        UserEvent::PermissionRevoked { id },
        UserEvent::CertificateAdded {
            certificate: Certificate {
                fingerprint: fingerprint.clone(),
                created_at: Timestamp::from_micros(1),
                expires_at: Some(Timestamp::from_micros(1_767_225_600_000_001)),
            },
        },
        UserEvent::CertificateRemoved { fingerprint },
        UserEvent::TokensRevoked {},
        UserEvent::SessionsEnded {
            kept: Some(SessionId(Uuid::from_u128(1))),
        },
        UserEvent::SessionsByMethodEnded {
            method: GrantMethod::Password,
        },
        UserEvent::Revoked {},
        UserEvent::Deleted {},
    ];
    Ok([before, of_second_factor(), after].concat())
}

fn of_second_factor() -> Vec<UserEvent> {
    vec![
        UserEvent::TotpOffered {
            secret: TotpSecret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        },
        UserEvent::TotpEnrolled {
            step: 58_908_000,
            backup_codes: vec![
                BackupCodeHash::new("GYJ5Jbk0QNh9lB4vGUm7jsF1MfR6Bcf8cCJdqGyxcNE"),
                BackupCodeHash::new("uFvlHgaMVvtAF6EdFK0u9Vk6nO5QJIyXHrvx7v_yLSk"),
            ],
        },
        UserEvent::SecondFactorUsed {
            used: Used::BackupCode {
                hash: BackupCodeHash::new("GYJ5Jbk0QNh9lB4vGUm7jsF1MfR6Bcf8cCJdqGyxcNE"),
            },
        },
        UserEvent::SecondFactorRefused {
            banned_until: Some(Timestamp::from_micros(1_767_225_600_000_001)),
        },
        UserEvent::BackupCodesReplaced {
            backup_codes: vec![BackupCodeHash::new("GYJ5Jbk0QNh9lB4vGUm7jsF1MfR6Bcf8cCJdqGyxcNE")],
        },
        UserEvent::SecondFactorDisabled { by_owner: true },
    ]
}
