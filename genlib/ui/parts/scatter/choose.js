// Pointer and keyboard: pointing, moving, picking and selecting.

const REACH = 14; // CSS pixels within which the pointer finds a point

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
  const { tip, kinds, plot, data } = map;
  tip.hidden = i < 0;
  if (i < 0) return;
  tip.querySelector(".title").textContent = kinds[map.labels[i]].name;
  const second = map.also ? data.also.names[map.also[i] - 1] : undefined; // undefined too where it is -1
  tip.querySelector(".about").textContent = second ? `${second} \u00b7 point ${i}` : `Point ${i}`;
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
    if (Number(map.tip.dataset.point) !== i) return; // the pointer has gone on while the sprite was on its way
    const piece = [(i % columns) * width, Math.floor(i / columns) * height, width, height];
    canvas.getContext("2d").drawImage(sheet, ...piece, 0, 0, width, height);
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
  else if (map.tool !== "pan" || event.shiftKey) {
    map.path = { tool: map.tool === "box" ? "box" : "lasso", corners: [map.pressed], add: event.shiftKey };
  }
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
  const seen = shown.length < n ? `${count(shown.length)} of ${count(n)} points` : `${count(n)} points`;
  map.status.textContent = selected ? `${count(some)} of ${count(n)} selected` : seen;
}

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  "+": (map) => zoom(map, 1.4),
  "=": (map) => zoom(map, 1.4),
  "-": (map) => zoom(map, 1 / 1.4),
  0: (map) => fit(map),
  Escape: (map) => clear(map),
};
const CHOICES = {
  Enter: (map) => click(map, map.focus),
  " ": (map) => {
    const inside = map.selected ? map.selected.slice() : new Uint8Array(map.n);
    inside[map.focus] = 1 - inside[map.focus];
    select(map, inside, false);
  },
};

function press(map, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onMap = event.target === map.plot; // and not on a button, which has its own Enter and Space
  if (KEYS[event.key]) KEYS[event.key](map);
  else if (onMap && WAYS[event.key]) focus(map, neighbour(map, WAYS[event.key]));
  else if (onMap && CHOICES[event.key] && map.focus >= 0) CHOICES[event.key](map);
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
