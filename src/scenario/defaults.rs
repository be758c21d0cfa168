//! Defaults. Timeouts are shortened from the real ones so that their effect fits into a minute of watching;
//! FIDELITY.md has both.

use super::*;

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            version: 1,
            name: String::new(),
            title: String::new(),
            watch_for: String::new(),
            seed: 7,
            duration: Span::s(60),
            drain: Span::s(120),
            load: Load::default(),
            cluster: Cluster::default(),
            topics: Vec::new(),
            producers: Vec::new(),
            services: Vec::new(),
            faults: Faults::default(),
            requires: Vec::new(),
            expects: Vec::new(),
        }
    }
}

impl Default for Load {
    fn default() -> Self {
        Load {
            rate: 10,
            messages: 0,
            users: 200,
            in_a_row: 0,
            regular: false,
            keyed: true,
            noun: "order".into(),
        }
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Cluster {
            brokers: 2,
            detection: Span::ms(500),
            unclean_election: false,
            replica_lag_max: Span::ms(500),
        }
    }
}

impl Default for Topic {
    fn default() -> Self {
        Topic {
            name: String::new(),
            channel: Channel::Log(LogChannel::default()),
        }
    }
}

impl Default for LogChannel {
    fn default() -> Self {
        LogChannel {
            partitions: 4,
            replication: 2,
            min_insync: 1,
            retention: 50_000,
            grow_at: Span(0),
            grow_to: 0,
        }
    }
}

impl Default for LeaseChannel {
    fn default() -> Self {
        LeaseChannel {
            fifo: false,
            visibility_timeout: Span::s(2),
            max_receive_count: 0,
            double_delivery: Ratio(0),
            delay: Span(0),
            redrive_at: Span(0),
        }
    }
}

impl Default for AmqpChannel {
    fn default() -> Self {
        AmqpChannel {
            quorum: false,
            delivery_limit: 20,
            dead_letter: false,
            ttl: Span(0),
            max_length: 0,
        }
    }
}

impl Default for PubSubChannel {
    fn default() -> Self {
        PubSubChannel { output_buffer: 100 }
    }
}

impl Default for Producer {
    fn default() -> Self {
        Producer {
            name: "Order API".into(),
            topics: Vec::new(),
            acks: Acks::All,
            retries: 2_147_483_647,
            request_timeout: Span::ms(200),
            delivery_timeout: Span::s(30),
            retry_backoff: Span::ms(20),
            retry_backoff_max: Span::ms(200),
            max_in_flight: 5,
            idempotence: true,
            linger: Span(0),
            batch_records: 100,
            resend: false,
            crash_every: Span(0),
            transaction_messages: 0,
        }
    }
}

impl Default for Service {
    fn default() -> Self {
        let mut service = Service {
            name: String::new(),
            topics: Vec::new(),
            instances: 1,
            guarantee: Guarantee::AtLeastOnce,
            commit: CommitWhen::AfterBatch,
            idempotency: Idempotency::None,
            memory: 0,
            memory_for: Span(0),
            effect: EffectKind::Stock,
            output: String::new(),
            service_time: Span::ms(20),
            varied: true,
            transient: Ratio(0),
            poison: Ratio(0),
            attempts: 3,
            retry_wait: Span::ms(50),
            retry_budget: 0,
            on_failure: OnFailure::Skip,
            early: Early::Process,
            start_at: Span(0),
            max_poll: 10,
            session_timeout: Span::ms(1_000),
            heartbeat: Span::ms(300),
            max_poll_interval: Span::s(30),
            auto_commit_interval: Span::ms(500),
            offset_reset: OffsetReset::Earliest,
            read_committed: false,
            assignor: Assignor::Range,
            static_members: false,
            extend_lease: false,
            pause: Span(0),
            pause_at: Span(0),
        };
        service.promise(Guarantee::AtLeastOnce);
        service
    }
}

impl Default for Faults {
    fn default() -> Self {
        Faults {
            loss: Ratio(0),
            ack_loss: Ratio(0),
            delivery_loss: Ratio(0),
            commit_loss: Ratio(0),
            duplicate: Ratio(0),
            latency: Span::ms(1),
            jitter: Span::ms(1),
            consumer_crash: Span(0),
            consumer_restart: Span::ms(800),
            broker_crash: Span(0),
            broker_restart: Span::s(2),
            producer_restart: Span::ms(500),
            crash_before_commit: Ratio(0),
            placed: Vec::new(),
        }
    }
}
