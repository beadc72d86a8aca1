//! Sets of methods of proof, packed into bits.

use aggregates::values::{GrantMethod, GrantType};

/// A set of methods of proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// What a user has presented whose token is valid: the token, and the password for which it was issued.
    pub const BY_TOKEN: Self = Self(Self::bit(GrantMethod::Password) | Self::bit(GrantMethod::Token));

    /// Whether the method is in the set.
    pub fn contains(self, method: GrantMethod) -> bool {
        self.0 & Self::bit(method) != 0
    }

    /// The methods in the set.
    pub fn iter(self) -> impl Iterator<Item = GrantMethod> {
        GrantMethod::ALL
            .into_iter()
            .filter(move |method| self.contains(*method))
    }

    /// The methods in the set, as [`aggregates::values::satisfied`] takes them.
    pub fn to_vec(self) -> Vec<GrantMethod> {
        self.iter().collect()
    }

    const fn bit(method: GrantMethod) -> u8 {
        match method {
            GrantMethod::Password => 1,
            GrantMethod::Certificate => 2,
            GrantMethod::Token => 4,
        }
    }
}

impl From<GrantMethod> for Methods {
    fn from(method: GrantMethod) -> Self {
        Self(Self::bit(method))
    }
}

impl FromIterator<GrantMethod> for Methods {
    fn from_iter<I: IntoIterator<Item = GrantMethod>>(methods: I) -> Self {
        Self(methods.into_iter().fold(0, |set, method| set | Self::bit(method)))
    }
}

/// Methods, and whether each is required, in their order: three bits each, the first in the lowest bits. Each method
/// occurs once; if the input has it twice, it is required if either entry requires it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantTypes(u16);

impl GrantTypes {
    /// Packs methods.
    pub fn of(grants: &[GrantType]) -> Self {
        let mut once: Vec<GrantType> = Vec::with_capacity(GrantMethod::ALL.len());
        for grant in grants {
            match once.iter_mut().find(|seen| seen.method == grant.method) {
                Some(seen) => seen.is_required |= grant.is_required,
                None => once.push(*grant),
            }
        }
        Self(once.iter().rev().fold(0, |packed, grant| {
            let method = match grant.method {
                GrantMethod::Password => 1,
                GrantMethod::Certificate => 2,
                GrantMethod::Token => 3,
            };
            packed << 3 | u16::from(grant.is_required) << 2 | method
        }))
    }

    /// Whether the presented methods satisfy these, by the rule of [`aggregates::values::satisfied`].
    pub(crate) fn satisfied_by(self, presented: Methods) -> bool {
        let (mut left, mut any) = (self.0, false);
        while left != 0 {
            let (method, is_required) = (left & 0b11, left & 0b100 != 0);
            let is_presented = u16::from(presented.0) << 1 & 1 << method != 0;
            if is_required && !is_presented {
                return false;
            }
            any |= is_presented;
            left >>= 3;
        }
        any
    }

    /// Unpacks the methods.
    pub(crate) fn to_vec(self) -> Vec<GrantType> {
        let mut grants = Vec::new();
        let mut left = self.0;
        while left != 0 {
            let method = usize::from(left & 0b11)
                .checked_sub(1)
                .and_then(|at| GrantMethod::ALL.get(at));
            let is_required = left & 0b100 != 0;
            grants.extend(method.map(|method| GrantType {
                method: *method,
                is_required,
            }));
            left >>= 3;
        }
        grants
    }
}

#[cfg(test)]
mod tests {
    use aggregates::values::satisfied;

    use super::*;

    #[test]
    fn packed_methods_are_satisfied_as_those_they_were_packed_from() {
        let choices = |method| [None, Some(false), Some(true)].map(|is_required| (method, is_required));
        for password in choices(GrantMethod::Password) {
            for certificate in choices(GrantMethod::Certificate) {
                for token in choices(GrantMethod::Token) {
                    let grants: Vec<GrantType> = [token, password, certificate]
                        .into_iter()
                        .filter_map(|(method, is_required)| {
                            is_required.map(|is_required| GrantType { method, is_required })
                        })
                        .collect();
                    for presented in 0..8 {
                        let presented = Methods(presented);
                        assert_eq!(
                            GrantTypes::of(&grants).satisfied_by(presented),
                            satisfied(&grants, &presented.to_vec()),
                            "{grants:?} {presented:?}"
                        );
                    }
                }
            }
        }
    }
}
