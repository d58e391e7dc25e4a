import { hasApiKey, publicUrl } from './api.js'
import { definition } from './definition.js'

/** How to use the stream with these filters, by tab. The key is never shown, only where it goes. */
export function snippets(filters) {
  const url = quote(publicUrl('events', filters))
  const withKey = new URLSearchParams(filters)
  if (hasApiKey) withKey.set('api_key', 'YOUR_KEY')
  return {
    browser: [
      'const es = new EventSource(',
      `  ${quote(publicUrl('events', withKey))},`,
      ')',
      'const log = (e) =>',
      '  console.log(e.type, JSON.parse(e.data))',
      "es.addEventListener('job_created', log)",
      "es.addEventListener('job_updated', log)",
      "es.addEventListener('job_removed', log)",
    ].join('\n'),
    curl: hasApiKey ? `curl -N -H 'x-api-key: YOUR_KEY' \\\n  ${url}` : `curl -N ${url}`,
    client: [
      "import { mirror } from 'jobcast-client'",
      '',
      `const server = ${quote(publicUrl('', '').replace(/\/api\/v1\/$/, ''))}`,
      `const open = mirror(${['server', ...clientOptions(filters)].join(', ')})`,
      'for await (const change of open)',
      '  console.log(change.type, open.jobs.size)',
    ].join('\n'),
  }
}

function clientOptions(filters) {
  const filter = Object.entries(filterObject(filters)).map(
    ([name, value]) => `    ${name}: ${literal(value)},`,
  )
  const lines = []
  if (filter.length > 0) lines.push('  filter: {', ...filter, '  },')
  if (hasApiKey) lines.push("  apiKey: 'YOUR_KEY',")
  return lines.length === 0 ? [] : [['{', ...lines, '}'].join('\n')]
}

/** The filters as values for code: lists for what takes lists. */
function filterObject(filters) {
  const kinds = new Map(definition().filters.map(({ name, kind }) => [name, kind]))
  return Object.fromEntries(
    [...filters].map(([name, value]) => [name, kinds.get(name) === 'list' ? value.split(',') : value]),
  )
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  return typeof value === 'string' ? quote(value) : String(value)
}

function quote(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** Binds the box: tabs by pointer and arrow keys, and the code of the chosen one. */
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
  for (const tab of tabs) {
    tab.addEventListener('click', () => {
      chosen = tab
      show()
    })
    tab.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (step === undefined) return
      chosen = tabs[(tabs.indexOf(chosen) + step + tabs.length) % tabs.length]
      show()
      chosen.focus()
    })
  }
  return (filters) => {
    texts = snippets(filters)
    show()
  }
}
