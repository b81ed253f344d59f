// A map of points. What it sends, as `picked`: {n, items, bits, clicked}; bits holds one bit for each point, as base64.
// Three layers: points (painted into memory, pixel by pixel), signs (hover, marks, lasso), and the tooltip.

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".part");
  const map = mounted(root, () => build(root, data.name));
  map.send = () => setStateValue("picked", { n: map.n, items: map.data.items, bits: map.selected && bits(map), clicked: map.clicked });
  if (map.data !== data) receive(map, data);
  dress(map); // the theme may have changed
  map.repaint();
  return map.end;
}

const ICONS = {
  pan: '<path d="M8 1v14M1 8h14M8 1 6 3M8 1l2 2M8 15l-2-2M8 15l2-2M1 8l2-2M1 8l2 2M15 8l-2-2M15 8l-2 2"/>',
  box: '<rect x="2" y="3" width="12" height="10" stroke-dasharray="2.5 2"/>',
  lasso: '<path d="M8 2.5c3.6 0 6 1.7 6 4s-2.4 4-6 4-6-1.7-6-4 2.4-4 6-4z" stroke-dasharray="2.6 2"/><path d="M5 10.3c-1 1.2-.6 3 1 3.7"/>',
  in: '<path d="M8 3v10M3 8h10"/>',
  out: '<path d="M3 8h10"/>',
  fit: '<path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"/>',
  clear: '<path d="m4 4 8 8M12 4l-8 8"/>',
};
const TOOLS = [
  ["pan", "Move: drag the map; Shift and drag selects with a lasso"],
  ["box", "Select with a box; Shift adds to the selection"],
  ["lasso", "Select with a lasso; Shift adds to the selection"],
];
const ACTIONS = [
  ["in", "Zoom in (+)", (map) => zoom(map, 1.6)],
  ["out", "Zoom out (\u2212)", (map) => zoom(map, 1 / 1.6)],
  ["fit", "Show the whole map (0)", (map) => fit(map)],
  ["clear", "Clear the selection (Esc)", (map) => clear(map)],
];
const SHAPES = {
  circle: (p, x, y, r) => p.arc(x, y, r, 0, 7),
  ring: (p, x, y, r) => p.arc(x, y, r, 0, 7),
  square: (p, x, y, r) => p.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r),
  triangle: (p, x, y, r) => polygon(p, [[x, y - 1.2 * r], [x + 1.1 * r, y + 0.75 * r], [x - 1.1 * r, y + 0.75 * r]]),
  diamond: (p, x, y, r) => polygon(p, [[x, y - 1.3 * r], [x + 1.1 * r, y], [x, y + 1.3 * r], [x - 1.1 * r, y]]),
  cross: (p, x, y, r) => {
    p.rect(x - 1.2 * r, y - 0.42 * r, 2.4 * r, 0.84 * r);
    p.rect(x - 0.42 * r, y - 1.2 * r, 0.84 * r, 2.4 * r);
  },
};
const REACH = 14; // CSS pixels within which the pointer finds a point
const CELLS = 96; // of the search grid, along one side
const FAR = 200; // largest zoom: at this one a place has still a precision of 2 pixels

// --- putting it together ---------------------------------------------------------------------------------------------

function build(root, name) {
  const button = (kind, text, extra = "") => `<button type="button" data-do="${kind}" title="${text}" aria-label="${text}" ${extra}><svg viewBox="0 0 16 16">${ICONS[kind]}</svg></button>`;
  root.innerHTML = `
    <div class="frame">
      <div class="plot" tabindex="0" role="application" data-tool="pan">
        <canvas class="points" role="img"></canvas><canvas class="signs" aria-hidden="true"></canvas>
        <div class="tools" role="toolbar" aria-label="Map tools">
          <span>${TOOLS.map(([kind, text]) => button(kind, text, 'aria-pressed="false"')).join("")}</span>
          <span>${ACTIONS.map(([kind, text]) => button(kind, text)).join("")}</span>
        </div>
        <div class="status" role="status" aria-live="polite"></div>
        <div class="tip" hidden><canvas></canvas><div class="title"></div><div class="about"></div></div>
      </div>
      <div class="legend"><div class="every"><button type="button">All</button><button type="button">None</button></div><ul class="groups"></ul></div>
    </div>`;
  const find = (query) => root.querySelector(query);
  const map = { root, plot: find(".plot"), points: find(".points"), signs: find(".signs"), tip: find(".tip"), status: find(".status") };
  Object.assign(map, { groups: find(".groups"), remembered: memory(`scatter ${name}`), data: null, n: 0, tool: "pan", marks: [] });
  Object.assign(map, { hover: -1, focus: -1, clicked: null, selected: null, hidden: new Set(), view: { k: 1, x: 0.5, y: 0.5 } });
  Object.assign(map, { pointers: new Map(), path: null, stamps: new Map(), frame: 0, scrolled: 0 });
  map.repaint = () => {
    map.frame ||= requestAnimationFrame(() => {
      map.frame = 0;
      if (map.data && map.plot.clientWidth) paint(map);
    });
  };
  listen(map, find, name);
  choose(map, "pan");
  return map;
}

function listen(map, find, name) {
  const { plot } = map;
  const watcher = new ResizeObserver(map.repaint);
  watcher.observe(plot);
  // A page that is being scrolled goes on scrolling when the map comes under the pointer.
  const scrolled = () => (map.scrolled = performance.now());
  document.addEventListener("scroll", scrolled, { capture: true, passive: true });
  const deaf = onAnswer(name, (answer) => {
    map.marks = answer.marks ?? [];
    map.repaint();
  });
  map.end = () => {
    watcher.disconnect();
    deaf();
    document.removeEventListener("scroll", scrolled, { capture: true });
    cancelAnimationFrame(map.frame);
  };
  plot.onwheel = (event) => wheel(map, event);
  plot.onpointerdown = (event) => down(map, event);
  plot.onpointermove = (event) => moved(map, event);
  plot.onpointerup = plot.onpointercancel = (event) => up(map, event);
  plot.onpointerleave = () => point(map, -1);
  plot.ondblclick = (event) => event.target.closest(".tools") || zoom(map, event.shiftKey ? 0.5 : 2, spot(map, event));
  plot.onkeydown = (event) => press(map, event);
  plot.onblur = () => focus(map, -1);
  find(".tools").onclick = (event) => {
    const kind = event.target.closest("button")?.dataset.do;
    const action = ACTIONS.find(([known]) => known === kind);
    if (action) action[2](map);
    else if (kind) choose(map, kind);
  };
  const [all, none] = map.root.querySelectorAll(".every button");
  all.onclick = () => hide(map, []);
  none.onclick = () => hide(map, map.kinds.map((_, group) => group));
}

function receive(map, data) {
  const { remembered } = map;
  const first = !map.data;
  const old = map.xy;
  const kept = remembered.items === data.items && remembered.n === data.n;
  const names = JSON.stringify(data.names);
  map.data = data;
  map.n = data.n;
  map.goal = Float32Array.from(unpack(data.xy, Uint16Array), (value) => value / 65535);
  map.labels = unpack(data.labels, data.wide ? Uint16Array : Uint8Array);
  if (!kept) Object.assign(remembered, { items: data.items, n: data.n, selected: null, clicked: null, view: null });
  if (remembered.names !== names) Object.assign(remembered, { names, hidden: new Set() });
  Object.assign(map, { selected: remembered.selected, clicked: remembered.clicked, hidden: remembered.hidden, hover: -1, focus: -1 });
  map.extent = [0, 1].map((axis) => extent(map.goal, axis));
  if (!first && kept && old) morph(map, old);
  else land(map);
  if (remembered.view) map.view = remembered.view;
  else fit(map);
  if (map.sheet?.src !== data.sprite?.url) map.sheet = null;
  map.plot.style.height = `${data.height}px`;
  describe(map);
  order(map);
  if (first && (map.selected || map.clicked !== null)) map.send(); // mounted anew: the server may have forgotten
}

function describe(map) {
  const groups = map.data.counts.filter(Boolean).length;
  map.points.setAttribute("aria-label", `Map of ${count(map.n)} points in ${groups} groups`);
  map.plot.setAttribute("aria-label", "Map. Arrow keys go from point to point, Enter picks one, plus and minus zoom, 0 shows all, Escape clears.");
}

const count = (value) => value.toLocaleString("en");

function extent(xy, axis) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = axis; i < xy.length; i += 2) {
    if (xy[i] < low) low = xy[i];
    if (xy[i] > high) high = xy[i];
  }
  return low > high ? [0, 1] : [low, high];
}

// --- places ----------------------------------------------------------------------------------------------------------

function land(map) {
  map.xy = map.goal;
  index(map);
}

// New places for the same points: they travel there, so that the eye can follow.
function morph(map, from) {
  const to = map.goal;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return land(map);
  const began = performance.now();
  const between = new Float32Array(to.length);
  const tick = () => {
    if (map.goal !== to) return; // newer places have come
    const share = Math.min(1, (performance.now() - began) / 450);
    const eased = share * share * (3 - 2 * share);
    for (let i = 0; i < to.length; i++) between[i] = from[i] + (to[i] - from[i]) * eased;
    if (share < 1) requestAnimationFrame(tick);
    else land(map);
    map.repaint();
  };
  map.xy = between;
  map.cells = null; // nothing to point at while they travel
  tick();
}

// The points sorted by cell of a grid: the nearest one is found among a few.
function index(map) {
  const { xy, n } = map;
  const starts = new Uint32Array(CELLS * CELLS + 1);
  const cellOf = (i) => cell(xy[2 * i + 1]) * CELLS + cell(xy[2 * i]);
  for (let i = 0; i < n; i++) starts[cellOf(i) + 1]++;
  for (let c = 0; c < CELLS * CELLS; c++) starts[c + 1] += starts[c];
  const next = starts.slice();
  const rows = new Uint32Array(n);
  for (let i = 0; i < n; i++) rows[next[cellOf(i)]++] = i;
  map.cells = { starts, rows };
}

const cell = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));

// The screen: `view` is the place in the middle of the plot, and k, how many times larger than fitted.
function frameOf(map) {
  const width = map.plot.clientWidth;
  const height = map.plot.clientHeight;
  const [[left, right], [bottom, top]] = map.extent;
  const room = Math.min((width - 40) / Math.max(right - left, 0.02), (height - 84) / Math.max(top - bottom, 0.02));
  return { width, height, side: room * map.view.k };
}

function toScreen(map, i, { width, height, side } = frameOf(map)) {
  return [width / 2 + (map.xy[2 * i] - map.view.x) * side, height / 2 - (map.xy[2 * i + 1] - map.view.y) * side];
}

function toPlace(map, x, y) {
  const { width, height, side } = frameOf(map);
  return [map.view.x + (x - width / 2) / side, map.view.y - (y - height / 2) / side];
}

function look(map, view) {
  const hold = (value, [low, high]) => Math.min(high, Math.max(low, value));
  map.view = { k: Math.min(FAR, Math.max(0.5, view.k)), x: hold(view.x, map.extent[0]), y: hold(view.y, map.extent[1]) };
  map.remembered.view = map.view;
  map.root.dataset.zoom = map.view.k.toFixed(3);
  map.repaint();
}

function fit(map) {
  const [[left, right], [bottom, top]] = map.extent;
  look(map, { k: 1, x: (left + right) / 2, y: (bottom + top) / 2 });
  map.remembered.view = null; // fitted: new places are fitted too
}

function zoom(map, factor, at = [map.plot.clientWidth / 2, map.plot.clientHeight / 2]) {
  const before = toPlace(map, ...at);
  const k = Math.min(FAR, Math.max(0.5, map.view.k * factor));
  const share = map.view.k / k;
  look(map, { k, x: before[0] + (map.view.x - before[0]) * share, y: before[1] + (map.view.y - before[1]) * share });
}

// --- painting --------------------------------------------------------------------------------------------------------

// Groups with the colours of the theme; group 0 is the noise.
function dress(map) {
  const { data, root } = map;
  const colours = [GREY, ...groupColours(root, data.names.length, data.colours)];
  map.kinds = ["Noise", ...data.names].map((name, at) => ({ name, colour: colours[at], shape: at ? marker(at - 1) : "ring", count: data.counts[at] }));
  map.paper = word(rgb(getComputedStyle(root).getPropertyValue("--st-background-color")));
  legend(map);
}

const word = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0; // as a pixel lies in memory

// What is painted, in its order: noise under the groups, and the selection on top.
function order(map) {
  const { n, labels, hidden, selected } = map;
  const passes = [[], [], []];
  for (let i = 0; i < n; i++) {
    if (!hidden.has(labels[i])) passes[selected?.[i] ? 2 : labels[i] ? 1 : 0].push(i);
  }
  map.order = Uint32Array.from(passes.flat());
  tally(map);
  map.repaint();
}

function radius(map, { width, height }) {
  const alone = Math.min(5, Math.max(1.25, 0.36 * Math.sqrt((width * height) / Math.max(1, map.n))));
  return Math.min(9, alone * Math.max(1, map.view.k) ** 0.45);
}

// A marker as a list of (offset, opacity): painting one is a short loop without any test.
function stamp(map, shape, size, stride) {
  const name = `${shape} ${size} ${stride}`;
  if (!map.stamps.has(name)) {
    const reach = Math.ceil(1.4 * size) + 1;
    const side = 2 * reach + 1;
    const brush = new OffscreenCanvas(side, side).getContext("2d");
    brush.beginPath();
    SHAPES[shape](brush, reach + 0.5, reach + 0.5, shape === "ring" ? size * 0.85 : size);
    brush.lineWidth = Math.max(1, size * 0.4);
    if (shape === "ring") brush.stroke();
    else brush.fill();
    const alpha = brush.getImageData(0, 0, side, side).data;
    const offsets = [];
    const opacities = [];
    for (let j = 0; j < side * side; j++) {
      const opacity = alpha[4 * j + 3];
      if (opacity < 12) continue;
      offsets.push((Math.floor(j / side) - reach) * stride + (j % side) - reach);
      opacities.push(opacity + 1);
    }
    if (map.stamps.size > 200) map.stamps.clear();
    map.stamps.set(name, { offsets: Int32Array.from(offsets), opacities: Uint16Array.from(opacities) });
  }
  return map.stamps.get(name);
}

function paint(map) {
  const began = performance.now();
  const dense = window.devicePixelRatio || 1;
  const frame = frameOf(map);
  const width = Math.round(frame.width * dense);
  const height = Math.round(frame.height * dense);
  const size = Math.round(radius(map, frame) * dense * 4) / 4;
  const margin = Math.ceil(1.4 * size) + 2;
  for (const canvas of [map.points, map.signs]) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }
  const stride = width + 2 * margin;
  const brush = map.points.getContext("2d");
  // A margin around the picture, cut off when it is put on the screen: no marker needs clipping.
  if (map.buffer?.width !== stride || map.buffer.height !== height + 2 * margin) map.buffer = brush.createImageData(stride, height + 2 * margin);
  const pixels = new Uint32Array(map.buffer.data.buffer);
  pixels.fill(map.paper);
  stampAll(map, pixels, stride, margin, { width, height, side: frame.side * dense, size });
  brush.putImageData(map.buffer, -margin, -margin);
  signs(map, frame, dense);
  map.root.dataset.paint = (performance.now() - began).toFixed(1);
}

function stampAll(map, pixels, stride, margin, { width, height, side, size }) {
  const { xy, labels, selected, view } = map;
  const kinds = map.kinds.map((group) => ({ colour: word(rgb(group.colour)), ...stamp(map, group.shape, size, stride) }));
  const left = width / 2 - view.x * side;
  const top = height / 2 + view.y * side;
  for (const i of map.order) {
    const x = Math.round(left + xy[2 * i] * side);
    const y = Math.round(top - xy[2 * i + 1] * side);
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const { colour, offsets, opacities } = kinds[labels[i]];
    const strength = selected && !selected[i] ? 40 : 225; // of 256: dense places stay readable
    const redBlue = colour & 0xff00ff;
    const green = colour & 0x00ff00;
    const at = (y + margin) * stride + x + margin;
    for (let j = 0; j < offsets.length; j++) {
      const p = at + offsets[j];
      const under = pixels[p];
      const a = (opacities[j] * strength) >> 8;
      const b = 256 - a;
      const mixed = ((redBlue * a + (under & 0xff00ff) * b) >>> 8) & 0xff00ff;
      pixels[p] = (0xff000000 | mixed | (((green * a + (under & 0x00ff00) * b) >>> 8) & 0x00ff00)) >>> 0;
    }
  }
}

// Above the points: rings around marks, the clicked point and the one under the pointer; the lasso while it is drawn.
function signs(map, frame = frameOf(map), dense = window.devicePixelRatio || 1) {
  const brush = map.signs.getContext("2d");
  const style = getComputedStyle(map.root);
  const ink = style.getPropertyValue("--st-text-color");
  const paper = style.getPropertyValue("--st-background-color");
  const accent = style.getPropertyValue("--st-primary-color");
  brush.setTransform(dense, 0, 0, dense, 0, 0);
  brush.clearRect(0, 0, frame.width, frame.height);
  const size = radius(map, frame);
  const ring = (i, colour, reach, width) => {
    if (!(i >= 0 && i < map.n)) return;
    const [x, y] = toScreen(map, i, frame);
    for (const [stroke, wide] of [[paper, width + 2.5], [colour, width]]) {
      brush.strokeStyle = stroke;
      brush.lineWidth = wide;
      brush.beginPath();
      brush.arc(x, y, size + reach, 0, 7);
      brush.stroke();
    }
  };
  map.marks.forEach((i) => ring(i, ink, 4, 1.5));
  if (map.clicked !== null) ring(map.clicked, accent, 6, 2.5);
  ring(map.focus, ink, 5, 2);
  ring(map.hover, ink, 3, 2);
  if (map.path) {
    brush.beginPath();
    polygon(brush, outline(map));
    brush.fillStyle = `color-mix(in srgb, ${accent} 14%, transparent)`;
    brush.fill();
    brush.setLineDash([5, 4]);
    brush.strokeStyle = accent;
    brush.lineWidth = 1.5;
    brush.stroke();
    brush.setLineDash([]);
  }
}

function polygon(brush, corners) {
  corners.forEach(([x, y], at) => (at ? brush.lineTo(x, y) : brush.moveTo(x, y)));
  brush.closePath();
}

// --- pointing --------------------------------------------------------------------------------------------------------

function spot(map, event) {
  const box = map.plot.getBoundingClientRect();
  return [event.clientX - box.left - 1, event.clientY - box.top - 1]; // 1: the border
}

function nearest(map, x, y) {
  const { cells, xy, labels, hidden } = map;
  if (!cells) return -1;
  const [px, py] = toPlace(map, x, y);
  const reach = REACH / frameOf(map).side;
  let best = -1;
  let least = reach * reach;
  for (let row = cell(py - reach); row <= cell(py + reach); row++) {
    for (let column = cell(px - reach); column <= cell(px + reach); column++) {
      const at = row * CELLS + column;
      for (let j = cells.starts[at]; j < cells.starts[at + 1]; j++) {
        const i = cells.rows[j];
        const far = (xy[2 * i] - px) ** 2 + (xy[2 * i + 1] - py) ** 2;
        if (far < least && !hidden.has(labels[i])) {
          least = far;
          best = i;
        }
      }
    }
  }
  return best;
}

function point(map, i) {
  if (map.hover === i) return;
  map.hover = i;
  map.plot.classList.toggle("over", i >= 0);
  tooltip(map, i);
  signs(map);
}

function tooltip(map, i) {
  const { tip, kinds, plot } = map;
  tip.hidden = i < 0;
  if (i < 0) return;
  tip.querySelector(".title").textContent = kinds[map.labels[i]].name;
  tip.querySelector(".about").textContent = `Point ${i}`;
  tip.dataset.point = i;
  thumbnail(map, i);
  const [x, y] = toScreen(map, i);
  const left = x + 16 + tip.offsetWidth > plot.clientWidth ? x - 16 - tip.offsetWidth : x + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(y - tip.offsetHeight / 2, plot.clientHeight - tip.offsetHeight - 4))}px`;
}

function thumbnail(map, i) {
  const canvas = map.tip.querySelector("canvas");
  const { sprite } = map.data;
  canvas.hidden = !sprite;
  canvas.style.display = sprite ? "" : "none";
  if (!sprite) return;
  const { width, height, columns } = sprite;
  const scale = Math.max(1, Math.floor(112 / Math.max(width, height)));
  canvas.width = width;
  canvas.height = height;
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
  const sheet = load(map);
  const show = () => {
    if (Number(map.tip.dataset.point) === i) canvas.getContext("2d").drawImage(sheet, (i % columns) * width, Math.floor(i / columns) * height, width, height, 0, 0, width, height);
  };
  if (sheet.complete && sheet.naturalWidth) show();
  else sheet.onload = show;
}

// The sprite is fetched when the pointer first comes near the map: the points are there before it.
function load(map) {
  if (!map.sheet) {
    map.sheet = new Image();
    map.sheet.src = map.data.sprite.url;
  }
  return map.sheet;
}

// --- pointer ---------------------------------------------------------------------------------------------------------

function choose(map, tool) {
  map.tool = tool;
  map.plot.dataset.tool = tool;
  for (const button of map.root.querySelectorAll(".tools [aria-pressed]")) button.setAttribute("aria-pressed", button.dataset.do === tool);
}

function wheel(map, event) {
  const out = event.deltaY > 0;
  if (performance.now() - map.scrolled < 250 || (out && map.view.k <= 1 && !event.ctrlKey)) return; // the page scrolls
  event.preventDefault();
  const lines = event.deltaMode ? 16 : 1;
  zoom(map, Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018)), spot(map, event));
  point(map, -1);
}

function down(map, event) {
  if (event.button || event.target.closest(".tools")) return;
  map.plot.setPointerCapture(event.pointerId);
  map.pointers.set(event.pointerId, spot(map, event));
  map.pressed = spot(map, event);
  map.dragged = false;
  if (map.pointers.size === 2) map.path = null;
  else if (map.tool !== "pan" || event.shiftKey) map.path = { tool: map.tool === "box" ? "box" : "lasso", corners: [map.pressed], add: event.shiftKey };
}

function moved(map, event) {
  const now = spot(map, event);
  const before = map.pointers.get(event.pointerId);
  if (!before) {
    const tools = event.target.closest(".tools");
    if (map.data?.sprite && !map.sheet) load(map);
    point(map, tools ? -1 : nearest(map, ...now));
    return;
  }
  if (Math.hypot(now[0] - map.pressed[0], now[1] - map.pressed[1]) > 4) map.dragged = true;
  const others = [...map.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
  map.pointers.set(event.pointerId, now);
  if (!map.dragged) return;
  point(map, -1);
  map.plot.classList.add("dragging");
  if (others.length) pinch(map, before, now, others[0]);
  else if (map.path) {
    map.path.corners.push(now);
    signs(map);
  } else slide(map, now[0] - before[0], now[1] - before[1]);
}

function slide(map, dx, dy) {
  const { side } = frameOf(map);
  look(map, { k: map.view.k, x: map.view.x - dx / side, y: map.view.y + dy / side });
}

function pinch(map, before, now, other) {
  const far = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
  const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
  zoom(map, far(now) / far(before), middle);
  slide(map, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
}

function up(map, event) {
  if (!map.pointers.delete(event.pointerId)) return;
  map.plot.classList.remove("dragging");
  const path = map.path;
  const corners = path && map.dragged ? outline(map) : null;
  map.path = null;
  if (corners) enclose(map, corners, path.add);
  else if (!map.dragged && event.type === "pointerup") click(map, nearest(map, ...spot(map, event)));
  map.repaint();
}

function outline({ path: { tool, corners } }) {
  if (tool === "lasso") return corners;
  const [[left, top], [right, bottom]] = [corners[0], corners[corners.length - 1]];
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

// --- choosing --------------------------------------------------------------------------------------------------------

function bits({ selected, n }) {
  const packedBits = new Uint8Array(Math.ceil(n / 8));
  for (let i = 0; i < n; i++) if (selected[i]) packedBits[i >> 3] |= 1 << (i & 7);
  return pack(packedBits);
}

function enclose(map, corners, add) {
  const places = corners.map(([x, y]) => toPlace(map, x, y));
  const inside = new Uint8Array(map.n);
  for (let i = 0; i < map.n; i++) {
    if (!map.hidden.has(map.labels[i]) && within(places, map.goal[2 * i], map.goal[2 * i + 1])) inside[i] = 1;
  }
  select(map, inside, add);
}

// Even-odd: a ray to the right crosses the outline an odd number of times.
function within(corners, x, y) {
  let odd = false;
  for (let a = 0, b = corners.length - 1; a < corners.length; b = a++) {
    const [ax, ay] = corners[a];
    const [bx, by] = corners[b];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

function select(map, inside, add) {
  if (add && map.selected) inside = inside.map((chosen, i) => chosen | map.selected[i]);
  map.selected = map.remembered.selected = inside.some(Boolean) ? inside : null;
  order(map);
  map.send();
}

function click(map, i) {
  if (i < 0 && map.clicked === null) return;
  map.clicked = map.remembered.clicked = i < 0 ? null : i;
  map.repaint();
  map.send();
}

function clear(map) {
  point(map, -1);
  focus(map, -1);
  if (!map.selected && map.clicked === null) return;
  Object.assign(map.remembered, { selected: null, clicked: null });
  Object.assign(map, { selected: null, clicked: null });
  order(map);
  map.send();
}

function tally(map) {
  const { order: shown, selected, n } = map;
  const some = selected ? selected.reduce((sum, chosen) => sum + chosen, 0) : 0;
  map.status.textContent = selected ? `${count(some)} of ${count(n)} selected` : shown.length < n ? `${count(shown.length)} of ${count(n)} points` : `${count(n)} points`;
}

// --- keyboard --------------------------------------------------------------------------------------------------------

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  "+": (map) => zoom(map, 1.4),
  "=": (map) => zoom(map, 1.4),
  "-": (map) => zoom(map, 1 / 1.4),
  0: (map) => fit(map),
  Escape: (map) => clear(map),
  Enter: (map) => map.focus >= 0 && click(map, map.focus),
};

function press(map, event) {
  if (event.target !== map.plot || event.ctrlKey || event.metaKey || event.altKey) return;
  const way = WAYS[event.key];
  if (way) focus(map, neighbour(map, way));
  else if (KEYS[event.key]) KEYS[event.key](map);
  else return;
  event.preventDefault();
}

// The next point in a direction: near, and not much off the line. From the middle when there is none yet.
function neighbour(map, [dx, dy]) {
  const frame = frameOf(map);
  const here = map.focus >= 0 ? toScreen(map, map.focus, frame) : [frame.width / 2, frame.height / 2];
  let best = map.focus;
  let least = Infinity;
  for (const i of map.order) {
    const [x, y] = toScreen(map, i, frame);
    const [ox, oy] = [x - here[0], y - here[1]];
    const along = ox * dx + oy * dy;
    const across = Math.abs(ox * dy - oy * dx);
    const cost = map.focus < 0 ? Math.hypot(ox, oy) : along > 2 && across < 2 * along ? along + 2 * across : Infinity;
    if (cost < least && i !== map.focus) {
      least = cost;
      best = i;
    }
  }
  return best;
}

function focus(map, i) {
  if (map.focus === i) return;
  map.focus = i;
  if (i >= 0) {
    const { width, height } = frameOf(map);
    const [x, y] = toScreen(map, i);
    if (x < 0 || y < 0 || x > width || y > height) look(map, { ...map.view, x: map.xy[2 * i], y: map.xy[2 * i + 1] });
    map.status.textContent = `Point ${i}, ${map.kinds[map.labels[i]].name}`;
  } else tally(map);
  tooltip(map, i);
  signs(map);
}

// --- legend ----------------------------------------------------------------------------------------------------------

function legend(map) {
  const entries = map.kinds.map((group, at) => {
    const entry = document.createElement("li");
    entry.innerHTML = `<button type="button"><svg viewBox="-8 -8 16 16" aria-hidden="true">${swatch(group)}</svg><span class="label"></span><span class="count"></span></button>`;
    const button = entry.firstChild;
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
  map.entries = entries.map((entry) => entry.firstChild);
  map.root.querySelector(".legend").style.maxHeight = `${map.data.height}px`;
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
