//! Joining, syncing, leaving and being removed: how a group gets from one generation to the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Answer, Caller, Group, GroupState, InitialDelay, InstanceId, Join, Joined, Member};
use super::{MemberId, Phase};
use crate::broker::assign::{self, assign};
use crate::broker::wire::{ErrorCode, Micros, TopicId, TopicPartition};

impl Group {
    /// A member joins or rejoins. Its answer is among the returned ones, or waits for the others.
    pub fn join(&mut self, now: Micros, join: Join) -> Vec<Answer> {
        let mut answers = Vec::new();
        let known = match (join.member, join.instance) {
            _ if self.state == GroupState::Dead => Err(ErrorCode::NotCoordinator),
            (None, _) if self.find(join.new_id).is_some() => Err(ErrorCode::UnknownMemberId),
            (Some(id), instance) => self.validate(id, instance).map(Some),
            (None, Some(instance)) => Ok(self.take_over(instance, join.new_id, &mut answers)),
            (None, None) => Ok(None),
        };
        match known {
            Err(error) => {
                let member = join.member.unwrap_or(join.new_id);
                answers.push(Answer::Join {
                    member,
                    result: Err(error),
                });
            }
            Ok(None) => self.add(now, &join, &mut answers),
            Ok(Some(place)) => self.rejoin(now, place, &join, &mut answers),
        }
        answers
    }

    /// Gives a static member's place, assignment and leadership to a new id (KIP-345).
    fn take_over(
        &mut self,
        instance: InstanceId,
        new_id: MemberId,
        answers: &mut Vec<Answer>,
    ) -> Option<usize> {
        let old = self
            .members
            .iter()
            .position(|m| m.instance == Some(instance))?;
        let mut member = self.members.remove(old);
        member.refuse(ErrorCode::FencedInstanceId, answers);
        if self.leader == Some(member.id) {
            self.leader = Some(new_id);
        }
        member.id = new_id;
        let place = self.members.partition_point(|m| m.id < new_id);
        self.members.insert(place, member);
        Some(place)
    }

    fn add(&mut self, now: Micros, join: &Join, answers: &mut Vec<Answer>) {
        let place = self.members.partition_point(|m| m.id < join.new_id);
        let mut member = Member {
            id: join.new_id,
            instance: join.instance,
            topics: join.topics.clone(),
            owned: join.owned.clone(),
            owned_generation: join.generation,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            session_deadline: now,
            waits_for: Some(Phase::Join),
            synced: false,
            assignment: Arc::new([]),
        };
        member.renew(now);
        self.members.insert(place, member);
        if let Some(delay) = &mut self.initial_delay {
            delay.joined_since |= self.generation == 0;
        }
        self.prepare_rebalance(now, answers);
    }

    fn rejoin(&mut self, now: Micros, place: usize, join: &Join, answers: &mut Vec<Answer>) {
        let taken_over = join.member.is_none();
        let leads = self.leader == Some(self.members[place].id);
        let member = &mut self.members[place];
        let same = member.topics == join.topics
            && (taken_over
                || (member.owned == join.owned && member.owned_generation == join.generation));
        member.refresh(now, join);
        // A leader that rejoins wants a rebalance; a static member that came back does not.
        let current = match self.state {
            GroupState::Stable => same && (taken_over || !leads),
            GroupState::CompletingRebalance => same && !taken_over,
            _ => false,
        };
        if current {
            let leader = self.leader.unwrap_or(member.id);
            let joined = Joined {
                generation: self.generation,
                leader,
            };
            member.waits_for = None;
            answers.push(Answer::Join {
                member: member.id,
                result: Ok(joined),
            });
        } else {
            self.prepare_rebalance(now, answers);
        }
    }

    fn prepare_rebalance(&mut self, now: Micros, answers: &mut Vec<Answer>) {
        if self.state != GroupState::PreparingRebalance {
            self.sync_deadline = None;
            for member in self
                .members
                .iter_mut()
                .filter(|m| m.waits_for == Some(Phase::Sync))
            {
                member.renew(now);
                member.refuse(ErrorCode::RebalanceInProgress, answers);
            }
            let timeout = self.rebalance_timeout();
            let delay = self.config.initial_rebalance_delay.min(timeout);
            let first = self.state == GroupState::Empty && delay > 0;
            let remaining = timeout - delay;
            self.initial_delay = first.then_some(InitialDelay {
                remaining,
                joined_since: false,
            });
            let wait = if first { delay } else { timeout };
            self.join_deadline = Some(now.saturating_add(wait));
            self.state = GroupState::PreparingRebalance;
        }
        self.maybe_complete_join(now, answers);
    }

    fn rebalance_timeout(&self) -> Micros {
        self.members
            .iter()
            .map(|m| m.rebalance_timeout)
            .max()
            .unwrap_or(0)
    }

    fn maybe_complete_join(&mut self, now: Micros, answers: &mut Vec<Answer>) {
        let all = self
            .members
            .iter()
            .all(|m| m.waits_for == Some(Phase::Join));
        if self.initial_delay.is_none() && all {
            self.complete_join(now, answers);
        }
    }

    /// Ends the join phase without the dynamic members that did not come.
    fn complete_join(&mut self, now: Micros, answers: &mut Vec<Answer>) {
        self.members
            .retain(|m| m.waits_for == Some(Phase::Join) || m.instance.is_some());
        let joined = |m: &&Member| m.waits_for == Some(Phase::Join);
        let Some(first) = self.members.iter().find(joined).map(|m| m.id) else {
            if self.members.is_empty() {
                self.start_generation(GroupState::Empty);
                self.leader = None;
            } else {
                // Only static members, all away: keep waiting until they come or time out.
                self.join_deadline = Some(now.saturating_add(self.rebalance_timeout().max(1)));
            }
            return;
        };
        let stays = self
            .members
            .iter()
            .filter(joined)
            .any(|m| Some(m.id) == self.leader);
        let leader = self.leader.filter(|_| stays).unwrap_or(first);
        self.leader = Some(leader);
        self.start_generation(GroupState::CompletingRebalance);
        self.sync_deadline = Some(now.saturating_add(self.rebalance_timeout()));
        let result = Ok(Joined {
            generation: self.generation,
            leader,
        });
        for member in &mut self.members {
            member.synced = false;
            member.assignment = Arc::new([]);
            member.renew(now);
            if member.waits_for.take() == Some(Phase::Join) {
                answers.push(Answer::Join {
                    member: member.id,
                    result,
                });
            }
        }
    }

    fn start_generation(&mut self, state: GroupState) {
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.state = state;
        self.join_deadline = None;
        self.initial_delay = None;
    }

    /// A member asks for its assignment. The leader's sync stands for its computing and sending the
    /// assignment; the coordinator runs the assignor for it, on the subscriptions of this generation.
    pub fn sync(&mut self, now: Micros, caller: Caller) -> Vec<Answer> {
        let mut answers = Vec::new();
        let place = match self.validate_generation(caller) {
            Ok(_) if self.state == GroupState::PreparingRebalance => {
                Err(ErrorCode::RebalanceInProgress)
            }
            valid => valid,
        };
        match place {
            Err(error) => answers.push(Answer::Sync {
                member: caller.member,
                result: Err(error),
            }),
            Ok(place) => {
                let member = &mut self.members[place];
                member.renew(now);
                member.synced = true;
                member.waits_for = Some(Phase::Sync);
                if self.leader == Some(caller.member)
                    && self.state == GroupState::CompletingRebalance
                {
                    self.distribute();
                    self.state = GroupState::Stable;
                }
                self.answer_syncs(now, &mut answers);
            }
        }
        answers
    }

    fn answer_syncs(&mut self, now: Micros, answers: &mut Vec<Answer>) {
        if self.state != GroupState::Stable {
            return;
        }
        for member in self
            .members
            .iter_mut()
            .filter(|m| m.waits_for == Some(Phase::Sync))
        {
            member.waits_for = None;
            member.renew(now);
            let result = Ok(member.assignment.clone());
            answers.push(Answer::Sync {
                member: member.id,
                result,
            });
        }
        if self.members.iter().all(|m| m.synced) {
            self.sync_deadline = None;
        }
    }

    fn distribute(&mut self) {
        let topics: BTreeMap<TopicId, u32> =
            (0..).zip(self.config.topics.iter().copied()).collect();
        let members: Vec<_> = self.members.iter().map(Member::subscription).collect();
        let plan = assign(self.config.assignor, &topics, &members);
        for (member, partitions) in self.members.iter_mut().zip(plan.into_values()) {
            member.assignment = partitions
                .into_iter()
                .map(|(topic, partition)| TopicPartition { topic, partition })
                .collect();
        }
    }

    /// A member leaves: its partitions are free for the next generation at once.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`, `NOT_COORDINATOR`.
    pub fn leave(
        &mut self,
        now: Micros,
        member: MemberId,
        instance: Option<InstanceId>,
    ) -> Result<Vec<Answer>, ErrorCode> {
        let place = self.validate(member, instance)?;
        let mut answers = Vec::new();
        self.remove(place, &mut answers);
        self.prepare_rebalance(now, &mut answers);
        Ok(answers)
    }

    fn remove(&mut self, place: usize, answers: &mut Vec<Answer>) {
        let mut member = self.members.remove(place);
        member.refuse(ErrorCode::UnknownMemberId, answers);
        if self.leader == Some(member.id) {
            self.leader = None;
        }
    }

    /// Topics have these numbers of partitions from now on. The group's leader, who watches them, asks for
    /// a rebalance when they change (`ConsumerCoordinator.rejoinNeededOrPending`); a group without members
    /// deals them out at its next one.
    pub fn set_topics(&mut self, now: Micros, topics: Arc<[u32]>) -> Vec<Answer> {
        let mut answers = Vec::new();
        let before = std::mem::replace(&mut self.config.topics, topics);
        let size = |topics: &[u32], topic: TopicId| topics.get(topic as usize).copied();
        let concerned = self
            .members
            .iter()
            .flat_map(|member| member.topics.iter())
            .any(|&topic| size(&before, topic) != size(&self.config.topics, topic));
        let working = matches!(
            self.state,
            GroupState::Stable | GroupState::CompletingRebalance
        );
        if concerned && working {
            self.prepare_rebalance(now, &mut answers);
        }
        answers
    }

    /// Removes members whose session ended and completes phases whose time is up.
    pub fn tick(&mut self, now: Micros) -> Vec<Answer> {
        let mut answers = Vec::new();
        let unsynced = self.sync_deadline.is_some_and(|deadline| deadline <= now);
        let gone = |m: &Member| match m.waits_for {
            // A member with a request under way is alive as far as the coordinator knows.
            Some(_) => false,
            None => m.session_deadline <= now || (unsynced && !m.synced),
        };
        let before = self.members.len();
        for place in (0..before)
            .rev()
            .filter(|&i| gone(&self.members[i]))
            .collect::<Vec<_>>()
        {
            self.remove(place, &mut answers);
        }
        if unsynced {
            self.sync_deadline = None;
        }
        if self.members.len() < before {
            self.prepare_rebalance(now, &mut answers);
        }
        if self.join_deadline.is_some_and(|deadline| deadline <= now) {
            self.join_time_is_up(now, &mut answers);
        }
        answers
    }

    /// The initial delay starts again when somebody came meanwhile, up to the rebalance timeout.
    fn join_time_is_up(&mut self, now: Micros, answers: &mut Vec<Answer>) {
        match self.initial_delay {
            Some(delay) if delay.joined_since && delay.remaining > 0 => {
                let wait = self.config.initial_rebalance_delay.min(delay.remaining);
                let remaining = delay.remaining - wait;
                self.initial_delay = Some(InitialDelay {
                    remaining,
                    joined_since: false,
                });
                self.join_deadline = Some(now.saturating_add(wait));
            }
            _ => {
                self.initial_delay = None;
                self.complete_join(now, answers);
            }
        }
    }

    /// The group moves away from this coordinator: whoever waits is told, all later requests get
    /// `NOT_COORDINATOR`.
    pub fn unload(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for member in &mut self.members {
            member.refuse(ErrorCode::NotCoordinator, &mut answers);
        }
        self.members.clear();
        self.state = GroupState::Dead;
        self.leader = None;
        self.join_deadline = None;
        self.initial_delay = None;
        self.sync_deadline = None;
        answers
    }
}

impl Member {
    fn refresh(&mut self, now: Micros, join: &Join) {
        self.topics = join.topics.clone();
        self.owned = join.owned.clone();
        self.owned_generation = join.generation;
        self.session_timeout = join.session_timeout;
        self.rebalance_timeout = join.rebalance_timeout;
        self.waits_for = Some(Phase::Join);
        self.renew(now);
    }

    /// Answers the waiting request, if any, with an error.
    fn refuse(&mut self, error: ErrorCode, answers: &mut Vec<Answer>) {
        let member = self.id;
        match self.waits_for.take() {
            None => {}
            Some(Phase::Join) => answers.push(Answer::Join {
                member,
                result: Err(error),
            }),
            Some(Phase::Sync) => answers.push(Answer::Sync {
                member,
                result: Err(error),
            }),
        }
    }

    fn subscription(&self) -> assign::Member<u64, TopicId> {
        assign::Member {
            id: self.id,
            instance: self.instance,
            topics: self.topics.to_vec(),
            owned: self.owned.iter().map(|p| (p.topic, p.partition)).collect(),
            generation: self.owned_generation,
        }
    }
}
