//! Why a message was lost, repeated or overtaken.

use leptos::prelude::*;

use super::lab::Lab;

/// The cause of an anomaly of this message.
#[component]
pub fn Why(lab: Lab, message: u64) -> impl IntoView {
    let _ = (lab, message);
}
