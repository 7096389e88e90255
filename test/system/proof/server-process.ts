import type { AddressInfo } from 'node:net'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { thisProcess } from '../../../src/cluster/process-identity.ts'

// The server as server.ts makes it, on a free port.
const app = await buildApp({
  config: loadConfig(process.env),
  workers: process.env['PROOF_WORKERS'] !== 'false',
  identity: thisProcess(),
})
await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`listening ${(app.server.address() as AddressInfo).port}\n`)
