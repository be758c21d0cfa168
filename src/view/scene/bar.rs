//! The bar under the stage: where the faults and anomalies of a run are.

use super::Mark as Drawn;
use super::{Align, Ink, Scene, Shape, bold};
use crate::sim::Site;
use crate::timeline::{Mark, MarkKind};
use crate::verdict::AnomalyKind;
use crate::view::geometry::{at, rect};

/// What stands at a place of the bar, from the least to the most telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Something was lost on the way.
    Lost,
    /// Something happened again.
    Again,
    /// A process died.
    Crash,
    /// A promise was broken.
    Broken,
}

impl Sign {
    /// The sign of a mark.
    pub fn of(mark: &Mark) -> Sign {
        match mark.what {
            MarkKind::Anomaly { allowed: false, .. } => Sign::Broken,
            MarkKind::Anomaly {
                kind: AnomalyKind::LostEffect | AnomalyKind::LostWrite | AnomalyKind::Unseen,
                ..
            } => Sign::Lost,
            MarkKind::Anomaly { .. } => Sign::Again,
            MarkKind::Fault(site) => match site {
                Site::ProducerCrash | Site::BrokerCrash | Site::ConsumerCrash | Site::StepCrash => {
                    Sign::Crash
                }
                Site::Duplication | Site::DoubleDelivery => Sign::Again,
                _ => Sign::Lost,
            },
        }
    }
}

/// The end of the bar for a run that has been seen up to a moment: a round time beyond it, so that the
/// thumb moves on and the scale seldom changes.
pub fn horizon(seen: u64) -> u64 {
    let mut power = 100_000;
    loop {
        for step in [1, 2, 5] {
            if seen < power * step * 9 / 10 {
                return power * step;
            }
        }
        power *= 10;
    }
}

/// Signs closer together than this, in CSS pixels, are one.
const APART: f64 = 9.0;

/// Draws the signs over a bar of this width. Of signs at one place, the most telling is shown.
pub fn draw_bar(scene: &mut Scene, marks: &[Mark], seen: u64, width: f64) {
    scene.clear();
    let end = horizon(seen) as f64;
    let places = (width / APART).floor().max(1.0) as usize;
    let mut signs: Vec<Option<Sign>> = vec![None; places + 1];
    for mark in marks {
        let place = (mark.at as f64 / end * places as f64) as usize;
        if let Some(slot) = signs.get_mut(place) {
            *slot = (*slot).max(Some(Sign::of(mark)));
        }
    }
    for (i, sign) in signs.into_iter().enumerate() {
        let spot = at((i as f64 + 0.5) * APART, 7.0);
        match sign {
            None => {}
            Some(Sign::Lost) => scene.marks.push(Drawn::Cross {
                center: spot,
                radius: 3.2,
                width: 1.7,
            }),
            Some(Sign::Again) => {
                let ring = rect(spot.x - 3.5, spot.y - 3.5, 7.0, 7.0);
                scene.outline(ring, 3.5, Ink::Twice, 2.2, false);
            }
            Some(Sign::Crash) => scene.marks.push(Drawn::Sign {
                shape: Shape::Triangle,
                center: spot,
                radius: 4.2,
                ink: Ink::Lost,
                hollow: false,
            }),
            Some(Sign::Broken) => {
                scene.area(rect(spot.x - 4.0, 0.0, 8.0, 14.0), 2.0, Ink::Lost);
                let stroke = [at(spot.x, 2.5), at(spot.x, 8.0)];
                scene.line(&stroke, Ink::Paper, 1.8, 1.0);
                scene.area(rect(spot.x - 1.0, 9.5, 2.0, 2.0), 0.0, Ink::Paper);
            }
        }
    }
}

/// Draws where a compared run parts from this one: "≠" on a ground of its own.
pub fn draw_parting(scene: &mut Scene, at_moment: u64, seen: u64, width: f64) {
    let x = at_moment as f64 / horizon(seen) as f64 * width;
    let ground = rect(x - 7.0, 0.0, 14.0, 14.0);
    scene.area(ground, 3.0, Ink::Paper);
    scene.outline(ground.inset(0.5), 3.0, Ink::Focus, 1.4, false);
    scene.text(
        ground.center(),
        Align::Center,
        bold(12.0),
        Ink::Ink,
        format_args!("≠"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_bar_is_round_and_ahead() {
        for (seen, end) in [
            (0, 100_000),
            (89_999, 100_000),
            (90_000, 200_000),
            (4_218_000, 5_000_000),
        ] {
            assert_eq!(horizon(seen), end);
        }
    }

    #[test]
    fn of_signs_at_one_place_the_most_telling_is_shown() {
        let mark = |at, what| Mark {
            event: 1,
            at,
            what,
            message: 0,
            service: None,
        };
        let lost = MarkKind::Fault(Site::AckLoss);
        let broken = MarkKind::Anomaly {
            kind: AnomalyKind::DuplicateEffect,
            allowed: false,
        };
        let mut scene = Scene::default();
        let marks = [mark(1_000, lost), mark(1_100, broken), mark(50_000, lost)];
        draw_bar(&mut scene, &marks, 60_000, 300.0);
        let crosses = scene
            .marks
            .iter()
            .filter(|m| matches!(m, Drawn::Cross { .. }));
        assert_eq!(crosses.count(), 1);
        assert!(
            scene
                .marks
                .iter()
                .any(|m| matches!(m, Drawn::Area { ink: Ink::Lost, .. }))
        );
    }
}
