import { get, hasApiKey, siteUrl } from './api.js'
import { codeBlock } from './code.js'
import { element } from './elements.js'

const KEY_HEADER = "-H 'x-api-key: YOUR_KEY' "
/** A longer answer is cut where it is shown. */
const SHOWN = 20_000

/**
 * A form for the parameters of a route. A request has those that the reader filled in. A route of the REST API is sent and
 * answered on the page; the stream, which has no end, is shown as code.
 */
export function createRequest(path, { operationId, parameters = [], responses }) {
  const isStream = 'text/event-stream' in (responses[200].content ?? {})
  // An alias would only stand beside the parameter it is an alias of.
  const offered = parameters.filter(
    ({ in: place, description = '' }) => place !== 'header' && !description.startsWith('an alias'),
  )
  const inputs = new Map(offered.map((parameter) => [parameter.name, inputOf(operationId, parameter)]))
  const output = element('div', { className: 'output' })
  const form = element(
    'form',
    {},
    ...offered.map((parameter) => fieldOf(parameter, inputs.get(parameter.name))),
  )
  if (!isStream) form.append(element('button', { className: 'send' }, 'Send'))

  const address = () => addressOf(path, offered, inputs)
  const refresh = () => output.replaceChildren(...(isStream ? streamCode(address()) : [curlCode(address())]))
  form.addEventListener('input', refresh)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (isStream) return
    const curl = curlCode(address())
    output.replaceChildren(curl, await answerOf(address()))
  })
  refresh()
  if (inputs.has('jobId')) void fillJobId(inputs.get('jobId'), refresh)
  return element('div', { className: 'request' }, form, output)
}

function inputOf(operationId, { name, in: place, schema, required, example }) {
  const id = `${operationId}-${name}`
  if (schema.enum) {
    const options = schema.enum.map((value) => element('option', { value }, value))
    return element('select', { id }, element('option', { value: '' }, ''), ...options)
  }
  const placeholder = String(example ?? schema.examples?.[0] ?? schema.default ?? '')
  const input = element('input', { id, placeholder, autocomplete: 'off', spellcheck: false })
  if (place === 'path' && required) input.value = placeholder
  return input
}

function fieldOf({ name, description = '' }, input) {
  const note = element('span', { id: `${input.id}-note`, className: 'note' }, description)
  input.setAttribute('aria-describedby', note.id)
  return element('div', { className: 'field' }, element('label', { htmlFor: input.id }, name), input, note)
}

/** So that the example works as it stands: a job of this server, if it has one. */
async function fillJobId(input, refresh) {
  const answer = await get('jobs', { limit: 1 }).catch(() => null)
  const jobId = answer?.data[0]?.jobId
  if (jobId === undefined) return
  input.value = jobId
  refresh()
}

function addressOf(path, offered, inputs) {
  const query = new URLSearchParams()
  let filled = path
  for (const { name, in: place } of offered) {
    const { value } = inputs.get(name)
    if (place === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(value))
    else if (value !== '') query.set(name, value)
  }
  const url = new URL(filled.slice(1), siteUrl(''))
  url.search = query.toString().replaceAll('%2C', ',')
  return url.href
}

function curlCode(address) {
  return codeBlock(`curl ${hasApiKey ? KEY_HEADER : ''}'${address}'`, 'curl command')
}

function streamCode(address) {
  const keyed = hasApiKey ? `${address}${address.includes('?') ? '&' : '?'}api_key=YOUR_KEY` : address
  const browser = [
    `const stream = new EventSource('${keyed}')`,
    "for (const type of ['job_created', 'job_updated', 'job_removed'])",
    '  stream.addEventListener(type, ({ data }) => console.log(type, JSON.parse(data)))',
  ].join('\n')
  return [
    codeBlock(browser, 'EventSource code'),
    codeBlock(`curl -N ${hasApiKey ? KEY_HEADER : ''}'${address}'`, 'curl command'),
  ]
}

async function answerOf(address) {
  const began = performance.now()
  const key = new URLSearchParams(location.search).get('api_key')
  try {
    const response = await fetch(address, {
      headers: key === null ? {} : { 'x-api-key': key },
      cache: 'no-store',
    })
    const text = await response.text()
    const ms = Math.round(performance.now() - began)
    const title = `${response.status} ${response.statusText}, ${ms} ms`
    return element('div', {}, element('p', { className: 'status' }, title), codeBlock(shown(text), 'Answer'))
  } catch (error) {
    return element('p', { className: 'status' }, `No answer: ${error.message}`)
  }
}

function shown(text) {
  const whole = text.startsWith('{') ? JSON.stringify(JSON.parse(text), null, 2) : text
  return whole.length <= SHOWN ? whole : `${whole.slice(0, SHOWN)}\n… ${whole.length - SHOWN} more characters`
}
