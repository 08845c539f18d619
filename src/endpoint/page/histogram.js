"use strict";
// How late answers were, in columns whose bounds are 1, 2 and 5 times powers of ten.

const BOUNDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, Infinity]; // ms
const COLUMNS = 8; // at least

const precise = (ms) => (ms < 10 ? ms.toFixed(ms < 1 ? 2 : 1) : Math.round(ms).toLocaleString("en")) + " ms";

// The value that a share of the sorted numbers does not exceed.
const quantile = (sorted, share) => sorted[Math.max(Math.ceil(share * sorted.length), 1) - 1];

function summary(late) {
  const sorted = [...late].sort((a, b) => a - b);
  const [half, most, last] = [0.5, 0.99, 1].map((share) => precise(quantile(sorted, share)));
  return `half within ${half}, 99 % within ${most}, the last ${last} late`;
}

// Draws the numbers, in milliseconds, into a list.
function histogram(list, late) {
  const columnOf = (ms) => BOUNDS.findIndex((bound) => ms <= bound);
  const counts = BOUNDS.map(() => 0);
  for (const ms of late) counts[columnOf(ms)]++;
  const used = counts.findLastIndex((count) => count);
  const last = Math.max(used, COLUMNS - 1);
  const first = Math.max(Math.min(counts.findIndex((count) => count), last - COLUMNS + 1), 0);
  const most = Math.max(...counts);
  const columns = counts.slice(first, last + 1).map((count, n) => {
    const bound = BOUNDS[first + n];
    const column = make("li");
    const bar = make("i");
    bar.style.height = `calc((100% - 3em) * ${count / most})`;
    const label = bound === Infinity ? "more" : String(bound);
    column.append(make("b", { textContent: count || "" }), bar, make("small", { textContent: label }));
    return column;
  });
  list.replaceChildren(...columns);
}
