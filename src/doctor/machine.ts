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
  const check = { en: 'data directory', fr: 'dossier des données' }
  if (kind === undefined) return ok('data_directory.ok', check, 'on a local disk')
  return critical(
    'data_directory.network_disk',
    check,
    {
      en: `on a network disk (${kind}), where SQLite's locks cannot be trusted`,
      fr: `sur un disque réseau (${kind}), où les verrous de SQLite ne sont pas sûrs`,
    },
    {
      en: 'Move DATA_DIR to a local disk or a block volume.',
      fr: 'Déplacez DATA_DIR sur un disque local ou un volume bloc.',
    },
  )
}

function judgeSpace(freeBytes: number): Finding {
  const check = { en: 'disk space', fr: 'espace disque' }
  const free = Math.floor(freeBytes / 1024 / 1024)
  const message = { en: `${free} MB free`, fr: `${free} Mo libres` }
  const act = {
    en: 'Make room, or move DATA_DIR to a larger disk: without space no webhook is accepted.',
    fr: 'Faites de la place, ou déplacez DATA_DIR sur un disque plus grand : sans place aucun webhook n’est accepté.',
  }
  if (freeBytes < space.critical) return critical('disk.full', check, message, act)
  if (freeBytes < space.warning) return warning('disk.low', check, message, act)
  return ok('disk.ok', check, message.en)
}
