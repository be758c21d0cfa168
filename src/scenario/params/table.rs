//! The table of parameters: the one place from which controls, links, `--set` and the docs come.

use super::place::*;
use super::{Group, Kind, Param, Scope};
use crate::scenario::quantity::Span;

const RATE: Kind = Kind::Ratio;
const FLAG: Kind = Kind::Flag;
const MINUTE: Span = Span::s(60);
const DAY: Span = Span::DAY;
/// How long a way or a piece of work may take.
const SHORT: Kind = span(Span(0), MINUTE);
const TIMEOUT: Kind = span(Span::ms(1), Span::s(600));
const NEVER: Kind = or_zero(Span::ms(10), DAY, "never");
const FOREVER: Kind = or_zero(Span::ms(1), DAY, "for ever");
const NONE: Kind = or_zero(Span::ms(1), DAY, "none");

const fn span(min: Span, max: Span) -> Kind {
    let zero = None;
    Kind::Span { min, max, zero }
}

const fn or_zero(min: Span, max: Span, word: &'static str) -> Kind {
    let zero = Some(word);
    Kind::Span { min, max, zero }
}

const fn count(min: u64, max: u64) -> Kind {
    let zero = None;
    Kind::Count { min, max, zero }
}

const fn count_or(max: u64, word: &'static str) -> Kind {
    let zero = Some(word);
    Kind::Count { min: 1, max, zero }
}

/// Rows of one group and scope. Each: whether it may change while the run goes on (`live`) or starts it again
/// (`restart`), the name, other names it answers to, its kind, where it lives, the label, the words that follow a
/// value, and what it means.
macro_rules! rows {
    ($table:ident = $group:ident, $scope:ident, $get:ident, $get_mut:ident;
     $($when:ident $name:literal $(or $also:literal)* : $kind:expr, $($field:ident).+,
       $label:literal, $words:literal, $doc:literal;)+) => {
        const $table: &[Param] = &[$(Param {
            name: $name,
            also: &[$($also),*],
            label: $label,
            words: $words,
            doc: $doc,
            group: Group::$group,
            scope: Scope::$scope,
            kind: $kind,
            live: live!($when),
            place: Place {
                get: |s, i| $get(s, i).map(|x| x.$($field).+.raw()),
                set: |s, i, raw| {
                    if let Some(x) = $get_mut(s, i) {
                        x.$($field).+ = Raw::from_raw(raw);
                    }
                },
            },
        }),+];
    };
}
macro_rules! live {
    (live) => {
        true
    };
    (restart) => {
        false
    };
}

rows! { FAILS = Fails, Scenario, whole, whole_mut;
    live "loss": RATE, faults.loss, "Requests lost", "of requests lost",
        "Share of requests that are lost on the way from producer to broker.";
    live "ackLoss": RATE, faults.ack_loss, "Acks lost", "of acks lost",
        "Share of the broker's answers that are lost on the way to the producer, which then cannot know whether the message is stored.";
    live "deliveryLoss": RATE, faults.delivery_loss, "Deliveries lost", "of deliveries lost",
        "Share of deliveries that are lost on the way from broker to consumer.";
    live "commitLoss": RATE, faults.commit_loss, "Commits lost", "of commits lost",
        "Share of commits, acks and deletes that are lost on the way from consumer to broker.";
    live "dup" or "duplicate": RATE, faults.duplicate, "Requests doubled", "of requests doubled",
        "Share of producer requests that the network delivers twice.";
    live "delay" or "latency": SHORT, faults.latency, "Latency", "one way, at least",
        "One way over any link: the least it takes.";
    live "jitter": SHORT, faults.jitter, "Jitter", "more on average",
        "One way over any link: the mean of what comes on top, exponentially distributed.";
    live "crash": NEVER, faults.consumer_crash, "Consumer crashes", "between crashes of one instance",
        "Mean time between two crashes of one consumer instance.";
    live "crashBeforeCommit": RATE, faults.crash_before_commit, "Crash before commit", "of messages meet a crash before the commit",
        "Share of messages at which the consumer dies after the effect and before the commit.";
    live "restart": TIMEOUT, faults.consumer_restart, "Consumer restart", "until a crashed consumer is back",
        "How long a crashed consumer stays down.";
    live "brokerCrash": NEVER, faults.broker_crash, "Broker crashes", "between crashes of one broker",
        "Mean time between two crashes of one broker.";
    live "brokerRestart": TIMEOUT, faults.broker_restart, "Broker restart", "until a crashed broker is back",
        "How long a crashed broker stays down.";
    live "producerRestart": TIMEOUT, faults.producer_restart, "Producer restart", "until a crashed producer is back",
        "How long a crashed producer stays down.";
}

rows! { PRODUCER_FAILS = Fails, Producer, producer, producer_mut;
    live "producerCrash": NEVER, crash_every, "Producer crashes", "between crashes of the producer",
        "Mean time between two crashes of the producer process.";
}

rows! { LOAD = Producer, Scenario, whole, whole_mut;
    live "rate": count(1, 10_000), load.rate, "Rate", "messages a second",
        "Messages published a second, over all producers.";
    restart "users": count(1, 1_000_000), load.users, "Users", "different keys",
        "How many different users (keys) the messages belong to.";
    restart "inARow": count_or(1_000, "drawn"), load.in_a_row, "In a row", "messages in a row of one user",
        "So many messages in a row belong to one user, then comes the next one; otherwise each message's user is drawn.";
    restart "messages": count_or(1_000_000_000, "no such end"), load.messages, "Messages", "messages, then no more",
        "Publishing stops after so many messages.";
    restart "regular": FLAG, load.regular, "Evenly spaced", "evenly spaced messages",
        "Messages come evenly spaced; otherwise at random moments (a Poisson process).";
    restart "keyed": FLAG, load.keyed, "Keys", "keys",
        "Messages have a key and all of a key go to one partition; otherwise they have none and are spread.";
}

rows! { PRODUCER = Producer, Producer, producer, producer_mut;
    restart "acks": Kind::Choice(ACKS), acks, "acks", "acks",
        "Whose answer the producer waits for: nobody's, the leader's, or that all in-sync replicas have it.";
    restart "idempotence" or "enable.idempotence": FLAG, idempotence, "Idempotent producer", "idempotence",
        "The broker recognises a repeated request by producer id and sequence number.";
    restart "retries": count(0, 2_147_483_647), retries, "Retries", "retries at most",
        "How often a request is sent again.";
    restart "timeout" or "request.timeout.ms" or "requestTimeout": TIMEOUT, request_timeout, "Request timeout", "until a request counts as unanswered",
        "How long the producer waits for an answer before it takes the request for lost.";
    restart "deliveryTimeout" or "delivery.timeout.ms": TIMEOUT, delivery_timeout, "Delivery timeout", "until the producer gives up",
        "How long the producer tries in all before it reports a failure.";
    restart "backoff" or "retry.backoff.ms": SHORT, retry_backoff, "Retry backoff", "before the first retry",
        "Wait before the first retry; it grows with each one.";
    restart "backoffMax" or "retry.backoff.max.ms": SHORT, retry_backoff_max, "Longest backoff", "between retries at most",
        "The most a producer waits between two tries.";
    restart "inFlight" or "max.in.flight.requests.per.connection" or "maxInFlight": count(1, 100), max_in_flight, "In flight", "unanswered requests at once",
        "How many requests may be unanswered at once; above 1, a retry can overtake.";
    restart "linger" or "linger.ms": span(Span(0), Span::s(10)), linger, "Linger", "to fill a batch",
        "How long a message waits for others to share its batch.";
    restart "batch" or "batch.size": count(1, 10_000), batch_records, "Batch", "messages in a batch at most",
        "How many messages fit in a batch.";
    restart "resend": FLAG, resend, "Application resends", "sending again",
        "The application sends again what the client gave up on; the broker cannot recognise that as a repeat.";
    restart "transaction" or "transactional.id": count_or(10_000, "no transactions"), transaction_messages, "Transactions", "messages in a transaction",
        "The producer publishes in transactions of so many messages.";
}

rows! { CLUSTER = Broker, Scenario, whole, whole_mut;
    restart "brokers": count(1, 5), cluster.brokers, "Brokers", "brokers",
        "How many broker processes there are.";
    restart "uncleanElection" or "unclean.leader.election.enable": FLAG, cluster.unclean_election, "Unclean election", "unclean election",
        "A replica that is not in sync may become leader: available, but acknowledged messages are lost.";
    restart "detection" or "broker.session.timeout.ms": TIMEOUT, cluster.detection, "Broker detection", "until a dead broker is noticed",
        "How long until the cluster notices that a broker is gone.";
    restart "replicaLag" or "replica.lag.time.max.ms": TIMEOUT, cluster.replica_lag_max, "Replica lag", "behind and a follower is out of sync",
        "A follower that is behind for longer leaves the in-sync replicas.";
}

rows! { LOG = Broker, Topic, log, log_mut;
    restart "partitions" or "num.partitions": count(1, 12), partitions, "Partitions", "partitions",
        "How many partitions the topic has.";
    restart "replication" or "replication.factor": count(1, 5), replication, "Replication", "copies of each partition",
        "Copies of each partition, the leader's among them.";
    restart "minInsync" or "min.insync.replicas": count(1, 5), min_insync, "min.insync.replicas", "copies needed in sync",
        "With acks=all, how many in-sync replicas must be there for a message to be accepted.";
    restart "retention": count(1, 10_000_000), retention, "Retention", "messages kept in a partition",
        "How many messages a partition keeps; older ones are deleted, read or not.";
    restart "growAt": NEVER, grow_at, "Partitions are added", "from the start until partitions are added",
        "When partitions are added, which moves keys to other partitions.";
    restart "growTo": count_or(12, "unchanged"), grow_to, "Partitions afterwards", "partitions after growing",
        "How many partitions there are once some were added.";
}

rows! { LEASE = Broker, Topic, lease, lease_mut;
    restart "fifo": FLAG, fifo, "FIFO queue", "a FIFO queue",
        "Ordered by message group (the key), and deduplicated for five minutes.";
    restart "visibilityTimeout": span(Span::ms(1), Span::s(43_200)), visibility_timeout, "VisibilityTimeout", "until a received message shows again",
        "How long a received message is hidden from other receivers.";
    restart "maxReceiveCount": count_or(1_000, "no dead-letter queue"), max_receive_count, "maxReceiveCount", "receives, then the dead-letter queue",
        "After so many receives a message moves to the dead-letter queue.";
    restart "doubleDelivery": RATE, double_delivery, "Double delivery", "of held messages handed out again",
        "How often a standard queue hands out a message that somebody holds.";
    restart "queueDelay" or "DelaySeconds": span(Span(0), Span::s(900)), delay, "DelaySeconds", "before a new message shows",
        "How long a new message stays hidden.";
    restart "redriveAt": NEVER, redrive_at, "Redrive", "from the start until the redrive",
        "When messages are moved back from the dead-letter queue.";
}

rows! { AMQP = Broker, Topic, amqp, amqp_mut;
    restart "quorum": FLAG, quorum, "Quorum queue", "a quorum queue",
        "A replicated quorum queue; otherwise a classic one.";
    restart "deliveryLimit" or "x-delivery-limit": count_or(1_000, "no limit"), delivery_limit, "delivery-limit", "deliveries at most",
        "How often a quorum queue delivers a message before it gives up on it.";
    restart "deadLetter" or "x-dead-letter-exchange": FLAG, dead_letter, "Dead-letter exchange", "a dead-letter exchange",
        "Rejected and given-up messages go to a dead-letter exchange; otherwise they are dropped.";
    restart "ttl" or "x-message-ttl": NONE, ttl, "x-message-ttl", "until a waiting message expires",
        "How long a message may wait in the queue.";
    restart "maxLength" or "x-max-length": count_or(10_000_000, "no limit"), max_length, "x-max-length", "messages in the queue at most",
        "How many messages the queue holds; the oldest are dropped.";
}

rows! { PUBSUB = Broker, Topic, pubsub, pubsub_mut;
    restart "outputBuffer" or "client-output-buffer-limit": count(1, 1_000_000), output_buffer, "Output buffer", "messages wait for a slow subscriber",
        "How many messages wait for a slow subscriber before it is disconnected.";
}

/// Setting the guarantee sets what it is a name for; so it comes before the commit and the idempotency, which may
/// then differ from it.
const GUARANTEE: &[Param] = &[Param {
    name: "guarantee",
    also: &[],
    label: "Guarantee",
    words: "promised",
    doc: "What the service promises. Setting it sets when it commits and how it recognises repeats.",
    group: Group::Service,
    scope: Scope::Service,
    kind: Kind::Choice(GUARANTEES),
    live: false,
    place: Place {
        get: |s, i| service(s, i).map(|x| x.guarantee.raw()),
        set: |s, i, raw| {
            if let Some(x) = service_mut(s, i) {
                x.promise(Raw::from_raw(raw));
            }
        },
    },
}];

rows! { SERVICE = Service, Service, service, service_mut;
    restart "instances": count(1, 12), instances, "Instances", "instances",
        "How many instances of the service run.";
    live "serviceTime": SHORT, service_time, "Service time", "for a message, on average",
        "How long one message takes.";
    live "varied": FLAG, varied, "Varying service time", "varying service time",
        "The service time varies (exponentially) around its mean; otherwise it is always the mean.";
    restart "commit": Kind::Choice(COMMITS), commit, "Commit", "is when it commits",
        "When the consumer commits its offset, acks or deletes: before processing, after each message, after the poll, automatically, or never.";
    restart "idempotency": Kind::Choice(IDEMPOTENCIES), idempotency, "Idempotency", "against repeats",
        "How a repeated message is kept from taking effect again.";
    restart "memory": count_or(1_000_000_000, "all of them"), memory, "Ids remembered", "ids remembered",
        "How many processed ids the idempotency memory holds; 0 means all of them.";
    restart "memoryFor": FOREVER, memory_for, "Ids remembered for", "and an id is forgotten",
        "How long the idempotency memory holds a processed id.";
    restart "maxPoll" or "max.poll.records" or "prefetch" or "MaxNumberOfMessages": count(1, 10_000), max_poll, "Messages a poll", "messages a poll at most",
        "How many messages a consumer takes at once (max.poll.records, MaxNumberOfMessages, prefetch).";
    restart "sessionTimeout" or "session.timeout.ms": TIMEOUT, session_timeout, "Session timeout", "without a heartbeat and a member is out",
        "How long the group waits for a heartbeat before it takes a member for dead.";
    restart "heartbeat" or "heartbeat.interval.ms": TIMEOUT, heartbeat, "Heartbeat", "between heartbeats",
        "How often a member tells the group that it is alive.";
    restart "maxPollInterval" or "max.poll.interval.ms": TIMEOUT, max_poll_interval, "Poll interval", "between polls at most",
        "A member that does not poll for longer leaves the group.";
    restart "autoCommitInterval" or "auto.commit.interval.ms": SHORT, auto_commit_interval, "Auto-commit interval", "between automatic commits",
        "How often an automatic commit is due; it then happens in the next poll.";
    restart "offsetReset" or "auto.offset.reset": Kind::Choice(RESETS), offset_reset, "Offset reset", "is where it starts without a commit",
        "Where a group without a committed offset starts.";
    restart "readCommitted" or "isolation.level": FLAG, read_committed, "Only committed", "read_committed",
        "The consumer sees only messages of committed transactions (isolation.level=read_committed).";
    restart "assignor" or "partition.assignment.strategy": Kind::Choice(ASSIGNORS), assignor, "Assignor", "assignment",
        "How the group deals out partitions.";
    restart "staticMembers" or "group.instance.id": FLAG, static_members, "Static membership", "static membership",
        "A restarted member takes its old place without a rebalance.";
    live "transient": RATE, transient, "Transient failures", "of effects fail for now",
        "Share of attempts at which the effect fails and may succeed if tried again.";
    live "poison": RATE, poison, "Poison messages", "of messages can never be processed",
        "Share of messages that no attempt can process.";
    restart "onFailure": Kind::Choice(ON_FAILURE), on_failure, "On failure", "when a message fails",
        "What happens to a message that failed for good: block what is behind it, skip it, or put it in a dead-letter queue.";
    restart "attempts": count(1, 100), attempts, "Attempts", "attempts in place",
        "How many times a failed message is tried in place.";
    restart "retryWait": SHORT, retry_wait, "Retry wait", "before the next attempt",
        "Wait before the first new attempt; it doubles each time.";
    restart "retryBudget": count_or(1_000, "no budget"), retry_budget, "Retry budget", "tokens for retries",
        "Each failure takes a token of an instance, ten successful steps give one back, and nothing is tried again while half of them or fewer are left.";
    restart "early": Kind::Choice(EARLY), early, "Too early", "with what comes too early",
        "What happens to a message whose key's earlier one was not processed yet: process it, let it wait, or fail and retry later.";
    restart "startAt": span(Span(0), DAY), start_at, "Starts listening", "after the start it listens",
        "When the service's first instance starts to listen.";
    restart "extendLease": FLAG, extend_lease, "Extend the lease", "extending the lease",
        "The receiver extends the visibility timeout while it works (ChangeMessageVisibility).";
    restart "pause": NONE, pause, "Pause", "without a sign of life",
        "How long the first instance stands still, heartbeats too, as in a long garbage collection.";
    restart "pauseAt": span(Span(0), DAY), pause_at, "Pause begins", "after the start it stands still",
        "When the first instance pauses.";
}

rows! { RUN = More, Scenario, whole, whole_mut;
    restart "seed": Kind::Seed, seed, "Seed", "is where chance starts",
        "Everything that chance decides follows from it: the same seed, the same run.";
    restart "duration": span(Span::ms(1), DAY), duration, "Duration", "of publishing",
        "How long messages are published.";
    restart "drain": span(Span(0), DAY), drain, "Drain", "to settle at most",
        "How long the run may go on after that until everything has settled.";
}

/// All rows, in the order of the docs and of links.
pub(super) static TABLE: &[&[Param]] = &[
    FAILS,
    PRODUCER_FAILS,
    GUARANTEE,
    SERVICE,
    LOAD,
    PRODUCER,
    CLUSTER,
    LOG,
    LEASE,
    AMQP,
    PUBSUB,
    RUN,
];
