// Preloaded into a server whose memory is measured: SIGUSR2 collects garbage and says what is left, as a line of JSON.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

process.on('SIGUSR2', async () => {
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  console.log(JSON.stringify({ memory: { rss, heapUsed, external } }))
})
