"use strict";
// Numbers and bytes as text, and a body as it arrives.

const spell = (ms) => Math.round(ms).toLocaleString("en") + " ms";
const size = (bytes) => bytes.toLocaleString("en") + (bytes === 1 ? " byte" : " bytes");

function dump(bytes) {
  const lines = [];
  const [width, digits] = innerWidth < 640 ? [8, 4] : [16, 6]; // Longer lines would be broken.
  for (let at = 0; at < Math.min(bytes.length, MAX_BINARY); at += width) {
    const row = [...bytes.subarray(at, at + width)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(3 * width - 1);
    const text = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "."));
    lines.push(`${at.toString(16).padStart(digits, "0")}  ${hex}  ${text.join("")}`);
  }
  return lines.join("\n");
}

// Shows a body as it arrives: as text, as a hex dump, or as an image once it is complete.
function viewer(root, media) {
  const picture = media.startsWith("image/");
  const texty = /^text\/|json|xml|javascript|urlencoded/.test(media);
  const decoder = new TextDecoder();
  const pre = make("pre", { tabIndex: 0 });
  const pieces = [];
  let kept = 0;
  let plain = !picture;
  const whole = () => {
    const bytes = new Uint8Array(kept);
    pieces.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
    return bytes;
  };
  const piece = (bytes) => {
    const part = picture ? bytes : bytes.subarray(0, MAX_TEXT - kept);
    pieces.push(part);
    kept += part.length;
    const odd = !texty && part.some((byte) => byte > 126 || (byte < 32 && ![9, 10, 13].includes(byte)));
    const changed = (plain && odd) || kept - part.length < MAX_BINARY;
    if (odd) plain = false;
    if (plain) pre.append(decoder.decode(part, { stream: true }));
    else if (!picture && changed) pre.textContent = dump(whole());
    if (!picture && !pre.isConnected) root.append(pre);
  };
  const end = async (total) => {
    if (picture && total) {
      const reader = new FileReader();
      reader.readAsDataURL(new Blob([whole()], { type: media }));
      await new Promise((done) => (reader.onloadend = done));
      root.append(make("img", { src: reader.result, alt: "The image in the answer" }));
    }
    const most = plain ? MAX_TEXT : MAX_BINARY;
    if (!picture && total > most) {
      root.append(make("p", { textContent: `The first ${size(most)} of ${size(total)}.` }));
    }
  };
  return { piece, end };
}
