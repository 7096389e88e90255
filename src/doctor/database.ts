import { isLiving } from '../cluster/liveness.ts'
import type { DatabaseServer } from '../db/ports/instance.ts'
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
  const message = {
    en: `version ${version}, and nobody has tried less than ${leastVersion}`,
    fr: `version ${version} : rien avant la version ${leastVersion} n’a été essayé`,
  }
  const act = { en: 'Upgrade PostgreSQL.', fr: 'Mettez PostgreSQL à niveau.' }
  return critical('postgresql_version.old', check, message, act)
}

/** What got its 200 must outlive a power cut. */
function judgeDurability({ settings }: DatabaseServer): Finding {
  const check = { en: 'postgresql durability', fr: 'durabilité de postgresql' }
  const off = (['fsync', 'full_page_writes', 'synchronous_commit'] as const).filter(
    (name) => settings[name] === 'off',
  )
  if (off.length === 0) return ok('postgresql_durability.ok', check, 'a commit is on the disk')
  const message = {
    en: `${off.join(', ')} off: what Bridge was told is stored may be lost`,
    fr: `${off.join(', ')} à off : ce que nous avons dit à Bridge avoir enregistré peut être perdu`,
  }
  return critical('postgresql_durability.off', check, message, {
    en: 'Set them to on, and restart the instances.',
    fr: 'Mettez-les à on, et redémarrez les instances.',
  })
}

function judgeRole({ settings }: DatabaseServer): Finding {
  const check = { en: 'postgresql role', fr: 'rôle postgresql' }
  if (settings.is_superuser !== 'on') return ok('postgresql_role.ok', check, 'no superuser')
  const message = {
    en: 'a superuser, which this program does not need',
    fr: 'un superutilisateur, dont ce programme n’a pas besoin',
  }
  return warning('postgresql_role.superuser', check, message, {
    en: 'Give it a role of its own: docs/postgresql.md, The database and its role.',
    fr: 'Donnez-lui son propre rôle : docs/postgresql.md, The database and its role.',
  })
}

/** We ask for them as a connection begins: a pooler may keep that from the server. */
function judgeTimeouts({ settings }: DatabaseServer): Finding {
  const check = { en: 'postgresql time-outs', fr: 'délais de postgresql' }
  const missing = (
    ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const
  ).filter((name) => Number(settings[name]) === 0)
  if (missing.length === 0)
    return ok('postgresql_timeouts.ok', check, 'the server ends what takes too long')
  return warning(
    'postgresql_timeouts.missing',
    check,
    {
      en: `${missing.join(', ')} not set, though we ask for it: a pooler stands in between`,
      fr: `${missing.join(', ')} sans valeur, bien que nous la demandions : un pooler est entre les deux`,
    },
    {
      en: 'Set them for the role, with ALTER ROLE … SET, then RECONNECT in the console of PgBouncer: docs/postgresql.md, Behind PgBouncer.',
      fr: 'Définissez-les pour le rôle, avec ALTER ROLE … SET, puis RECONNECT dans la console de PgBouncer : docs/postgresql.md, Behind PgBouncer.',
    },
  )
}

/** One instance more than there are: during a rolling restart there is one. */
async function judgeConnections(
  { settings, isPooled }: DatabaseServer,
  { store, clock, config }: Examination,
): Promise<Finding> {
  const check = { en: 'postgresql connections', fr: 'connexions à postgresql' }
  if (isPooled) return ok('postgresql_connections.ok', check, 'a pooler shares them')
  const { database } = config.secrets
  const poolSize = typeof database === 'string' ? 0 : database.poolSize
  const living = (await store.listMembers()).filter((each) => isLiving(each, clock.now())).length
  const needed = (living + 1) * poolSize
  const room = Number(settings.max_connections) - Number(settings.superuser_reserved_connections)
  const many = living === 1 ? '1 instance' : `${living} instances`
  const message =
    living === 0
      ? {
          en: `one instance may make ${needed}, the server takes ${room}`,
          fr: `une instance peut en ouvrir ${needed}, le serveur en accepte ${room}`,
        }
      : {
          en: `${many} and one more may make ${needed}, the server takes ${room}`,
          fr: `${many} et une de plus peuvent en ouvrir ${needed}, le serveur en accepte ${room}`,
        }
  if (needed <= room) return ok('postgresql_connections.ok', check, message.en)
  const act = {
    en: 'Lower DATABASE_POOL, or raise max_connections, or put PgBouncer in between.',
    fr: 'Baissez DATABASE_POOL, ou augmentez max_connections, ou placez PgBouncer entre les deux.',
  }
  return warning('postgresql_connections.too_many', check, message, act)
}

/** All instances go by the database's clock; this machine's stands in its log alone. */
async function judgeClock({ store, machineClock }: Examination): Promise<Finding> {
  const check = { en: 'clock of this machine', fr: 'horloge de cette machine' }
  const before = machineClock.now()
  const told = await store.readTime()
  const ahead = Math.round((before + machineClock.now()) / 2 - told)
  const seconds = Math.round(Math.abs(ahead) / 1_000)
  if (Math.abs(ahead) <= clockLimitMs)
    return ok('machine_clock.ok', check, "agrees with the database's")
  return warning(
    'machine_clock.off',
    check,
    {
      en: `${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the database's, by which everything goes`,
      fr: `${seconds} s ${ahead > 0 ? 'd’avance sur' : 'de retard sur'} celle de la base, que tout suit`,
    },
    {
      en: 'The times of its log are off by as much: let it keep time by NTP, `timedatectl set-ntp true`.',
      fr: 'Les heures de son journal sont décalées d’autant : mettez-la à l’heure par NTP, `timedatectl set-ntp true`.',
    },
  )
}
