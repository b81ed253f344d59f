// A plane to drag in. Sends {x, y, number, start} as `at`; the answer to `number` lets the next one go.

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".part");
  const pad = mounted(root, () => build(root, data.name));
  pad.send = (value, asked) => setStateValue("at", { ...value, number: asked, start: pad.data.start });
  if (pad.data !== data) receive(pad, data);
  pad.draw();
  return pad.end;
}

function build(root, name) {
  root.innerHTML = `
    <div class="plane" tabindex="0" role="slider" aria-roledescription="two-dimensional pad">
      <canvas></canvas><div class="warning" role="status" aria-live="polite"></div>
    </div>
    <div class="foot"><span class="place"></span><span class="delay" title="From the question to its picture"></span></div>`;
  const plane = root.querySelector(".plane");
  const pad = { root, plane, canvas: root.querySelector("canvas"), remembered: memory(`pad ${name}`), at: null, data: null, beyond: false };
  pad.draw = () => draw(pad);
  pad.link = liveLink((value, asked) => pad.send(value, asked));
  const deaf = onAnswer(name, (answer) => {
    const took = pad.link.answered(answer.number);
    if (took === null) return;
    root.dataset.delay = took.toFixed(1);
    root.querySelector(".delay").textContent = `${Math.round(took)} ms`;
  });
  const watcher = new ResizeObserver(pad.draw);
  watcher.observe(plane);
  pad.end = () => {
    deaf();
    watcher.disconnect();
    pad.link.stop();
  };
  plane.onpointerdown = (event) => {
    if (event.button) return;
    plane.setPointerCapture(event.pointerId);
    follow(pad, event);
  };
  plane.onpointermove = (event) => {
    if (plane.hasPointerCapture(event.pointerId)) follow(pad, event);
  };
  plane.ondblclick = () => centre(pad);
  plane.onkeydown = (event) => press(pad, event);
  return pad;
}

function receive(pad, data) {
  const { remembered, plane } = pad;
  const fresh = String(remembered.start) !== String(data.start);
  const first = pad.data === null;
  pad.data = data;
  if (fresh) Object.assign(remembered, { start: data.start, at: data.start });
  pad.at = { x: remembered.at[0], y: remembered.at[1] };
  pad.beyond = false;
  pad.density = data.density ? unpack(data.density, Uint8Array) : null;
  pad.back = null;
  if (data.background) {
    const image = new Image();
    image.src = data.background;
    image.decode().then(() => {
      if (pad.data === data) pad.back = image;
      draw(pad);
    });
  }
  plane.setAttribute("aria-label", `Plane of ${data.names[0]} and ${data.names[1]}: drag, or use the arrow keys`);
  plane.setAttribute("aria-valuemin", data.low);
  plane.setAttribute("aria-valuemax", data.high);
  plane.title = "Drag to move, arrow keys for small steps (Shift for larger ones), double click for the centre";
  // Mounted anew at a place that the server has forgotten: tell it.
  if (first && !fresh && String(remembered.at) !== String(data.start)) pad.link.ask(pad.at);
}

function move(pad, x, y) {
  const { low, high } = pad.data;
  const held = (value) => Math.round(Math.min(high, Math.max(low, value)) * 1e4) / 1e4;
  const at = { x: held(x), y: held(y) };
  const slack = (high - low) * 1e-3;
  pad.beyond = Math.abs(at.x - x) > slack || Math.abs(at.y - y) > slack;
  const same = at.x === pad.at.x && at.y === pad.at.y;
  pad.at = at;
  pad.remembered.at = [at.x, at.y];
  draw(pad);
  if (!same) pad.link.ask(at);
}

function follow(pad, event) {
  const { low, high } = pad.data;
  const box = pad.plane.getBoundingClientRect();
  const x = low + ((event.clientX - box.left) / box.width) * (high - low);
  const y = high - ((event.clientY - box.top) / box.height) * (high - low);
  move(pad, x, y);
}

function centre(pad) {
  const middle = (pad.data.low + pad.data.high) / 2;
  move(pad, middle, middle);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function press(pad, event) {
  const step = STEPS[event.key];
  if (event.key === "Home") centre(pad);
  else if (step) {
    const size = ((pad.data.high - pad.data.low) / 60) * (event.shiftKey ? 5 : 1);
    move(pad, pad.at.x + step[0] * size, pad.at.y + step[1] * size);
  } else return;
  event.preventDefault();
}

// The level of the training codes under the cross-hair, 0 to 255; see density() in Python.
function level({ density, data, at }) {
  const cell = (value) => Math.min(data.cells - 1, Math.floor(((value - data.low) / (data.high - data.low)) * data.cells));
  return density[(data.cells - 1 - cell(at.y)) * data.cells + cell(at.x)];
}

function warn(pad) {
  const outside = pad.density && level(pad) < 3;
  const text = pad.beyond
    ? "This is the edge of the plane."
    : outside
      ? "Fewer than 1 % of the training codes lie this far out: here the model guesses."
      : "";
  const line = pad.root.querySelector(".warning");
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("above", pad.at.y < (pad.data.low + pad.data.high) / 2); // never over the cross-hair
}

function draw(pad) {
  const { canvas, plane, data, at } = pad;
  if (!data || !plane.clientWidth) return;
  const dense = window.devicePixelRatio || 1;
  const side = Math.round(plane.clientWidth * dense);
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const paper = canvas.getContext("2d");
  const style = getComputedStyle(pad.root);
  paper.clearRect(0, 0, side, side);
  paper.imageSmoothingEnabled = false;
  if (pad.back) paper.drawImage(pad.back, 0, 0, side, side);
  if (pad.density) cloud(pad, paper, side, style);
  if (data.dots) dots(pad, paper, side, dense);
  axes(data, paper, side, dense, style);
  cross(paper, toPixel(data, at, side), side, dense, style);
  const text = `${data.names[0]} ${figure(at.x)} \u00b7 ${data.names[1]} ${figure(at.y)}`;
  pad.root.querySelector(".place").textContent = text;
  plane.setAttribute("aria-valuenow", at.x);
  plane.setAttribute("aria-valuetext", text);
  warn(pad);
}

function toPixel({ low, high }, { x, y }, side) {
  return [((x - low) / (high - low)) * side, ((high - y) / (high - low)) * side];
}

// Over tiles: a veil that lifts where the codes are. Without tiles: the colour of the theme, stronger where they are dense.
function cloud(pad, paper, side, style) {
  const { cells } = pad.data;
  const small = new OffscreenCanvas(cells, cells);
  const brush = small.getContext("2d");
  brush.fillStyle = style.getPropertyValue(pad.back ? "--st-background-color" : "--st-primary-color");
  brush.fillRect(0, 0, cells, cells);
  const picture = brush.getImageData(0, 0, cells, cells);
  for (let i = 0; i < pad.density.length; i++) {
    const here = pad.density[i] / 255;
    picture.data[4 * i + 3] = 255 * (pad.back ? 0.72 * Math.max(0, 1 - here * 12) : 0.55 * Math.sqrt(here));
  }
  brush.putImageData(picture, 0, 0);
  paper.imageSmoothingEnabled = true;
  paper.drawImage(small, 0, 0, side, side);
}

function dots({ data, root }, paper, side, dense) {
  const colours = [GREY, ...groupColours(root, 255)];
  const places = unpack(data.dots, Uint16Array);
  const groups = unpack(data.groups, Uint8Array);
  paper.globalAlpha = 0.75;
  for (let i = 0; i < groups.length; i++) {
    paper.fillStyle = colours[groups[i]];
    paper.fillRect((places[2 * i] / 65535) * side - dense, (1 - places[2 * i + 1] / 65535) * side - dense, 2 * dense, 2 * dense);
  }
  paper.globalAlpha = 1;
}

function axes(data, paper, side, dense, style) {
  const [x, y] = toPixel(data, { x: 0, y: 0 }, side);
  paper.strokeStyle = paper.fillStyle = style.getPropertyValue("--st-text-color");
  paper.globalAlpha = 0.25;
  paper.lineWidth = dense;
  paper.beginPath();
  paper.moveTo(x, 0);
  paper.lineTo(x, side);
  paper.moveTo(0, y);
  paper.lineTo(side, y);
  paper.stroke();
  if (!data.background) ends(data, paper, side, dense, style, [x, y]);
  paper.globalAlpha = 1;
}

// The limits, small, at the ends of both axes.
function ends({ names, low, high }, paper, side, dense, style, [x, y]) {
  const gap = 5 * dense;
  paper.globalAlpha = 0.7;
  paper.font = `${11 * dense}px ${style.getPropertyValue("--st-font")}`;
  const write = (text, left, top, align, base) => {
    Object.assign(paper, { textAlign: align, textBaseline: base });
    paper.fillText(text, left, top);
  };
  write(String(low).replace("-", "\u2212"), gap, y - gap, "left", "bottom");
  write(`${names[0]} ${high}`, side - gap, y - gap, "right", "bottom");
  write(String(low).replace("-", "\u2212"), x + gap, side - gap, "left", "bottom");
  write(`${names[1]} ${high}`, x + gap, gap, "left", "top");
}

function cross(paper, [x, y], side, dense, style) {
  // A light line inside a dark one: seen on any tile.
  const ring = (colour, width, reach) => {
    paper.strokeStyle = colour;
    paper.lineWidth = width * dense;
    paper.beginPath();
    paper.arc(x, y, reach * dense, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      paper.moveTo(x + dx * reach * dense, y + dy * reach * dense);
      paper.lineTo(x + dx * (reach + 7) * dense, y + dy * (reach + 7) * dense);
    }
    paper.stroke();
  };
  ring(style.getPropertyValue("--st-background-color"), 4.5, 8);
  ring(style.getPropertyValue("--st-text-color"), 2, 8);
}
