import { Tile } from "./tile";

/** Few cameras fill the screen without scrolling, many stay small enough to be seen together. */
function density(n: number): string {
  if (n === 1) return "beside single";
  if (n === 4) return "beside four";
  if (n <= 3) return "row";
  if (n <= 6) return "roomy";
  return n <= 20 ? "normal" : "dense";
}

export function Wall({ ids }: { ids: readonly string[] }) {
  return (
    <>
      <h1 class="hidden">Cameras</h1>
      <ul class={`wall ${density(ids.length)}`}>
        {ids.map((id) => (
          <Tile key={id} id={id} />
        ))}
      </ul>
    </>
  );
}
