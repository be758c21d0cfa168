//! A parameter that is set twice at one moment was set once: to the later value.

use super::Timeline;
use crate::scenario::Action;

impl Timeline {
    /// Which input this one takes the place of, if it is done at the cursor: the setting of the same parameter at
    /// the same moment, with nothing but other settings since.
    pub(super) fn overruled(&self, action: &Action) -> Option<usize> {
        let Action::Set { name: wanted, .. } = action else {
            return None;
        };
        let now = self.now();
        let passed = self.inputs()[..self.next_input].iter().enumerate().rev();
        let at_once = passed.map_while(|(nth, input)| match &input.action {
            Action::Set { name, .. } if input.at.0 == now => Some((nth, name)),
            _ => None,
        });
        let mut same = at_once.filter(|(_, name)| *name == wanted);
        same.next().map(|(nth, _)| nth)
    }

    /// Makes an input of this moment undone, which is the last but for other inputs of the moment.
    pub(super) fn take_back(&mut self, nth: usize) {
        let now = self.now();
        let later = self.branches[self.current].inputs.split_off(nth);
        let start = self.with_past(&self.branch().before_time(now));
        self.return_to(&start);
        self.advance(now, usize::MAX);
        // What was seen of the moment since was seen under the other setting.
        let parent = self.branch().parent;
        let traced = self.run.world().traced();
        let mut branch = self.branch().fork(self.current, now, traced, nth);
        branch.parent = parent;
        branch.inputs.extend(later.into_iter().skip(1));
        self.branches[self.current] = branch;
        self.follow_again();
        self.advance(now, usize::MAX);
    }
}
