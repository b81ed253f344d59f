// Shared by parts that show groups. Colours are the theme's, chosen for every colour vision (.streamlit/config.toml);
// each group has a marker shape too, so that the first fifty differ in colour or shape and none by colour alone.

const MARKERS = ["circle", "square", "triangle", "diamond", "cross"];
const marker = (group) => MARKERS[(group + Math.floor(group / 10)) % MARKERS.length];
const GREY = "#8a8f98"; // of noise: neither light nor dark, and no group has it

function groupColours(root, count, given) {
  const theme = getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors").split(",").map((colour) => colour.trim());
  return Array.from({ length: count }, (_, group) => given?.[group] ?? theme[group % theme.length]);
}

// Any colour that CSS can write -> [red, green, blue], 0 to 255.
const known = new Map();
function rgb(colour) {
  if (!known.has(colour)) {
    const brush = new OffscreenCanvas(1, 1).getContext("2d");
    brush.fillStyle = colour.trim() || "#ffffff";
    brush.fillRect(0, 0, 1, 1);
    known.set(colour, brush.getImageData(0, 0, 1, 1).data);
  }
  return known.get(colour);
}
