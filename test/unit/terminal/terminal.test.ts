import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createTerminal } from '../../../src/terminal/terminal.ts'

/** An output that takes nothing more until what it has is through; `write` may tell why it breaks. */
function slowOutput(write: () => Error | undefined = () => undefined) {
  return new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => void setImmediate(() => done(write())),
  })
}

async function* pieces(count: number): AsyncGenerator<string> {
  for (let n = 0; n < count; n += 1) yield `${n}\n`
}

test('nobody listens any more to an output that took a long document', async () => {
  const stdout = slowOutput()
  const heard = () => ['drain', 'error'].map((event) => stdout.listenerCount(event))
  const terminal = createTerminal({ stdout, stderr: stdout }, () => {})
  const before = heard()

  await terminal.sayJsonPieces(pieces(50))

  expect(heard()).toEqual(before)
})

test('a document ends where its output breaks', async () => {
  let writes = 0
  const stdout = slowOutput(() => {
    writes += 1
    return writes === 3 ? new Error('EIO') : undefined
  })
  let failures = 0
  const stderr = slowOutput()
  const terminal = createTerminal({ stdout, stderr }, () => void (failures += 1))

  await terminal.sayJsonPieces(pieces(50))

  expect([writes, failures]).toEqual([3, 1])
})
