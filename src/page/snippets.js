import { hasApiKey, publicUrl } from './api.js'
import { definition } from './definition.js'

/** In code that a reader may copy, this stands for the API key that the page was opened with. */
const KEY = 'YOUR_KEY'

/**
 * Returns JavaScript that logs every job event of a stream. Lines are short, so that a narrow column does not
 * break them.
 */
export function eventSourceCode(url) {
  return [
    'const es = new EventSource(',
    `  ${quote(withKey(url))},`,
    ')',
    'const log = (e) =>',
    '  console.log(e.type, JSON.parse(e.data))',
    "es.addEventListener('job_created', log)",
    "es.addEventListener('job_updated', log)",
    "es.addEventListener('job_removed', log)",
  ].join('\n')
}

/** @param options of curl, such as `-N`, which prints a stream without buffering */
export function curlCode(url, options = []) {
  const header = hasApiKey ? ['-H', `'x-api-key: ${KEY}'`] : []
  // Within single quotes, a shell takes a backslash literally, so a quote in the URL is percent-encoded.
  return ['curl', ...options, ...header, `'${url.replaceAll("'", '%27')}'`].join(' ')
}

function clientCode(filters) {
  return [
    "import { mirror } from 'jobcast-client'",
    '',
    `const server = ${quote(publicUrl('', '').replace(/\/api\/v1\/$/, ''))}`,
    `const open = mirror(${['server', ...clientOptions(filters)].join(', ')})`,
    'for await (const change of open)',
    '  console.log(change.type, open.jobs.size)',
  ].join('\n')
}

function clientOptions(filters) {
  const kinds = new Map(definition().filters.map(({ name, kind }) => [name, kind]))
  const literal = (name, value) =>
    kinds.get(name) === 'list' ? `[${value.split(',').map(quote).join(', ')}]` : quote(value)
  const filter = [...filters].map(([name, value]) => `    ${name}: ${literal(name, value)},`)
  const lines = []
  if (filter.length > 0) lines.push('  filter: {', ...filter, '  },')
  if (hasApiKey) lines.push(`  apiKey: '${KEY}',`)
  return lines.length === 0 ? [] : [['{', ...lines, '}'].join('\n')]
}

function withKey(address) {
  if (!hasApiKey) return address
  return `${address}${address.includes('?') ? '&' : '?'}api_key=${KEY}`
}

function quote(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/**
 * Creates the box with code for the stream: tabs, reached by pointer and arrow keys, and the code of the chosen
 * one.
 * @returns a function that shows the code for other filters
 */
export function createSnippets(box) {
  const tabs = [...box.querySelectorAll('[role=tab]')]
  const panel = box.querySelector('[role=tabpanel]')
  const code = panel.querySelector('code')
  const copy = box.querySelector('[data-copy]')
  let texts = {}
  let chosen = tabs[0]

  const show = () => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === chosen))
      tab.tabIndex = tab === chosen ? 0 : -1
    }
    panel.setAttribute('aria-labelledby', chosen.id)
    code.textContent = texts[chosen.dataset.snippet] ?? ''
    copy.dataset.copy = code.textContent
    copy.dataset.what = `${chosen.textContent} snippet`
  }
  const choose = (tab) => {
    chosen = tab
    show()
  }
  for (const tab of tabs) {
    tab.addEventListener('click', () => choose(tab))
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
      if (step === undefined) return
      choose(tabs.at((tabs.indexOf(chosen) + step) % tabs.length))
      chosen.focus()
    })
  }
  return (filters) => {
    const url = publicUrl('events', filters)
    texts = { browser: eventSourceCode(url), curl: curlCode(url, ['-N']), client: clientCode(filters) }
    show()
  }
}
