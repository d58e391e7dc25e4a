import { get } from './api.js'
import { setDefinition } from './definition.js'
import { $, copyButton, element } from './elements.js'
import { ends } from './format.js'
import { retry } from './retry.js'

/** Reads /api/v1/config until it succeeds: without the contract's definition there is nothing to show. */
export async function awaitConfig(onState) {
  const onError = (error) => {
    onState(error.isFinal ? 'stopped' : 'lost', error)
    return error.isFinal
  }
  const config = await retry(readConfig, { onError })
  if (config) return config
  // The page shows only the error, which onState() has shown.
  document.querySelector('main').hidden = true
  return new Promise(() => {})
}

/**
 * Reads the config and shows the chain. Chain and contract address are null until the indexer has reached
 * the chain.
 */
export async function readConfig() {
  const { data } = await get('config', [])
  setDefinition(data.contract)
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
