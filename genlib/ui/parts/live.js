// Shared by the parts, put in front of each one's own script: there is no build step, so no imports.

// base64 -> typed array. The bytes are little-endian, as every machine that runs a browser is.
function unpack(text, Type) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Type(bytes.buffer);
}

function pack(bytes) {
  let raw = "";
  for (let i = 0; i < bytes.length; i += 8192) raw += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(raw);
}

// One question in flight, the newest next. A drag makes up to a thousand positions a second; Streamlit stops a
// running fragment when the next request comes, so sending them all would mean that no picture ever arrives.
function liveLink(send) {
  const EVERY = 30; // ms between questions: 33 a second, more than the eye and the server want
  const PATIENCE = 2000; // ms after which an answer counts as lost (a restarted server, an error in the page)
  let number = Date.now(); // larger than any number of an earlier mount, whose answer may still come
  let flying = 0;
  let sentAt = -EVERY;
  let next = null;
  let timer = 0;
  const go = () => {
    clearTimeout(timer);
    if (next === null) return;
    const wait = sentAt + (flying ? PATIENCE : EVERY) - performance.now();
    if (wait > 0) {
      timer = setTimeout(go, wait);
      return;
    }
    const value = next;
    next = null;
    flying = ++number;
    sentAt = performance.now();
    send(value, number);
  };
  return {
    ask(value) {
      next = value;
      go();
    },
    // Returns how long the answer took, or null for an old one.
    answered(answer) {
      if (!flying || answer < flying) return null;
      flying = 0;
      const took = performance.now() - sentAt;
      go();
      return took;
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

// Answers come from another mount (answer/part.js), addressed by the part's key; the last one is kept for a part that
// is mounted after its answer. Returns the function that stops listening.
function onAnswer(name, hear) {
  const heard = (event) => {
    if (event.detail.to === name) hear(event.detail);
  };
  window.addEventListener("latent-lab-answer", heard);
  const last = (window.latentLabAnswers ??= new Map()).get(name);
  if (last) hear(last);
  return () => window.removeEventListener("latent-lab-answer", heard);
}

// What a part remembers when Streamlit mounts it anew (a changed layout, a visit to another page).
function memory(name) {
  const all = (window.latentLabMemory ??= new Map());
  if (!all.has(name)) all.set(name, {});
  return all.get(name);
}

// Streamlit runs a part's function again at every change of its data or of the theme, and its clean-up once, at the
// end. So each part has one state for each root element, made at the first run.
const mounts = new WeakMap();
function mounted(root, make) {
  if (!mounts.has(root)) mounts.set(root, make());
  return mounts.get(root);
}

const figure = (value) => value.toFixed(2).replace("-", "\u2212");
