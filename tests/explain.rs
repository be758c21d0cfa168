//! Why it happened: the presets' anomalies have the causes and cures one expects.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::explain::{Case, explain, first_anomaly};
use delivery_lab::scenario::{Span, preset};
use delivery_lab::verdict::{Anomaly, AnomalyKind};
use delivery_lab::view::sentence::told;

#[test]
fn look() {
    let mut s = preset("order-processing").unwrap();
    s.duration = Span::s(20);
    let case = Case::of(s);
    for (kind, service) in [
        (AnomalyKind::DuplicateEffect, 2),
        (AnomalyKind::LostEffect, 3),
        (AnomalyKind::OutOfOrderEffect, 1),
    ] {
        let wanted = |a: &Anomaly| a.kind == kind && a.service == Some(service);
        let Some(a) = first_anomaly(&case, &wanted).unwrap() else {
            println!("no {kind:?}");
            continue;
        };
        let t = std::time::Instant::now();
        let cause = explain(&case, &a).unwrap();
        println!(
            "{a:?}\n{:?} {:?} replays {} in {:?}",
            cause.weight,
            cause.cure,
            cause.replays,
            t.elapsed()
        );
        for e in &cause.decisive {
            println!("  ! {}", told(e, &case.scenario));
        }
        for e in &cause.chain {
            println!("    {}", told(e, &case.scenario));
        }
    }
}
