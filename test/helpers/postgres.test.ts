import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from './postgres.ts'

let server: TestPostgres
beforeAll(async () => {
  server = await startPostgres({ durable: true })
})
afterAll(() => server.stop())

test('startPostgres keeps committed data over a restart and a crash, and refuses connections while it is down', async () => {
  const url = await server.createDatabase()
  expect(await server.createDatabase()).not.toBe(url)
  const query = async (text: string) => {
    const sql = postgres(url, { max: 1 })
    return sql.unsafe(text).finally(() => sql.end())
  }
  await query('create table t as select 1 as n')
  await server.restart()
  await query('insert into t values (2)')
  await server.kill()
  await expect(query('select 1')).rejects.toThrow('ECONNREFUSED')
  await server.start()
  expect(await query('select n from t order by n')).toEqual([{ n: 1 }, { n: 2 }])
})
