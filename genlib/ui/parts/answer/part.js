// Draws the picture of the newest answer and tells the part that asked. Nothing else: it is sent with every answer.

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".part");
  const tell = () => {
    (window.latentLabAnswers ??= new Map()).set(data.to, data);
    window.dispatchEvent(new CustomEvent("latent-lab-answer", { detail: data }));
  };
  if (!data.picture) {
    root.replaceChildren();
    tell();
    return;
  }
  const image = new Image();
  image.src = data.picture;
  root.latest = data.picture;
  // Decoded first and drawn into the same canvas: an <img> with a new address can be empty for a frame.
  image.decode().then(
    () => {
      if (root.latest === data.picture) draw(root, image, data);
      tell();
    },
    tell, // a picture that cannot be read must not keep the part waiting
  );
}

function draw(root, image, data) {
  let canvas = root.querySelector("canvas");
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    root.replaceChildren(canvas);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  // A whole number of screen pixels for each pixel, so that all are equally large.
  const longest = Math.max(width, height);
  const dense = window.devicePixelRatio || 1;
  const scale = longest > data.size ? data.size / longest : Math.floor((data.size * dense) / longest) / dense;
  canvas.classList.toggle("shrunk", scale < 1);
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
  canvas.setAttribute("aria-label", data.alt);
  const paper = canvas.getContext("2d");
  paper.clearRect(0, 0, width, height);
  paper.drawImage(image, 0, 0);
}
