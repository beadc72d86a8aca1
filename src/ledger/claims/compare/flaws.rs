//! What a comparison of the claims finds.

use aggregates::claim::Limits;
use uuid::Uuid;

/// What is wrong with the stored claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimFlaw {
    /// An aggregate claims something, and the claim is not stored for it.
    #[error("{} {} has a claim in scope {} that is not stored for it", .claimant.0, .claimant.1, .claim.scope)]
    Missing {
        /// The claim.
        claim: StoredClaim,
        /// The aggregate.
        claimant: (&'static str, String),
        /// For whom it is stored instead, though they do not claim it.
        stored: Option<Uuid>,
    },
    /// A claim is stored that no aggregate has.
    #[error("a claim in scope {} is stored for {owner}, who does not have it", .claim.scope)]
    Unfounded {
        /// The claim.
        claim: StoredClaim,
        /// For whom it is stored.
        owner: Uuid,
    },
    /// Two aggregates claim the same thing. No program can say who is right.
    #[error("{} {} and {} {} have the same claim in scope {scope}", .one.0, .one.1, .other.0, .other.1)]
    Twice {
        /// The scope.
        scope: &'static str,
        /// One of them: the one for which the claim is stored, if it is stored for one.
        one: (&'static str, String),
        /// The other one.
        other: (&'static str, String),
    },
    /// The limits of an aggregate are not stored as they are.
    #[error("the limits that {} {} sets in scope {scope} are not stored", .aggregate.0, .aggregate.1)]
    Limits {
        /// The scope.
        scope: &'static str,
        /// The aggregate.
        aggregate: (&'static str, String),
        /// The limits as they should be.
        limits: Limits,
    },
}

/// A claim as it is stored. The value of a personal scope is a keyed digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredClaim {
    /// The name of the scope.
    pub scope: String,
    pub(super) value: String,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComparedClaims {
    /// How many claims the aggregates have.
    pub claims: u64,
    /// The position of the head at which everything was read.
    pub position: i64,
    /// What is wrong.
    pub flaws: Vec<ClaimFlaw>,
}

impl ClaimFlaw {
    /// The name of the scope.
    pub fn scope(&self) -> &str {
        match self {
            Self::Missing { claim, .. } | Self::Unfounded { claim, .. } => &claim.scope,
            Self::Twice { scope, .. } | Self::Limits { scope, .. } => scope,
        }
    }
}

impl ComparedClaims {
    /// The flaws that no program can correct.
    pub fn undecidable(&self) -> impl Iterator<Item = &ClaimFlaw> {
        let is_twice = |flaw: &&ClaimFlaw| matches!(flaw, ClaimFlaw::Twice { .. });
        self.flaws.iter().filter(is_twice)
    }

    /// The flaws that [`crate::Ledger::mend_claims`] corrects.
    pub fn correctable(&self) -> Vec<ClaimFlaw> {
        let is_other = |flaw: &&ClaimFlaw| !matches!(flaw, ClaimFlaw::Twice { .. });
        self.flaws.iter().filter(is_other).cloned().collect()
    }
}
