import { expect, test } from 'vitest'
import { environment } from '../../../src/environment.ts'
import { codes } from '../../../src/texts/codes.ts'
import { english } from '../../../src/texts/english.ts'
import { explained, type Mender } from '../../../src/texts/explained.ts'
import { french } from '../../../src/texts/french.ts'
import { pinned } from '../../../src/texts/pinned.ts'
import type { Code } from '../../../src/texts/say.ts'

const sentences: Readonly<Record<string, readonly [en: string, fr: string]>> = Object.fromEntries([
  ...Object.entries(pinned).map(([key, text]) => [key, [text, text]]),
  ...Object.entries(english).map(([key, text]) => [
    key,
    [text, french[key as keyof typeof french]],
  ]),
])

const whoMends: Readonly<Record<Mender, string>> = {
  'the call': 'whoever makes the call',
  'the gateway': 'whoever runs Bank API',
  Bridge: 'Bridge',
  time: 'nobody: it passes',
}

const title = `# Errors

Every refused call says what went wrong twice: \`exc_type\` is Frappe's, of which there are few, and \`code\` is ours. A code keeps
its meaning; sentences may be worded better one day, so compare codes. At \`/api/method/…\` and \`/api/v1/method/…\` \`code\` stands
beside \`exc_type\`, at \`/api/v2/method/…\` in \`errors[0]\`:

\`\`\`json
{
  "exception": "frappe.exceptions.DoesNotExistError: Item 4568477 not found",
  "exc_type": "DoesNotExistError",
  "code": "item_not_found"
}
\`\`\`

Sentences are English, or French when the call asks for it with \`lang\` or \`Accept-Language\`. What stands in braces differs from
case to case. Some of Frappe's own sentences are the same in both, as its clients may compare them. A new code may come with a new
version: treat one that you do not know by its status.

`

function section(code: Code): string {
  const { status, excType } = codes[code]
  const { means, whose, remedy } = explained[code]
  const said = Object.entries(sentences).filter(([key]) => key.split('.', 1)[0] === code)
  const quoted = said.map(([, [en, fr]]) =>
    en === fr ? `> ${inMarkdown(en)}` : `> ${inMarkdown(en)}\\\n> _${inMarkdown(fr)}_`,
  )
  return `## ${code}

${status} \`${excType}\`. ${means}

${quoted.join('\n>\n')}

To be mended by ${whoMends[whose]}. ${remedy}
`
}

const inMarkdown = (text: string): string => text.replaceAll(/[<>*_]/g, (sign) => `\\${sign}`)

// Renewed by `npx vitest run --config test/vitest.config.ts test/system/docs/errors.test.ts -u`.
test('docs/errors.md has a section for every code, with its sentences in both languages', async () => {
  const sections = (Object.keys(codes) as Code[]).map(section)

  await expect(title + sections.join('\n')).toMatchFileSnapshot('../../../docs/errors.md')
})

test('a remedy names variables that there are', () => {
  const named = Object.values(explained).flatMap(({ remedy }) =>
    [...remedy.matchAll(/`([A-Z][A-Z_]{5,})`/g)].map(([, name = '']) => name),
  )

  expect(named.length).toBeGreaterThan(2)
  expect(named.filter((name) => !(name in environment.shape))).toEqual([])
})

test('every sentence belongs to a code, or stands within another', () => {
  const orphans = Object.keys(sentences).filter((key) => {
    const [code = ''] = key.split('.', 1)
    return code !== 'advice' && !(code in codes)
  })

  expect(orphans).toEqual([])
})
