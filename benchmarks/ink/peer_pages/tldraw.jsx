// tldraw with the benchmark's strokes on its sheet, ready to draw with the pen. Its cap of 4,000 a page is lifted.
import { createRoot } from "react-dom/client";
import { b64Vecs, createShapeId, getIndices, Tldraw } from "tldraw";
import "tldraw/tldraw.css";

const wanted = new URLSearchParams(location.search).get("strokes") ?? "0";

function record(points, place, index, parentId) {
  const [x, y] = points[0];
  const path = b64Vecs.encodePoints(points.map(([px, py, z]) => ({ x: px - x, y: py - y, z })));
  return {
    id: createShapeId(`s${place}`),
    typeName: "shape",
    type: "draw",
    x,
    y,
    rotation: 0,
    index,
    parentId,
    isLocked: false,
    opacity: 1,
    props: {
      segments: [{ type: "free", path }],
      color: "black",
      fill: "none",
      dash: "draw",
      size: "s",
      isComplete: true,
      isClosed: false,
      isPen: true,
      scale: 1,
      scaleX: 1,
      scaleY: 1,
    },
    meta: {},
  };
}

async function mounted(editor) {
  const strokes = await (await fetch(`scene-${wanted}.json`)).json();
  const page = editor.getCurrentPageId();
  const indices = getIndices(strokes.length);
  const records = strokes.map((points, i) => record(points, i, indices[i], page));
  editor.store.mergeRemoteChanges(() => editor.store.put(records));
  editor.setCamera({ x: 0, y: 0, z: 1 });
  editor.setCurrentTool("draw");
  window.peer = {
    strokes: () => editor.getCurrentPageShapeIds().size,
    lastStrokePoints: () => {
      const added = editor.getCurrentPageShapes().filter((shape) => !/^shape:s\d+$/.test(shape.id));
      const segments = added.flatMap((shape) => shape.props.segments);
      return segments.reduce((sum, one) => sum + b64Vecs.decodePoints(one.path).length, 0);
    },
  };
  requestAnimationFrame(() => requestAnimationFrame(() => window.inkProbe.mark("ready")));
}

createRoot(document.getElementById("root")).render(
  <div style={{ position: "fixed", inset: 0 }}>
    <Tldraw onMount={(editor) => void mounted(editor)} options={{ maxShapesPerPage: 200_000 }} />
  </div>,
);
