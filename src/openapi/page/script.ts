/**
 * What the page can do where scripts run: find, open what an address names, copy samples, and in a sandbox call, with a key that
 * the tab keeps until it is closed.
 */
export const pageScript = String.raw`
const all = (selector, within = document) => [...within.querySelectorAll(selector)]
const byId = (id) => document.getElementById(id)
const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}

/** For this tab alone. Where the browser keeps nothing, nothing is kept. */
const kept = {
  read(name) {
    try { return sessionStorage.getItem('bank-api.' + name) ?? '' } catch { return '' }
  },
  write(name, value) {
    try {
      if (value === '') sessionStorage.removeItem('bank-api.' + name)
      else sessionStorage.setItem('bank-api.' + name, value)
    } catch {}
  },
}

// What an address names is open, and what was opened last is in the address.
const nameIn = (hash) => {
  try { return decodeURIComponent(hash.slice(1)) } catch { return '' }
}
const openNamed = () => {
  const named = byId(nameIn(location.hash))
  if (!named?.matches('.entry')) return
  named.open = true
  named.scrollIntoView()
}
addEventListener('hashchange', openNamed)
openNamed()
for (const entry of all('.entry')) {
  entry.addEventListener('toggle', () => {
    if (entry.open) history.replaceState(null, '', '#' + encodeURIComponent(entry.id))
  })
}
const translation = document.querySelector('.language')
translation.addEventListener('click', () => { translation.hash = location.hash })

// The search: every word has to stand somewhere in what an entry says.
const plain = (text) => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '')
const entries = all('.entry').map((element) => ({
  element,
  words: plain(all('summary, .address, .argument, dt, dd', element).map((one) => one.textContent).join(' ')),
}))
const sections = all('section:not(.credentials)')
const links = all('nav a')
const search = byId('search')
const found = byId('found')
const find = () => {
  const terms = plain(search.value).split(/\s+/).filter((term) => term !== '')
  for (const { element, words } of entries) element.hidden = !terms.every((term) => words.includes(term))
  for (const section of sections) {
    section.hidden = terms.length > 0 && !all('.entry', section).some((entry) => !entry.hidden)
  }
  for (const link of links) link.hidden = byId(nameIn(link.hash))?.closest('[hidden]') != null
  const { nothing, found: word } = found.dataset
  const count = entries.filter(({ element }) => !element.hidden).length
  say(found, terms.length === 0 ? '' : count === 0 ? nothing : word + ' ' + count)
}
search.addEventListener('input', find)
search.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    search.value = ''
    find()
  }
  const first = entries.find(({ element }) => !element.hidden)
  if (event.key !== 'Enter' || search.value === '' || !first) return
  first.element.open = true
  first.element.querySelector('summary').focus()
})
addEventListener('keydown', (event) => {
  const isTyping = event.target.matches?.('input, select, textarea')
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  search.focus()
})
if (search.value !== '') find()

// Samples: one choice of a language for all of them.
const choose = (language) => {
  for (const radio of all('.samples input')) if (radio.value === language) radio.checked = true
  kept.write('sample', language)
}
for (const radio of all('.samples input')) radio.addEventListener('change', () => choose(radio.value))
if (kept.read('sample') !== '') choose(kept.read('sample'))
for (const button of all('.copy')) {
  button.hidden = navigator.clipboard === undefined
  const name = button.textContent
  button.addEventListener('click', async () => {
    const sample = all('pre', button.closest('.samples')).find((one) => one.checkVisibility())
    await navigator.clipboard.writeText(sample.textContent)
    button.textContent = button.dataset.done
    setTimeout(() => { button.textContent = name }, 2000)
  })
}

// The reader's key.
const [keyField, secretField] = [byId('api_key'), byId('api_secret')]
const samples = all('.samples pre').map((element) => ({ element, text: element.textContent }))
let authorization
const useKey = () => {
  const [key, secret] = [keyField.value.trim(), secretField.value.trim()]
  const isOdd = !/^[\w-]*$/.test(key + secret)
  const isSet = !isOdd && key !== '' && secret !== ''
  authorization = isSet ? 'token ' + key + ':' + secret : undefined
  document.body.classList.toggle('keyed', isSet)
  const { none, set, odd } = byId('state').dataset
  byId('state').classList.toggle('odd', isOdd)
  say(byId('state'), isOdd ? odd : isSet ? set : none)
  for (const { element, text } of samples) {
    say(element, isSet ? text.replaceAll('API_KEY', key).replaceAll('API_SECRET', secret) : text)
  }
  kept.write('api_key', isOdd ? '' : key)
  kept.write('api_secret', isOdd ? '' : secret)
}
if (keyField) {
  // The start page leads here with the key behind the # of the address, where it does not stay.
  const given = new URLSearchParams(location.hash.slice(1))
  const isGiven = given.has('api_key') && given.has('api_secret')
  if (isGiven) history.replaceState(null, '', location.pathname + location.search)
  keyField.value = isGiven ? given.get('api_key') : kept.read('api_key')
  secretField.value = isGiven ? given.get('api_secret') : kept.read('api_secret')
  for (const field of [keyField, secretField]) field.addEventListener('input', useKey)
  byId('forget').addEventListener('click', () => {
    keyField.value = secretField.value = ''
    useKey()
    keyField.focus()
  })
  useKey()
}

// Calls. A page of text is more than enough of an answer, and a browser shows no more of it without trouble.
const longest = 100_000
const shownAs = (text, cut) => {
  let shown = text
  try { shown = JSON.stringify(JSON.parse(text), null, 2) } catch {}
  return shown.length > longest ? shown.slice(0, longest) + '\n… ' + cut : shown
}
for (const form of all('form[data-path]')) {
  const output = form.querySelector('output')
  const { path, example, calling, unreachable, cut } = form.dataset
  let isUnderWay = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (isUnderWay) return
    isUnderWay = true
    output.textContent = calling
    const began = performance.now()
    try {
      const answer = await fetch(path, {
        method: 'POST',
        credentials: 'omit',
        headers: authorization === undefined ? {} : { authorization },
        body: new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== '')),
      })
      const text = await answer.text()
      const took = Math.round(performance.now() - began) + ' ms'
      const id = answer.headers.get('x-request-id') ?? ''
      output.textContent = [answer.status, took, id].join('  ') + '\n' + shownAs(text, cut)
    } catch {
      output.textContent = unreachable
    }
    isUnderWay = false
  })
  form.querySelector('.fill')?.addEventListener('click', () => {
    for (const [name, value] of Object.entries(JSON.parse(example))) form.elements[name].value = value
  })
}
`
