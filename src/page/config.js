import { get } from './api.js'
import { setDefinition } from './definition.js'
import { $, copyButton, element } from './elements.js'
import { ends } from './format.js'

const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 30_000

/** Reads /api/v1/config, as long as it takes: without the contract's definition there is nothing to show. */
export async function loadConfig(onFailed) {
  for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS)) {
    try {
      const { data } = await get('config', [])
      setDefinition(data.contract)
      showChain(data)
      return data
    } catch (error) {
      const isFinal = error.status === 401
      onFailed(isFinal ? 'stopped' : 'lost', error)
      await new Promise((resolve) => isFinal || setTimeout(resolve, backoff))
    }
  }
}

/** Reads the chain and the contract's address, which are unknown until the indexer has reached the chain. */
export async function refreshChain() {
  const { data } = await get('config', [])
  showChain(data)
  return data
}

function showChain({ chainId, chainName, contractAddress, contract }) {
  if (chainId === null) return
  const address = element('span', { className: 'mono', title: contractAddress }, ends(contractAddress))
  $('where').replaceChildren(
    element('span', { id: 'chain' }, chainName ?? `Chain ${chainId}`),
    element('span', { id: 'contract-name', className: 'muted' }, contract.name),
    copyButton(contractAddress, `contract address ${ends(contractAddress)}`, address),
  )
}
