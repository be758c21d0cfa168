//! What is done to a run by hand: whether it applies, and what it was about.

use super::branch::Snapshot;
use super::run::Run;
use super::timeline::Timeline;
use crate::scenario::{Action, Intervention, Problem, Scenario, Span, params};
use crate::trace::Leg;

impl Timeline {
    /// The same with interventions from a link or a file, in any order. To know whether they apply the run is
    /// made up to the last of them, but for at most about `limit` events of the queue.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, or each intervention that does not apply or lies beyond
    /// the limit; none is applied then.
    pub fn with_inputs(
        scenario: Scenario,
        mut inputs: Vec<Intervention>,
        limit: usize,
    ) -> Result<Timeline, Vec<Problem>> {
        if inputs.is_empty() {
            return Timeline::new(scenario);
        }
        let mut dry = Timeline::new(scenario.clone())?;
        let mut problems = Vec::new();
        // They are named by their places as they were written.
        let mut in_order: Vec<_> = inputs.iter().enumerate().collect();
        in_order.sort_by_key(|(_, input)| input.at);
        for (nth, input) in in_order {
            let field = format!("interventions[{nth}]");
            let left = limit.saturating_sub(dry.run().world().handled() as usize);
            if !dry.advance(input.at.0, left) {
                let sentence = format!(
                    "{field} is at {}, more than {limit} events into the run: further than is replayed here.",
                    input.at,
                );
                problems.push(Problem::sentence(&field, sentence));
            } else if dry.now() < input.at.0 {
                let sentence = format!(
                    "{field} is at {}, after the end of the run at {}.",
                    input.at,
                    Span(dry.now())
                );
                problems.push(Problem::sentence(&field, sentence));
            } else if let Err(problem) = dry.add(input.action.clone()) {
                problems.push(Problem::sentence(&field, format!("{field}: {problem}")));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        inputs.sort_by_key(|input| input.at);
        let mut timeline = Timeline::new(scenario)?;
        timeline.branches[0].inputs = inputs;
        Ok(timeline)
    }

    /// What the packet carried that an input of a branch points at: the way it was on and its first message. `None`
    /// where the input is about no packet, or lies beyond what was seen.
    pub fn pointed_at(&self, branch: usize, nth: usize) -> Option<(Leg, u64)> {
        let branch = self.branches.get(branch)?;
        let input = branch.inputs.get(nth)?;
        let (Action::Drop { packet } | Action::Delay { packet, .. }) = input.action else {
            return None;
        };
        if input.at.0 > branch.seen {
            return None;
        }
        let mut at = Snapshot::clone(&branch.before_time(input.at.0));
        at.advance(&branch.inputs[..nth], input.at.0, usize::MAX, &mut |_| {});
        let found = at.run.world().packets().find(|p| p.number == packet)?;
        Some((found.leg, found.about.message))
    }
}

/// Does something to a run where it is, or says why it does not apply.
pub(super) fn apply(run: &mut Run, action: &Action) -> Result<(), Problem> {
    if let Action::Set { name, value } = action {
        let mut scenario = run.world().scenario().clone();
        let handle = params::find(&scenario, name)?;
        if !handle.param.live {
            let sentence =
                format!("`{name}` cannot be changed while the run goes on; it needs a new run.");
            return Err(Problem::sentence(name, sentence));
        }
        handle.set(&mut scenario, value)?;
        run.change(scenario);
        return Ok(());
    }
    if let Action::Delay { by: span, .. } | Action::CutBroker { lasting: span, .. } = action
        && *span > Span::DAY
    {
        let field = match action {
            Action::Delay { .. } => "by",
            _ => "lasting",
        };
        let allowed = format!("a span of time up to {}", Span::DAY);
        return Err(Problem::not_allowed(field, &span.to_string(), allowed));
    }
    if run.intervene(action) {
        return Ok(());
    }
    let sentence = match action {
        Action::CrashConsumer { service, instance } => {
            format!(
                "instance {instance} of service {service} does not exist, or is down at this moment."
            )
        }
        Action::CrashBroker { broker } => {
            format!("broker {broker} does not exist, or is down at this moment.")
        }
        Action::CrashProducer { producer } => {
            format!("producer {producer} does not exist, or is down at this moment.")
        }
        Action::Drop { packet } | Action::Delay { packet, .. } => {
            format!("packet {packet} is not on its way at this moment.")
        }
        Action::CutBroker { broker, .. } => format!("broker {broker} does not exist."),
        Action::Set { .. } => String::new(),
    };
    Err(Problem::sentence("intervention", sentence))
}
