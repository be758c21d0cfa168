//! Delivered, processed, effected: three counters of a message, and the line where exactly-once ends.

use serde::Serialize;

use super::names;
use super::svg::Svg;
use crate::scenario::{Channel, EffectKind, Idempotency, Scenario, Service};
use crate::verdict::{MessageLine, Standing, State};

/// Where a service's effect takes place, seen from what makes a repeat harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// In the log: the record written and the offset read are one transaction of the log.
    Log,
    /// In a database of its own, in one transaction with what remembers it.
    Transaction,
    /// Outside, with somebody who recognises a repeat by its key.
    Recognised,
    /// Outside, where doing it again changes nothing.
    Harmless,
    /// Outside, or apart from what remembers it: between the two a crash repeats it, or loses it.
    Outside,
}

impl Ground {
    /// Where the effects of a service take place.
    pub fn of(service: &Service) -> Ground {
        match (service.idempotency, service.effect) {
            (Idempotency::KafkaTransaction, EffectKind::Record) => Ground::Log,
            (Idempotency::SameTransaction | Idempotency::StoredOffset, _) => Ground::Transaction,
            (Idempotency::IdempotencyKey, _) => Ground::Recognised,
            (Idempotency::Natural, _) => Ground::Harmless,
            _ => Ground::Outside,
        }
    }

    /// Whether the effect lies beyond the line where exactly-once ends.
    pub fn is_outside(self) -> bool {
        !matches!(self, Ground::Log | Ground::Transaction)
    }

    /// Where it is, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Ground::Log => "in the log's transaction",
            Ground::Transaction => "in a transaction of its own",
            Ground::Recognised => "outside, repeats known by key",
            Ground::Harmless => "outside, repeats change nothing",
            Ground::Outside => "outside",
        }
    }

    /// What the line means, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Ground::Log => {
                "Offset and output are one transaction of the log: exactly-once holds for whoever reads committed records."
            }
            Ground::Transaction => {
                "The effect and what remembers it are one transaction of its own database: exactly-once ends at its edge."
            }
            Ground::Recognised => {
                "Exactly-once ends before the effect; the party outside recognises a repeat by its key."
            }
            Ground::Harmless => {
                "Exactly-once ends before the effect; doing it again sets what is set already."
            }
            Ground::Outside => {
                "Exactly-once ends before the effect: a crash between effect and commit repeats it, or loses it."
            }
        }
    }
}

/// How a message stands with a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The service.
    pub name: String,
    /// Where its effect takes place.
    pub ground: Ground,
    /// What it reads: "log", "queue", "channel".
    pub source: &'static str,
    /// Times it was handed to the application.
    pub delivered: u16,
    /// Times the handler was through with it.
    pub processed: u16,
    /// Times it took effect.
    pub effects: u16,
    /// "pending", "done", "repeated", "lost", "put aside".
    pub state: &'static str,
}

impl Row {
    /// Whether something went otherwise than it should.
    pub fn is_bad(&self) -> bool {
        matches!(self.state, "lost" | "repeated")
    }
}

/// A row for each service that the message is meant for.
pub fn rows(scenario: &Scenario, line: &MessageLine) -> Vec<Row> {
    let services = scenario.services.iter().zip(&line.services);
    let meant = services.filter(|(_, standing)| standing.state != State::Elsewhere);
    meant
        .map(|(service, standing)| Row {
            name: service.name.clone(),
            ground: Ground::of(service),
            source: source(scenario, service),
            delivered: standing.delivered,
            processed: standing.processed,
            effects: standing.effects,
            state: state(standing),
        })
        .collect()
}

fn source(scenario: &Scenario, service: &Service) -> &'static str {
    let topic = service.topics.first().and_then(|name| scenario.topic(name));
    match topic.map(|topic| &topic.channel) {
        Some(Channel::Lease(_) | Channel::Sns(_) | Channel::Amqp(_)) => "queue",
        Some(Channel::Log(_)) => "log",
        _ => "channel",
    }
}

/// How it stands, in a word.
pub fn state(standing: &Standing) -> &'static str {
    match (standing.state, standing.effects) {
        (State::Elsewhere, _) => "",
        (State::Pending, _) => "pending",
        (State::Taken, 0 | 1) => "done",
        (State::Taken, _) => "repeated",
        (State::Lost, _) => "lost",
        (State::Aside, _) => "put aside",
    }
}

const WIDTH: u32 = 384;
const HEAD: f64 = 22.0;
const ROW: f64 = 50.0;
/// Edges of the three counters, and beyond the last.
const EDGES: [f64; 4] = [98.0, 166.0, 242.0, 310.0];

/// The counters of a message, a row for each service, with the line where exactly-once ends drawn thick and broken.
pub fn to_svg(scenario: &Scenario, message: u64, rows: &[Row]) -> String {
    let mut svg = Svg::new(WIDTH);
    for (n, word) in ["delivered", "processed", "effect"].iter().enumerate() {
        svg.text((middle(n), 13.0), "middle", false, word);
    }
    for (row, y) in rows.iter().zip((0..).map(|n| HEAD + f64::from(n) * ROW)) {
        drawn(&mut svg, row, y);
    }
    let title = format!(
        "How often {} was delivered, processed and took effect",
        names::message(scenario, message)
    );
    let said: Vec<String> = rows
        .iter()
        .map(|row| format!("{}: {}", row.name, row.ground.sentence()))
        .collect();
    svg.done(
        (HEAD + ROW * rows.len() as f64) as u32,
        &title,
        &said.join(" "),
    )
}

fn middle(counter: usize) -> f64 {
    (EDGES[counter] + EDGES[counter + 1]) / 2.0
}

fn drawn(svg: &mut Svg, row: &Row, y: f64) {
    // What is inside the log, what is inside the transaction, and what is outside.
    let (log, own): (usize, Option<&str>) = match row.ground {
        Ground::Log => (3, None),
        Ground::Transaction => (1, Some("inside the transaction")),
        _ => (2, Some("outside")),
    };
    let outside = row.ground.is_outside();
    let size = |from: usize, to: usize| (EDGES[to] - EDGES[from] - 6.0, 24.0);
    svg.area(EDGES[0] + 3.0, y + 1.0, size(0, log), 0.12, false);
    let under = y + 38.0;
    let centre = |from: usize, to: usize| (EDGES[from] + EDGES[to]) / 2.0;
    svg.text(
        (centre(0, log), under),
        "middle",
        false,
        &format!(
            "{} the {}",
            if log == 1 { "in" } else { "inside" },
            row.source
        ),
    );
    if let Some(words) = own {
        svg.area(
            EDGES[log] + 3.0,
            y + 1.0,
            size(log, 3),
            if outside { 0.0 } else { 0.22 },
            outside,
        );
        svg.text((centre(log, 3), under), "middle", false, words);
    }
    let line = if outside { EDGES[2] } else { EDGES[3] };
    svg.line((line, y - 4.0), (line, y + 42.0), 3.0, true);
    svg.text((0.0, y + 17.0), "start", true, &short(&row.name));
    let counts = [row.delivered, row.processed, row.effects];
    for (n, count) in counts.iter().enumerate() {
        svg.text(
            (middle(n), y + 17.0),
            "middle",
            *count > 1,
            &count.to_string(),
        );
    }
    let sign = if row.is_bad() { "✕ " } else { "" };
    svg.text(
        (f64::from(WIDTH), y + 17.0),
        "end",
        row.is_bad(),
        &format!("{sign}{}", row.state),
    );
}

/// A name that fits left of the counters.
fn short(name: &str) -> String {
    const LETTERS: usize = 13;
    match name.chars().count() {
        0..=LETTERS => name.into(),
        _ => name.chars().take(LETTERS - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::preset;
    use crate::timeline::Run;

    fn grounds(name: &str) -> Vec<(String, Ground)> {
        let scenario = preset(name).expect("a preset");
        let of = |s: &Service| (s.name.clone(), Ground::of(s));
        scenario.services.iter().map(of).collect()
    }

    #[test]
    fn exactly_once_ends_where_the_transaction_does() {
        let of = |preset, service: usize| grounds(preset)[service].1;
        assert_eq!(
            of("order-processing", 0),
            Ground::Recognised,
            "a card processor knows the key"
        );
        assert_eq!(
            of("order-processing", 1),
            Ground::Transaction,
            "stock and id in one database"
        );
        assert_eq!(of("order-processing", 2), Ground::Outside, "a mail is sent");
        assert_eq!(of("kafka-transaction", 0), Ground::Log);
        let mixed = grounds("transaction-with-outside-effect");
        assert!(
            mixed.iter().any(|(_, ground)| *ground == Ground::Outside),
            "{mixed:?}"
        );
    }

    #[test]
    fn a_queue_is_no_log() {
        let read = |name| {
            let scenario = preset(name).expect("a preset");
            source(&scenario, &scenario.services[0])
        };
        assert_eq!(read("order-processing"), "log");
        assert_eq!(read("visibility-timeout"), "queue");
        assert_eq!(read("slow-subscriber"), "channel");
    }

    #[test]
    fn a_row_has_the_ledgers_counts_and_the_picture_the_line() {
        let scenario = preset("lost-ack").expect("a preset");
        let mut run = Run::new(scenario.clone()).expect("it runs");
        run.advance(30_000_000, usize::MAX, &mut |_| {});
        let line = run.ledger().message(4).expect("it is known");
        let rows = rows(&scenario, &line);
        let repeated = rows
            .iter()
            .find(|row| row.effects == 2)
            .expect("charged twice");
        assert_eq!((repeated.delivered, repeated.state), (2, "repeated"));
        let svg = to_svg(&scenario, 4, &rows);
        assert_eq!(
            svg.matches("stroke-width=\"3\"").count(),
            rows.len(),
            "one line a row"
        );
        assert!(
            svg.contains("✕ repeated") && svg.contains("outside"),
            "{svg}"
        );
        assert!(svg.contains("How often order 4 was delivered"), "{svg}");
    }
}
