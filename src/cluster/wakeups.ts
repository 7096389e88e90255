import type { EventEmitter } from 'node:events'

/**
 * Tells loops of this process that there is something to do, so that they do not wait for their next look: events to apply,
 * deliveries to send, and what the leader does, for who just became it. A hint: whoever misses it finds the work in the
 * database a moment later.
 */
export type Wakeups = EventEmitter<{ events: []; deliveries: []; lead: [] }>
