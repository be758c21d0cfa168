//! Any channel, any service, any weather.

use proptest::prelude::*;

use super::*;

fn channels() -> impl Strategy<Value = Channel> {
    let lease = (any::<bool>(), 200_u64..1_500, 0_u32..4, 0_u32..20).prop_map(
        |(fifo, visible, limit, twice)| LeaseChannel {
            fifo,
            visibility_timeout: Span::ms(visible),
            max_receive_count: limit,
            double_delivery: Ratio::percent(twice),
            delay: Span(0),
            redrive_at: Span(if limit == 1 { 2_500_000 } else { 0 }),
        },
    );
    let amqp = (any::<bool>(), any::<bool>(), 0_u32..3, 0_u32..30).prop_map(
        |(quorum, dead_letter, delivery_limit, max_length)| {
            Channel::Amqp(AmqpChannel {
                quorum,
                delivery_limit,
                dead_letter,
                ttl: Span(0),
                max_length,
            })
        },
    );
    prop_oneof![
        lease.clone().prop_map(Channel::Lease),
        lease.prop_map(Channel::Sns),
        amqp,
        (1_u32..20).prop_map(|output_buffer| Channel::PubSub(PubSubChannel { output_buffer })),
    ]
}

fn faults() -> impl Strategy<Value = Faults> {
    let losses = (0_u32..20, 0_u32..20, 0_u32..10, 0_u32..10, 0_u32..10);
    let deaths = (0_u64..3, 0_u64..3, 0_u32..10);
    (losses, deaths).prop_map(|((a, b, c, d, e), (member, broker, between))| Faults {
        loss: Ratio::percent(a),
        ack_loss: Ratio::percent(b),
        delivery_loss: Ratio::percent(c),
        commit_loss: Ratio::percent(d),
        duplicate: Ratio::percent(e),
        consumer_crash: Span::s(member * 2),
        broker_crash: Span::s(broker * 2),
        broker_restart: Span::ms(300),
        crash_before_commit: Ratio::percent(between),
        ..Faults::default()
    })
}

fn failing_services() -> impl Strategy<Value = Vec<Service>> {
    let one = (1_u32..4, 0_usize..3, 0_usize..3, 0_u32..20, any::<bool>());
    let make = |(instances, promise, failure, transient, extend_lease)| {
        let mut service = Service {
            instances,
            transient: Ratio::percent(transient),
            poison: Ratio::percent(transient / 4),
            on_failure: [OnFailure::Block, OnFailure::Skip, OnFailure::DeadLetter][failure],
            extend_lease,
            effect: EffectKind::Stock,
            varied: true,
            attempts: 2,
            ..service("Worker")
        };
        service.promise(Guarantee::ALL[promise]);
        service
    };
    prop::collection::vec(one.prop_map(make), 1..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the settings and the weather: every message is accounted for, a run is the same twice,
    /// and where nothing blocks it comes to an end by itself.
    #[test]
    fn every_message_is_accounted_for(
        channel in channels(),
        faults in faults(),
        services in failing_services(),
        seed in any::<u32>(),
    ) {
        let mut s = scenario(channel);
        s.load = Load { rate: 40, users: 4, ..Load::default() };
        (s.duration, s.drain) = (Span::s(2), Span::s(60));
        (s.faults, s.services, s.seed) = (faults, services, seed);
        let (one, two) = (run(&s), run(&s));
        prop_assert_eq!(&one.hash, &two.hash);
        let stops = s.services.iter().all(|w| w.on_failure != OnFailure::Block || w.poison.0 == 0);
        let settled = one.now < 62_000_000;
        prop_assert!(settled || !stops, "{}", one.now);
        for w in &one.report.services {
            prop_assert!(w.pending == 0 || !settled, "{w:?}");
        }
    }
}
