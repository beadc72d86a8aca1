//! Who somebody is: passwords, tokens and the keys behind them.

pub mod keys;
pub mod passwords;
pub mod policy;
pub mod tokens;
