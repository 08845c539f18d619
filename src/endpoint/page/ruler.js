"use strict";
// A timeline from the request to the last byte of the answer, with a mark for each piece, and one for
// where the answer broke.
function ruler(root) {
  const [wait, flow, ...labels] = root.children;
  const marks = [];
  let span = 0;
  const at = (ms) => (ms / span) * 100 + "%";
  const scale = (ms) => {
    const power = 10 ** Math.floor(Math.log10(Math.max(ms, 10)));
    const next = [1, 2, 5, 10].map((step) => step * power).find((step) => step >= ms);
    if (next === span) return;
    span = next;
    labels.forEach((label, n) => {
      const ms = (span / 2) * n;
      label.textContent = span < 1000 ? `${ms} ms` : `${ms / 1000} s`;
    });
    for (const mark of marks) mark.style.left = at(mark.ms);
  };
  const put = (mark, ms) => {
    mark.ms = ms;
    mark.style.left = at(ms);
    marks.push(mark);
    root.append(mark);
  };
  const draw = (now, first, piece, ended) => {
    scale(ended ? now : Math.max(now, span, 1000));
    wait.style.width = at(first ?? now);
    flow.style.left = at(first ?? now);
    flow.style.width = first === undefined ? "0" : at(now - first);
    if (piece && marks.length < MARKS) put(make("i"), now);
  };
  // The label is on the side that has more room.
  const drawBreak = (now, text) => {
    put(make("em", { className: now > span / 2 ? "late" : "", textContent: text }), now);
  };
  return { draw, drawBreak };
}
