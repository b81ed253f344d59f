// Live sliders. Sends {values, number, rows} as `at`; the answer to `number` lets the next one go.

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".part");
  const panel = mounted(root, () => build(root, data.name));
  panel.send = (values, asked) => setStateValue("at", { values, number: asked, rows: panel.rows });
  if (panel.data !== data) receive(panel, data);
  return panel.end;
}

function build(root, name) {
  const panel = { root, remembered: memory(`sliders ${name}`), data: null, inputs: [] };
  panel.link = liveLink((values, asked) => panel.send(values, asked));
  const deaf = onAnswer(name, (answer) => {
    const took = panel.link.answered(answer.number);
    if (took === null) return;
    root.dataset.delay = took.toFixed(1);
    root.querySelector(".delay").textContent = `${Math.round(took)} ms`;
  });
  panel.end = () => {
    deaf();
    panel.link.stop();
  };
  return panel;
}

function receive(panel, data) {
  const { remembered } = panel;
  const recipe = JSON.stringify(data.rows);
  const first = panel.data === null;
  const start = data.rows.map((row) => row.value);
  const fresh = remembered.recipe !== recipe;
  if (fresh) Object.assign(remembered, { recipe, values: start });
  Object.assign(panel, { data, rows: data.rows });
  const foot = element("div", "foot");
  const reset = element("button", "reset", "Reset");
  reset.type = "button";
  reset.onclick = () => set(panel, start);
  const delay = element("span", "delay");
  delay.title = "From the question to its picture";
  foot.append(reset, delay);
  panel.reset = reset;
  panel.inputs = data.rows.map((row, index) => slider(panel, row, index));
  panel.root.replaceChildren(...panel.inputs.map((input) => input.parentElement), foot);
  show(panel);
  // Mounted anew with values that the server has forgotten: tell it.
  if (first && !fresh && String(remembered.values) !== String(start)) panel.link.ask(remembered.values);
}

function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

function slider(panel, row, index) {
  const label = element("label", "row");
  const name = element("span", "name", row.name);
  name.title = `${row.name} (double click: back to ${figure(row.value)})`;
  const input = element("input", "");
  Object.assign(input, { type: "range", min: row.low, max: row.high, step: row.step });
  const change = (value) => {
    const values = [...panel.remembered.values];
    values[index] = value;
    set(panel, values);
  };
  input.oninput = () => change(Number(input.value));
  name.ondblclick = () => change(row.value);
  label.append(name, element("span", "value"), input);
  return input;
}

function set(panel, values) {
  panel.remembered.values = values;
  show(panel);
  panel.link.ask(values);
}

function show({ inputs, rows, remembered, reset }) {
  const share = (row, value) => (100 * (value - row.low)) / (row.high - row.low);
  inputs.forEach((input, index) => {
    const row = rows[index];
    const value = remembered.values[index];
    if (Number(input.value) !== value) input.value = value;
    const ends = [share(row, row.value), share(row, value)].sort((a, b) => a - b);
    input.style.setProperty("--from", `${ends[0]}%`);
    input.style.setProperty("--to", `${ends[1]}%`);
    input.previousElementSibling.textContent = figure(value);
  });
  reset.disabled = rows.every((row, index) => row.value === remembered.values[index]);
}
