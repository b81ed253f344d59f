// What is wrong with how a page looks, as a list of sentences: text that is cut off or pale, pictures that are missing or have no words for
// them, buttons without a name, and anything that makes the page wider than its window.

({ text: textual, control }) => {
  const faults = new Set();
  const short = (text) => JSON.stringify(text.trim().replace(/\s+/g, " ").slice(0, 60));
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  // Elements in the page and in the shadow roots of its parts.
  function* all(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* all(element.shadowRoot);
    }
  }

  const above = (element) => element.parentElement ?? element.getRootNode().host ?? null;

  const numbers = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return colour.startsWith("color(srgb") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((value, i) => value * a + under[i] * (1 - a));

  const holds = (outer, inner) =>
    inner.left + inner.width / 2 >= outer.left && inner.left + inner.width / 2 <= outer.right &&
    inner.top + inner.height / 2 >= outer.top && inner.top + inner.height / 2 <= outer.bottom;

  // What lies behind an element. It may stand outside of the one that it belongs to, as a slider's value above the knob.
  function paper(element) {
    const box = element.getBoundingClientRect();
    const layers = [];
    let loose = true; // as long as nothing is cut or scrolled
    for (let at = element; at; at = above(at)) {
      if (loose && getComputedStyle(at).overflow !== "visible") loose = false;
      if (loose && !holds(at.getBoundingClientRect(), box)) continue;
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null; // a picture or a gradient: not ours to judge
      const colour = numbers(style.backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  }

  const light = (colour) => {
    const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  function opacity(element) {
    let product = 1;
    for (let at = element; at; at = above(at)) product *= Number(getComputedStyle(at).opacity);
    return product;
  }

  function contrast(element) {
    const ground = paper(element);
    if (!ground) return null;
    const ink = numbers(getComputedStyle(element).color);
    ink[3] *= opacity(element);
    const [a, b] = [light(over(ink, ground)), light(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }

  // The box of the text itself, and of the nearest frames that cut what leaves them.
  function cut(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const text = range.getBoundingClientRect();
    for (let at = element; at && at !== document.body; at = above(at)) {
      const style = getComputedStyle(at);
      const frame = at.getBoundingClientRect();
      if (frame.width <= 2 || frame.height <= 2) return false; // for screen readers only
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) return false;
      if (/hidden|clip/.test(style.overflowX) && (text.right > frame.right + 1.5 || text.left < frame.left - 1.5)) return true;
      if (/hidden|clip/.test(style.overflowY) && text.bottom > frame.bottom + 6) return true;
    }
    return false;
  }

  const root = document.querySelector("[data-testid=stApp]");
  for (const element of all(root)) {
    if (!seen(element) || element.closest("[aria-hidden=true], [data-testid=stDataFrame], [data-testid=stMultiSelectTagsContainer], [href=\"#stMain\"], svg")) continue;
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const own = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    const text = own.map((node) => node.data).join(" ");
    const icon = element.matches("[data-testid=stIconMaterial], [translate=no]");
    const off = element.closest("[disabled], [aria-disabled=true], [data-disabled=true]");
    if (own.length && !icon) {
      if (cut(element)) faults.add(`cut off: ${short(text)}`);
      const found = off ? null : contrast(element);
      const least = element.closest("button, [role=radio], [role=group], [data-testid=stBadge]") ? control : textual;
      if (found !== null && found < least) faults.add(`contrast ${found.toFixed(1)} below ${least}: ${short(text)}`);
    }
    if (element.matches("input[role=combobox]") && element.scrollWidth > element.clientWidth + 1) faults.add(`cut off: ${short(element.value)}`);
    if (element.matches("img")) {
      if (element.complete && !element.naturalWidth) faults.add(`a picture is missing: ${element.alt}`);
      if (!element.hasAttribute("alt")) faults.add(`a picture has no words: ${element.src.slice(-40)}`);
    }
    if (element.matches("button") && !element.innerText.trim() && !element.ariaLabel && !element.title && !element.getAttribute("aria-labelledby")) {
      faults.add(`a button has no name: ${element.outerHTML.slice(0, 120)}`);
    }
  }
  for (const box of [document.documentElement, document.querySelector("[data-testid=stMain]")]) {
    if (box.scrollWidth > box.clientWidth) faults.add(`the page is ${box.scrollWidth - box.clientWidth} pixels wider than its window`);
  }
  return [...faults];
}
