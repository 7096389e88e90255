import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { expect, test } from 'vitest'
import type { BridgeClient } from '../../../src/bridge/client.ts'
import { BridgeTimeoutError } from '../../../src/bridge/bridge-errors.ts'
import { createUnderWay } from '../../../src/frappe/under-way.ts'
import { JsonBytes } from '../../../src/json-bytes.ts'
import { createSharedAnswers } from '../../../src/routes/shared-answers.ts'

const payer = { tenant: 'acme', site: 'erp' }

/** Callers of one answer that is made when the test says so. */
function callersOfOne() {
  const underWay = createUnderWay()
  const bridge = { within: () => ({}) } as unknown as BridgeClient
  const shared = createSharedAnswers(bridge, underWay)
  const making = Promise.withResolvers<void>()
  let made = 0
  const caller = () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    const gaveUp = new AbortController()
    const asker = { reply: { raw: response } as FastifyReply, payer, signal: gaveUp.signal }
    const answer = shared(asker, 'key', async (_bridge, onBytes) => {
      made += 1
      await making.promise
      onBytes(1_000)
      return new JsonBytes([Buffer.alloc(1_000)])
    })
    return { answer, leave: () => response.destroy(), giveUp: () => gaveUp.abort() }
  }
  return { underWay, caller, making, made: () => made }
}

test('an answer is made once for all who wait for it, and its bytes count once until the last has it', async () => {
  const { underWay, caller, making, made } = callersOfOne()
  const callers = [caller(), caller(), caller()]
  making.resolve()

  const answers = await Promise.all(callers.map(({ answer }) => answer))

  expect(made()).toBe(1)
  expect(new Set(answers).size).toBe(1)
  callers[0]!.leave()
  callers[1]!.leave()
  await new Promise((next) => setImmediate(next))
  expect(underWay.bytes).toBe(1_000)
  callers[2]!.leave()
  await expect.poll(() => underWay.bytes).toBe(0)
})

test('those who waited go on one by one, so that others have turns of the event loop between them', async () => {
  const { caller, making } = callersOfOne()
  const callers = Array.from({ length: 20 }, () => caller())
  let turns = 0
  const wentOn = callers.map(({ answer }) => answer.then(() => turns))
  let next = setImmediate(function count() {
    turns += 1
    next = setImmediate(count)
  })
  making.resolve()

  const turnOf = await Promise.all(wentOn)
  clearImmediate(next)

  expect(new Set(turnOf).size).toBe(callers.length)
})

test('who asks when it is made is given one of his own', async () => {
  const { underWay, caller, making, made } = callersOfOne()
  making.resolve()

  const first = await caller().answer
  const second = await caller().answer

  expect(made()).toBe(2)
  expect(second).not.toBe(first)
  expect(underWay.bytes).toBe(2_000)
})

test('one who gives up does not end it for the others', async () => {
  const { caller, making, made } = callersOfOne()
  const [gone, stays] = [caller(), caller()]

  gone.giveUp()
  await expect(gone.answer).rejects.toBeInstanceOf(BridgeTimeoutError)
  making.resolve()

  expect((await stays.answer).length).toBe(1_000)
  expect(made()).toBe(1)
})

test('nothing is counted of one that failed', async () => {
  const { underWay, caller, making } = callersOfOne()
  const one = caller()
  making.reject(new Error('Bridge is away'))

  await expect(one.answer).rejects.toThrow('Bridge is away')

  await expect.poll(() => underWay.bytes).toBe(0)
})
