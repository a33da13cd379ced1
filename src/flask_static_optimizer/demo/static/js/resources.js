import { version } from "./version.js";

function source(entry) {
  if (entry.transferSize === 0) return "the browser's cache";
  if (entry.responseStatus === 304 || entry.transferSize < entry.encodedBodySize) {
    return "the browser's cache, after asking the server (304)";
  }
  return "the server";
}

function list() {
  const rows = performance.getEntriesByType("resource").map((entry) => {
    const row = document.createElement("tr");
    const cells = [new URL(entry.name).pathname, source(entry), entry.transferSize.toLocaleString()];
    cells.forEach((text, index) => {
      const cell = row.insertCell();
      cell.textContent = text;
      if (index === 2) cell.className = "text-end";
    });
    return row;
  });
  document.getElementById("resources").replaceChildren(...rows);
}

document.getElementById("version").textContent = version;
// A module may run when the page has already loaded.
if (document.readyState === "complete") list();
else window.addEventListener("load", list);
