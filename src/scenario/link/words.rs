//! Whole words as one or two bytes, so that a scenario's JSON fits into a link.
//!
//! Measured on links of usual length, this saves as much as deflate does (the words are what is long), without its
//! code. JSON has no control characters, so they stand for words: 1 to 30 for the first thirty, 31 and another byte for
//! the rest. The list belongs to version 1 of the format: it may grow at its end, and nothing in it may change.

/// The words, separated by blanks.
const WORDS: &str = r#"
{"p":" ","d":{" {"d":{" }},"i":[{"at":" {"at":" ","do":{" order-processing faults":{" services":{" producers":{"0":{"
topics":{"0":{channel":{" channel":{" guarantee":" idempotency":" commit":" ,"  at-least-once
at-least-once-idempotent exactly-once ":{" ":" "," "}," }}," 0":{" crash-consumer":{"instance": ,"service":
crash-broker":{"broker": set":{"name":" ","value":" {"n":1,"0":"
service_time":" instances": partitions": seed": load":{" rate": users": messages": loss":" ack_loss":" delivery_loss":"
commit_loss":" duplicate":" latency":" jitter":" consumer_crash":" consumer_restart":" broker_crash":"
broker_restart":" producer_restart":" crash_before_commit":" placed":{" lose-request lose-ack lose-delivery lose-commit
crash-after fail-effect poison crash-producer":{"producer": cut-broker":{"broker": drop":{"packet": delay":{"by":"
,"packet": ,"lasting":" attempt":1 attempt": fault":" message": "service":" step":" at":" receive check effect":"
record duration":" drain":" cluster":{" brokers": detection":" unclean_election": replica_lag_max":" replication":
min_insync": retention": grow_at":" grow_to": visibility_timeout":" max_receive_count": double_delivery":" redrive_at":"
fifo": quorum": delivery_limit": dead_letter": ttl":" max_length": output_buffer": kind":" lease pub-sub amqp sns
acks":" enable.idempotence": retries": request.timeout.ms":" delivery.timeout.ms":" retry.backoff.ms":"
retry.backoff.max.ms":" max.in.flight.requests.per.connection": linger.ms":" batch_records": resend": crash_every":"
transaction_messages": before after-each after-batch never table-checked same-transaction unique-constraint
idempotency-key natural stored-offset kafka-transaction memory": charge stock mail count push output":" varied":
transient":" poison":" attempts": retry_wait":" on_failure":" block skip dead-letter wait_for_order": start_at":"
max.poll.records": session.timeout.ms":" heartbeat.interval.ms":" max.poll.interval.ms":"
auto.commit.interval.ms":" auto.offset.reset":" earliest latest read_committed":
partition.assignment.strategy":" range round-robin cooperative-sticky sticky static_members": extend_lease": pause":"
pause_at":" regular": keyed": noun":" name":" title":" watch_for":" topics":["order-events"] order-events expects":{"
figure":" is":" value": true false lost duplicated out_of_order Payment Inventory Notification Analytics
ms"," s"," %"," min"," 1":{" 2":{" 3":{" n": at-most-once early":" memory_for":" retry_budget":
"#;

/// The first words stand for themselves in one byte.
const SHORT: usize = 30;
const LONG: u8 = 31;

fn words() -> Vec<&'static [u8]> {
    WORDS.split_ascii_whitespace().map(str::as_bytes).collect()
}

/// JSON without blanks between its parts, with words in place of their letters.
pub(super) fn shorten(json: &[u8]) -> Vec<u8> {
    let words = words();
    let mut out = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(&byte) = rest.first() {
        let fitting = words
            .iter()
            .enumerate()
            .filter(|(_, word)| rest.starts_with(word));
        let saved = |i: usize, word: &[u8]| word.len() - if i < SHORT { 1 } else { 2 };
        match fitting.max_by_key(|(i, word)| saved(*i, word)) {
            Some((i, word)) if i < SHORT => {
                out.push(i as u8 + 1);
                rest = &rest[word.len()..];
            }
            Some((i, word)) if word.len() > 2 => {
                out.extend([LONG, (i - SHORT) as u8]);
                rest = &rest[word.len()..];
            }
            _ => {
                out.push(byte);
                rest = &rest[1..];
            }
        }
    }
    out
}

/// What [`shorten`] was given. `None` where a word is none.
pub(super) fn lengthen(short: &[u8]) -> Option<Vec<u8>> {
    let words = words();
    let mut out = Vec::with_capacity(4 * short.len());
    let mut bytes = short.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            0 => return None,
            LONG => out.extend_from_slice(words.get(SHORT + usize::from(*bytes.next()?))?),
            1..LONG => out.extend_from_slice(words.get(usize::from(byte) - 1)?),
            _ => out.push(byte),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Placed, Scenario, Service};

    #[test]
    fn what_was_shortened_comes_back() {
        for text in [
            "",
            "{}",
            r#"{"p":"order-processing","d":{"seed":42}}"#,
            "ä€🙂",
            r#"{"zzz":"\u0001"}"#,
        ] {
            let short = shorten(text.as_bytes());
            assert_eq!(lengthen(&short).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(shorten(br#"{"p":"order-processing"}"#).len(), 4);
        for bad in [&[0][..], &[LONG], &[LONG, 255]] {
            assert_eq!(lengthen(bad), None);
        }
    }

    #[test]
    fn there_is_a_byte_for_every_word_and_none_is_there_twice() {
        let words = words();
        assert!(words.len() <= SHORT + 256, "{}", words.len());
        let mut sorted = words.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), words.len());
    }

    #[test]
    fn a_whole_scenario_loses_half_its_length() {
        let mut scenario = Scenario::default();
        scenario.services.push(Service::default());
        scenario.faults.placed.push(Placed::LoseAck {
            message: 3,
            attempt: 1,
        });
        let json = serde_json::to_vec(&scenario).unwrap();
        assert!(
            shorten(&json).len() * 2 < json.len(),
            "{} of {}",
            shorten(&json).len(),
            json.len()
        );
    }
}
