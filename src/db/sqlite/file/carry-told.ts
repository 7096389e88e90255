import type Sqlite from 'better-sqlite3'
import { sameEndMs } from '../../rules/consent-end.ts'

/** Of the consent that the copy knows, and nearer to its end than what the copy was told of. */
const nearer = (
  kind: string,
): string => `abs(@${kind}_of - authentication_expires_at) <= ${sameEndMs}
  AND (${kind}_of IS NULL OR abs(${kind}_of - authentication_expires_at) > ${sameEndMs} OR ${kind}_days > @${kind}_days)`

/** What is noted of an item once it is told. A webhook's note and its event are one commit: only a delivery says that it was told. */
const notices = [
  {
    sets: ['reminded_of', 'reminded_days'],
    where: nearer('reminded'),
    events: ['consent.expiring'],
  },
  { sets: ['mailed_of', 'mailed_days', 'mailed_at', 'mail_end'], where: nearer('mailed') },
  {
    sets: ['told_status', 'help_asked_at'],
    where: 'status = @status AND @told_status = @status',
    events: ['item.action_required', 'item.repaired'],
  },
  {
    sets: ['stale_due_at'],
    where:
      'expected_at = @expected_at AND last_success_at = @last_success_at AND @stale_due_at IS NULL',
    events: ['item.stale'],
  },
]

/** What sites and users were told since, of what the copy knows: else they hear of it again, under other ids. */
export function carryTold(replaced: Sqlite.Database, copy: Sqlite.Database): void {
  const columns = replaced
    .prepare<[], string>("SELECT name FROM pragma_table_info('items')")
    .pluck()
    .all()
  const known = notices.filter(({ sets }) => sets.every((name) => columns.includes(name)))
  const newest = (types: readonly string[]): Sqlite.Statement =>
    replaced.prepare(
      `SELECT 1 FROM deliveries WHERE state = 'delivered' AND event_seq = (
         SELECT max(seq) FROM events WHERE item_id = @id AND user_id = @user_id AND type IN ('${types.join("', '")}'))`,
    )
  const notes = known.map(({ sets, where, events }) => ({
    arrived: events && newest(events),
    note: copy.prepare(
      `UPDATE items SET ${sets.map((name) => `${name} = @${name}`).join()} WHERE id = @id AND user_id = @user_id AND ${where}`,
    ),
  }))
  for (const item of replaced.prepare('SELECT * FROM items').iterate()) {
    for (const { arrived, note } of notes) if (!arrived || arrived.get(item)) note.run(item)
  }
}
