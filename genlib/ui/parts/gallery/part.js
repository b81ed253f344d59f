// One montage as many buttons, each showing its piece. Sends {index, items} as `picked`.

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".part");
  const gallery = mounted(root, () => build(root, data.name));
  gallery.send = () => setStateValue("picked", { index: gallery.picked, items: gallery.data.items });
  if (gallery.data !== data) receive(gallery, data);
  return gallery.end;
}

function build(root, name) {
  root.innerHTML = `<div class="sheet" role="radiogroup" aria-label="Gallery: pick a picture"></div><div class="caption"></div>`;
  const sheet = root.querySelector(".sheet");
  const gallery = { root, sheet, caption: root.querySelector(".caption"), remembered: memory(`gallery ${name}`), picked: null, cells: [] };
  const watcher = new ResizeObserver(() => place(gallery));
  watcher.observe(root);
  gallery.end = () => {
    watcher.disconnect();
    if (gallery.image) URL.revokeObjectURL(gallery.image.src);
  };
  sheet.onkeydown = (event) => walk(gallery, event);
  sheet.onpointerover = (event) => tell(gallery, gallery.cells.indexOf(event.target));
  sheet.onpointerleave = () => tell(gallery, gallery.picked ?? -1);
  sheet.onfocusin = (event) => tell(gallery, gallery.cells.indexOf(event.target));
  return gallery;
}

function receive(gallery, data) {
  const { remembered } = gallery;
  const first = !gallery.data;
  if (remembered.items !== data.items) Object.assign(remembered, { items: data.items, picked: null });
  gallery.data = data;
  gallery.picked = remembered.picked !== null && remembered.picked < data.count ? remembered.picked : null;
  const image = new Image();
  // A short blob: address: the long data: one would be parsed again for every cell.
  image.src = URL.createObjectURL(new Blob([unpack(data.montage.split(",")[1], Uint8Array)], { type: "image/png" }));
  // The new pictures take the place of the old ones only when they can be drawn: no empty moment.
  image.decode().then(() => {
    if (gallery.data !== data) return;
    if (gallery.image) URL.revokeObjectURL(gallery.image.src);
    gallery.image = image;
    fill(gallery);
    place(gallery);
    mark(gallery);
  });
  if (first && gallery.picked !== null) gallery.send(); // mounted anew: the server may have forgotten the pick
}

function fill(gallery) {
  const { data, sheet, cells, image } = gallery;
  while (cells.length > data.count) cells.pop().remove();
  while (cells.length < data.count) {
    const index = cells.length;
    const cell = document.createElement("button");
    cell.type = "button";
    cell.setAttribute("role", "radio");
    cell.onclick = () => pick(gallery, index === gallery.picked ? null : index);
    cells.push(cell);
    sheet.append(cell);
  }
  cells.forEach((cell, index) => {
    cell.setAttribute("aria-label", label(data, index));
    cell.style.backgroundImage = `url(${image.src})`;
  });
}

const label = (data, index) => data.labels?.[index] ?? `Picture ${index + 1} of ${data.count}`;

// The montage has `gap` pixels between pictures and none around; see images.Grid.
function place({ root, sheet, data, image, cells }) {
  if (!image || !root.clientWidth) return;
  const { columns, gap } = data;
  const rows = Math.ceil(data.count / columns);
  const width = (image.naturalWidth + gap) / columns - gap;
  const height = (image.naturalHeight + gap) / rows - gap;
  const space = 4;
  const room = (root.clientWidth - space * (columns - 1) - 8) / columns; // 8: the outlines of the outer pictures
  let scale = Math.min(room, data.largest) / width;
  // A whole number of screen pixels for each of the picture's: all equally large.
  if (scale > 1) scale = Math.max(1, Math.floor(scale * devicePixelRatio) / devicePixelRatio);
  sheet.style.height = `${rows * (height * scale + space) - space + 8}px`;
  cells.forEach((cell, index) => {
    const row = Math.floor(index / columns);
    const column = index % columns;
    Object.assign(cell.style, {
      left: `${4 + column * (width * scale + space)}px`,
      top: `${4 + row * (height * scale + space)}px`,
      width: `${width * scale}px`,
      height: `${height * scale}px`,
      backgroundSize: `${image.naturalWidth * scale}px ${image.naturalHeight * scale}px`,
      backgroundPosition: `${-column * (width + gap) * scale}px ${-row * (height + gap) * scale}px`,
    });
    cell.classList.toggle("shrunk", scale < 1);
  });
}

function mark(gallery) {
  const { cells, picked } = gallery;
  cells.forEach((cell, index) => {
    cell.setAttribute("aria-checked", index === picked);
    cell.tabIndex = index === (picked ?? 0) ? 0 : -1; // one stop for Tab, arrows inside
  });
  tell(gallery, picked ?? -1);
}

function tell({ caption, data, picked }, index) {
  const text = index < 0 ? "" : label(data, index);
  caption.textContent = index >= 0 && index === picked ? `${text} \u00b7 picked` : text;
}

function pick(gallery, index) {
  gallery.picked = gallery.remembered.picked = index;
  mark(gallery);
  gallery.send();
}

function walk(gallery, event) {
  const { cells, data } = gallery;
  const here = cells.indexOf(event.target);
  const { columns } = data;
  const ways = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -here, End: data.count - 1 - here };
  const far = ways[event.key];
  if (event.key === "Escape" && gallery.picked !== null) pick(gallery, null);
  else if (far === undefined) return;
  else {
    const next = here + far;
    if (next < 0 || next >= data.count) return;
    cells[here].tabIndex = -1;
    cells[next].tabIndex = 0;
    cells[next].focus();
  }
  event.preventDefault();
}
