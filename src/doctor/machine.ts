import { listCopies } from '../backup/folder.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'
import { dayMs, hourMs } from '../durations.ts'

/** File systems whose locks SQLite cannot trust, by statfs's number (Linux: statfs(2)). */
const networkDisks = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x65735546, 'FUSE'],
])

const space = { critical: 256 * 1024 * 1024, warning: 1024 * 1024 * 1024 }

/** The disk under the database's file, and how old its newest copy is. */
export async function checkMachine({ config, clock, probes }: Examination): Promise<Finding[]> {
  if (typeof config.secrets.database !== 'string') return []
  const { freeBytes, type } = await probes.disk(config.dataDir)
  const kind = networkDisks.get(type >>> 0)
  const findings = [
    kind === undefined
      ? ok('data directory', 'on a local disk')
      : critical(
          'data directory',
          `on a network disk (${kind}), where SQLite's locks cannot be trusted`,
          'Move DATA_DIR to a local disk or a block volume.',
        ),
    judgeSpace(freeBytes),
  ]

  const { everyMs, dir } = config.backup
  if (config.sandbox && everyMs === 0) return findings
  const now = clock.now()
  const copies = await listCopies(dir)
  const early = copies.filter(({ at }) => at > now)
  const newest = copies[early.length]
  const age = newest && now - newest.at
  const act = `Run \`bank-api backup\` every day, or set BACKUP_HOURS; copies are looked for in ${dir}.`
  if (age === undefined) findings.push(warning('backup', 'there is no copy of the database', act))
  else if (age > 2 * Math.max(everyMs, dayMs)) {
    findings.push(critical('backup', `the newest copy is ${Math.floor(age / dayMs)} days old`, act))
  } else findings.push(ok('backup', `the newest copy is ${Math.floor(age / hourMs)} hours old`))
  if (early.length > 0) {
    findings.push(
      critical(
        'backup',
        `${early.length} copies in ${dir} have a date to come, so the clock is wrong or was`,
        'Compare the time with `date -u`. If it is right, move those copies elsewhere: they count for nothing here until their date.',
      ),
    )
  }
  return findings
}

function judgeSpace(freeBytes: number): Finding {
  const message = `${Math.floor(freeBytes / 1024 / 1024)} MB free`
  const act = 'Make room, or move DATA_DIR to a larger disk: without space no webhook is accepted.'
  if (freeBytes < space.critical) return critical('disk space', message, act)
  if (freeBytes < space.warning) return warning('disk space', message, act)
  return ok('disk space', message)
}
