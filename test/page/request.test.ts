import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type FakeElement, fakeDocument } from './fakeElement.ts'
import { load } from './load.ts'

/** Answers a request, in the order of the requests. */
let answers: ((text: string) => Promise<void>)[]
let timeout: AbortController

beforeAll(() => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('document', fakeDocument())
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
    timeout = new AbortController()
    return timeout.signal
  })
  vi.stubGlobal('fetch', (_address: string, { signal }: RequestInit) => {
    return new Promise<Response>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      answers.push(async (text) => {
        resolve(new Response(text))
        await settled()
      })
    })
  })
})

beforeEach(() => {
  answers = []
})

afterAll(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const settled = () => new Promise((resolve) => setTimeout(resolve, 10))

/** A form with one parameter, which is empty. */
async function createForm() {
  const { requestForm } = await load('request')
  const request: FakeElement = requestForm('/api/v1/jobs', {
    operationId: 'jobs',
    parameters: [{ name: 'status', in: 'query', schema: {} }],
    responses: { 200: {} },
  })
  const [form, output] = request.children as [FakeElement, FakeElement]
  const input = (form.children[0] as FakeElement).children[1] as FakeElement
  return {
    shown: () => output.textContent,
    send: () => form.dispatchEvent(new Event('submit')),
    type(text: string) {
      input.value = text
      form.dispatchEvent(new Event('input'))
    },
  }
}

test('of two requests that were sent, the response of the latest is shown, whichever arrives last', async () => {
  const { send, shown } = await createForm()
  send()
  send()
  await answers[1]?.('second')
  await answers[0]?.('first')
  expect(shown()).toContain('second')
  expect(shown()).not.toContain('first')
})

test('a response that arrives after the parameters have changed is not shown', async () => {
  const { send, shown, type } = await createForm()
  send()
  type('OPEN')
  await answers[0]?.('response for no status')
  expect(shown()).toContain('?status=OPEN')
  expect(shown()).not.toContain('response for no status')
})

test('a request that is never answered is reported', async () => {
  const { send, shown } = await createForm()
  send()
  timeout?.abort(new DOMException('signal timed out', 'TimeoutError'))
  await settled()
  expect(shown()).toContain('No response: signal timed out')
})
