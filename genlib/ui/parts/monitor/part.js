// Fetches the newest drawing of a run again and again and puts it on a canvas. Says `changed` when the run's state is another one.

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".part");
  const monitor = mounted(root, () => build(root));
  monitor.tell = (state) => setTriggerValue("changed", state);
  if (monitor.data?.address !== data.address) monitor.version = "";
  monitor.data = data;
  paint(monitor); // the theme may be another one
  look(monitor);
  return monitor.end;
}

function build(root) {
  root.innerHTML = `<div class="screen"><canvas class="empty" role="img"></canvas><button type="button">Fill the screen</button></div><div class="caption"></div>`;
  const [screen, canvas, button, caption] = [".screen", "canvas", "button", ".caption"].map((name) => root.querySelector(name));
  const monitor = { screen, canvas, caption, version: "", drawing: null, timer: 0, round: 0 };
  button.onclick = () => (document.fullscreenElement ? document.exitFullscreen() : screen.requestFullscreen());
  const watcher = new ResizeObserver(() => paint(monitor));
  watcher.observe(screen);
  monitor.end = () => {
    watcher.disconnect();
    clearTimeout(monitor.timer);
    monitor.round = Infinity;
  };
  return monitor;
}

async function look(monitor) {
  const round = ++monitor.round; // a later look takes over from this one
  clearTimeout(monitor.timer);
  try {
    if (!document.hidden) {
      const answer = await fetch(`${monitor.data.address}?since=${monitor.version}`, { cache: "no-store" });
      if (answer.status === 200 && round === monitor.round) await take(monitor, answer);
    }
  } catch {
    // The server is away, which Streamlit says; the next look may find it again.
  }
  if (round === monitor.round && monitor.data.every) monitor.timer = setTimeout(look, monitor.data.every, monitor);
}

async function take(monitor, answer) {
  const said = (name) => answer.headers.get(`x-${name}`);
  const picture = answer.headers.get("content-type") === "image/png";
  const drawing = picture ? await createImageBitmap(await answer.blob()) : new Float32Array(await answer.arrayBuffer());
  monitor.version = said("version");
  monitor.drawing = drawing;
  monitor.step = Number(said("step"));
  paint(monitor);
  window.dispatchEvent(new CustomEvent("latent-lab-picture", { detail: { alt: monitor.data.alt, step: monitor.step } }));
  if (said("state") !== monitor.data.state && said("state") !== monitor.told) monitor.tell((monitor.told = said("state")));
}

function paint(monitor) {
  const { canvas, caption, drawing, data, screen } = monitor;
  if (!drawing || !data || !screen.clientWidth) return;
  const dense = Math.min(2, window.devicePixelRatio || 1);
  canvas.classList.remove("empty");
  if (drawing instanceof ImageBitmap) paintPicture(canvas, drawing, screen.clientWidth * dense);
  else paintPoints(canvas, drawing, data, dense);
  canvas.setAttribute("aria-label", data.counts ? `${data.alt} at step ${monitor.step}` : data.alt);
  const words = data.counts ? [`Step ${monitor.step.toLocaleString("en")}`] : [];
  if (data.behind) words.push(data.centres ? "grey: the data, ringed: its modes" : "grey: the data");
  caption.textContent = words.join(" \u00b7 ");
}

// A whole number of screen pixels for each pixel; what is over is taken away smoothly by the style sheet.
function paintPicture(canvas, picture, width) {
  const scale = Math.max(1, Math.ceil(width / picture.width));
  resize(canvas, picture.width * scale, picture.height * scale);
  const paper = canvas.getContext("2d");
  paper.imageSmoothingEnabled = false;
  paper.drawImage(picture, 0, 0, canvas.width, canvas.height);
}

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function paintPoints(canvas, points, data, dense) {
  canvas.classList.add("points");
  const side = Math.round(canvas.clientWidth * dense) || 512;
  resize(canvas, side, side);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const reach = data.reach ?? 2;
  const at = (value) => ((value / reach + 1) * side) / 2;
  const paper = canvas.getContext("2d");
  paper.clearRect(0, 0, side, side);
  scale(paper, side, dense, reach, colour("border-color"), colour("text-color"));
  if (data.behind) dots(paper, unpack(data.behind, Float32Array), at, side, 1.5 * dense, "#8a8f98", 0.35);
  dots(paper, points, at, side, 2 * dense, colour("primary-color"), 0.75);
  if (!data.centres) return;
  const centres = unpack(data.centres, Float32Array);
  paper.strokeStyle = "#8a8f98";
  paper.lineWidth = 1.5 * dense;
  for (let i = 0; i < centres.length; i += 2) {
    paper.beginPath();
    paper.arc(at(centres[i]), side - at(centres[i + 1]), 11 * dense, 0, 7);
    paper.stroke();
  }
}

function scale(paper, side, dense, reach, line, ink) {
  paper.strokeStyle = line;
  paper.fillStyle = ink;
  paper.lineWidth = dense;
  paper.font = `${11 * dense}px sans-serif`;
  for (const value of [-reach / 2, 0, reach / 2]) {
    const place = ((value / reach + 1) * side) / 2;
    paper.beginPath();
    paper.moveTo(place, 0);
    paper.lineTo(place, side);
    paper.moveTo(0, side - place);
    paper.lineTo(side, side - place);
    paper.stroke();
    paper.globalAlpha = 0.75;
    paper.fillText(String(value).replace("-", "\u2212"), place + 3 * dense, side - 4 * dense);
    if (value) paper.fillText(String(value).replace("-", "\u2212"), 3 * dense, side - place - 4 * dense);
    paper.globalAlpha = 1;
  }
}

function dots(paper, points, at, side, size, colour, opacity) {
  paper.fillStyle = colour;
  paper.globalAlpha = opacity;
  for (let i = 0; i < points.length; i += 2) paper.fillRect(at(points[i]) - size, side - at(points[i + 1]) - size, 2 * size, 2 * size);
  paper.globalAlpha = 1;
}
