import { sinceThen } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import { shortMethod } from './call-verdict.ts'
import type { Story } from './story.ts'
import type { Verdict } from './verdict.ts'

/** What of the kept calls was refused. */
export function refusedLately({ calls }: Story, now: number): Verdict | undefined {
  const refused = calls.filter(({ status }) => status >= 400)
  const last = refused.at(-1)
  const { length } = calls
  if (length === 0) return undefined
  if (!last) {
    return {
      what: {
        en: `${length === 1 ? 'Its last call' : `Its last ${length} calls`} went well.`,
        fr:
          length === 1
            ? 'Son dernier appel s’est bien passé.'
            : `Ses ${length} derniers appels se sont bien passés.`,
      },
    }
  }
  const why = `${shortMethod(last.method, last.refusal?.code)}, ${last.refusal?.code ?? last.excType ?? last.status}`
  const ago = sinceThen(last.at, now)
  const those =
    refused.length === 1
      ? { en: '1 was refused', fr: '1 a été refusé' }
      : {
          en: `${refused.length} were refused, the last one`,
          fr: `${refused.length} ont été refusés, le dernier`,
        }
  const said =
    length === 1
      ? { en: 'Its last call was refused', fr: 'Son dernier appel a été refusé' }
      : {
          en: `Of its last ${length} calls ${those.en}`,
          fr: `De ses ${length} derniers appels ${those.fr}`,
        }
  return {
    what: { en: `${said.en} ${ago.en}: ${why}.`, fr: `${said.fr} ${ago.fr} : ${why}.` },
    remedy: { en: 'That one:', fr: 'Celui-là :' },
    commands: [command`explain ${last.id}`],
  }
}
