// The groups as buttons: what the markers mean, how many there are, and which are shown.

function legend(map) {
  const entries = map.kinds.map((group, at) => {
    const entry = document.createElement("li");
    entry.innerHTML = `
      <button type="button">
        <svg viewBox="-8 -8 16 16" aria-hidden="true">${swatch(group)}</svg><span class="label"></span><span class="count"></span>
      </button>`;
    const button = entry.firstElementChild;
    entry.querySelector(".label").textContent = group.name;
    entry.querySelector(".count").textContent = count(group.count);
    button.title = `${group.name}: click to hide or show, double click for this one alone, Shift and click to select`;
    button.onclick = (event) => (event.shiftKey ? selectGroup(map, at) : toggle(map, at));
    button.ondblclick = () => hide(map, map.kinds.map((_, other) => other).filter((other) => other !== at));
    button.setAttribute("aria-pressed", !map.hidden.has(at));
    entry.hidden = at === 0 && !group.count;
    return entry;
  });
  map.groups.replaceChildren(...entries.slice(1), entries[0]); // noise last
  map.entries = entries.map((entry) => entry.firstElementChild);
  map.root.querySelector(".legend").style.maxHeight = `${map.data.height}px`;
  map.groups.classList.toggle("many", map.kinds.length > 17);
}

function swatch({ shape, colour }) {
  const drawn = {
    circle: '<circle r="5.5"/>',
    ring: '<circle r="4.6" fill="none" stroke-width="2.2"/>',
    square: '<rect x="-5" y="-5" width="10" height="10"/>',
    triangle: '<path d="M0-6.4 6 4.6H-6z"/>',
    diamond: '<path d="M0-6.8 5.8 0 0 6.8-5.8 0z"/>',
    cross: '<path d="M-2.2-6.4h4.4v4.2h4.2v4.4H2.2v4.2h-4.4V2.2h-4.2v-4.4h4.2z"/>',
  };
  return `<g fill="${colour}" stroke="${shape === "ring" ? colour : "none"}">${drawn[shape]}</g>`;
}

function toggle(map, group) {
  const groups = [...map.hidden];
  hide(map, map.hidden.has(group) ? groups.filter((other) => other !== group) : [...groups, group]);
}

function hide(map, groups) {
  map.hidden = map.remembered.hidden = new Set(groups);
  map.entries.forEach((button, group) => button.setAttribute("aria-pressed", !map.hidden.has(group)));
  order(map);
}

function selectGroup(map, group) {
  select(map, Uint8Array.from(map.labels, (label) => Number(label === group)), false);
}
