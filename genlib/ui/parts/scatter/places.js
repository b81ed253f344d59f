// Where points are: on their way to new places, in a grid to be found quickly, and from map to screen and back.

const CELLS = 96; // of the search grid, along one side
const FAR = 200; // largest zoom: at this one a place has still a precision of 2 pixels

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
  // 96: the tools above and the count below stay free of points
  const room = Math.min((width - 40) / Math.max(right - left, 0.02), (height - 96) / Math.max(top - bottom, 0.02));
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

function extent(xy, axis) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = axis; i < xy.length; i += 2) {
    if (xy[i] < low) low = xy[i];
    if (xy[i] > high) high = xy[i];
  }
  return low > high ? [0, 1] : [low, high];
}
