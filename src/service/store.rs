//! Where effects land. A store belongs to the service and outlives its members. It knows what a real
//! one knows (a balance, a table, keys), not how often each message took effect: that is the ledger's.

use super::handler::StepOutcome;
use super::ids::{IdMemory, RememberedIds};
use super::steps::{Step, Strategy};
use crate::broker::wire::{Message, Micros, Offset, TopicPartition};
use std::collections::BTreeMap;

/// Where an effect takes place, seen from the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// At another party, outside every transaction of the service.
    Outside,
    /// In the service's database, which has transactions.
    Database,
    /// In shared memory (a cache server) without transactions.
    Memory,
    /// In the log itself: the effect is a produced record.
    Log,
}

/// What kind of effect a service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKind {
    /// Charges cards. May be given idempotency keys, as payment APIs take them.
    CardProcessor,
    /// Takes one unit from the stock per message.
    StockTable,
    /// Sends mails. Some mail APIs take idempotency keys; SMTP knows none.
    MailSender,
    /// Counts in a cache server.
    MemoryCounter,
    /// Counts in a row of the database.
    TableCounter,
    /// Produces to another topic. The record itself is the producer's affair; the store counts.
    OutputTopic,
}

impl StoreKind {
    /// Where the effect takes place.
    pub fn place(self) -> Place {
        match self {
            Self::CardProcessor | Self::MailSender => Place::Outside,
            Self::StockTable | Self::TableCounter => Place::Database,
            Self::MemoryCounter => Place::Memory,
            Self::OutputTopic => Place::Log,
        }
    }
}

/// A record as a poll handed it to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Where it was read.
    pub from: TopicPartition,
    /// Its offset there (0 from a queue, which has none).
    pub offset: Offset,
}

/// The answer of a store to an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// It took place (inside a transaction: it will with the commit).
    Applied,
    /// It had taken place before and did not again.
    AlreadyDone,
    /// It did not and will not: out of stock.
    Refused,
}

#[derive(Clone, Debug, Default)]
struct Transaction {
    open: bool,
    effects: Vec<Message>,
    ids: Vec<u64>,
    offsets: Vec<(TopicPartition, Offset)>,
}

impl Transaction {
    fn clear(&mut self, open: bool) {
        self.open = open;
        self.effects.clear();
        self.ids.clear();
        self.offsets.clear();
    }
}

/// A member with an index from here on gets no transaction: [`StepOutcome::Permanent`].
const MAX_MEMBERS: usize = 4096;

/// The effects of one service, with the tables that make them idempotent.
#[derive(Clone, Debug)]
pub struct Store {
    kind: StoreKind,
    count: u64,
    stock: Option<u64>,
    /// Ids in the service's own table.
    processed: RememberedIds,
    /// Keys at the other party, or rows that a SET wrote.
    keys: RememberedIds,
    offsets: BTreeMap<TopicPartition, Offset>,
    /// By member.
    transactions: Vec<Transaction>,
}

impl Store {
    /// A store without effects yet, with endless stock. `memory` says how long processed ids and
    /// idempotency keys are remembered (Stripe keeps keys for at least 24 hours); what a SET wrote
    /// stays.
    pub fn new(kind: StoreKind, strategy: Strategy, memory: IdMemory) -> Self {
        let keys = if strategy == Strategy::Natural {
            IdMemory::Unlimited
        } else {
            memory
        };
        Self {
            kind,
            count: 0,
            stock: None,
            processed: RememberedIds::new(memory),
            keys: RememberedIds::new(keys),
            offsets: BTreeMap::new(),
            transactions: Vec::new(),
        }
    }

    /// The same with so many units in stock; further decrements are refused.
    pub fn with_stock(mut self, units: u64) -> Self {
        self.stock = Some(units);
        self
    }

    /// The kind.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// Effects made in all: charges, units taken, mails, the counter, records produced.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Units left, when the stock is limited.
    pub fn units_left(&self) -> Option<u64> {
        self.stock.map(|units| units.saturating_sub(self.count))
    }

    /// Ids in the table of processed ids.
    pub fn processed_ids(&self) -> u64 {
        self.processed.len()
    }

    /// Where a member that keeps its offsets here starts to read; `None` when nothing is stored.
    pub fn stored_offset(&self, partition: TopicPartition) -> Option<Offset> {
        self.offsets.get(&partition).copied()
    }

    /// Messages whose effects become true when `member` commits its transaction.
    pub fn staged(&self, member: u32) -> &[Message] {
        self.transactions
            .get(member as usize)
            .map_or(&[], |t| &t.effects)
    }

    /// Takes one step of a handler. Steps that do not concern the store are [`StepOutcome::Done`].
    pub fn perform(
        &mut self,
        step: Step,
        strategy: Strategy,
        member: u32,
        delivery: Delivery,
        now: Micros,
    ) -> StepOutcome {
        match step {
            Step::Receive | Step::Commit | Step::DeadLetter => StepOutcome::Done,
            Step::Begin => self.begin(member),
            Step::Check => self.check(strategy, delivery, now),
            Step::Effect => match self.apply(delivery.message, strategy, member, now) {
                Applied::Applied => StepOutcome::Done,
                Applied::AlreadyDone => StepOutcome::AlreadyDone,
                Applied::Refused => StepOutcome::Refused,
            },
            Step::Record => self.record(strategy, member, delivery, now),
            Step::TransactionCommit => self.commit(member, now),
        }
    }

    /// A member is gone: its open transaction is rolled back.
    pub fn on_crash(&mut self, member: u32) {
        if let Some(transaction) = self.transactions.get_mut(member as usize) {
            transaction.clear(false);
        }
    }

    /// Makes the effect of `message`, inside the member's transaction when it has one open.
    pub fn apply(
        &mut self,
        message: Message,
        strategy: Strategy,
        member: u32,
        now: Micros,
    ) -> Applied {
        let keyed = matches!(strategy, Strategy::IdempotencyKey | Strategy::Natural);
        if keyed && self.keys.contains(message.id, now) {
            return Applied::AlreadyDone;
        }
        let staged = self.staged(member).len() as u64;
        if self.stock.is_some_and(|units| self.count + staged >= units) {
            return Applied::Refused;
        }
        match self.open_transaction(member) {
            Some(transaction) => transaction.effects.push(message),
            None => self.count += 1,
        }
        if keyed {
            self.keys.insert(message.id, now);
        }
        Applied::Applied
    }

    fn open_transaction(&mut self, member: u32) -> Option<&mut Transaction> {
        self.transactions
            .get_mut(member as usize)
            .filter(|t| t.open)
    }

    fn begin(&mut self, member: u32) -> StepOutcome {
        let index = member as usize;
        if index >= MAX_MEMBERS {
            return StepOutcome::Permanent;
        }
        if index >= self.transactions.len() {
            self.transactions
                .resize_with(index + 1, Transaction::default);
        }
        self.transactions[index].clear(true);
        StepOutcome::Done
    }

    fn check(&self, strategy: Strategy, delivery: Delivery, now: Micros) -> StepOutcome {
        let done = match strategy {
            Strategy::StoredOffset => self
                .stored_offset(delivery.from)
                .is_some_and(|next| delivery.offset < next),
            _ => self.processed.contains(delivery.message.id, now),
        };
        if done {
            StepOutcome::AlreadyDone
        } else {
            StepOutcome::Done
        }
    }

    fn record(
        &mut self,
        strategy: Strategy,
        member: u32,
        delivery: Delivery,
        now: Micros,
    ) -> StepOutcome {
        let id = delivery.message.id;
        if let Some(transaction) = self.open_transaction(member) {
            if strategy == Strategy::StoredOffset {
                transaction.offsets.push((delivery.from, delivery.offset));
            } else {
                transaction.ids.push(id);
            }
            return StepOutcome::Done;
        }
        let new = self.processed.insert(id, now);
        if new || strategy != Strategy::UniqueConstraint {
            StepOutcome::Done
        } else {
            StepOutcome::AlreadyDone
        }
    }

    /// Commits the member's transaction. When another member was first with one of its ids or
    /// offsets, all of it is rolled back: [`StepOutcome::AlreadyDone`]. Stock that another member took
    /// meanwhile: [`StepOutcome::Refused`]. No open transaction (the store was told of a crash):
    /// [`StepOutcome::Transient`], begin again.
    fn commit(&mut self, member: u32, now: Micros) -> StepOutcome {
        let Some(open) = self.open_transaction(member) else {
            return StepOutcome::Transient;
        };
        let mut transaction = std::mem::take(open);
        let outcome = self.commit_outcome(&transaction, now);
        if outcome == StepOutcome::Done {
            self.count += transaction.effects.len() as u64;
            for &id in &transaction.ids {
                self.processed.insert(id, now);
            }
            for &(partition, offset) in &transaction.offsets {
                self.offsets.insert(partition, offset + 1);
            }
        }
        transaction.clear(false);
        self.transactions[member as usize] = transaction;
        outcome
    }

    fn commit_outcome(&self, transaction: &Transaction, now: Micros) -> StepOutcome {
        let behind = |&(partition, offset): &(TopicPartition, Offset)| {
            self.stored_offset(partition)
                .is_some_and(|next| offset < next)
        };
        let taken = transaction
            .ids
            .iter()
            .any(|&id| self.processed.contains(id, now));
        if taken || transaction.offsets.iter().any(behind) {
            return StepOutcome::AlreadyDone;
        }
        let wanted = transaction.effects.len() as u64;
        if self.units_left().is_some_and(|left| left < wanted) {
            return StepOutcome::Refused;
        }
        StepOutcome::Done
    }
}
