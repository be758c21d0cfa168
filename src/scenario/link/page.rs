//! What a link says about the page rather than about the scenario.

use super::panel::{ALLOWED as PANELS_ALLOWED, Panel};
use crate::scenario::params::{decimal, flag};
use crate::scenario::{Problem, Ratio, Span};

/// Colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the reader's system is set.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// For a bright room: large and plain.
    Projector,
    /// High contrast.
    Contrast,
}

/// How much of the controls is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Controls {
    /// As fits: all on the page, few in a figure.
    #[default]
    Auto,
    /// None.
    None,
    /// Play, pause, step and the clock.
    Min,
    /// All.
    Full,
}

/// How much moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// As the reader's system is set.
    #[default]
    Auto,
    /// Discrete steps.
    Reduce,
    /// All, whatever the system says.
    Full,
}

/// What a link says about the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageOptions {
    /// Simulated time to real time, 0.001 to 1; nothing leaves it to the page.
    pub speed: Option<Ratio>,
    /// Starts without a click.
    pub autoplay: bool,
    /// The figure without the page around it.
    pub embed: bool,
    /// Nothing is loaded before a click.
    pub ctl: bool,
    /// Controls that change the scenario are off.
    pub readonly: bool,
    /// Starts again when it has ended.
    pub repeat: bool,
    /// Colours.
    pub theme: Theme,
    /// Motion.
    pub motion: Motion,
    /// Controls.
    pub controls: Controls,
    /// The panels to show, in this order; empty leaves it to the page.
    pub panels: Vec<Panel>,
    /// Where to start, in simulated time.
    pub t: Option<Span>,
    /// Where to stop, in simulated time.
    pub stop_at: Option<Span>,
    /// Heading in place of the scenario's own.
    pub title: String,
    /// A name by which a host page tells figures apart.
    pub id: String,
    /// Origins of host pages that may talk to the figure; empty means the first that does.
    pub origin: Vec<String>,
    /// Whose messages tell the host page the height: `h5p`, `lti`, `edx`, `own`.
    pub resize: Vec<String>,
}

/// One option: its name, what it means, how it is read and written.
pub struct PageOption {
    /// Its name in links.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub doc: &'static str,
    /// What is allowed; completes "allowed is …".
    pub allowed: &'static str,
    get: fn(&PageOptions) -> String,
    set: fn(&mut PageOptions, &str) -> Option<()>,
}

/// An option that is on or off.
macro_rules! on_off {
    ($name:literal, $field:ident, $doc:literal) => {
        PageOption {
            name: $name,
            doc: $doc,
            allowed: "`1`, `0`, `true` or `false`",
            get: |o| u8::from(o.$field).to_string(),
            set: |o, text| {
                o.$field = flag(text)?;
                Some(())
            },
        }
    };
}

/// An option that is one of some names.
macro_rules! one_of {
    ($name:literal, $field:ident, $doc:literal, $allowed:literal, $type:ident: $($text:literal $value:ident),+) => {
        PageOption {
            name: $name,
            doc: $doc,
            allowed: $allowed,
            get: |o| match o.$field {
                $($type::$value => $text.into()),+
            },
            set: |o, text| {
                let known = [$(($text, $type::$value)),+];
                o.$field = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text))?.1;
                Some(())
            },
        }
    };
}

/// An option that holds a moment of simulated time.
macro_rules! moment {
    ($name:literal, $field:ident, $doc:literal) => {
        PageOption {
            name: $name,
            doc: $doc,
            allowed: "a moment up to 24 hours such as 12.5s, 1:30 or 90",
            get: |o| o.$field.map(|span| span.to_string()).unwrap_or_default(),
            set: |o, text| {
                o.$field = if text.is_empty() {
                    None
                } else {
                    Some(time(text)?)
                };
                Some(())
            },
        }
    };
}

/// An option that holds some words, separated by commas.
macro_rules! words {
    ($name:literal, $field:ident, $doc:literal, $allowed:literal, $word:expr) => {
        PageOption {
            name: $name,
            doc: $doc,
            allowed: $allowed,
            get: |o| o.$field.join(","),
            set: |o, text| {
                let words: Vec<String> = text
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty())
                    .map(str::to_ascii_lowercase)
                    .collect();
                let fine: fn(&str) -> bool = $word;
                (words.len() <= 12 && words.iter().all(|word| fine(word))).then(|| o.$field = words)
            },
        }
    };
}

/// An option that is free text up to so many letters.
macro_rules! text {
    ($name:literal, $field:ident, $doc:literal, $allowed:literal, $most:literal) => {
        PageOption {
            name: $name,
            doc: $doc,
            allowed: $allowed,
            get: |o| o.$field.clone(),
            set: |o, text| {
                let fine = text.chars().count() <= $most && !text.chars().any(char::is_control);
                fine.then(|| o.$field = text.into())
            },
        }
    };
}

/// All options, in the order of links and docs. `preset` and the scenario's parameters are not among them.
pub static PAGE_OPTIONS: &[PageOption] = &[
    PageOption {
        name: "speed",
        doc: "Simulated time to real time: 1 is real time.",
        allowed: "a ratio from 0.001 to 1 such as 0.1 or 1/100",
        get: |o| {
            o.speed
                .map(|ratio| decimal(ratio.0.into()))
                .unwrap_or_default()
        },
        set: |o, text| {
            let ratio: Option<Ratio> = if text.is_empty() {
                None
            } else {
                Some(text.parse().ok()?)
            };
            (ratio.is_none_or(|ratio| ratio.0 >= 1_000)).then(|| o.speed = ratio)
        },
    },
    on_off!("autoplay", autoplay, "Starts without a click."),
    on_off!(
        "embed",
        embed,
        "Shows the figure without the page around it."
    ),
    one_of!("theme", theme, "Colours of the page.", "`auto`, `light`, `dark`, `projector` or `contrast`",
        Theme: "auto" Auto, "light" Light, "dark" Dark, "projector" Projector, "contrast" Contrast),
    moment!("t", t, "Where to start, in simulated time."),
    moment!("stopAt", stop_at, "Where to stop, in simulated time."),
    one_of!("controls", controls, "How much of the controls is shown.", "`auto`, `0`, `min` or `full`",
        Controls: "auto" Auto, "0" None, "min" Min, "full" Full),
    PageOption {
        name: "panels",
        doc: "The panels to show, those beside the stage in this order.",
        allowed: PANELS_ALLOWED,
        get: |o| {
            let names: Vec<_> = o.panels.iter().map(|panel| panel.name()).collect();
            names.join(",")
        },
        set: |o, text| {
            o.panels = Panel::list(text)?;
            Some(())
        },
    },
    one_of!("motion", motion, "How much moves.", "`auto`, `reduce` or `full`",
        Motion: "auto" Auto, "reduce" Reduce, "full" Full),
    text!(
        "title",
        title,
        "A heading in place of the scenario's own.",
        "a text of at most 120 letters",
        120
    ),
    text!(
        "id",
        id,
        "A name by which a host page tells figures apart.",
        "a text of at most 60 letters",
        60
    ),
    words!(
        "resize",
        resize,
        "Whose messages tell the host page the height.",
        "`h5p`, `lti`, `edx` and `own`, separated by commas",
        |word| { matches!(word, "h5p" | "lti" | "edx" | "own") }
    ),
    words!(
        "origin",
        origin,
        "Host pages that may talk to the figure.",
        "up to 12 origins such as https://example.org separated by commas",
        is_origin
    ),
    on_off!("ctl", ctl, "Loads nothing before a click."),
    on_off!(
        "readonly",
        readonly,
        "Switches off the controls that change the scenario."
    ),
    on_off!(
        "loop",
        repeat,
        "Starts again when it has ended or come to `stopAt`."
    ),
];

/// A scheme and a host, with a port or not, and nothing after it.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    text.len() <= 200 && host.is_some_and(|host| !host.is_empty() && host.bytes().all(letter))
}

/// Simulated time: with a unit, as minutes and seconds, or as seconds.
fn time(text: &str) -> Option<Span> {
    let span: Span = match text.split_once(':') {
        Some((minutes, seconds)) => {
            let minutes: u32 = minutes.trim().parse().ok()?;
            let seconds: Span = format!("{}s", seconds.trim()).parse().ok()?;
            Span(u64::from(minutes) * 60_000_000 + seconds.0)
        }
        None => text.parse().or_else(|_| format!("{text}s").parse()).ok()?,
    };
    (span <= Span::DAY).then_some(span)
}

impl PageOptions {
    /// The option of this name, in any case.
    pub fn option(name: &str) -> Option<&'static PageOption> {
        PAGE_OPTIONS
            .iter()
            .find(|option| option.name.eq_ignore_ascii_case(name))
    }

    /// Names and values that are not the default ones.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&'static str, String)> {
        let default = PageOptions::default();
        let value = |option: &'static PageOption| {
            let text = (option.get)(self);
            (text != (option.get)(&default)).then_some((option.name, text))
        };
        PAGE_OPTIONS
            .iter()
            .filter_map(value)
            .collect::<Vec<_>>()
            .into_iter()
    }
}

impl PageOption {
    /// Sets the option from text.
    ///
    /// # Errors
    /// A [`Problem`] that says what is allowed, and then nothing has changed.
    pub fn set(&self, options: &mut PageOptions, text: &str) -> Result<(), Problem> {
        (self.set)(options, text.trim())
            .ok_or_else(|| Problem::not_allowed(self.name, text, self.allowed))
    }

    /// The option's value as text.
    pub fn get(&self, options: &PageOptions) -> String {
        (self.get)(options)
    }
}
