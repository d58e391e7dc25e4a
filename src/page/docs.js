import { getJson, hasApiKey, siteUrl } from './api.js'
import { createCopying } from './clipboard.js'
import { codeBlock } from './code.js'
import { $, element } from './elements.js'
import { requestForm } from './request.js'
import { createSchemas } from './schema.js'

/** Creates paragraphs from a text with `code` in it. The document's descriptions contain no other markup. */
function prose(text) {
  return text.split('\n\n').map((paragraph) => element('p', {}, ...inline(paragraph.replaceAll('\n', ' '))))
}

function inline(text) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? element('code', {}, part) : part))
}

function fieldList(fields) {
  const rows = fields.map(({ path, type, description }) =>
    element(
      'div',
      {},
      element('dt', {}, element('code', {}, path), element('span', { className: 'type' }, type)),
      element('dd', {}, ...inline(description)),
    ),
  )
  return element('dl', { className: 'fields' }, ...rows)
}

function details(summary, ...content) {
  return element('details', {}, element('summary', {}, summary), ...content)
}

/** Returns the response of a route and its errors, folded. */
function responseDetails({ responses }, schemas) {
  const { 200: success, ...failures } = responses
  const [[type, { schema, example }] = []] = Object.entries(success.content ?? {})
  const parts = []
  if (type === 'application/json') {
    const sample = JSON.stringify(schemas.example(schema), null, 2)
    const fields = fieldList(schemas.fields(schema))
    parts.push(details('Response', fields, codeBlock(sample, 'Example response')))
  } else if (typeof example === 'string')
    parts.push(details('Response', codeBlock(example, 'Example response')))
  const errors = Object.entries(failures)
  if (errors.length > 0)
    parts.push(
      details(
        'Errors',
        fieldList(errors.map(([path, { description }]) => ({ path, type: '', description }))),
      ),
    )
  return parts
}

function operationElement(path, operation, schemas) {
  const id = operation.operationId
  const title = element(
    'h3',
    { id: `${id}-title` },
    element('span', { className: 'method' }, 'GET'),
    ` ${path}`,
  )
  return element(
    'section',
    { id, className: 'operation', attributes: { 'aria-labelledby': title.id } },
    title,
    element('p', { className: 'summary' }, operation.summary),
    ...prose(operation.description ?? ''),
    requestForm(path, operation),
    ...responseDetails(operation, schemas),
  )
}

function showDocument(document) {
  const schemas = createSchemas(document)
  $('version').textContent = document.info.version
  $('about').append(...prose(document.info.description))
  if (!hasApiKey)
    $('about').append(
      element(
        'p',
        { className: 'muted' },
        ...inline('If this server requires an API key, add `?api_key=YOUR_KEY` to the address of this page.'),
      ),
    )
  for (const { name, description } of document.tags) {
    const operations = Object.entries(document.paths)
      .map(([path, { get }]) => [path, get])
      .filter(([, get]) => get?.tags?.includes(name))
    $('operations').append(
      element('h2', {}, `${name[0].toUpperCase()}${name.slice(1)}`),
      element('p', { className: 'muted' }, description),
      ...operations.map(([path, get]) => operationElement(path, get, schemas)),
    )
    const links = operations.map(([path, get]) =>
      element('li', {}, element('a', { href: `#${get.operationId}`, title: get.summary }, path)),
    )
    $('contents').append(element('p', { className: 'muted' }, name), element('ul', {}, ...links))
  }
  // The browser could not scroll to this section by itself: it did not exist yet.
  if (location.hash !== '') $(location.hash.slice(1))?.scrollIntoView()
}

$('home').href = siteUrl('')
$('openapi').href = siteUrl('openapi.json')
createCopying()
try {
  showDocument(await getJson(siteUrl('openapi.json')))
} catch (error) {
  $('problem').textContent = `The API reference could not be loaded: ${error.message}`
  $('problem').hidden = false
}
