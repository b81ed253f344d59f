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

function build(root, name) {
  const button = (kind, text, extra = "") => `
    <button type="button" data-do="${kind}" title="${text}" aria-label="${text}" ${extra}>
      <svg viewBox="0 0 16 16">${ICONS[kind]}</svg>
    </button>`;
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
      <div class="legend">
        <div class="every"><button type="button">All</button><button type="button">None</button></div>
        <ul class="groups"></ul>
      </div>
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
  map.root.onkeydown = (event) => press(map, event);
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
  map.also = data.also ? unpack(data.also.labels, Uint16Array) : null;
  if (!kept) Object.assign(remembered, { items: data.items, n: data.n, selected: null, clicked: null, view: null });
  if (remembered.names !== names) Object.assign(remembered, { names, hidden: new Set() });
  Object.assign(map, { selected: remembered.selected, clicked: remembered.clicked, hidden: remembered.hidden, hover: -1, focus: -1 });
  map.extent = [0, 1].map((axis) => extent(map.goal, axis));
  if (!first && kept && old) morph(map, old);
  else land(map);
  if (remembered.view) map.view = remembered.view;
  else fit(map);
  if (map.address !== data.sprite?.url) map.sheet = null;
  map.address = data.sprite?.url;
  map.plot.style.height = `${data.height}px`;
  describe(map);
  order(map);
  if (first && (map.selected || map.clicked !== null)) map.send(); // mounted anew: the server may have forgotten
}

function describe(map) {
  const groups = map.data.counts.filter(Boolean).length;
  map.points.setAttribute("aria-label", `Map of ${count(map.n)} points in ${groups} groups`);
  const keys = "Arrow keys go from point to point, Enter picks one, Space selects it, plus and minus zoom, 0 shows all, Escape clears.";
  map.plot.setAttribute("aria-label", `Map. ${keys}`);
}

const count = (value) => value.toLocaleString("en");
