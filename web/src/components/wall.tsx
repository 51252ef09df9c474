import { Tile } from "./tile";

function density(n: number): string {
  if (n === 1) return "single";
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
