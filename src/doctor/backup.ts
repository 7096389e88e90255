import { statSync } from 'node:fs'
import { listCopies, type Copy } from '../backup/folder.ts'
import { glanceAtCopy, verifyCopy } from '../backup/verify.ts'
import { command } from '../terminal/shell.ts'
import { sentenceOf } from '../terminal/system-errors.ts'
import { lasting } from '../terminal/durations.ts'
import { dayMs } from '../durations.ts'
import type { Localized } from '../language.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

const check = { en: 'backup', fr: 'sauvegarde' }

/** A larger copy is not read from end to end: that would take more than a second or two. */
const largestRead = 256 * 1024 * 1024

/** How old the newest copy of the database's file is, and whether it would serve. */
export async function checkBackup(examination: Examination): Promise<Finding[]> {
  const { config } = examination
  if (
    typeof config.secrets.database !== 'string' ||
    (config.sandbox && config.backup.everyMs === 0)
  )
    return []
  try {
    return await judgeCopies(examination)
  } catch (error) {
    const why = sentenceOf(error)
    if (why === undefined) throw error
    return [unreadable(why)]
  }
}

async function judgeCopies(examination: Examination): Promise<Finding[]> {
  const { config, clock } = examination
  const { dir } = config.backup
  const now = clock.now()
  const copies = await listCopies(dir)
  const early = copies.filter(({ at }) => at > now)
  const newest = copies[early.length]
  return [
    ...(newest ? await judgeCopy(newest, examination) : [judgeNone(dir)]),
    ...(early.length > 0 ? [judgeEarly(early.length, dir)] : []),
  ]
}

const makeOne = (dir: string): Localized => ({
  en: `Run \`bank-api backup\` every day, or set BACKUP_HOURS; copies are looked for in ${dir}.`,
  fr: `Lancez \`bank-api backup\` chaque jour, ou définissez BACKUP_HOURS ; les copies sont cherchées dans ${dir}.`,
})

const judgeNone = (dir: string): Finding =>
  warning(
    'backup.none',
    check,
    { en: 'there is no copy of the database', fr: 'il n’y a aucune copie de la base' },
    makeOne(dir),
  )

const unreadable = (why: string): Finding =>
  critical(
    'backup.unreadable',
    check,
    { en: `copies cannot be read: ${why}`, fr: `les copies sont illisibles : ${why}` },
    {
      en: "Let the server's user read BACKUP_DIR and the copies in it: until then nobody sees whether they would serve.",
      fr: 'Donnez à l’utilisateur du serveur le droit de lire BACKUP_DIR et ses copies : d’ici là, nul ne sait si elles serviraient.',
    },
  )

const judgeEarly = (count: number, dir: string): Finding =>
  critical(
    'backup.time_to_come',
    check,
    {
      en: `${count === 1 ? '1 copy' : `${count} copies`} in ${dir} ${count === 1 ? 'has' : 'have'} a date to come, so the clock is wrong or was`,
      fr: `${count === 1 ? '1 copie' : `${count} copies`} dans ${dir} ${count === 1 ? 'porte' : 'portent'} une date à venir : l’horloge est fausse, ou l’était`,
    },
    {
      en: 'Compare the time with `date -u`. If it is right, move what is from then elsewhere: it counts for nothing here until its date.',
      fr: 'Comparez l’heure avec `date -u`. Si elle est juste, déplacez ailleurs ce qui porte une telle date : cela ne compte pas ici avant elle.',
    },
  )

async function judgeCopy({ path, at }: Copy, examination: Examination): Promise<Finding[]> {
  const { config, clock } = examination
  const { everyMs, dir } = config.backup
  const age = clock.now() - at
  const { says, problem } = await judgeContent(path, examination)
  const bad = problem === undefined ? [] : [unusable(path, problem)]
  if (age > 2 * Math.max(everyMs, dayMs)) {
    const days = Math.floor(age / dayMs)
    const message = {
      en: `the newest copy is ${days} days old`,
      fr: `la dernière copie a ${days} jours`,
    }
    return [critical('backup.old', check, message, makeOne(dir)), ...bad]
  }
  if (bad.length > 0) return bad
  return [ok('backup.ok', check, `the newest copy is ${lasting(age)} old; ${says}`)]
}

const unusable = (path: string, problem: string): Finding =>
  critical(
    'backup.unusable',
    check,
    {
      en: `the newest copy is no good: ${problem}`,
      fr: `la dernière copie n’est pas bonne : ${problem}`,
    },
    {
      en: 'Make another one with `bank-api backup`. All about this one:',
      fr: 'Faites-en une autre avec `bank-api backup`. Tout sur celle-ci :',
    },
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
