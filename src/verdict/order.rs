//! Order by key: the newest message of each key that has taken effect, service by service.

use std::sync::Arc;

const BLOCK: usize = 256;
/// Keys above this are not followed: the table must not grow with whatever a key holds.
const MOST_KEYS: u64 = 1 << 20;

/// For each key and service the number of the newest message that took effect. Blocks are shared
/// between clones until one of them writes.
#[derive(Clone, Debug)]
pub(super) struct ByKey {
    services: usize,
    blocks: Vec<Arc<[u32; BLOCK]>>,
}

impl ByKey {
    pub fn new(services: usize) -> Self {
        ByKey {
            services,
            blocks: Vec::new(),
        }
    }

    /// Notes the first effect of a message; true if a later message of its key was there before it.
    /// Message numbers are in the order of publishing.
    #[inline]
    pub fn took_effect(&mut self, service: usize, key: u64, message: u64) -> bool {
        if key >= MOST_KEYS {
            return false;
        }
        let place = key as usize * self.services + service;
        while self.blocks.len() <= place / BLOCK {
            self.blocks.push(Arc::new([0; BLOCK]));
        }
        let newest = &mut Arc::make_mut(&mut self.blocks[place / BLOCK])[place % BLOCK];
        let message = u32::try_from(message).unwrap_or(u32::MAX);
        let late = *newest > message;
        *newest = message.max(*newest);
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_at_the_same_service_counts() {
        let mut order = ByKey::new(2);
        assert!(!order.took_effect(0, 300, 5));
        assert!(order.took_effect(0, 300, 3));
        assert!(order.took_effect(0, 300, 4));
        assert!(!order.took_effect(1, 300, 4));
        assert!(!order.took_effect(0, 301, 4));
        assert!(!order.took_effect(0, 300, 6));
        assert!(!order.took_effect(0, u64::MAX, 6));
    }
}
