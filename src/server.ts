import { buildApp, startSandbox } from './app.ts'
import { createFollowingClock, createMovableClock } from './clock.ts'
import { ConfigError, loadConfig, type Config } from './config.ts'
import { nameOfDatabase } from './db/open.ts'
import { DatabaseInUseError, DatabaseVersionError, StoreAwayError } from './db/store-errors.ts'
import { demoGreeting, demoReminder } from './demo/greeting.ts'
import { createDemo } from './demo/demo-key.ts'
import { addEnvFile } from './env-file.ts'
import { thisProcess } from './cluster/process-identity.ts'
import { stopGently } from './cluster/stop.ts'
import { sentenceOf } from './terminal/system-errors.ts'
import { linesIn, processTerminal } from './terminal/terminal.ts'
import { version } from './version.ts'

const { complain, say } = processTerminal()

/** Until there is a server nothing is under way that would have to end: its work begins when it is assembled. */
let stop = async (code: number, why?: string): Promise<void> => {
  if (why !== undefined) complain(why)
  process.exit(code)
}
// Before the start: a container's first process is not ended by a signal that it does not listen to.
process.on('SIGTERM', () => void stop(0))
process.on('SIGINT', () => void stop(0))

async function start(config: Config): Promise<void> {
  const time = createFollowingClock()
  const clock = createMovableClock(time) // only the sandbox's lever moves it
  const sandbox = config.sandbox && (await startSandbox(config, clock))
  const app = await buildApp({
    config,
    clock,
    time,
    workers: true,
    identity: thisProcess(),
    onDatabaseLost: () => void stop(1, 'another server took the database: stopping'),
    ...(sandbox && { sandbox }),
  }).catch(async (error: unknown) => {
    await sandbox?.close()
    throw error
  })

  app.log.info({ version, database: nameOfDatabase(config.secrets.database) }, 'starting')
  for (const warning of config.warnings) app.log.warn({ room: 'environment' }, warning)
  let stopping = false
  stop = async (code, why) => {
    if (why !== undefined) app.log.fatal(why)
    if (stopping) process.exit(1)
    stopping = true
    const clean = await stopGently(app, config.stop)
    await sandbox?.close()
    process.exit(clean ? code : 1)
  }

  await app.listen({ host: config.host, port: config.port }).catch(async (error: unknown) => {
    // Its workers are at work: what they have in hand is given back.
    await app.close()
    await sandbox?.close()
    throw error
  })
  if (config.sandbox && !config.production) {
    const demo = await createDemo(app, config.publicUrl)
    say(...linesIn(demo ? demoGreeting(config.publicUrl, demo) : demoReminder(config.publicUrl)))
  }
}

/** What an operator can act on, in a line or two; anything else comes with its stack. */
function toText(error: unknown): string {
  const known = [ConfigError, DatabaseInUseError, DatabaseVersionError, StoreAwayError]
  if (known.some((kind) => error instanceof kind)) return (error as Error).message
  return sentenceOf(error) ?? (error as Error).stack ?? String(error)
}

try {
  addEnvFile(process.env)
  await start(loadConfig(process.env))
} catch (error) {
  complain(...linesIn(toText(error)))
  process.exit(1)
}
