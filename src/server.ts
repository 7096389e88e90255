import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { buildApp, startSandbox } from './app.ts'
import { createMovableClock } from './clock.ts'
import { ConfigError, loadConfig, type Config } from './config.ts'
import { DatabaseInUseError } from './db/lease.ts'
import { createDemo, demoGreeting, demoReminder } from './demo.ts'

async function start(config: Config): Promise<void> {
  const clock = createMovableClock() // only the sandbox's lever moves it
  const sandbox = config.sandbox && (await startSandbox(config, clock))
  const app = await buildApp({
    config,
    clock,
    workers: true,
    place: { host: hostname(), pid: process.pid, isAlive },
    onDatabaseLost: () => {
      app.log.fatal('another server took the database: stopping')
      void stop(1)
    },
    ...(sandbox && { bridgeBaseUrl: sandbox.origin }),
  }).catch(async (error: unknown) => {
    await sandbox?.close()
    throw error
  })

  let stopping = false
  async function stop(code: number): Promise<void> {
    if (stopping) process.exit(1)
    stopping = true
    app.log.info('stopping')
    await app.close()
    await sandbox?.close()
    process.exit(code)
  }
  process.on('SIGTERM', () => void stop(0))
  process.on('SIGINT', () => void stop(0))

  await app.listen({ host: config.host, port: config.port })
  if (config.sandbox && !config.production) {
    const demo = await createDemo(app)
    process.stdout.write(demo ? demoGreeting(config.publicUrl, demo) : demoReminder)
  }
}

/** Whether a process of this host lives: signal 0 only asks. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  await start(loadConfig(process.env))
} catch (error) {
  const known = error instanceof ConfigError || error instanceof DatabaseInUseError
  process.stderr.write(`${known ? error.message : ((error as Error).stack ?? String(error))}\n`)
  process.exit(1)
}
