//! What a consumer does with a message: handler steps, effect stores and idempotency.
