/**
 * Makes every button with `data-copy` copy it, and says so to eye and ear: the button reads “Copied” for a
 * moment, `announce` gets `data-what`.
 */
export function createCopying(announce) {
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('button[data-copy]')
    if (button === null) return
    const copied = await copy(button.dataset.copy)
    announce(copied ? `${button.dataset.what} copied` : 'Copying is not allowed here')
    if (!copied) return
    button.classList.add('copied')
    setTimeout(() => button.classList.remove('copied'), 1600)
  })
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

// On plain http there is no navigator.clipboard, and that is where a server of one's own runs.
function copyBySelection(text) {
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.className = 'visually-hidden'
  area.value = text
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  focused?.focus()
  return copied
}
