import { z } from 'zod'

/** What shall go wrong: which requests, how, and how many times. */
export const fault = z
  .strictObject({
    /** Start of the path, query included. */
    path: z.string().startsWith('/'),
    method: z.string().toUpperCase().optional(),
    status: z.int().min(200).max(599).optional(),
    /** Real milliseconds before the answer, or before the cut. */
    delay: z.int().min(0).optional(),
    /** Destroys the socket instead of answering. */
    cut: z.boolean().optional(),
    count: z.int().positive().default(1),
    headers: z.record(z.string(), z.string()).default({}),
    /** Sent as it is; without one a status answers with an error body of Bridge's. */
    body: z.string().optional(),
  })
  .refine(({ status, delay, cut }) => status !== undefined || delay !== undefined || cut === true, {
    error: 'Say status, delay or cut',
  })
type Fault = z.output<typeof fault>

export interface Faults {
  add(fault: Fault): void
  /** The oldest fault for this request, counted down; undefined when it shall pass. */
  take(method: string, url: string): Fault | undefined
  list(): readonly Fault[]
  clear(): void
}

/** No faults at first; each serves its count and is gone. */
export function createFaults(): Faults {
  let faults: Fault[] = []
  return {
    add(one) {
      faults.push({ ...one })
    },
    take(method, url) {
      const found = faults.find(
        (one) => url.startsWith(one.path) && (one.method ?? method) === method,
      )
      if (found === undefined) return undefined
      found.count -= 1
      if (found.count === 0) faults = faults.filter((one) => one !== found)
      return found
    },
    list: () => faults,
    clear() {
      faults = []
    },
  }
}
