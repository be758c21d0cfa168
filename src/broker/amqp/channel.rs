//! Channels: prefetch, settling by tag, closing.

use super::*;

/// A delivery that waits for its settlement.
#[derive(Clone, Copy, Debug)]
pub struct Unacked {
    pub tag: u64,
    pub number: u64,
    pub since: Micros,
}

#[derive(Clone, Debug)]
pub struct Channel {
    pub id: ChannelId,
    pub auto_ack: bool,
    prefetch: u32,
    last_tag: u64,
    /// In order of tags.
    pub unacked: VecDeque<Unacked>,
}

impl Channel {
    /// Prefetch limits unacknowledged deliveries, so it has no effect with autoAck.
    pub fn can_take(&self) -> bool {
        self.auto_ack || self.prefetch == 0 || (self.unacked.len() as u64) < self.prefetch.into()
    }

    pub fn next_tag(&mut self) -> u64 {
        self.last_tag += 1;
        self.last_tag
    }
}

impl AmqpQueue {
    /// Opens a channel with one consumer (`basic.qos`, `basic.consume`). `prefetch`: most unacknowledged
    /// deliveries, 0 for no limit. A channel that is open under this number is closed first.
    pub fn consume(&mut self, now: Micros, id: ChannelId, prefetch: u32, auto_ack: bool) {
        self.channel_closed(now, id);
        let unacked = VecDeque::new();
        self.channels.push(Channel {
            id,
            auto_ack,
            prefetch,
            last_tag: 0,
            unacked,
        });
    }

    /// Whether the channel is open.
    pub fn is_open(&self, id: ChannelId) -> bool {
        self.channels.iter().any(|c| c.id == id)
    }

    /// Settles the delivery with this tag, and with `multiple` all earlier ones of the channel too
    /// (tag 0: all there are). A tag that is not waiting closes the channel, which requeues all it
    /// had. On a closed channel nothing happens: its deliveries are requeued already.
    pub fn settle(
        &mut self,
        now: Micros,
        id: ChannelId,
        tag: u64,
        multiple: bool,
        how: Settle,
    ) -> Result<(), Closed> {
        let Some(channel) = self.channels.iter_mut().find(|c| c.id == id) else {
            return Ok(());
        };
        let all = multiple && tag == 0;
        let end = match channel.unacked.binary_search_by_key(&tag, |u| u.tag) {
            Ok(at) => at + 1,
            Err(_) if all => channel.unacked.len(),
            Err(_) => {
                self.close(now, id, true);
                return Err(Closed::UnknownTag);
            }
        };
        let start = if multiple { 0 } else { end - 1 };
        self.unacked -= (end - start) as u64;
        for _ in start..end {
            let channel = self.channels.iter_mut().find(|c| c.id == id);
            let Some(unacked) = channel.and_then(|c| c.unacked.remove(start)) else {
                break;
            };
            self.settle_one(unacked.number, how);
        }
        self.drop_head();
        self.expire(now);
        Ok(())
    }

    fn settle_one(&mut self, number: u64, how: Settle) {
        match how {
            Settle::Ack => {
                self.totals.acked += u64::from(self.slots.remove(number).is_some());
            }
            Settle::Requeue => self.requeue(number, false),
            Settle::Reject => self.bury(number, Reason::Rejected),
        }
    }

    /// The channel or its connection is gone: everything it did not settle is requeued.
    pub fn channel_closed(&mut self, now: Micros, id: ChannelId) {
        self.close(now, id, true);
    }

    /// `failed`: the deliveries count as failed ones.
    pub(super) fn close(&mut self, now: Micros, id: ChannelId, failed: bool) {
        let Some(at) = self.channels.iter().position(|c| c.id == id) else {
            return;
        };
        let channel = self.channels.remove(at);
        // The others keep their turn.
        if at < self.turn {
            self.turn -= 1;
        }
        self.unacked -= channel.unacked.len() as u64;
        channel
            .unacked
            .iter()
            .for_each(|u| self.requeue(u.number, failed));
        self.drop_head();
        self.expire(now);
    }
}
