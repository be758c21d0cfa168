//! The branches of a run as a small tree over time.

use super::svg::Svg;
use crate::broker::wire::Micros;

/// A branch, as far as the picture goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limb {
    /// The branch it left, and when, in µs; `None` for the first.
    pub parent: Option<(usize, Micros)>,
    /// How far it has been seen, in µs.
    pub seen: Micros,
}

/// Height of a row in CSS pixels; the list of names beside the picture has the same.
pub const ROW: u32 = 34;
const WIDTH: u32 = 132;

/// The branches in the order of a tree: each followed by those that left it, the oldest first.
pub fn ordered(limbs: &[Limb]) -> Vec<usize> {
    let mut list = Vec::new();
    let mut open = vec![0];
    while let Some(branch) = open.pop() {
        list.push(branch);
        let children = (0..limbs.len()).rev();
        open.extend(
            children.filter(|c| limbs[*c].parent.is_some_and(|(parent, _)| parent == branch)),
        );
    }
    list
}

/// Draws them: a line for each from where it left another to as far as it was seen, one a row in the order of
/// [`ordered`]; the current one is thick and wears the cursor.
pub fn to_svg(limbs: &[Limb], current: usize, now: Micros) -> String {
    let order = ordered(limbs);
    let longest = limbs
        .iter()
        .map(|limb| limb.seen)
        .max()
        .unwrap_or(0)
        .max(now)
        .max(1);
    let x = |at: Micros| 8.0 + at as f64 / longest as f64 * f64::from(WIDTH - 18);
    let y = |branch: usize| {
        let row = order.iter().position(|b| *b == branch).unwrap_or(0);
        f64::from(ROW) * (row as f64 + 0.5)
    };
    let mut svg = Svg::new(WIDTH);
    for (branch, limb) in limbs.iter().enumerate() {
        let width = if branch == current { 3.5 } else { 1.5 };
        let from = limb.parent.map_or(0, |(_, at)| at);
        if let Some((parent, at)) = limb.parent {
            svg.line((x(at), y(parent)), (x(at), y(branch)), width, false);
            svg.dot((x(at), y(parent)), 3.0, false);
        }
        svg.line(
            (x(from), y(branch)),
            (x(limb.seen.max(from)), y(branch)),
            width,
            false,
        );
    }
    svg.dot((x(now), y(current)), 5.5, true);
    let described = match limbs.len() {
        1 => "One course.".to_string(),
        n => format!("{n} courses; the list beside it names them."),
    };
    svg.done(
        ROW * limbs.len() as u32,
        "The branches over time",
        &described,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limbs() -> Vec<Limb> {
        let limb = |parent, seen| Limb { parent, seen };
        vec![
            limb(None, 9_000),
            limb(Some((0, 3_000)), 5_000),
            limb(Some((0, 4_000)), 8_000),
            limb(Some((1, 3_500)), 6_000),
        ]
    }

    #[test]
    fn each_branch_stands_under_the_one_it_left() {
        assert_eq!(ordered(&limbs()), [0, 1, 3, 2]);
        assert_eq!(ordered(&limbs()[..1]), [0]);
    }

    #[test]
    fn the_current_one_is_thick_and_every_fork_has_its_dot() {
        let svg = to_svg(&limbs(), 3, 4_500);
        // Its own line, and the way down to it from its parent.
        assert_eq!(svg.matches("stroke-width=\"3.5\"").count(), 2);
        assert_eq!(svg.matches("r=\"3\"").count(), 3);
        assert_eq!(svg.matches("r=\"5.5\"").count(), 1);
        assert!(svg.contains("height=\"136\"") && svg.contains("4 courses"));
    }
}
