import { describe, expect, it } from 'vitest'
import { aFurnishedConsole, textOf } from '../../support/console-rooms.ts'
import { anAnnouncement } from '../../support/tenants.ts'

const by = { actor: 'cli', at: 1 }

/** Who did what since a time, as the audit has it. */
const actsOf = async ({ app }: Pick<Awaited<ReturnType<typeof aFurnishedConsole>>, 'app'>) =>
  (await app.store.listAudit({ limit: 50 }))
    .filter(({ actor, action }) => actor === 'console:anne' && !action.startsWith('console.'))
    .map(({ action, subject }) => `${action} ${subject}`)

describe('what the console does', () => {
  it('sends an event again', async () => {
    const rooms = await aFurnishedConsole()
    const { app, visitor, event, end } = rooms
    await end('dead', 500, '')

    const pressed = await visitor.press(
      `/console/event/${event.id}`,
      `/console/event/${event.id}/replay`,
    )
    const page = await visitor.get(pressed.headers.location!)

    expect(pressed.statusCode).toBe(303)
    expect((await app.store.findDelivery(event.id))?.state).toBe('pending')
    expect(textOf(page.body)).toContain('On their way again: 1.')
    expect(await actsOf(rooms)).toHaveLength(1)
  })

  it('offers nothing to send again of a connection that was deleted', async () => {
    const { app, visitor, event, end } = await aFurnishedConsole()
    await end('dead', 500, '')
    const path = `/console/event/${event.id}`
    const before = textOf((await visitor.get(path)).body)

    await app.store.deleteItem(77, by)
    const after = textOf((await visitor.get(path)).body)
    expect(before).toContain('Send again')
    expect(after).not.toContain('Send again')
    expect(after).toContain('not sent any more')
  })

  it('offers no list to be sent again of which nothing is left to send', async () => {
    const { app, visitor, event } = await aFurnishedConsole()
    await app.store.deleteItem(77, by)

    const list = (await visitor.get('/console/events?state=forgotten')).body

    expect(list).toContain(event.id)
    expect(textOf(list)).not.toContain('Send all of these again')
  })

  it('sends again what a filter means, and nothing else', async () => {
    const rooms = await aFurnishedConsole()
    const { app, visitor, event, end } = rooms
    await end('dead', 500, '')

    const none = await visitor.press('/console/events?state=dead', '/console/events/replay', {
      type: 'other',
    })
    const nonsense = await visitor.press('/console/events', '/console/events/replay', {
      state: 'daed',
    })
    const before = (await app.store.findDelivery(event.id))?.state
    const all = await visitor.press('/console/events?state=dead', '/console/events/replay')

    expect(none.headers.location).toBe('/console/events?done=replayed&count=0')
    expect(nonsense.statusCode).toBe(400)
    expect(before).toBe('dead')
    expect(all.headers.location).toBe('/console/events?done=replayed&count=1')
    expect((await app.store.findDelivery(event.id))?.state).toBe('pending')
  })

  it('sends many again a thousand at a press, the oldest first, and says that there are more', async () => {
    const { app, clock, visitor, site, user } = await aFurnishedConsole()
    await app.store.updateSite(site.id, { webhookUrl: null }, by)
    const type = 'many.of.these'
    const events = Array.from({ length: 1_001 }, () => anAnnouncement(app, user, { type }))
    await Promise.all(events.map((event) => app.store.acceptEvent(event)))
    await app.store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/hook' }, by)
    const kept = async () =>
      (await app.store.listEvents({ type, state: 'kept' }, { limit: 2_000 })).map(({ id }) => id)

    const list = '/console/events?type=many.of.these&state=kept&hours=1'
    const first = await visitor.press(list, '/console/events/replay')
    const page = await visitor.get(first.headers.location!)
    const left = await kept()
    clock.advance(2 * 60 * 60_000) // what the first press meant is what the next one goes on with
    const second = await visitor.press(first.headers.location!, '/console/events/replay')
    const rest = await visitor.get(second.headers.location!)

    expect(textOf(page.body)).toMatch(/On their way again: 1,000\. .*There are more/)
    expect(left).toEqual([events.at(-1)?.id])
    expect(second.headers.location).toBe('/console/events?done=replayed&count=1')
    expect(textOf(rest.body)).not.toContain('There are more')
    expect(await kept()).toEqual([])
  })

  it('enables an endpoint', async () => {
    const rooms = await aFurnishedConsole()
    const { app, visitor, site, end } = rooms
    await end('dead', 410, '')
    expect((await app.store.readEndpoint(site.id)).disabledAt).not.toBeNull()

    const pressed = await visitor.press(
      `/console/site/${site.id}`,
      `/console/site/${site.id}/enable`,
    )
    const page = await visitor.get(pressed.headers.location!)

    expect(pressed.statusCode).toBe(303)
    expect(textOf(page.body)).toContain('with what waited or died meanwhile: 1.')
    expect((await app.store.readEndpoint(site.id)).disabledAt).toBeNull()
    expect(await actsOf(rooms)).toEqual(['endpoint.enabled erp.acme.test'])
  })

  it('sends a test, and leads to what came of it', async () => {
    const rooms = await aFurnishedConsole()
    const { app, visitor, site } = rooms

    const pressed = await visitor.press(`/console/site/${site.id}`, `/console/site/${site.id}/test`)
    const page = await visitor.get(pressed.headers.location!)

    const [newest] = await app.store.listEvents({ siteId: site.id }, { limit: 1 })
    expect(newest?.type).toBe('webhook.test')
    expect(pressed.headers.location).toBe(`/console/event/${newest?.id}?done=tested&count=1`)
    expect(textOf(page.body)).toContain('Event webhook.test')
    expect(await actsOf(rooms)).toEqual(['endpoint.tested erp.acme.test'])
  })

  it('leads to the page that renews a connection', async () => {
    const rooms = await aFurnishedConsole()

    const pressed = await rooms.visitor.press('/console/item/77', '/console/item/77/renewal')
    const page = await rooms.visitor.get(pressed.headers.location!)

    expect(pressed.headers.location).toMatch(/^\/renew\/[\w-]+$/)
    expect(textOf(page.body)).toContain('Demo Bank')
    expect(await actsOf(rooms)).toEqual(['renewal.shown 77'])
  })

  it('does nothing to a site that is being deleted, or to what is not there', async () => {
    const { app, visitor, tenant, site } = await aFurnishedConsole()
    const page = (await visitor.get('/console')).body
    const csrf = /name="_csrf" value="([^"]+)"/.exec(page)![1]!
    const subject = { tenantId: tenant.id, subjectId: site.id, name: site.name }
    await app.store.startRemoval(
      { id: 'rem_1', kind: 'site', ...subject, withBridgeUsers: false },
      by,
    )

    for (const path of [
      `site/${site.id}/test`,
      `site/${site.id}/enable`,
      'site/sit_none/test',
      'event/evt_none/replay',
      'item/78/renewal',
      'item/x/renewal',
    ]) {
      const { statusCode } = await visitor.post(`/console/${path}`, { _csrf: csrf })
      expect(statusCode, path).toBe(404)
    }
  })
})
