import { messageOf } from '../messages.ts'
import { closeOnSignal } from './closeOnSignal.ts'
import { assertUrl, type Command, parseCommand, wrongArgument } from './command.ts'
import { contractOption, readDevContract } from './devContract.ts'
import { FailedError } from './errors.ts'

/** `jobcast generate` */
export const generateCommand: Command = {
  name: 'generate',
  parameters: '[rpc url]',
  summary: 'deploy the contract on your own anvil (http://127.0.0.1:8545) and simulate a market on it',
  options: [contractOption],
  async run(args) {
    const { values, positionals } = parseCommand('generate', {
      args,
      allowPositionals: true,
      options: { contract: { type: 'string' } },
    })
    const [url = 'http://127.0.0.1:8545', extra] = positionals
    if (extra !== undefined)
      throw wrongArgument('generate', `generate takes one RPC URL, found also ${extra}`)
    assertUrl('generate', url, 'http', 'ws')
    const contract = await readDevContract('generate', values.contract)
    const [{ generate }, { BaseError }] = await Promise.all([
      import('../devnet/contracts.ts'),
      import('viem'),
    ])
    const stop = new AbortController()
    closeOnSignal(async () => stop.abort(), console.log)
    await generate({ url, contract, signal: stop.signal, log: console.log }).catch((error) => {
      throw error instanceof BaseError ? new FailedError(`${url}: ${messageOf(error)}`) : error
    })
  },
}
