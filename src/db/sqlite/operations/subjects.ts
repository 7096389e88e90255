import { and, asc, eq, gte, lt } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import type { Subject } from '../../ports/history.ts'
import { looksFor, subjectsMeant } from '../../rules/subject-names.ts'
import type { Tools } from '../tools.ts'
import { named } from './owned-rows.ts'

/** What a word names: what it means by its shape, where a table knows it. */
export function findSubjects(db: Tools['db'], word: string, limit: number): Subject[] {
  const found: Subject[] = []
  for (const { kind, table: name, id: idName, by, is } of looksFor(word, foldName(word))) {
    const { table, column } = named(name)
    const [id, key] = [column(idName), column(by)]
    const isIt = 'equal' in is ? eq(key, is.equal) : and(gte(key, is.from), lt(key, is.below))
    const rows = db.select({ id }).from(table).where(isIt).orderBy(asc(id)).limit(limit).all()
    found.push(...rows.map((row) => ({ kind, id: String(row.id) })))
  }
  return subjectsMeant(found, word, limit)
}
