import { getEventListeners } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Agent, Dispatcher } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ask, OutOfTimeError, TooMuchError } from '../../src/http-exchange.ts'
import { partHeard, tryTime } from '../support/try-time.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Asks a server of our own that answers so. */
async function asking(answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const agent = new Agent()
  onTestFinished(async () => {
    await agent.destroy()
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return (
    more: { ms?: number; maxBytes?: number; signal?: AbortSignal; onStart?: () => void } = {},
  ) => {
    const { ms = 5_000, maxBytes = 1_000, signal, onStart } = more
    return ask(
      agent,
      { origin, path: '/', method: 'GET' },
      { ms, maxBytes: () => maxBytes, signal, onStart },
    )
  }
}

/** Never connects. */
const nowhere = Object.assign(new Dispatcher(), {
  dispatch: () => true,
  close: async () => {},
  destroy: async () => {},
})
const request = { origin: 'http://site.example', path: '/', method: 'GET' as const }
const maxBytes = () => 1_000

it('an answer is its status, its headers and its whole body', async () => {
  const answer = await asking((_, response) => {
    response.writeHead(201, { 'x-word': 'yes' }).write('one ')
    setTimeout(() => response.end('two'), 20)
  })

  const { status, headers, body, cut } = await answer()

  expect({ status, word: headers['x-word'], body: body.toString(), cut }).toEqual({
    status: 201,
    word: 'yes',
    body: 'one two',
    cut: undefined,
  })
})

it('what is thrown before a request is written ends it unsent', async () => {
  const arrived: (string | undefined)[] = []
  const answer = await asking((request, response) => {
    arrived.push(request.url)
    response.end('yes')
  })
  const error = new Error('not any more')
  const onStart = () => {
    throw error
  }

  await expect(answer({ onStart })).rejects.toBe(error)

  expect(await answer()).toMatchObject({ status: 200 })
  expect(arrived).toHaveLength(1)
})

it('early hints are no answer', async () => {
  const answer = await asking((_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.end('late')
  })

  expect(await answer()).toMatchObject({ status: 200, body: Buffer.from('late') })
})

/** Hands out these as what was read of a body, each made when its turn comes. */
const reading = (pieces: readonly (() => Buffer)[]) =>
  Object.assign(new Dispatcher(), {
    dispatch(_: object, handler: Dispatcher.DispatchHandler) {
      const controller = { abort() {} } as unknown as Dispatcher.DispatchController
      handler.onRequestStart?.(controller, {})
      handler.onResponseStart?.(controller, 200, {})
      for (const piece of pieces) handler.onResponseData?.(controller, piece())
      setTimeout(() => handler.onResponseEnd?.(controller, {}), 20)
      return true
    },
    close: async () => {},
    destroy: async () => {},
  })

it('a byte of the body keeps nothing of what was read with it, nor of the memory that buffers share', async () => {
  const held: WeakRef<ArrayBufferLike>[] = []
  const byte = () => {
    for (let half = 0; half < 2; half += 1) Buffer.allocUnsafe(Buffer.poolSize / 2 - 1)
    const shared = Buffer.allocUnsafe(1)
    const whole = Buffer.from(new ArrayBuffer(64 * 1024)).fill('a')
    held.push(new WeakRef(shared.buffer), new WeakRef(whole.buffer))
    return whole.subarray(0, 1)
  }

  const asked = ask(reading([byte, byte, byte, byte]), request, { ms: 5_000, maxBytes })
  const read = held.splice(0)
  byte() // so that no more is handed out of the memory of the last one
  await setImmediate()
  collect()

  expect(read.filter((one) => one.deref())).toEqual([])
  expect((await asked).body.toString()).toBe('aaaa')
})

it('a body is whole, in whatever pieces it comes', async () => {
  const sizes = [1, 0, 700, 1, 64 * 1024, 3, 200_000]
  const pieces = sizes.map((size, nth) => Buffer.alloc(size, nth))

  const { body } = await ask(reading(pieces.map((piece) => () => piece)), request, {
    ms: 5_000,
    maxBytes: () => 1_000_000,
  })

  expect(body.equals(Buffer.concat(pieces))).toBe(true)
})

describe('of a body that is not whole there is the beginning, and why there is no more', () => {
  it('as there is more than was wanted: then the connection is dropped', async () => {
    const closed = Promise.withResolvers<void>()
    const answer = await asking((_, response) => {
      response.once('close', closed.resolve)
      response.write('x'.repeat(1_500))
    })

    const { status, body, cut } = await answer({ maxBytes: 1_000 })

    expect({ status, size: body.length }).toEqual({ status: 200, size: 1_000 })
    expect(cut).toBeInstanceOf(TooMuchError)
    await closed.promise
  })

  it('but not when it is just as much', async () => {
    const answer = await asking((_, response) => response.end('x'.repeat(1_000)))

    expect(await answer({ maxBytes: 1_000 })).toMatchObject({ cut: undefined })
  })

  it('as the other side broke off', async () => {
    const answer = await asking((_, response) => {
      response.writeHead(500, { 'content-length': 10 }).write('half')
      setTimeout(() => response.destroy(), 20)
    })

    const { status, body, cut } = await answer()

    expect({ status, body: body.toString() }).toEqual({ status: 500, body: 'half' })
    expect(cut).toMatchObject({ code: 'UND_ERR_SOCKET' })
  })

  it('as the time was over', async () => {
    const time = tryTime(60_000)
    const answer = await asking((_, response) => void response.writeHead(200).write('half'))

    const heard = partHeard()
    const answering = answer({ ms: 60_000 })
    await heard
    time.isOver()
    const { body, cut } = await answering

    expect(body.toString()).toBe('half')
    expect(cut).toBeInstanceOf(OutOfTimeError)
  })
})

describe('without a status it rejects', () => {
  it('when the time is over, even before there is a connection', async () => {
    await expect(ask(nowhere, request, { ms: 20, maxBytes })).rejects.toBeInstanceOf(OutOfTimeError)
  })

  it('with the reason of the signal, whose listener is gone then', async () => {
    const ending = new AbortController()
    const asked = ask(nowhere, request, { ms: 5_000, maxBytes, signal: ending.signal })
    ending.abort(new Error('stopping'))

    await expect(asked).rejects.toThrow('stopping')
    expect(getEventListeners(ending.signal, 'abort')).toEqual([])
  })

  it('at once under a signal that has ended, and asks nobody', async () => {
    const dispatch = vi.spyOn(nowhere, 'dispatch')
    onTestFinished(() => dispatch.mockRestore())
    const signal = AbortSignal.abort(new Error('gone'))

    await expect(ask(nowhere, request, { ms: 5_000, maxBytes, signal })).rejects.toThrow('gone')
    expect(dispatch).not.toHaveBeenCalled()
  })

  it('with undici’s error for what cannot be sent, and lets go of its clock', async () => {
    const agent = new Agent()
    onTestFinished(() => agent.destroy())
    const clear = vi.spyOn(globalThis, 'clearTimeout')
    onTestFinished(() => clear.mockRestore())
    const bad = { ...request, path: 'no path' }

    await expect(ask(agent, bad, { ms: 5_000, maxBytes })).rejects.toMatchObject({
      code: 'UND_ERR_INVALID_ARG',
    })
    expect(clear).toHaveBeenCalled()
  })
})
