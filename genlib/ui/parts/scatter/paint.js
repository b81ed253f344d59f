// What is seen: markers painted into memory pixel by pixel, since 60,000 calls of a canvas take ten times as long; and signs above them.

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

// Opacity, of 256. Not quite opaque, so that dense places show; noise steps back behind the groups.
const STRONG = 225;
const NOISE = 150;
const FAINT = 40; // what is not selected while something is

// Groups with the colours of the theme; group 0 is the noise.
function dress(map) {
  const { data, root } = map;
  const colours = [GREY, ...groupColours(root, data.names.length, data.colours)];
  const shape = (at) => (at ? marker(at - 1) : "ring");
  map.kinds = ["Noise", ...data.names].map((name, at) => ({ name, colour: colours[at], shape: shape(at), count: data.counts[at] }));
  map.paper = word(rgb(getComputedStyle(root).getPropertyValue("--st-background-color")));
  const legible = JSON.stringify(map.kinds);
  if (map.legible !== legible) legend(map); // only then: made anew, its buttons lose the keyboard's focus
  map.legible = legible;
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
  const lines = height + 2 * margin;
  if (map.buffer?.width !== stride || map.buffer.height !== lines) map.buffer = brush.createImageData(stride, lines);
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
    const strength = selected && !selected[i] ? FAINT : labels[i] ? STRONG : NOISE;
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
