// A text field with numbered lines. It says what is typed 400 ms after the last key, or at once when it is left.
// Lines that are wrong are marked by a sign and a colour; what is wrong stands below, and in the field's description.

const PAUSE = 400
const editors = new WeakMap()

export default function (component) {
  const { parentElement, data, setStateValue } = component
  let editor = editors.get(parentElement)
  if (!editor) {
    editor = begin(parentElement)
    editors.set(parentElement, editor)
  }
  editor.tell = (typed) => setStateValue("typed", typed)
  show(editor, data)
}

function begin(root) {
  const editor = { version: null, timer: undefined, told: undefined, number: Date.now(), wrong: new Set() }
  for (const part of ["name", "numbers", "marks", "about", "list"]) {
    editor[part] = root.querySelector("." + part)
  }
  editor.area = root.querySelector("textarea")
  editor.area.addEventListener("input", () => {
    draw(editor)
    clearTimeout(editor.timer)
    editor.timer = setTimeout(() => tell(editor), PAUSE)
  })
  editor.area.addEventListener("blur", () => tell(editor))
  editor.area.addEventListener("scroll", () => follow(editor))
  return editor
}

function tell(editor) {
  clearTimeout(editor.timer)
  if (editor.area.value === editor.told) return
  editor.told = editor.area.value
  editor.number += 1 // the same text again, after another, is news
  editor.tell({ text: editor.told, number: editor.number })
}

function show(editor, data) {
  editor.name.textContent = data.label
  editor.about.textContent = data.about
  editor.area.rows = data.rows
  if (editor.version !== data.version) renew(editor, data)
  editor.wrong = new Set(data.problems.map((problem) => problem.line))
  const sentences = data.problems.map((problem) => (problem.line ? `Line ${problem.line}: ` : "") + problem.sentence)
  const said = [...editor.list.children].map((item) => item.textContent)
  if (said.join("\n") !== sentences.join("\n")) {
    editor.list.replaceChildren(...sentences.map((sentence) => element("li", sentence)))
  }
  editor.area.setAttribute("aria-invalid", String(sentences.length > 0))
  draw(editor)
}

// The text has been changed by something else than this field: the caret stays where it is.
function renew(editor, data) {
  const { selectionStart, selectionEnd, scrollTop } = editor.area
  clearTimeout(editor.timer)
  editor.version = data.version
  editor.told = data.text
  editor.area.value = data.text
  editor.area.setSelectionRange(selectionStart, selectionEnd)
  editor.area.scrollTop = scrollTop
}

function draw(editor) {
  const n = editor.area.value.split("\n").length
  if (n === editor.drawn?.n && editor.wrong === editor.drawn?.wrong) return follow(editor)
  editor.drawn = { n, wrong: editor.wrong }
  const numbers = []
  const marks = []
  for (let line = 1; line <= n; line++) {
    const wrong = editor.wrong.has(line)
    numbers.push(element("div", wrong ? `✖ ${line}` : String(line), wrong ? "wrong" : ""))
    marks.push(element("div", "\u00a0", wrong ? "wrong" : ""))
  }
  editor.numbers.replaceChildren(...numbers)
  editor.marks.replaceChildren(...marks)
  follow(editor)
}

function follow(editor) {
  editor.numbers.scrollTop = editor.area.scrollTop
  editor.marks.scrollTop = editor.area.scrollTop
}

function element(name, text, kind = "") {
  const made = document.createElement(name)
  made.textContent = text
  made.className = kind
  return made
}
