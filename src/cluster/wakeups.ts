/** What there may be to do: events to apply, deliveries to send, and what the leader does, for who just became it. */
type Topic = 'events' | 'deliveries' | 'lead'

/**
 * Tells loops that there is something to do, so that they do not wait for their next look. A hint: whoever misses it finds
 * the work in the database a moment later.
 */
export interface Wakeups {
  notify(topic: Topic): void
  /** Calls the listener at each notice of the topic. */
  on(topic: Topic, listener: () => void): void
}

/** Wake-ups within one process: each listener is called before `notify` returns. */
export function createWakeups(): Wakeups {
  const listeners = new Map<Topic, (() => void)[]>()
  return {
    notify(topic) {
      for (const listener of listeners.get(topic) ?? []) listener()
    },
    on(topic, listener) {
      listeners.set(topic, [...(listeners.get(topic) ?? []), listener])
    },
  }
}
