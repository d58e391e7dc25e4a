/** A map whose entries last for one request or statement. */
type TransientMap<Value> = Record<string | number, Value>

/**
 * Creates a map without a prototype for entries that come and go all the time. For anything else use a Map.
 *
 * A Map that grows and shrinks is moved to new tables. In V8, each old table keeps its entries and refers to
 * the next table. Once one of them has moved to V8's old space, every later entry survives until a full
 * garbage collection. For answers of the database, this took a fifth of the CPU time of a request for a page of the
 * history.
 */
export function createTransientMap<Value>(): TransientMap<Value> {
  return Object.create(null)
}
