import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { receiver } from '../../unit/webhooks/receiver.ts'
import { inForm, mostMs } from '../../support/form.ts'
import { installation } from './installation.ts'
import { readTrace } from './trace.ts'

/** Only Linux has it, and only where it may trace; where everything must hold, its absence is a failure. */
const canTrace =
  spawnSync('strace', ['-f', '-e', 'trace=fsync', '-o', '/dev/null', 'true']).status === 0
const mustTrace = process.env['CI'] === 'true'

const calls = 'trace=pwrite64,pwritev,fsync,fdatasync,write,writev,sendto,sendmsg'
const withoutWorkers = { PROOF_WORKERS: 'false' }

/** A command that runs another one under strace, and tampers with its calls where told to. */
const tracer = (output: string, inject?: string): string[] => {
  const usual = ['strace', '-f', '--seccomp-bpf', '-y', '-s', '20', '-e', calls, '-o', output]
  return inject === undefined ? usual : [...usual, '-e', `inject=${inject}`]
}

test('a trace without a sync between the log and the answer would be noticed', () => {
  const write = '7 pwrite64(21</data/bank-api.sqlite-wal>, "x", 24, 32) = 24'
  const sync = '7 fdatasync(21</data/bank-api.sqlite-wal>) = 0'
  const answer = '7 write(30<TCP:[1]>, "HTTP/1.1 200 OK"..., 99) = 99'
  const read = (...lines: string[]) => readTrace(lines.join('\n'))

  expect(read(write, sync, answer)).toEqual({ answers: 1, tooEarly: 0, syncs: 1, sentAhead: 0 })
  expect(read(write, answer, sync).tooEarly).toBe(1)
  expect(read(sync, write, answer).tooEarly).toBe(1)
  expect(read(write, sync, answer, answer).tooEarly).toBe(1)
  expect(read(write, sync.replace('= 0', '= -1 EIO'), answer).tooEarly).toBe(1)
  expect(read(write, sync.replace('-wal', ''), answer).tooEarly).toBe(1)
})

test.runIf(mustTrace)('strace is there, since everything must hold here', () => {
  expect(canTrace).toBe(true)
})

describe.runIf(canTrace)('under strace', () => {
  test('the log is synced between the insert and each 200', async () => {
    const { folder, start, post } = await installation((await receiver()).url)
    const output = join(folder, 'trace')
    const { url, kill } = await start(withoutWorkers, tracer(output))
    const events = inForm(10, 200)

    for (let itemId = 1; itemId <= events; itemId += 1) expect(await post(url, itemId)).toBe(200)
    await kill()

    expect(readTrace(readFileSync(output, 'utf8'))).toMatchObject({ answers: events, tooEarly: 0 })
  })

  test('no delivery waits for the disk because it was taken', async () => {
    const site = await receiver()
    const { folder, start, post, stored } = await installation(site.url)
    const output = join(folder, 'trace')
    const { url, kill } = await start({}, tracer(output))
    const events = inForm(20, 200)

    for (let itemId = 1; itemId <= events; itemId += 1) {
      expect(await post(url, itemId)).toBe(200)
      const delivered = async () =>
        [...(await stored()).states.values()].filter((state) => state === 'delivered').length
      await expect.poll(delivered, { interval: 5, timeout: mostMs }).toBe(itemId)
    }
    await kill()

    // Something else may be stored, and waited for, in between now and then.
    const { sentAhead } = readTrace(readFileSync(output, 'utf8'))
    expect(sentAhead).toBeGreaterThan(events / 3)
  })

  test("no call waits for the disk because it is its key's first of an hour", async () => {
    const { folder, start, callAnew } = await installation((await receiver()).url)
    const output = join(folder, 'trace')
    const { url, kill } = await start(withoutWorkers, tracer(output))
    const calls = inForm(20, 200)

    for (let call = 0; call < calls; call += 1) expect(await callAnew(url)).toBe(200)
    await kill()

    // Something else may be stored, and waited for, in between now and then.
    const { answers, tooEarly } = readTrace(readFileSync(output, 'utf8'))
    expect(answers).toBe(calls)
    expect(tooEarly).toBeGreaterThan(calls / 3)
  })

  test('on a slow disk a burst is stored whole, with fewer syncs than events', async () => {
    const { folder, start, post, stored } = await installation((await receiver()).url)
    const output = join(folder, 'trace')
    const slow = tracer(output, 'fsync,fdatasync:delay_exit=20000')
    const { url, kill } = await start(withoutWorkers, slow)
    const burst = inForm(100, 2_000)

    const statuses = await Promise.all(
      Array.from({ length: burst }, (_, index) => post(url, index + 1)),
    )
    await kill()

    expect(new Set(statuses)).toEqual(new Set([200]))
    expect((await stored()).states.size).toBe(burst)
    expect(readTrace(readFileSync(output, 'utf8')).syncs).toBeLessThan(burst)
  })

  test('what outruns a very slow disk is refused with 503, and what got a 200 is stored', async () => {
    const burst = inForm(3_000, 6_000)
    const { url: site } = await receiver()
    // More than one address may connect at once: each connection carries several.
    const rooms = await installation(site, { connections: 250, onEach: 12 })
    const { folder, start, connect, post, stored } = rooms
    const slow = tracer(join(folder, 'trace'), 'fsync,fdatasync:delay_exit=500000')
    const { url, kill } = await start(withoutWorkers, slow)
    await connect(url)

    const statuses = await Promise.all(
      Array.from({ length: burst }, (_, index) => post(url, index + 1)),
    )
    await kill()

    const counts = Map.groupBy(statuses, (status) => status)
    expect(new Set(counts.keys())).toEqual(new Set([200, 503]))
    expect((await stored()).states.size).toBe(counts.get(200)!.length)
  })

  test('after a sync that failed the log is brought into the database before the next 200', async () => {
    const { folder, start, post, stored } = await installation((await receiver()).url)
    const output = join(folder, 'trace')
    const broken = tracer(output, 'fsync,fdatasync:error=EIO:when=100')
    const { url, kill } = await start(withoutWorkers, broken)

    for (let itemId = 1; itemId <= 110; itemId += 1) expect(await post(url, itemId)).toBe(200)
    await kill()

    const after = readFileSync(output, 'utf8').split('EIO')[1]!
    const [untilAnswered] = after.split('HTTP/1.1 200')
    expect(untilAnswered).toMatch(/sync\(\d+<[^>]*bank-api\.sqlite>\) += 0/)
    expect((await stored()).states.size).toBe(110)
  })

  test('on a full disk events are refused with 503, none that got a 200 is lost, and room again is enough', async () => {
    const { folder, start, post, stored } = await installation((await receiver()).url)
    const full = tracer(join(folder, 'trace'), 'pwrite64:error=ENOSPC:when=150..250')
    const { url, kill } = await start(withoutWorkers, full)
    const accepted: number[] = []
    const refused: (number | null)[] = []
    let recovered = 0

    for (let itemId = 1; itemId <= 2_000 && recovered < 20; itemId += 1) {
      const status = await post(url, itemId)
      if (status === 200) accepted.push(itemId)
      else refused.push(status)
      if (status === 200 && refused.length > 0) recovered += 1
    }
    await kill()

    expect(new Set(refused)).toEqual(new Set([503]))
    expect(recovered).toBe(20)
    expect((await stored()).states.size).toBe(accepted.length)
  })
})
