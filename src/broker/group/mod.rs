//! The group coordinator of one consumer group, classic protocol.
//!
//! Sans-IO: requests come in as calls with the time, answers come out. A join or sync is answered only
//! when its phase completes, so those calls return every [`Answer`] now due, to whomever. The client
//! compares its new assignment with what it owns; under a cooperative assignor a member that has
//! to give partitions up revokes them and joins again, and that second round hands them out.

mod offsets;
mod rebalance;

pub use offsets::{CommittedOffset, GroupOffsets};

use std::sync::Arc;

use super::assign::Assignor;
use super::wire::{ErrorCode, Micros, Offset, ProducerId, TopicId, TopicPartition};

/// Id of a group member, chosen by whoever runs the group and never used twice in it.
pub type MemberId = u64;
/// A `group.instance.id` (KIP-345).
pub type InstanceId = u64;
/// A group generation. 0 before the first rebalance; -1 stands for "none" in requests.
pub type Generation = i32;

/// What a person reads for a member id.
pub fn member_name(id: MemberId) -> String {
    format!("member-{id}")
}

/// What the coordinator needs to know of the group and the cluster.
#[derive(Clone, Debug)]
pub struct GroupConfig {
    /// The strategy all members use.
    pub assignor: Assignor,
    /// Number of partitions by [`TopicId`].
    pub topics: Arc<[u32]>,
    /// `group.initial.rebalance.delay.ms`, in microseconds (Kafka: 3 s).
    pub initial_rebalance_delay: Micros,
}

/// State of a classic group (`ClassicGroupState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupState {
    /// No members; offsets stay.
    Empty,
    /// Waiting for the members to join.
    PreparingRebalance,
    /// Everybody joined; waiting for the leader's assignment.
    CompletingRebalance,
    /// Everybody can have its assignment.
    Stable,
    /// Not coordinated here any more.
    Dead,
}

/// A `JoinGroup` request with the subscription inside.
#[derive(Clone, Debug)]
pub struct Join {
    /// The sender's member id, absent when it has none yet.
    pub member: Option<MemberId>,
    /// Id to give to a sender without one; must be fresh.
    pub new_id: MemberId,
    /// `group.instance.id` of a static member.
    pub instance: Option<InstanceId>,
    /// Topics it subscribes to.
    pub topics: Arc<[TopicId]>,
    /// Partitions it still owns (cooperative), or had (sticky).
    pub owned: Arc<[TopicPartition]>,
    /// Generation in which it got them; -1 when it has none.
    pub generation: Generation,
    /// `session.timeout.ms`, in microseconds.
    pub session_timeout: Micros,
    /// `max.poll.interval.ms`, in microseconds: how long a rebalance waits for this member.
    pub rebalance_timeout: Micros,
}

/// Who sends a heartbeat, sync, leave or commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its member id.
    pub member: MemberId,
    /// Its `group.instance.id`, if static.
    pub instance: Option<InstanceId>,
    /// The generation it believes in.
    pub generation: Generation,
}

/// Answer to a successful join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The generation joined.
    pub generation: Generation,
    /// Its leader: the member whose sync brings the assignment.
    pub leader: MemberId,
}

/// A join or sync answer that is due. `member` is the id the request waited under: for a sender
/// without an id the `new_id` of its join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a join.
    Join {
        /// Whom it is for.
        member: MemberId,
        /// `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID` or `NOT_COORDINATOR` on failure.
        result: Result<Joined, ErrorCode>,
    },
    /// To a sync.
    Sync {
        /// Whom it is for.
        member: MemberId,
        /// The member's partitions, sorted; or why there are none.
        result: Result<Arc<[TopicPartition]>, ErrorCode>,
    },
}

#[derive(Clone, Debug)]
struct Member {
    id: MemberId,
    instance: Option<InstanceId>,
    topics: Arc<[TopicId]>,
    owned: Arc<[TopicPartition]>,
    owned_generation: Generation,
    session_timeout: Micros,
    rebalance_timeout: Micros,
    session_deadline: Micros,
    waits_for: Option<Phase>,
    synced: bool,
    assignment: Arc<[TopicPartition]>,
}

/// The request of a member that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Join,
    Sync,
}

/// The first rebalance of an empty group waits a fixed time for more members.
#[derive(Clone, Copy, Debug)]
struct InitialDelay {
    remaining: Micros,
    joined_since: bool,
}

/// One group and its coordinator.
#[derive(Clone, Debug)]
pub struct Group {
    config: GroupConfig,
    state: GroupState,
    generation: Generation,
    leader: Option<MemberId>,
    /// By id, so that a request finds its member without hashing or allocation.
    members: Vec<Member>,
    join_deadline: Option<Micros>,
    initial_delay: Option<InitialDelay>,
    sync_deadline: Option<Micros>,
    offsets: GroupOffsets,
}

impl Group {
    /// An empty group.
    pub fn new(config: GroupConfig) -> Group {
        Group {
            config,
            state: GroupState::Empty,
            generation: 0,
            leader: None,
            members: Vec::new(),
            join_deadline: None,
            initial_delay: None,
            sync_deadline: None,
            offsets: GroupOffsets::default(),
        }
    }

    /// Its state.
    pub fn state(&self) -> GroupState {
        self.state
    }

    /// Its generation.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Its leader, while it has one.
    pub fn leader(&self) -> Option<MemberId> {
        self.leader
    }

    /// The members by id, each with what the coordinator assigned to it in this generation.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, &[TopicPartition])> {
        self.members.iter().map(|m| (m.id, &m.assignment[..]))
    }

    /// Committed and pending offsets.
    pub fn offsets(&self) -> &GroupOffsets {
        &self.offsets
    }

    fn find(&self, id: MemberId) -> Option<usize> {
        self.members.binary_search_by_key(&id, |m| m.id).ok()
    }

    /// `ClassicGroup.validateMember`: the place of the caller among the members.
    fn validate(&self, id: MemberId, instance: Option<InstanceId>) -> Result<usize, ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::NotCoordinator);
        }
        let Some(instance) = instance else {
            return self.find(id).ok_or(ErrorCode::UnknownMemberId);
        };
        let known = self
            .members
            .iter()
            .position(|m| m.instance == Some(instance));
        let known = known.ok_or(ErrorCode::UnknownMemberId)?;
        if self.members[known].id == id {
            Ok(known)
        } else {
            Err(ErrorCode::FencedInstanceId)
        }
    }

    fn validate_generation(&self, caller: Caller) -> Result<usize, ErrorCode> {
        let place = self.validate(caller.member, caller.instance)?;
        if caller.generation == self.generation {
            Ok(place)
        } else {
            Err(ErrorCode::IllegalGeneration)
        }
    }

    /// A heartbeat: renews the session.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`, `ILLEGAL_GENERATION`; and `REBALANCE_IN_PROGRESS`,
    /// with the session renewed, while the group waits for members to join.
    pub fn heartbeat(&mut self, now: Micros, caller: Caller) -> Result<(), ErrorCode> {
        let place = self.validate_generation(caller)?;
        self.members[place].renew(now);
        if self.state == GroupState::PreparingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// A commit, all or nothing; an older offset replaces a newer one, and whether the caller owns the
    /// partitions is not checked. `None` commits from outside the group protocol.
    ///
    /// # Errors
    /// As `ClassicGroup.validateOffsetCommit`: `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`,
    /// `ILLEGAL_GENERATION`, and `REBALANCE_IN_PROGRESS` between join and sync. With the old generation
    /// it is accepted while the group waits for members to join.
    pub fn commit(
        &mut self,
        now: Micros,
        caller: Option<Caller>,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), ErrorCode> {
        match caller {
            None if self.state == GroupState::Empty => {}
            None => return Err(self.refusal_of_outsider()),
            Some(caller) => {
                let place = self.validate_generation(caller)?;
                if self.state == GroupState::CompletingRebalance {
                    return Err(ErrorCode::RebalanceInProgress);
                }
                self.members[place].renew(now);
            }
        }
        self.offsets.commit(offsets);
        Ok(())
    }

    fn refusal_of_outsider(&self) -> ErrorCode {
        match self.state {
            GroupState::Dead => ErrorCode::NotCoordinator,
            _ => ErrorCode::UnknownMemberId,
        }
    }

    /// A `TxnOffsetCommit`: the offsets are pending until the producer's marker arrives. `None` is a
    /// producer that did not pass `groupMetadata()` and is not checked (before KIP-447).
    ///
    /// # Errors
    /// As [`Group::commit`], except that it is accepted between join and sync.
    pub fn txn_commit(
        &mut self,
        now: Micros,
        caller: Option<Caller>,
        producer: ProducerId,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), ErrorCode> {
        if let Some(caller) = caller {
            let place = self.validate_generation(caller)?;
            self.members[place].renew(now);
        } else if self.state == GroupState::Dead {
            return Err(ErrorCode::NotCoordinator);
        }
        self.offsets.commit_pending(producer, offsets);
        Ok(())
    }

    /// The transaction marker of a producer: its pending offsets count now, or are forgotten.
    pub fn end_transaction(&mut self, producer: ProducerId, committed: bool) {
        self.offsets.end_transaction(producer, committed);
    }

    /// The committed offset (next to read) of a partition, if there is one.
    ///
    /// # Errors
    /// `UNSTABLE_OFFSET_COMMIT` with `require_stable` while a transaction has one pending.
    pub fn fetch_offset(
        &self,
        partition: TopicPartition,
        require_stable: bool,
    ) -> Result<Option<Offset>, ErrorCode> {
        if require_stable && self.offsets.is_pending(partition) {
            return Err(ErrorCode::UnstableOffsetCommit);
        }
        Ok(self.offsets.committed(partition))
    }

    /// When [`Group::tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Micros> {
        let sessions = self.members.iter().filter(|m| m.waits_for.is_none());
        let sessions = sessions.map(|m| m.session_deadline);
        sessions
            .chain(self.join_deadline)
            .chain(self.sync_deadline)
            .min()
    }
}

impl Member {
    fn renew(&mut self, now: Micros) {
        self.session_deadline = now.saturating_add(self.session_timeout);
    }
}
