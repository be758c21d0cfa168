//! The themes' colours can be told apart and read: by everyone, with each of the three dichromacies too. Shapes and
//! patterns say the same; this is for what is seen first.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use palette::color_difference::{Ciede2000, Wcag21RelativeContrast};
use palette::{FromColor, Lab, LinSrgb, Srgb};

const TOKENS: &str = include_str!("../style/tokens.css");
/// The themes, each with the selector of what it changes of the first.
const THEMES: [(&str, &str); 4] = [
    ("light", ":root {"),
    ("dark", ":root[data-theme=\"dark\"] {"),
    ("projector", ":root[data-theme=\"projector\"] {"),
    ("contrast", ":root[data-theme=\"contrast\"] {"),
];

/// What marks are drawn in: in flight, lost, twice, followed, and the six services.
const MARKS: [&str; 10] = [
    "ink",
    "lost",
    "twice",
    "focus",
    "service-0",
    "service-1",
    "service-2",
    "service-3",
    "service-4",
    "service-5",
];
/// What they are drawn on.
const GROUNDS: [&str; 4] = ["paper", "panel", "shade", "cell"];

/// How much two colours have to differ, in CIEDE2000.
const APART: f32 = 10.0;

/// What remains of a colour without one kind of cone, as a matrix over linear sRGB: Machado, Oliveira and Fernandes,
/// "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.
const SIGHTS: [(&str, [[f32; 3]; 3]); 4] = [
    (
        "all cones",
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    (
        "protanopia",
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

type Theme = BTreeMap<&'static str, Srgb<u8>>;

/// The colours that stand in the block of a selector.
fn block(selector: &str) -> Theme {
    let (_, after) = TOKENS
        .split_once(selector)
        .expect("the theme has its block");
    let (block, _) = after.split_once('}').expect("the block ends");
    let colour = |line: &'static str| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(':')?;
        let value = value.trim().trim_end_matches(';');
        value.starts_with('#').then(|| {
            let colour = value.parse();
            (
                name,
                colour.unwrap_or_else(|e| panic!("{name}: {value}: {e}")),
            )
        })
    };
    block.lines().filter_map(colour).collect()
}

fn themes() -> impl Iterator<Item = (&'static str, Theme)> {
    THEMES.iter().map(|(name, selector)| {
        let mut theme = block(THEMES[0].1);
        theme.extend(block(selector));
        (*name, theme)
    })
}

fn seen(colour: Srgb<u8>, sight: [[f32; 3]; 3]) -> Lab {
    let LinSrgb {
        red, green, blue, ..
    } = colour.into_linear::<f32>();
    let mix = |row: [f32; 3]| (row[0] * red + row[1] * green + row[2] * blue).clamp(0.0, 1.0);
    Lab::from_color(LinSrgb::new(mix(sight[0]), mix(sight[1]), mix(sight[2])))
}

fn contrast(a: Srgb<u8>, b: Srgb<u8>) -> f32 {
    a.into_format::<f32>().relative_contrast(b.into_format())
}

/// Everything that falls short, in sentences, so that one run shows them all.
fn short_of(limit: f32, pairs: &[(&'static str, &'static str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, theme) in themes() {
        for (a, b) in pairs {
            let found = contrast(theme[a], theme[b]);
            if found < limit {
                wrong.push(format!("{name}: {a} on {b} has {found:.2}:1"));
            }
        }
    }
    wrong
}

#[test]
fn marks_differ_for_every_kind_of_sight() {
    let mut wrong = Vec::new();
    for (name, theme) in themes() {
        for (i, a) in MARKS.iter().enumerate() {
            for b in &MARKS[i + 1..] {
                for (sight, matrix) in SIGHTS {
                    let apart = seen(theme[a], matrix).difference(seen(theme[b], matrix));
                    if apart < APART {
                        wrong.push(format!(
                            "{name}: {a} and {b} are {apart:.1} apart with {sight}"
                        ));
                    }
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn marks_stand_out_from_what_is_around_them() {
    let mut pairs: Vec<_> = MARKS
        .iter()
        .flat_map(|mark| GROUNDS.map(|ground| (*mark, ground)))
        .collect();
    // Outlines of cells and of what can be operated, and the ring around the number of an attempt.
    for ground in ["paper", "panel"] {
        pairs.extend([("edge", ground), ("cell-line", ground)]);
    }
    pairs.extend([("cell-line", "cell"), ("on-twice", "twice")]);
    assert_eq!(short_of(3.0, &pairs), Vec::<String>::new());
}

#[test]
fn text_can_be_read() {
    let mut pairs = vec![("on-twice", "twice"), ("paper", "lost"), ("paper", "ink")];
    for ground in ["paper", "panel", "shade"] {
        pairs.extend([("ink", ground), ("soft", ground)]);
    }
    for ground in ["paper", "panel"] {
        pairs.extend([("held", ground), ("lost", ground)]);
    }
    assert_eq!(short_of(4.5, &pairs), Vec::<String>::new());
}
