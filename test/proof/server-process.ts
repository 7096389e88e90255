import type { AddressInfo } from 'node:net'
import { buildApp } from '../../src/app.ts'
import { createMovableClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { thisPlace } from '../../src/lifecycle/place.ts'

// The server as server.ts makes it, on a free port, with a clock that may run ahead of the real one.
const clock = createMovableClock()
clock.advance(Number(process.env['PROOF_AHEAD_MS'] ?? 0))
const app = await buildApp({
  config: loadConfig(process.env),
  clock,
  workers: process.env['PROOF_WORKERS'] !== 'false',
  place: thisPlace(),
})
await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`listening ${(app.server.address() as AddressInfo).port}\n`)
