import { parseAbi } from 'viem'
import { expect, test } from 'vitest'
import { defineContract, uint } from '../../src/contract/entry.ts'
import { historyParameters } from '../../src/http/historyQuery.ts'
import { streamParameters } from '../../src/http/stream/query.ts'

const parameters = [...new Set([historyParameters([]), streamParameters([]).properties].flatMap(Object.keys))]

test.each(parameters)('a definition cannot give a field the name of the query parameter %s', (name) => {
  const abi = parseAbi(['event JobCreated(uint256 jobId, uint256 tier)'])
  expect(() => defineContract({ abi, fields: { [name]: uint({ from: 'tier' }) } })).toThrow(
    `fields.${name}: a query parameter of the API has this name`,
  )
})
