import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

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

/** The disk under the database's file. */
export async function checkMachine({ config, probes }: Examination): Promise<Finding[]> {
  if (typeof config.secrets.database !== 'string') return []
  const { freeBytes, type } = await probes.disk(config.dataDir)
  return [judgeDisk(networkDisks.get(type >>> 0)), judgeSpace(freeBytes)]
}

function judgeDisk(kind: string | undefined): Finding {
  const check = 'data directory'
  if (kind === undefined) return ok('data_directory.ok', check, 'on a local disk')
  return critical(
    'data_directory.network_disk',
    check,
    `on a network disk (${kind}), where SQLite's locks cannot be trusted`,
    'Move DATA_DIR to a local disk or a block volume.',
  )
}

function judgeSpace(freeBytes: number): Finding {
  const check = 'disk space'
  const message = `${Math.floor(freeBytes / 1024 / 1024)} MB free`
  const act = 'Make room, or move DATA_DIR to a larger disk: without space no webhook is accepted.'
  if (freeBytes < space.critical) return critical('disk.full', check, message, act)
  if (freeBytes < space.warning) return warning('disk.low', check, message, act)
  return ok('disk.ok', check, message)
}
