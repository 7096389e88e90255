import { getResponse, type RequestHandler } from 'msw'
import { Dispatcher, errors } from 'undici'

interface MswDispatcherOptions {
  handlers: () => RequestHandler[]
  onRequest: (request: Request, body: unknown) => void
  /** A request nobody answered, or whose handler threw. */
  onFailure: (description: string) => void
}

/** An undici dispatcher that asks msw's handlers: msw itself would see only the global fetch. */
export function createMswDispatcher(options: MswDispatcherOptions): Dispatcher {
  return Object.assign(new Dispatcher(), {
    dispatch(call: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      void answer(options, call, handler)
      return true
    },
    close: async () => {},
    destroy: async () => {},
  })
}

async function answer(
  options: MswDispatcherOptions,
  call: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): Promise<void> {
  const { controller, signal, untilResumed, fail, end } = createController(handler)
  handler.onRequestStart?.(controller, {})
  if (controller.aborted) return
  const description = `${call.method} ${String(call.origin)}${call.path}`
  let started = false
  try {
    const request = toRequest(call, signal)
    options.onRequest(request, typeof call.body === 'string' ? JSON.parse(call.body) : undefined)
    const response = await getResponse(options.handlers(), request)
    if (controller.aborted) return
    if (!response) throw new Error('no handler')
    if (response.type === 'error') return fail(new errors.SocketError('other side closed'))
    started = true
    handler.onResponseStart?.(controller, response.status, headersOf(response), response.statusText)
    if (response.body) {
      for await (const chunk of chunksOf(response.body)) {
        await untilResumed()
        if (controller.aborted) return
        handler.onResponseData?.(controller, chunk)
      }
    }
    end()
  } catch (error) {
    if (controller.aborted) return
    // A body that breaks off is a test's intention, a handler that throws is not.
    if (!started) {
      options.onFailure(`${description}: ${error instanceof Error ? error.message : String(error)}`)
    }
    fail(new errors.SocketError(description))
  }
}

/** undici's controller: an abort ends in exactly one `onResponseError`; our own failure is no abort. */
function createController(handler: Dispatcher.DispatchHandler) {
  const abortion = new AbortController()
  let settled = false
  let paused: PromiseWithResolvers<void> | undefined
  const controller: Dispatcher.DispatchController = {
    get aborted() {
      return abortion.signal.aborted
    },
    get paused() {
      return paused !== undefined
    },
    get reason() {
      return (abortion.signal.reason as Error | undefined) ?? null
    },
    pause() {
      paused ??= Promise.withResolvers()
    },
    resume() {
      paused?.resolve()
      paused = undefined
    },
    abort(reason) {
      if (settled) return
      abortion.abort(reason)
      controller.resume()
      fail(reason)
    },
  }
  function fail(error: Error): void {
    if (settled) return
    settled = true
    handler.onResponseError?.(controller, error)
  }
  function end(): void {
    if (settled) return
    settled = true
    handler.onResponseEnd?.(controller, {})
  }
  const untilResumed = async (): Promise<void> => paused?.promise
  return { controller, signal: abortion.signal, untilResumed, fail, end }
}

function toRequest(call: Dispatcher.DispatchOptions, signal: AbortSignal): Request {
  return new Request(new URL(call.path, call.origin), {
    method: call.method,
    headers: call.headers as Record<string, string>,
    body: (call.body ?? null) as string | null,
    signal,
  })
}

function headersOf(response: Response): Record<string, string | string[]> {
  const cookies = response.headers.getSetCookie()
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  return cookies.length > 0 ? { ...headers, 'set-cookie': cookies } : headers
}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of body) yield Buffer.from(chunk)
}
