// Sends files in pieces, so that a lost connection costs little. Without this file the form sends one file as a whole.
// What it says to the service stands in docs/uploads.md.

const pieceType = 'application/offset+octet-stream'
const longestWait = 30000
const tries = { lost: 'The connection is lost. Trying again.', busy: 'The service is busy. Trying again.' }

class Stopped extends Error {}

const pause = (milliseconds) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds)
  window.addEventListener('online', () => { clearTimeout(timer); resolve() }, { once: true })
})

// Computed where the browser can: it tells a file chosen again from another, and a damaged one from a whole one.
async function fingerprint(file) {
  if (!globalThis.crypto?.subtle || file.size > 256e6) return ''
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
  return [...new Uint8Array(digest)].map((each) => each.toString(16).padStart(2, '0')).join('')
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

function element(name, words = '', className = '') {
  const made = document.createElement(name)
  if (words) made.textContent = words
  if (className) made.className = className
  return made
}

function button(words, about, act) {
  const made = element('button', words, 'govuk-button govuk-button--secondary')
  made.type = 'button'
  made.append(element('span', ` ${about}`, 'govuk-visually-hidden'))
  made.addEventListener('click', act)
  return made
}

// One file on its way: what is shown of it, and what is said to the service.
class Upload {
  constructor(form, file, list) {
    this.form = form
    this.file = file
    this.received = 0
    this.isPaused = false
    this.isGivenUp = false
    this.show(list)
  }

  show(list) {
    this.item = element('li', '', 'market-upload')
    const label = element('label', this.file.name, 'govuk-label govuk-label--s market-upload__name')
    this.bar = element('progress', '', 'market-upload__bar')
    this.bar.max = 100
    this.bar.value = 0
    this.bar.id = `upload-${crypto.getRandomValues(new Uint32Array(1))[0]}`
    label.htmlFor = this.bar.id
    this.status = element('p', 'Waiting', 'govuk-body market-upload__status')
    this.status.setAttribute('role', 'status')
    this.pauser = button('Pause', this.file.name, () => this.turn())
    this.canceller = button('Cancel', this.file.name, () => this.giveUp())
    this.acts = element('div', '', 'govuk-button-group')
    this.acts.append(this.pauser, this.canceller)
    this.item.append(label, this.bar, this.status, this.acts)
    list.append(this.item)
  }

  // Read out at every quarter only: a screen reader should not speak without end.
  progress() {
    const percent = this.file.size ? Math.floor(100 * this.received / this.file.size) : 0
    this.bar.value = percent
    const quarter = Math.floor(percent / 25)
    if (quarter !== this.quarter) {
      this.quarter = quarter
      this.say(`${megabytes(this.received)} of ${megabytes(this.file.size)} sent`)
    }
  }

  say(words) { if (this.status.textContent !== words) this.status.textContent = words }

  turn() {
    this.isPaused = !this.isPaused
    this.pauser.firstChild.textContent = this.isPaused ? 'Go on' : 'Pause'
    if (this.isPaused) {
      this.say(`Paused. ${megabytes(this.received)} of ${megabytes(this.file.size)} are sent and kept.`)
      this.sending?.abort()
    } else {
      this.wake?.()
    }
  }

  giveUp() {
    this.isGivenUp = true
    this.sending?.abort()
    this.removal = this.remove()
    this.wake?.()
  }

  async remove() {
    const body = new URLSearchParams({ csrf_token: this.token })
    const isGone = !this.address || await this.ask(`${this.address}/remove`, { body }).catch(() => false)
    this.end(isGone ? 'Cancelled. Nothing of this file is kept.' : 'Cancelled. What was sent of it can be removed when the page is loaded again.')
  }

  get token() { return this.form.elements.csrf_token.value }

  // One question, or one that is asked again until it is answered; refusals end the upload with their words.
  async ask(address, options = {}) {
    this.sending = new AbortController()
    const { body, headers = {} } = options
    const answer = await fetch(address, {
      method: body === undefined ? 'GET' : 'POST', body, headers: { 'X-CSRFToken': this.token, ...headers },
      redirect: 'manual', credentials: 'same-origin', signal: this.sending.signal
    })
    if (answer.type === 'opaqueredirect') return { status: 302, told: {} }
    const isJson = (answer.headers.get('Content-Type') || '').startsWith('application/json')
    return { status: answer.status, told: isJson ? await answer.json() : {} }
  }

  async insist(address, options) {
    for (let wait = 500; ; wait = Math.min(2 * wait, longestWait)) {
      if (this.isGivenUp) throw new Stopped('')
      if (this.isPaused) await new Promise((resolve) => { this.wake = resolve })
      let problem = tries.lost
      try {
        const answer = await this.ask(address, options)
        if (answer.status < 300 || answer.status === 409) return answer
        if (answer.status === 302) throw new Stopped('You are signed out. Sign in again, then choose this file again: it goes on where it stopped.')
        if (answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
          throw new Stopped(answer.told.message || 'This file could not be sent. Reload the page and choose it again.')
        }
        problem = answer.told.message ? `${answer.told.message} Trying again.` : tries.busy
      } catch (fault) {
        if (fault instanceof Stopped) throw fault
      }
      if (this.isGivenUp || this.isPaused) continue
      this.say(problem)
      await pause(wait)
      if (options?.isPiece) return null // how much of it arrived has to be asked first
    }
  }

  async run() {
    try {
      await this.begin()
      await this.send()
      this.end('Sent. It is part of your bid.')
      return true
    } catch (fault) {
      if (!(fault instanceof Stopped)) throw fault
      if (fault.message && !this.isGivenUp) this.fail(fault.message)
      await this.removal
      return false
    }
  }

  async begin() {
    this.say('Reading the file')
    const sha256 = await fingerprint(this.file).catch(() => '')
    const body = JSON.stringify({ name: this.file.name, size: this.file.size, sha256 })
    const { told, status } = await this.insist(this.form.dataset.uploads, { body, headers: { 'Content-Type': 'application/json' } })
    if (status === 409) throw new Stopped(told.message)
    this.address = told.upload
    this.received = told.received
    this.isDone = told.is_done
    this.piece = told.first_piece
    this.largest = told.largest_piece
    document.querySelector(`[data-upload="${this.address}"]`)?.remove()
    this.progress()
    if (this.received) this.say(`Going on from ${megabytes(this.received)}`)
  }

  async send() {
    while (!this.isDone) {
      if (this.received >= this.file.size) {
        const { told, status } = await this.insist(`${this.address}/finish`, { body: '' })
        if (status === 409) throw new Stopped(told.message)
        this.isDone = told.is_done
        continue
      }
      const started = performance.now()
      const answer = await this.insist(`${this.address}/pieces`, {
        body: this.file.slice(this.received, this.received + this.piece), isPiece: true,
        headers: { 'Content-Type': pieceType, 'Upload-Offset': String(this.received) }
      })
      if (answer?.status === 409 && answer.told.received === undefined) throw new Stopped(answer.told.message)
      this.received = answer ? answer.told.received : await this.whereItStands()
      this.isDone = answer?.told.is_done ?? this.isDone
      this.suit(performance.now() - started, answer?.status === 200)
      this.progress()
    }
  }

  async whereItStands() {
    const { told } = await this.insist(this.address)
    this.isDone = told.is_done
    return told.received
  }

  // Larger pieces while they are quick, smaller ones on a slow line.
  suit(took, wasKept) {
    if (!wasKept || took > 8000) this.piece = Math.max(64 * 1024, this.piece / 2)
    else if (took < 1500) this.piece = Math.min(this.largest, 2 * this.piece)
  }

  fail(words) {
    this.item.classList.add('market-upload--failed')
    this.end(words)
  }

  end(words) {
    this.say(words)
    this.acts.remove()
  }
}

export function installUploads(form) {
  const field = form.querySelector('input[type=file]')
  const heading = element('h2', 'Files on their way', 'govuk-heading-m')
  const list = element('ul', '', 'govuk-list')
  const area = element('div')
  area.hidden = true
  area.append(heading, list)
  form.after(area)
  field.multiple = true
  heading.tabIndex = -1
  let underWay = 0
  let failed = false
  let queue = Promise.resolve()

  form.addEventListener('submit', (event) => {
    const files = [...field.files]
    if (!files.length) return // the service says what is missing
    event.preventDefault()
    area.hidden = false
    heading.focus()
    for (const file of files) {
      const upload = new Upload(form, file, list)
      underWay += 1
      // One after the other, so that the bid keeps them in the order in which they were chosen.
      queue = queue.then(() => upload.run()).then((isFine) => { failed = failed || !(isFine || upload.isGivenUp) }, () => {
        failed = true
        upload.fail('This file could not be read. Check that it is still there, and choose it again.')
      }).then(() => {
        underWay -= 1
        // The page itself lists what is in the bid now; words of what went wrong stay to be read.
        if (!underWay && !failed) window.location.assign(form.action)
      })
    }
    form.reset()
  })
  window.addEventListener('beforeunload', (event) => { if (underWay) event.preventDefault() })
}
