//! Many runs at once, for questions that one run cannot answer.

mod price;

pub use price::{Price, prices};
