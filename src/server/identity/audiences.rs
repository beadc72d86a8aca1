//! The audiences whose tokens count on a face.

use aggregates::values::Audience;

/// Some audiences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audiences {
    /// All.
    Any,
    /// One.
    One(Audience),
    /// Two.
    Two(Audience, Audience),
}

impl Audiences {
    /// Whether tokens of this audience count.
    pub fn have(self, audience: Audience) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => audience == one,
            Self::Two(one, other) => audience == one || audience == other,
        }
    }

    /// Their names, as tokens have them.
    pub fn names(self) -> Vec<&'static str> {
        let all = Audience::ALL.into_iter().filter(|audience| self.have(*audience));
        all.map(Audience::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_count_where_they_should() {
        assert_eq!(Audiences::Any.names(), ["connectware", "os2iot", "coiote", "nx"]);
        assert_eq!(Audiences::One(Audience::Nx).names(), ["nx"]);
        let two = Audiences::Two(Audience::Nx, Audience::Connectware);
        assert_eq!(two.names(), ["connectware", "nx"]);
    }
}
