import { secondMs } from '../../durations.ts'

/** How long a delivery is whose claim it is: longer than any try. Past it, the worker that had the delivery is dead. */
export const leaseMs = 60 * secondMs

/** A claim that is older before its try begins is given back: what is known of when tries are over would not hold. */
export const freshMs = 5 * secondMs

/** How long a try may take, look-up and answer together. */
export const tryMs = 15 * secondMs

/** What is left of a lease when any try under it must be over, whoever has it: for storing how it ended. */
export const settlingMs = leaseMs - freshMs - tryMs

/** How ids of commands begin, which claim for themselves and are no members: their claims last as long as their leases. */
export const commandPrefix = 'cmd'
