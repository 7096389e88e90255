import { html, type Html } from '../../html/html.ts'
import { scriptAt } from '../../html/inline.ts'
import { detailList, prose } from '../../html/elements.ts'
import { page, type Page } from '../../html/page.ts'
import type { Language } from '../../language.ts'
import type { Document } from '../document.ts'
import { version2 } from '../method-paths.ts'
import type { PathItem } from '../operation.ts'
import type { Json } from '../schema.ts'
import { idOf, method, type Shown } from './method.ts'
import { breakable, entry, fieldRows, fold, json } from './elements.ts'
import { style } from './style.ts'
import { wideStyle } from './wide-style.ts'
import { words as wordsOf, type Words } from './words.ts'

/** Where the page's script is: it searches, calls, and puts the reader's key into the samples. */
export const scriptPath = '/docs/page.js'

/**
 * The document as one page: readable without a script, and nothing in it comes from elsewhere. Its sentences are those of the
 * document given; `translation` is where they are in the other language.
 */
export function docsPage(
  document: Document,
  { canTry, language, translation }: { canTry: boolean; language: Language; translation: string },
): Page {
  const words = wordsOf[language]
  const { info, servers, components } = document
  const shown: Shown = { words, components: components.schemas, origin: servers[0]!.url, canTry }
  const groups = groupsOf(document)
  return page({
    language,
    title: words.title,
    isCard: false,
    body: html`${contents(document, groups, words)}
      <div class="reference">
        ${head(document, words, { language, translation })}
        ${info.description.split('\n\n').map((text) => html`<p>${prose(text)}</p>`)}
        <p>${words.document} <a href="/openapi.json">openapi.json</a></p>
        ${canTry && credentials(words)} ${search(words)}
        ${groups.map(
          ([{ name, description }, methods]) =>
            html`<section>
              <h2 id="${name}">${words.tags[name] ?? name}</h2>
              <p>${prose(description)}</p>
              ${methods.map(([path, item]) => method(path, item, shown))}
            </section>`,
        )}
        ${webhookSection(document, words)} ${refusalSection(document, words)}
        ${routeSection(document, words)}
      </div>`,
    styles: [style, wideStyle],
    script: scriptAt(scriptPath),
    policy: ["connect-src 'self'", "form-action 'none'"],
  })
}

type Group = readonly [Document['tags'][number], (readonly [string, PathItem])[]]

/** The methods under their tags, in the order of those. */
function groupsOf({ tags, paths }: Document): Group[] {
  const methods = Object.entries(paths).filter(([path]) => path.startsWith('/api/method/'))
  return tags
    .filter(({ name }) => name !== version2)
    .map((tag): Group => [tag, methods.filter(([, item]) => item['post']!.tags[0] === tag.name)])
    .filter(([, found]) => found.length > 0)
}

const head = (
  { info }: Document,
  words: Words,
  { language, translation }: { language: Language; translation: string },
): Html => {
  const other = language === 'en' ? 'fr' : 'en'
  return html`<header>
    <h1>${words.title} <small>${info.version}</small></h1>
    <a class="language" href="${translation}" lang="${other}" hreflang="${other}"
      >${other === 'fr' ? 'Français' : 'English'}</a
    >
  </header>`
}

const contents = ({ webhooks }: Document, groups: readonly Group[], words: Words): Html =>
  html`<nav aria-label="${words.contents}">
    ${groups.map(
      ([{ name }, methods]) =>
        html`<a class="group" href="#${name}">${words.tags[name] ?? name}</a>
          ${methods.map(([path]) => html`<a href="#${idOf(path)}">${breakable(idOf(path))}</a>`)}`,
    )}
    <a class="group" href="#events">${words.events}</a>
    ${Object.keys(webhooks).map((type) => html`<a href="#${type}">${breakable(type)}</a>`)}
    <a class="group" href="#refusals">${words.refusals}</a>
    <a class="group" href="#routes">${words.routes}</a>
  </nav>`

const credentials = (words: Words): Html =>
  html`<section class="live credentials" aria-labelledby="key">
    <h2 id="key">${words.yourKey}</h2>
    <p>${words.keyIs} <a href="/">${words.toStart}</a></p>
    <div class="pair">
      <label>api_key <input id="api_key" autocomplete="off" spellcheck="false" /></label>
      <label>api_secret <input id="api_secret" type="password" autocomplete="off" /></label>
    </div>
    <p
      id="state"
      role="status"
      data-none="${words.noKey}"
      data-set="${words.keySet}"
      data-odd="${words.keyOdd}"
    >
      ${words.noKey}
    </p>
    <button type="button" class="quiet" id="forget">${words.forget}</button>
  </section>`

const search = (words: Words): Html =>
  html`<div class="live search" role="search">
    <label for="search">${words.search}</label>
    <input
      id="search"
      aria-keyshortcuts="/"
      type="search"
      placeholder="${words.searchHint}"
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
      aria-describedby="found"
    />
    <kbd aria-hidden="true">/</kbd>
    <p id="found" role="status" data-found="${words.found}" data-nothing="${words.nothing}"></p>
  </div>`

function webhookSection({ webhooks, components }: Document, words: Words): Html {
  const all = Object.entries(webhooks)
  const { parameters = [], responses } = all[0]![1]['post']!
  return html`<section>
    <h2 id="events">${words.events}</h2>
    <details>
      <summary>${words.webhookHeaders}</summary>
      ${detailList(parameters.map(({ name, description }) => [breakable(name), prose(description)]))}
    </details>
    ${fold(words.webhookAnswers, answerRows(responses))}
    ${all.map(([type, { post }]) => {
      const content = post!.requestBody!['content'] as Record<string, { schema: Json }>
      const fields = fieldRows(content['application/json']!.schema, components.schemas)
      return entry(type, html`<code>${type}</code>`, post!.summary, fields)
    })}
  </section>`
}

const answerRows = (responses: Record<string, Json>): Html =>
  detailList(
    Object.entries(responses).map(([status, { description }]) => [
      html`${status}`,
      prose(String(description)),
    ]),
  )

function refusalSection({ components }: Document, words: Words): Html {
  const refusals = Object.entries(components.responses).filter(([name]) =>
    /^Refusal\d+$/.test(name),
  )
  const named = refusals.map(([name, body]) => [name.replace('Refusal', ''), body] as const)
  const content = components.responses['Refusal417']!['content'] as Record<string, Json>
  return html`<section>
    <h2 id="refusals">${words.refusals}</h2>
    ${answerRows(Object.fromEntries(named))}
    ${fold(words.refusalExample, json(content['application/json']!['example']))}
  </section>`
}

function routeSection({ paths, tags }: Document, words: Words): Html {
  const plain = Object.entries(paths).filter(([path]) => !path.startsWith('/api/'))
  const about = tags.find(({ name }) => name === 'plain routes')?.description
  return html`<section>
    <h2 id="routes">${words.routes}</h2>
    <p>${prose(about)}</p>
    ${plain.map(([path, verbs]) => {
      const [first] = Object.values(verbs)
      const body = Object.entries(verbs).map(
        ([verb, { summary, responses }]) =>
          html`<p><b>${verb.toUpperCase()}</b> ${prose(summary)}</p>
            ${answerRows(responses)}`,
      )
      return entry(path, breakable(path), first!.summary, html`${body}`)
    })}
  </section>`
}
