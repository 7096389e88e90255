import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

/** What somebody answered to a request of ours. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** The body, or its beginning. */
  body: Buffer
  /** Why there is no more of the body; undefined when it is whole. */
  cut: Error | undefined
}

/** Whether a status says that it went well; null: there was none. */
export const isSuccess = (status: number | null): boolean =>
  status !== null && status >= 200 && status < 300

/** The time was over. */
export class OutOfTimeError extends Error {
  override name = 'OutOfTimeError'
}

/** There is more of the body than was wanted. */
export class TooMuchError extends Error {
  override name = 'TooMuchError'
}

/**
 * Sends a request and gathers its answer, within `ms` milliseconds, connecting included. Without a status it rejects: with an
 * OutOfTimeError, the signal's reason, or undici's error. With one it resolves, and `cut` says what was missing.
 *
 * It uses undici's `dispatch`: `request` would make a stream for an answer of a few chunks, and heeds a signal only once it is
 * connected.
 */
export function ask(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  {
    ms,
    signal,
    onStart = () => {},
    maxBytes,
  }: {
    ms: number
    signal?: AbortSignal | undefined
    /** Called once a connection is there, just before the request is written. What it throws ends it unsent. */
    onStart?: (() => void) | undefined
    /** How many bytes of the body are wanted, by the status. */
    maxBytes: (status: number) => number
  },
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let body: Buffer = Buffer.alloc(0)
  let size = 0
  let wanted = 0
  let head: { status: number; headers: IncomingHttpHeaders } | undefined
  let controller: Dispatcher.DispatchController | undefined
  let ended: Error | undefined

  const settle = (cut?: Error): void => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', leave)
    if (head) resolve({ ...head, body: body.subarray(0, size), cut })
    else reject(cut!)
  }
  /** Takes no more, and lets undici drop the connection. */
  const end = (why: Error): void => {
    ended = why
    settle(why)
    controller?.abort(why)
  }
  const leave = (): void => end(signal!.reason as Error)
  const timer = setTimeout(() => end(new OutOfTimeError(`No answer in ${ms} ms`)), ms)
  if (signal?.aborted) leave()
  else signal?.addEventListener('abort', leave, { once: true })

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(its) {
      controller = its
      if (ended) return its.abort(ended)
      onStart() // undici passes on what is thrown here, and keeps the connection that an abort would cost
    },
    onResponseStart(_, status, headers) {
      if (status < 200) return // an early hint
      head = { status, headers }
      wanted = maxBytes(status)
    },
    onResponseData(_, chunk) {
      const taken = chunk.subarray(0, wanted - size)
      body = withRoomFor(size + taken.length, body)
      size += taken.copy(body, size)
      if (taken.length < chunk.length) end(new TooMuchError(`More than ${wanted} bytes`))
    },
    onResponseEnd: () => settle(),
    onResponseError(_, error) {
      if (!ended) settle(error)
    },
  }
  try {
    if (!ended) dispatcher.dispatch(request, handler)
  } catch (error) {
    settle(error as Error)
  }
  return promise
}

/**
 * A buffer of at least so many bytes that begins as this one. In memory of its own and in one piece: a view of a few bytes would
 * keep all that was read with them, and each is an object of a hundred.
 */
function withRoomFor(bytes: number, body: Buffer): Buffer {
  if (bytes <= body.length) return body
  const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * body.length))
  body.copy(larger)
  return larger
}

/**
 * Milliseconds from `now` that a `Retry-After` header asks for, as a count of seconds or as a date; undefined when there is
 * none or it makes no sense.
 */
export function readRetryAfter(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000
  // A date has letters; Date.parse would read a bare number as a year.
  const date = /[a-z]/i.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
