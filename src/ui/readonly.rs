//! A figure that its author lets be looked at and played, and not be changed.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::Problem;

impl Lab {
    /// Whether the link says so.
    pub fn readonly(&self) -> bool {
        self.page.with_value(|page| page.readonly)
    }

    /// Whether anything may be done to the scenario or the run.
    ///
    /// # Errors
    /// A [`Problem`] that says why not.
    pub fn changeable(&self) -> Result<(), Problem> {
        if self.readonly() {
            let sentence = "`readonly` is set: the scenario of this figure cannot be changed.";
            return Err(Problem::sentence("readonly", sentence));
        }
        Ok(())
    }
}
