import { announce } from './announcer.js'
import { addressWith, get, requestInit, siteUrl, withTimeout } from './api.js'
import { codeBlock } from './code.js'
import { element } from './elements.js'
import { curlCode, eventSourceCode } from './snippets.js'

/** Most characters of a response that are shown. */
const MAX_SHOWN = 20_000

/**
 * Creates a form for the parameters of a route, and the request with those that are filled in as code. A REST
 * request can be sent, and its response is shown. The stream is shown as code only, since it has no end.
 */
export function requestForm(path, { operationId, parameters = [], responses }) {
  const isStream = 'text/event-stream' in (responses[200].content ?? {})
  // Aliases and headers get no field, because the parameters that they repeat have one.
  const offered = parameters.filter(
    ({ in: place, description = '' }) => place !== 'header' && !/^(an )?alias\b/i.test(description),
  )
  const inputs = new Map(offered.map((parameter) => [parameter.name, inputOf(operationId, parameter)]))
  const output = element('div', { className: 'output' })
  const form = element(
    'form',
    {},
    ...offered.map((parameter) => parameterField(parameter, inputs.get(parameter.name))),
  )
  if (!isStream) form.append(element('button', { className: 'send' }, 'Send'))

  const address = () => addressOf(path, offered, inputs)
  const code = () => (isStream ? streamBlocks(address()) : [codeBlock(curlCode(address()), 'curl command')])
  let sending = new AbortController()
  const refresh = () => {
    sending.abort()
    output.replaceChildren(...code())
  }
  form.addEventListener('input', refresh)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (isStream) return
    sending.abort()
    sending = new AbortController()
    const { signal } = sending
    const response = await responseOf(address(), signal)
    if (!signal.aborted) output.replaceChildren(...code(), response)
  })
  refresh()
  if (inputs.has('jobId')) void fillJobId(inputs.get('jobId'), refresh)
  return element('div', { className: 'request' }, form, output)
}

function inputOf(operationId, { name, in: place, schema, example }) {
  const id = `${operationId}-${name}`
  if (schema.enum) {
    const options = schema.enum.map((value) => element('option', { value }, value))
    return element('select', { id }, element('option', { value: '' }, ''), ...options)
  }
  const placeholder = String(example ?? schema.default ?? '')
  const input = element('input', { id, placeholder, autocomplete: 'off', spellcheck: false })
  if (place === 'path') input.value = placeholder
  return input
}

function parameterField({ name, description = '' }, input) {
  const note = element('span', { id: `${input.id}-note`, className: 'note' }, description)
  input.setAttribute('aria-describedby', note.id)
  return element('div', { className: 'field' }, element('label', { htmlFor: input.id }, name), input, note)
}

/** Fills in the id of a job that this server has, so that the example works as it stands. */
async function fillJobId(input, onFilled) {
  const before = input.value
  const answer = await get('jobs', { limit: 1 }).catch(() => null)
  const jobId = answer?.data[0]?.jobId
  // The reader may have typed an id meanwhile.
  if (jobId === undefined || input.value !== before) return
  input.value = jobId
  onFilled()
}

function addressOf(path, offered, inputs) {
  const query = new URLSearchParams()
  let filled = path
  for (const { name, in: place } of offered) {
    const { value } = inputs.get(name)
    if (place === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(value))
    else if (value !== '') query.set(name, value)
  }
  return addressWith(new URL(filled.slice(1), siteUrl('')), query)
}

function streamBlocks(address) {
  return [
    codeBlock(eventSourceCode(address), 'EventSource code'),
    codeBlock(curlCode(address, ['-N']), 'curl command'),
  ]
}

async function responseOf(address, signal) {
  const began = performance.now()
  try {
    const response = await fetch(address, { ...requestInit, signal: withTimeout(signal) })
    const text = await response.text()
    const ms = Math.round(performance.now() - began)
    const title = `${response.status} ${response.statusText}, ${ms} ms`
    announce(title)
    return element(
      'div',
      {},
      element('p', { className: 'status' }, title),
      codeBlock(shown(text), 'Response'),
    )
  } catch (error) {
    if (signal.aborted) return undefined
    const problem = `No response: ${error.message}`
    announce(problem)
    return element('p', { className: 'status' }, problem)
  }
}

function shown(text) {
  const whole = text.startsWith('{') ? JSON.stringify(JSON.parse(text), null, 2) : text
  const rest = whole.length - MAX_SHOWN
  return rest <= 0 ? whole : `${whole.slice(0, MAX_SHOWN)}\n… ${rest} more characters`
}
