import { isLiving } from '../cluster/liveness.ts'
import type { DatabaseServer } from '../db/ports/figures.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

/** The oldest PostgreSQL that we are tested with. */
const leastVersion = 15

/** A log whose times are further off is hard to read beside another machine's. */
const clockLimitMs = 10_000

/** The server of the database, where there is one: its version, what it promises, and how we get on with it. */
export async function checkDatabase(examination: Examination): Promise<Finding[]> {
  const server = await examination.store.readServer()
  if (!server) return []
  return [
    judgeVersion(server),
    judgeDurability(server),
    judgeRole(server),
    judgeTimeouts(server),
    await judgeConnections(server, examination),
    await judgeClock(examination),
  ]
}

function judgeVersion({ version }: DatabaseServer): Finding {
  const check = 'postgresql'
  if (Number.parseInt(version, 10) >= leastVersion)
    return ok('postgresql_version.ok', check, `version ${version}`)
  const message = `version ${version}, and nobody has tried less than ${leastVersion}`
  return critical('postgresql_version.old', check, message, 'Upgrade PostgreSQL.')
}

/** What got its 200 must outlive a power cut. */
function judgeDurability({ settings }: DatabaseServer): Finding {
  const check = 'postgresql durability'
  const off = (['fsync', 'full_page_writes', 'synchronous_commit'] as const).filter(
    (name) => settings[name] === 'off',
  )
  if (off.length === 0) return ok('postgresql_durability.ok', check, 'a commit is on the disk')
  const message = `${off.join(', ')} off: what Bridge was told is stored may be lost`
  return critical(
    'postgresql_durability.off',
    check,
    message,
    'Set them to on, and restart the instances.',
  )
}

function judgeRole({ settings }: DatabaseServer): Finding {
  const check = 'postgresql role'
  if (settings.is_superuser !== 'on') return ok('postgresql_role.ok', check, 'no superuser')
  const message = 'a superuser, which this program does not need'
  return warning(
    'postgresql_role.superuser',
    check,
    message,
    'Give it a role of its own: docs/postgresql.md, The database and its role.',
  )
}

/** We ask for them as a connection begins: a pooler may keep that from the server. */
function judgeTimeouts({ settings }: DatabaseServer): Finding {
  const check = 'postgresql time-outs'
  const missing = (
    ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const
  ).filter((name) => Number(settings[name]) === 0)
  if (missing.length === 0)
    return ok('postgresql_timeouts.ok', check, 'the server ends what takes too long')
  return warning(
    'postgresql_timeouts.missing',
    check,
    `${missing.join(', ')} not set, though we ask for it: a pooler stands in between`,
    'Set them for the role, with ALTER ROLE … SET: docs/postgresql.md, Behind PgBouncer.',
  )
}

/** One instance more than there are: during a rolling restart there is one. */
async function judgeConnections(
  { settings }: DatabaseServer,
  { store, clock, config }: Examination,
): Promise<Finding> {
  const check = 'postgresql connections'
  const { database } = config.secrets
  const poolSize = typeof database === 'string' ? 0 : database.poolSize
  const living = (await store.listMembers()).filter((each) => isLiving(each, clock.now())).length
  const needed = (living + 1) * poolSize
  const room = Number(settings.max_connections) - Number(settings.superuser_reserved_connections)
  const message = `${living} instances and one more may make ${needed}, the server takes ${room}`
  if (needed <= room) return ok('postgresql_connections.ok', check, message)
  const act = 'Lower DATABASE_POOL, or raise max_connections, or put PgBouncer in between.'
  return warning('postgresql_connections.too_many', check, message, act)
}

/** All instances go by the database's clock; this machine's stands in its log alone. */
async function judgeClock({ store, machineClock }: Examination): Promise<Finding> {
  const check = 'clock of this machine'
  const before = machineClock.now()
  const told = await store.readTime()
  const ahead = Math.round((before + machineClock.now()) / 2 - told)
  const seconds = Math.round(Math.abs(ahead) / 1_000)
  if (Math.abs(ahead) <= clockLimitMs)
    return ok('machine_clock.ok', check, "agrees with the database's")
  return warning(
    'machine_clock.off',
    check,
    `${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the database's, by which everything goes`,
    'The times of its log are off by as much: let it keep time by NTP, `timedatectl set-ntp true`.',
  )
}
