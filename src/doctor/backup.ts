import { statSync } from 'node:fs'
import { listCopies, type Copy } from '../backup/folder.ts'
import { glanceAtCopy, verifyCopy } from '../backup/verify.ts'
import { command } from '../terminal/shell.ts'
import { lasting } from '../terminal/durations.ts'
import { dayMs } from '../durations.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

const check = 'backup'

/** A larger copy is not read from end to end: that would take more than a second or two. */
const largestRead = 256 * 1024 * 1024

/** How old the newest copy of the database's file is, and whether it would serve. */
export async function checkBackup(examination: Examination): Promise<Finding[]> {
  const { config, clock } = examination
  const { everyMs, dir } = config.backup
  if (typeof config.secrets.database !== 'string' || (config.sandbox && everyMs === 0)) return []
  const now = clock.now()
  const copies = await listCopies(dir)
  const early = copies.filter(({ at }) => at > now)
  const newest = copies[early.length]
  return [
    ...(newest ? await judgeCopy(newest, examination) : [judgeNone(dir)]),
    ...(early.length > 0 ? [judgeEarly(early.length, dir)] : []),
  ]
}

const makeOne = (dir: string): string =>
  `Run \`bank-api backup\` every day, or set BACKUP_HOURS; copies are looked for in ${dir}.`

const judgeNone = (dir: string): Finding =>
  warning('backup.none', check, 'there is no copy of the database', makeOne(dir))

const judgeEarly = (count: number, dir: string): Finding =>
  critical(
    'backup.time_to_come',
    check,
    `${count} copies in ${dir} have a date to come, so the clock is wrong or was`,
    'Compare the time with `date -u`. If it is right, move those copies elsewhere: they count for nothing here until their date.',
  )

async function judgeCopy({ path, at }: Copy, examination: Examination): Promise<Finding[]> {
  const { config, clock } = examination
  const { everyMs, dir } = config.backup
  const age = clock.now() - at
  const { says, problem } = await judgeContent(path, examination)
  const bad = problem === undefined ? [] : [unusable(path, problem)]
  if (age > 2 * Math.max(everyMs, dayMs)) {
    const message = `the newest copy is ${Math.floor(age / dayMs)} days old`
    return [critical('backup.old', check, message, makeOne(dir)), ...bad]
  }
  if (bad.length > 0) return bad
  return [ok('backup.ok', check, `the newest copy is ${lasting(age)} old; ${says}`)]
}

const unusable = (path: string, problem: string): Finding =>
  critical(
    'backup.unusable',
    check,
    `the newest copy is no good: ${problem}`,
    'Make another one with `bank-api backup`. All about this one:',
    { run: command`backup verify ${path}` },
  )

/** Whether the present master key opens it and, of one that can be read in a moment, that it is whole. */
async function judgeContent(
  path: string,
  { config, clock, isBrief }: Examination,
): Promise<{ says: string; problem?: string | undefined }> {
  if (isBrief || statSync(path).size > largestRead) {
    const says = 'the master key opens it, what it holds was not read'
    return { says, problem: glanceAtCopy(path, { config, clock }) }
  }
  const { problems } = await verifyCopy(path, { config, clock })
  return { says: 'it is whole, and the master key opens it', problem: problems[0] }
}
