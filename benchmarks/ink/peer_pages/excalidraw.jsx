// Excalidraw with the benchmark's strokes on its sheet, ready to draw with the pen.
import { Excalidraw } from "@excalidraw/excalidraw";
import "@excalidraw/excalidraw/index.css";
import { createRoot } from "react-dom/client";

const wanted = new URLSearchParams(location.search).get("strokes") ?? "0";

function element(points, index) {
  const [x, y] = points[0];
  const moved = points.map(([px, py]) => [px - x, py - y]);
  const xs = moved.map((point) => point[0]);
  const ys = moved.map((point) => point[1]);
  return {
    id: `s${index}`,
    type: "freedraw",
    x,
    y,
    width: Math.max(...xs) - Math.min(...xs),
    height: Math.max(...ys) - Math.min(...ys),
    angle: 0,
    strokeColor: "#1e1e1e",
    backgroundColor: "transparent",
    fillStyle: "solid",
    strokeWidth: 1,
    strokeStyle: "solid",
    roughness: 1,
    opacity: 100,
    groupIds: [],
    frameId: null,
    roundness: null,
    seed: index + 1,
    version: 1,
    versionNonce: index + 1,
    isDeleted: false,
    boundElements: null,
    updated: 1,
    link: null,
    locked: false,
    points: moved,
    pressures: points.map((point) => point[2]),
    simulatePressure: false,
    lastCommittedPoint: null,
  };
}

async function scene() {
  const strokes = await (await fetch(`scene-${wanted}.json`)).json();
  return {
    elements: strokes.map(element),
    appState: {
      activeTool: { type: "freedraw", customType: null, locked: true, lastActiveTool: null },
      scrollX: 0,
      scrollY: 0,
    },
  };
}

function opened(api) {
  if (window.peer) return;
  window.peer = {
    strokes: () => api.getSceneElements().length,
    lastStrokePoints: () => api.getSceneElements().at(-1).points.length,
  };
  const look = () => {
    if (api.getSceneElements().length < Number(wanted) || api.getAppState().isLoading) {
      requestAnimationFrame(look);
      return;
    }
    api.setActiveTool({ type: "freedraw", locked: true });
    requestAnimationFrame(() => requestAnimationFrame(() => window.inkProbe.mark("ready")));
  };
  look();
}

createRoot(document.getElementById("root")).render(
  <Excalidraw initialData={scene()} excalidrawAPI={opened} />,
);
