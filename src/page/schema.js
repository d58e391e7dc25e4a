/** Creates `example()` and `fields()`, which read the schemas of an OpenAPI document. */
export function createSchemas(document) {
  function resolve(schema) {
    if (!schema?.$ref) return schema ?? {}
    return document.components.schemas[schema.$ref.split('/').pop()] ?? {}
  }

  /** Returns a value that the schema allows, made of its examples. */
  function example(given) {
    const schema = resolve(given)
    if (schema.examples) return schema.examples[0]
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return schema.enum[0]
    if (schema.anyOf) return example(schema.anyOf[0])
    if (schema.type === 'array') return [example(schema.items)]
    if (schema.type === 'object')
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, property]) => [name, example(property)]),
      )
    return { integer: 0, boolean: true }[schema.type] ?? ''
  }

  function typeOf(given) {
    const schema = resolve(given)
    if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(', ')
    if (schema.const !== undefined) return JSON.stringify(schema.const)
    if (schema.type === 'array') return `array of ${typeOf(schema.items)}`
    return schema.type ?? 'any'
  }

  /**
   * Returns the fields of a schema: `{ path, type, description }`, with a path such as `pagination.next` or
   * `data[].jobId`.
   */
  function fields(given, path = '') {
    const schema = resolve(given)
    if (schema.type === 'array') return fields(schema.items, `${path}[]`)
    return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
      const own = path === '' ? name : `${path}.${name}`
      const { description = '' } = resolve(property)
      return [{ path: own, type: typeOf(property), description }, ...fields(property, own)]
    })
  }

  return { example, fields }
}
