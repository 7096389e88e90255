import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { JsonBytes } from '../../src/json-bytes.ts'

/** Counts turns of the event loop. */
function countTurns(): () => number {
  let turns = 0
  let next = setImmediate(function count() {
    turns += 1
    next = setImmediate(count)
  })
  onTestFinished(() => clearImmediate(next))
  return () => turns
}

test('a value is its pieces, within others too', () => {
  const value = new JsonBytes([Buffer.from('[1'), Buffer.from(',2]')])

  const within = value.within('{"message":', '}')

  expect(Buffer.concat(within.pieces).toString()).toBe('{"message":[1,2]}')
  expect(within.length).toBe('{"message":[1,2]}'.length)
  expect(within.pieces[1]).toBe(value.pieces[0])
})

test('a large value is sent in small parts, each in a turn of the event loop of its own', async () => {
  const piece = Buffer.alloc(300_000, '1')
  const turnOf = countTurns()
  const stream = new JsonBytes([piece, piece]).stream()
  const parts: { bytes: Buffer; turn: number }[] = []
  stream.on('data', (bytes: Buffer) => parts.push({ bytes, turn: turnOf() }))

  await once(stream, 'end')

  expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(Buffer.concat([piece, piece]))
  expect(new Set(parts.map(({ turn }) => turn)).size).toBe(parts.length)
  for (const { bytes } of parts) expect(bytes.length).toBeLessThanOrEqual(64 * 1024)
})
