//! The scenario: everything a run depends on, besides the interventions made while it runs.

use super::placed::{Expect, Placed, Requirement};
use serde::{Deserialize, Serialize};

use super::guarantee::{CommitWhen, Guarantee, Idempotency};
use super::quantity::{Ratio, Span};

/// A whole experiment. The same scenario and interventions give the same run, event for event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Version of this schema; 1.
    pub version: u32,
    /// The preset it came from, or a name of its own.
    pub name: String,
    /// Heading.
    pub title: String,
    /// One sentence: what to watch for.
    pub watch_for: String,
    /// Everything that chance decides follows from it.
    pub seed: u32,
    /// How long messages are published.
    pub duration: Span,
    /// How long the run may go on after that until everything has settled.
    pub drain: Span,
    /// What arrives.
    pub load: Load,
    /// The broker processes.
    pub cluster: Cluster,
    /// Topics, queues and channels.
    pub topics: Vec<Topic>,
    /// Who publishes.
    pub producers: Vec<Producer>,
    /// Who consumes.
    pub services: Vec<Service>,
    /// What goes wrong, and how long the way takes.
    pub faults: Faults,
    /// What is asked of the services together; judged live.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// What must be true at the end; checked by `lab check`.
    pub expects: Vec<Expect>,
}

/// The messages that arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Messages a second, over all producers; 1 to 10,000.
    pub rate: u32,
    /// Stop after so many messages; 0 means no such end.
    pub messages: u32,
    /// How many different keys (users) there are.
    pub users: u32,
    /// So many messages of a producer in a row belong to one key, then comes the next key; 0: each message's key is drawn.
    pub in_a_row: u32,
    /// True: evenly spaced. False: as a Poisson process.
    pub regular: bool,
    /// False: messages have no key and go to sticky partitions.
    pub keyed: bool,
    /// What one message is called on the page (`order`, `reading`, `photo`).
    pub noun: String,
}

/// The broker processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// How many brokers.
    pub brokers: u32,
    /// How long until the cluster notices that a broker is gone (`broker.session.timeout.ms`).
    pub detection: Span,
    /// `unclean.leader.election.enable`.
    pub unclean_election: bool,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_max: Span,
}

/// One topic, queue or channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topic {
    /// Name.
    pub name: String,
    /// What kind of channel it is.
    pub channel: Channel,
}

/// The kinds of channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Channel {
    /// Kafka: a partitioned, replicated log.
    Log(LogChannel),
    /// SQS: a queue with leases.
    Lease(LeaseChannel),
    /// RabbitMQ: a queue with acknowledgements.
    Amqp(AmqpChannel),
    /// Redis Pub/Sub: to whoever listens now.
    PubSub(PubSubChannel),
    /// SNS: one SQS queue for each subscribed service.
    Sns(LeaseChannel),
}

/// Settings of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogChannel {
    /// Number of partitions; 1 to 12.
    pub partitions: u32,
    /// Copies of each partition, the leader's among them.
    pub replication: u32,
    /// `min.insync.replicas`.
    pub min_insync: u32,
    /// How many records a partition keeps; older ones are deleted, read or not.
    pub retention: u64,
    /// When this time comes, partitions are added until there are `grow_to`; 0 means never.
    pub grow_at: Span,
    /// Number of partitions after growing.
    pub grow_to: u32,
}

/// Settings of a queue with leases (SQS).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeaseChannel {
    /// FIFO: ordered by message group (the key) and deduplicated for five minutes.
    pub fifo: bool,
    /// `VisibilityTimeout`.
    pub visibility_timeout: Span,
    /// `maxReceiveCount`; 0 means there is no dead-letter queue.
    pub max_receive_count: u32,
    /// How often a standard queue hands out a message that somebody holds.
    pub double_delivery: Ratio,
    /// `DelaySeconds`.
    pub delay: Span,
    /// Messages are moved back from the dead-letter queue at this time; 0 means never.
    pub redrive_at: Span,
}

/// Settings of a RabbitMQ queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AmqpChannel {
    /// A quorum queue; otherwise a classic one.
    pub quorum: bool,
    /// `delivery-limit` of a quorum queue; 0 means none.
    pub delivery_limit: u32,
    /// Whether rejected and given-up messages go to a dead-letter exchange.
    pub dead_letter: bool,
    /// `x-message-ttl`; 0 means none.
    pub ttl: Span,
    /// `x-max-length`; 0 means none.
    pub max_length: u32,
}

/// Settings of a Redis channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PubSubChannel {
    /// How many messages wait for a slow subscriber before it is disconnected.
    pub output_buffer: u32,
}

/// `acks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acks {
    /// Nobody answers; sent is done.
    #[serde(rename = "0")]
    None,
    /// The leader answers after its own append.
    #[serde(rename = "1")]
    Leader,
    /// The leader answers when every in-sync replica has it.
    #[serde(rename = "all")]
    All,
}

/// One producer and its client settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Producer {
    /// Name.
    pub name: String,
    /// Where it publishes: names of topics; its nth message goes to topic n modulo their number.
    pub topics: Vec<String>,
    /// `acks`.
    pub acks: Acks,
    /// `retries`.
    pub retries: u32,
    /// `request.timeout.ms`.
    #[serde(rename = "request.timeout.ms")]
    pub request_timeout: Span,
    /// `delivery.timeout.ms`.
    #[serde(rename = "delivery.timeout.ms")]
    pub delivery_timeout: Span,
    /// `retry.backoff.ms`.
    #[serde(rename = "retry.backoff.ms")]
    pub retry_backoff: Span,
    /// `retry.backoff.max.ms`.
    #[serde(rename = "retry.backoff.max.ms")]
    pub retry_backoff_max: Span,
    /// `max.in.flight.requests.per.connection`.
    #[serde(rename = "max.in.flight.requests.per.connection")]
    pub max_in_flight: u32,
    /// `enable.idempotence`.
    #[serde(rename = "enable.idempotence")]
    pub idempotence: bool,
    /// `linger.ms`.
    #[serde(rename = "linger.ms")]
    pub linger: Span,
    /// `batch.size`, counted in records.
    pub batch_records: u32,
    /// Whether the application sends again what the client gave up on (a second `send()`).
    pub resend: bool,
    /// Mean time between crashes of the process; 0 means never.
    pub crash_every: Span,
    /// Publishes in transactions of so many messages; 0 means no transactions.
    pub transaction_messages: u32,
}

/// What a service's effect is, and so where its boundary lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectKind {
    /// A charge at a card processor: outside every transaction.
    Charge,
    /// A row in the service's own database: can share a transaction with an id or an offset.
    Stock,
    /// A mail: outside every transaction, and no one can take it back.
    Mail,
    /// A counter kept with the service: cheap, and lost or doubled without anyone noticing.
    Count,
    /// A push to a phone: outside, like a mail.
    Push,
    /// A record produced to another topic: inside the log, so Kafka's transactions cover it.
    Record,
}

/// What a service does with a message it could not process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Tries again in place and holds up what is behind it.
    Block,
    /// Goes on with the next message (and, in a log, commits past the failed one).
    Skip,
    /// Puts it aside in a dead-letter queue.
    DeadLetter,
}

/// What a service does with a message of a key whose earlier message it has not been through with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Early {
    /// Processes it: it does not look.
    Process,
    /// Holds it back until the earlier one is through: messages carry a sequence number.
    Wait,
    /// Fails with it, puts it aside, and tries again after `retry_wait`, which doubles each time.
    Retry,
}

/// How a consumer group deals out partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assignor {
    /// Consecutive partitions, topic by topic.
    Range,
    /// One after the other.
    RoundRobin,
    /// As before as far as balance allows.
    Sticky,
    /// Sticky, and members keep what they need not give up while rebalancing.
    CooperativeSticky,
}

/// `auto.offset.reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffsetReset {
    /// Start at the log's beginning.
    Earliest,
    /// Start with what comes from now on.
    Latest,
}

/// A service: a consumer group (or the receivers of a queue), its handler and its effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Name, as shown.
    pub name: String,
    /// Names of the topics it reads.
    pub topics: Vec<String>,
    /// How many instances.
    pub instances: u32,
    /// What it promises; the verdict is against this.
    pub guarantee: Guarantee,
    /// When the consumer commits, acks or deletes.
    pub commit: CommitWhen,
    /// How it keeps a repeated message from taking effect again.
    pub idempotency: Idempotency,
    /// How many ids the idempotency memory holds; 0 means all.
    pub memory: u64,
    /// How long the idempotency memory holds an id; 0 means for ever.
    pub memory_for: Span,
    /// What it does to the world.
    pub effect: EffectKind,
    /// Where its output records go, when the effect is a record.
    pub output: String,
    /// How long one message takes, mean.
    pub service_time: Span,
    /// True: the service time varies exponentially around its mean. False: always the mean.
    pub varied: bool,
    /// How often the effect fails but may succeed if tried again.
    pub transient: Ratio,
    /// How often a message is one that no attempt can process.
    pub poison: Ratio,
    /// How many times a failed message is tried in place before `on_failure`.
    pub attempts: u32,
    /// Wait before the first try again; doubles each time.
    pub retry_wait: Span,
    /// Tokens of an instance's retry budget; 0 means no budget. A failure takes one, ten steps that succeed give
    /// one back, and nothing is tried again while half of them or fewer are left.
    pub retry_budget: u32,
    /// What then.
    pub on_failure: OnFailure,
    /// What it does with a message of a key whose earlier message it has not been through with.
    pub early: Early,
    /// When the first instance starts listening.
    pub start_at: Span,
    /// `max.poll.records` (streams), messages a receive (SQS), `prefetch` (RabbitMQ).
    #[serde(rename = "max.poll.records")]
    pub max_poll: u32,
    /// `session.timeout.ms`.
    #[serde(rename = "session.timeout.ms")]
    pub session_timeout: Span,
    /// `heartbeat.interval.ms`.
    #[serde(rename = "heartbeat.interval.ms")]
    pub heartbeat: Span,
    /// `max.poll.interval.ms`.
    #[serde(rename = "max.poll.interval.ms")]
    pub max_poll_interval: Span,
    /// `auto.commit.interval.ms`, when `commit` is automatic.
    #[serde(rename = "auto.commit.interval.ms")]
    pub auto_commit_interval: Span,
    /// `auto.offset.reset`.
    #[serde(rename = "auto.offset.reset")]
    pub offset_reset: OffsetReset,
    /// `isolation.level` is `read_committed`.
    pub read_committed: bool,
    /// `partition.assignment.strategy`.
    #[serde(rename = "partition.assignment.strategy")]
    pub assignor: Assignor,
    /// Static membership (`group.instance.id` set).
    pub static_members: bool,
    /// Extends a lease while it works (ChangeMessageVisibility).
    pub extend_lease: bool,
    /// Instances pause so long at `pause_at`, without heartbeats (a long collection of garbage); 0 means never.
    pub pause: Span,
    /// When the first instance pauses.
    pub pause_at: Span,
}

/// Rates of failure, and how long the way takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Requests lost between producer and broker.
    pub loss: Ratio,
    /// Answers lost between broker and producer.
    pub ack_loss: Ratio,
    /// Records lost between broker and consumer.
    pub delivery_loss: Ratio,
    /// Commits, acks and deletes lost between consumer and broker.
    pub commit_loss: Ratio,
    /// Producer requests that the network delivers twice.
    pub duplicate: Ratio,
    /// One way over any link: the least it takes.
    pub latency: Span,
    /// One way over any link: mean of the exponentially distributed rest.
    pub jitter: Span,
    /// Mean time between crashes of one consumer instance; 0 means never.
    pub consumer_crash: Span,
    /// How long a crashed consumer stays down.
    pub consumer_restart: Span,
    /// Mean time between crashes of one broker; 0 means never.
    pub broker_crash: Span,
    /// How long a crashed broker stays down.
    pub broker_restart: Span,
    /// How long a crashed producer stays down.
    pub producer_restart: Span,
    /// A consumer crashes between effect and commit, per message.
    pub crash_before_commit: Ratio,
    /// Faults that happen whatever the rates.
    pub placed: Vec<Placed>,
}
