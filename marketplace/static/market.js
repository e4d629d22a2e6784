// Progressive enhancement only: every page works without this file.

async function startComponents() {
  const { initAll, isSupported } = await import(document.documentElement.dataset.frontend)
  document.body.classList.add('js-enabled')
  if ('noModule' in HTMLScriptElement.prototype) document.body.classList.add('govuk-frontend-supported')
  if (isSupported()) initAll()
}

// A form with data-autosave posts itself a moment after typing stops. Only an answer that is
// neither a redirect (signed out) nor a refusal counts as saved.
function autosave(form) {
  const status = form.querySelector('[data-autosave-status]')
  const pause = 2000
  let timer = null
  let saving = false
  let changed = false

  const say = (words) => { if (status && status.textContent !== words) status.textContent = words }

  const save = async () => {
    if (saving) { timer = setTimeout(save, pause); return }
    saving = true
    changed = false
    const typed = new FormData(form)
    for (const [name, value] of [...typed]) if (value instanceof File) typed.delete(name)
    try {
      const answer = await fetch(form.action, {
        method: 'POST', body: typed, headers: { 'X-Autosave': '1' }, redirect: 'manual', credentials: 'same-origin'
      })
      if (answer.ok) {
        const version = answer.headers.get('X-Version')
        if (version && form.elements.version) form.elements.version.value = version
        const time = new Date().toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
        say(`Saved at ${time}`)
      } else {
        changed = true
        say('Not saved yet. Use the button below to save and see why.')
      }
    } catch {
      changed = true
      say('Not saved yet: we cannot reach the service. Trying again.')
      timer = setTimeout(save, 5 * pause)
    } finally {
      saving = false
    }
  }

  form.addEventListener('input', () => {
    changed = true
    clearTimeout(timer)
    timer = setTimeout(save, pause)
  })
  form.addEventListener('submit', () => { changed = false; clearTimeout(timer) })
  window.addEventListener('beforeunload', (event) => { if (changed) event.preventDefault() })
}

document.querySelectorAll('form[data-autosave]').forEach(autosave)
document.querySelectorAll('form[data-uploads]').forEach(async (form) => {
  (await import(form.dataset.script)).installUploads(form)
})
startComponents()
