//! The panels around the stage: one list, from which the page's tabs, the parameter `panels` and the docs come.

/// A part of the page beside or below the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// What was promised, and whether it held; below the stage.
    Verdict,
    /// What fails, and what each service asks for.
    Settings,
    /// One message: its life, and why it went wrong.
    Message,
    /// The run in figures over time.
    Numbers,
    /// All events.
    Log,
    /// What each party can know at this moment, and what its death would mean.
    Moment,
    /// What was done by hand, and the branches that came of it.
    Forks,
    /// The same weather under other guarantees.
    Compare,
}

/// Every panel with its name in links and its title, in the order of the page.
pub const PANELS: [(Panel, &str, &str); 8] = [
    (Panel::Verdict, "verdict", "Verdict"),
    (Panel::Settings, "settings", "Settings"),
    (Panel::Message, "message", "Message"),
    (Panel::Numbers, "numbers", "Numbers"),
    (Panel::Log, "log", "Log"),
    (Panel::Moment, "moment", "Moment"),
    (Panel::Forks, "forks", "Forks"),
    (Panel::Compare, "compare", "Compare"),
];

/// What a list of panels may be; completes "allowed is …".
pub(super) const ALLOWED: &str = "`verdict`, `settings`, `message`, `numbers`, `log`, `moment`, `forks` and `compare`, each at most once and separated by commas";

impl Panel {
    fn row(self) -> &'static (Panel, &'static str, &'static str) {
        &PANELS[self as usize]
    }

    /// Its name in links.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What its tab is called.
    pub fn title(self) -> &'static str {
        self.row().2
    }

    /// Reads a list of names. `None` where one is no panel's, or comes twice.
    pub(super) fn list(text: &str) -> Option<Vec<Panel>> {
        let mut panels = Vec::new();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let (panel, ..) = PANELS
                .iter()
                .find(|(_, name, _)| name.eq_ignore_ascii_case(word))?;
            if panels.contains(panel) {
                return None;
            }
            panels.push(*panel);
        }
        Some(panels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_has_its_row_and_is_allowed() {
        for (i, (panel, name, title)) in PANELS.iter().enumerate() {
            assert_eq!(*panel as usize, i);
            assert_eq!((panel.name(), panel.title()), (*name, *title));
            assert_eq!(title.to_ascii_lowercase(), *name);
            assert_eq!(Panel::list(name), Some(vec![*panel]));
        }
        let allowed: Vec<_> = ALLOWED.split('`').skip(1).step_by(2).collect();
        assert_eq!(allowed, PANELS.map(|(_, name, _)| name));
    }

    #[test]
    fn a_list_keeps_its_order_and_has_nothing_else() {
        assert_eq!(
            Panel::list(" Log, verdict,"),
            Some(vec![Panel::Log, Panel::Verdict])
        );
        assert_eq!(Panel::list(""), Some(vec![]));
        for bad in ["lgo", "log,log", "log;verdict", "log verdict"] {
            assert_eq!(Panel::list(bad), None, "{bad}");
        }
    }
}
