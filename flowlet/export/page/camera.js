// The camera: which part of the picture is seen, and how large.
//
// It moves the `viewBox` of the SVG, so that without a script, and on paper, the whole is seen.
// `scale` is in units of the picture for each pixel of the screen.

const canvas = byId("canvas");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const camera = (() => {
  const LARGEST = 1 / 8;
  const MARGIN = 28;
  const GLIDE = 180; // milliseconds
  /** Where the whole would be smaller than this, nothing in it could be read. */
  const SMALLEST = 3;
  let eye = { x: 0, y: 0, scale: 1 };
  let fitted = true;
  let isPaper = false; // the layout for paper is of another size, which is nobody's wish
  let frame = 0;

  const size = () => ({ width: canvas.clientWidth || 1, height: canvas.clientHeight || 1 });

  function look(next) {
    if (isPaper) return;
    eye = next;
    const { width, height } = size();
    const box = [eye.x, eye.y, width * eye.scale, height * eye.scale];
    shown.svg.setAttribute("viewBox", box.map((value) => value.toFixed(2)).join(" "));
  }

  function glide(next) {
    cancelAnimationFrame(frame);
    if (calm.matches) return look(next);
    const from = eye;
    const begun = performance.now();
    const move = (time) => {
      const part = Math.min(1, Math.max(0, (time - begun) / GLIDE));
      const eased = 1 - (1 - part) ** 3;
      const between = (name) => from[name] + (next[name] - from[name]) * eased;
      look({ x: between("x"), y: between("y"), scale: between("scale") });
      if (part < 1) frame = requestAnimationFrame(move);
    };
    frame = requestAnimationFrame(move);
  }

  /** Where all that is drawn has room, no larger than it was made to be read at. */
  function whole() {
    const box = shown.svg.getBBox();
    const { width, height } = size();
    const room = (length) => Math.max(40, length - 2 * MARGIN);
    const scale = Math.max(box.width / room(width), box.height / room(height), 1 / 1.5);
    return centred(box.x + box.width / 2, box.y + box.height / 2, scale);
  }

  function centred(x, y, scale) {
    const { width, height } = size();
    return { x: x - (width * scale) / 2, y: y - (height * scale) / 2, scale };
  }

  /** The place of elements together, in units of the picture. */
  function placeOf(elements) {
    const box = around(elements);
    const frame = canvas.getBoundingClientRect();
    return {
      x: eye.x + ((box.left + box.right) / 2 - frame.left) * eye.scale,
      y: eye.y + ((box.top + box.bottom) / 2 - frame.top) * eye.scale,
      isInside:
        box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom,
    };
  }

  function around(elements) {
    const boxes = elements.map((one) => one.getBoundingClientRect());
    const most = (side, of) => of(...boxes.map((box) => box[side]));
    return { left: most("left", Math.min), top: most("top", Math.min), right: most("right", Math.max), bottom: most("bottom", Math.max) };
  }

  function zoom(factor, at, smooth = true) {
    fitted = false;
    const { width, height } = size();
    const point = at ?? { x: width / 2, y: height / 2 };
    const scale = Math.min(Math.max(eye.scale / factor, LARGEST), whole().scale * 2);
    const next = {
      x: eye.x + point.x * (eye.scale - scale),
      y: eye.y + point.y * (eye.scale - scale),
      scale,
    };
    if (smooth) glide(next);
    else {
      cancelAnimationFrame(frame);
      look(next);
    }
  }

  function pan(right, down, smooth = false) {
    fitted = false;
    const next = { ...eye, x: eye.x - right * eye.scale, y: eye.y - down * eye.scale };
    if (smooth) glide(next);
    else {
      cancelAnimationFrame(frame);
      look(next);
    }
  }

  return {
    zoom,
    pan,
    fit(smooth = true) {
      fitted = true;
      if (smooth) glide(whole());
      else {
        cancelAnimationFrame(frame);
        look(whole());
      }
    },
    /** To begin with: the whole, or of a very large picture what is round some elements. */
    begin(elements) {
      const all = whole();
      fitted = all.scale <= SMALLEST || elements.length === 0;
      look(all);
      if (fitted) return;
      const { x, y } = placeOf(elements);
      look(centred(x, y, 1));
    },
    /** Bring elements into sight, in the middle; what is seen already stays where it is. */
    reveal(elements, covered = 0) {
      const place = placeOf(elements);
      const { height } = size();
      const bottom = around(elements).bottom - canvas.getBoundingClientRect().top;
      if (place.isInside && bottom > height - covered) return camera.pan(0, height - covered - bottom - 12, true);
      if (place.isInside) return;
      fitted = false;
      glide(centred(place.x, place.y, Math.min(eye.scale, 1)));
    },
    /** The window has another size: a picture that was fitted stays so. */
    resized() {
      look(fitted ? whole() : eye);
    },
    forPaper() {
      cancelAnimationFrame(frame);
      isPaper = true;
      shown.svg.setAttribute("viewBox", shown.whole);
    },
    fromPaper() {
      isPaper = false;
      look(eye);
    },
  };
})();
