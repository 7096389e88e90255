import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importUsers } from '../../../src/cli/import-users.ts'
import { readMappings } from '../../../src/cli/mappings.ts'
import { runCli } from '../../support/run-cli.ts'
import { firstStart } from '../../support/gateway.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, testRooms } from '../../support/tenants.ts'

const uuid = (digit: number): string => `00000000-0000-4000-8000-00000000000${digit}`

async function twoTenants() {
  const rooms = testRooms()
  const acme = await aTenant(rooms, { name: 'acme', sites: ['erp'] })
  const rival = await aTenant(rooms, { name: 'rival', sites: ['theirs'] })
  const load = (to: typeof acme, rows: [string, string, string][], dryRun = false) =>
    importUsers(
      { ...rooms, by: { actor: 'test', at: rooms.clock.now() } },
      to.tenant,
      rows.map(([site, user, user_uuid]) => ({ site, user, user_uuid })),
      { dryRun },
    )
  return { ...rooms, acme, rival, load }
}

test('mappings are imported once, their sites made on the way; a dry run stores nothing', async () => {
  const { acme, load, store } = await twoTenants()
  const rows: [string, string, string][] = [
    ['erp', 'me@acme.test', uuid(1)],
    ['shop', '', uuid(2)],
  ]

  const dry = await load(acme, rows, true)
  const sites = (await store.listSites(acme.scope)).length
  const first = await load(acme, rows)
  const again = await load(acme, rows)

  expect(dry).toEqual({ imported: 2, present: 0, refused: [] })
  expect(sites).toBe(1)
  expect(first).toEqual({ imported: 2, present: 0, refused: [] })
  expect(again).toEqual({ imported: 0, present: 2, refused: [] })
  expect((await store.listSites(acme.scope)).map(({ name }) => name)).toEqual(['erp', 'shop'])
  expect(await store.findUserByUuid(uuid(1))).toMatchObject({ site: { name: 'erp' } })
})

test('another spelling of a site or a user is no second one', async () => {
  const { acme, load, store } = await twoTenants()
  await load(acme, [['erp', 'Me@Acme.test', uuid(1)]])

  const again = await load(acme, [['ERP', 'me@acme.test', uuid(1)]])
  const other = await load(acme, [['ERP', 'me@acme.test', uuid(2)]])
  const fresh = await load(acme, [['ERP', 'you@acme.test', uuid(3)]])

  expect(again).toEqual({ imported: 0, present: 1, refused: [] })
  expect(other.refused).toEqual([`${uuid(2)} (ERP, me@acme.test): that user is ${uuid(1)} already`])
  expect(fresh).toMatchObject({ imported: 1 })
  expect((await store.listSites(acme.scope)).map(({ name }) => name)).toEqual(['erp'])
})

test('one user in two spellings of one file is named with both lines', () => {
  const csv = `site,user,user_uuid\nerp,Me@acme.test,${uuid(1)}\nERP,me@acme.test,${uuid(2)}\n`

  expect(readMappings(csv).problems).toEqual(['line 3: the same user as line 2'])
})

test('a second owner is refused and the first one named; the other lines go through', async () => {
  const { acme, rival, load, store } = await twoTenants()
  await load(acme, [['erp', 'me', uuid(1)]])

  const result = await load(rival, [
    ['theirs', 'you', uuid(1)],
    ['theirs', 'them', uuid(2)],
  ])

  expect(result).toEqual({
    imported: 1,
    present: 0,
    refused: [`${uuid(1)} (theirs, you): is owned by tenant acme, site erp, me`],
  })
  expect(await store.findUserByUuid(uuid(1))).toMatchObject({ tenantId: acme.tenant.id })
})

test('a user who is somebody else at Bridge already is not changed', async () => {
  const { acme, load, store } = await twoTenants()
  await load(acme, [['erp', 'me', uuid(1)]])

  const result = await load(acme, [['erp', 'me', uuid(2)]])

  expect(result).toEqual({
    imported: 0,
    present: 0,
    refused: [`${uuid(2)} (erp, me): that user is ${uuid(1)} already`],
  })
  expect(await store.findUserByUuid(uuid(2))).toBeUndefined()
})

test.each([
  ['CSV', `site,user,user_uuid\nerp,"Dupont, Jean",${uuid(1)}`],
  ['CSV of a spreadsheet', `\uFEFFsite;user;user_uuid\r\nerp;"Dupont, Jean";${uuid(1)}\r\n`],
  ['CSV by tabs', `site\tuser\tuser_uuid\nerp\tDupont, Jean\t${uuid(1)}`],
  ['CSV that says its sign', `sep=;\r\nsite;user;user_uuid\r\nerp;Dupont, Jean;${uuid(1)}`],
  [
    'CSV that says a sign nobody would guess',
    `sep=|\nsite|user|user_uuid\nerp|Dupont, Jean|${uuid(1)}`,
  ],
  ['a header in capitals', `Site,USER,User_UUID\nerp,"Dupont, Jean",${uuid(1)}`],
  [
    'rows with a line break in a cell',
    `site,note,user,user_uuid\nerp,"a\nb ""c""","Dupont, Jean",${uuid(1)}\n`,
  ],
  [
    'the lines of an old Mac, and empty ones',
    `site;user;user_uuid\r\r;;\rerp;Dupont, Jean;${uuid(1)}\r`,
  ],
  ['columns in another order', `id,user_uuid,user,site\n7,${uuid(1)},"Dupont, Jean",erp`],
  ['JSON', JSON.stringify([{ site: 'erp', user: 'Dupont, Jean', user_uuid: uuid(1), id: 7 }])],
])('mappings are read from %s', (_name, text) => {
  expect(readMappings(text)).toEqual({
    mappings: [{ site: 'erp', user: 'Dupont, Jean', user_uuid: uuid(1) }],
    problems: [],
  })
})

test('every problem of a file is named with its line', () => {
  const text = [
    'site,user,user_uuid',
    `erp,me,${uuid(1)}`,
    `,you,${uuid(2)}`,
    'erp,them,nonsense',
    `erp,me,${uuid(3)}`,
    `shop,me,${uuid(1)}`,
  ].join('\n')

  expect(readMappings(text).problems).toEqual([
    'line 3: site is missing',
    'line 4: user_uuid must be a uuid',
    'line 5: the same user as line 2',
    'line 6: the same uuid as line 2',
  ])
})

test.each(['', 'site,user,user_uuid\n', '[]', '[{', '{"site":"erp"}'])(
  'a file without mappings is refused: %j',
  (text) => {
    const { mappings, problems } = readMappings(text)

    expect(mappings).toEqual([])
    expect(problems).toHaveLength(1)
  },
)

test('a line is counted as an editor counts it, whatever stands in cells and above', () => {
  const text = [
    'sep=;',
    'site;note;user_uuid',
    `erp;"two`,
    `lines";${uuid(1)}`,
    '',
    'erp;"two',
    'lines";nonsense',
  ].join('\r\n')

  expect(readMappings(text).problems).toEqual(['line 6: user_uuid must be a uuid'])
})

test.each([
  [
    'a header without what is needed',
    `a,user\nx,${uuid(1)}`,
    'The header has no column site, and none user_uuid',
  ],
  [
    'a quotation mark without its other',
    `site,user_uuid\n"erp,${uuid(1)}\n`,
    'line 2: a quotation mark before it is never closed',
  ],
  [
    'text behind a quoted cell',
    `site,user_uuid\n"erp"x,${uuid(1)}\n`,
    'line 2: text stands behind a cell in quotes',
  ],
  [
    'a letter that was lost before',
    `site,user,user_uuid\nerp,Ren\uFFFD,${uuid(1)}`,
    'line 2: user has a letter that was lost',
  ],
])('refused in a line: %s', (_name, text, says) => {
  const { mappings, problems } = readMappings(text)

  expect(mappings).toEqual([])
  expect(problems).toEqual([expect.stringContaining(says)])
})

test('bank-api import takes UTF-16 and refuses the letters of Windows with their line', async () => {
  const folder = testFolder()
  await firstStart({ DATA_DIR: folder })
  await runCli(folder, ['tenant', 'create', 'acme'])
  const file = join(folder, 'users.csv')
  const rows = `site;user;user_uuid\r\nerp;René;${uuid(1)}\r\nerp;Zoé;${uuid(2)}\r\n`

  writeFileSync(file, Buffer.from(rows, 'latin1'))
  const refused = await runCli(folder, ['import', file, '--tenant', 'acme'])
  writeFileSync(file, Buffer.from(`\uFEFF${rows}`, 'utf16le'))
  const taken = await runCli(folder, ['import', file, '--tenant', 'acme', '--json'])
  writeFileSync(file, `site,user,user_uuid\nerp,A,${uuid(1)}\nerp,B,${uuid(2)}\n`)
  const others = await runCli(folder, ['import', file, '--tenant', 'acme'])

  expect(refused).toEqual({
    code: 1,
    out: '',
    err: `${file}: line 2 is not UTF-8: save the file as UTF-8\n`,
  })
  expect(JSON.parse(taken.out)).toEqual({
    imported: 2,
    present: 0,
    checked_with_bridge: false,
    refused: [],
  })
  expect(others.code).toBe(1)
  expect(others.out.split('\n')).toEqual([
    'imported             0',
    'present              0',
    'checked_with_bridge  false',
    'refused              2',
    '',
    `${uuid(1)} (erp, A): is owned by tenant acme, site erp, René`,
    `${uuid(2)} (erp, B): is owned by tenant acme, site erp, Zoé`,
    '',
  ])
})
