const EXAMPLES: readonly (readonly [string, string])[] = [
  ["a network camera", "headway up --camera rtsp://user:password@192.168.1.20/stream"],
  ["a camera that serves pictures", "headway up --camera http://192.168.1.21/snapshot.jpg"],
  ["a USB camera", "headway up --camera 0"],
  ["a video file or a folder of pictures", "headway up --camera yard.mp4"],
  ["the camera of a Raspberry Pi", "headway up --camera picamera"],
];

export function Empty() {
  return (
    <section class="empty">
      <h1>No cameras yet</h1>
      <p>Headway runs and waits for a first picture. Start it with a camera:</p>
      <dl>
        {EXAMPLES.map(([what, command]) => (
          <div key={command}>
            <dt>{what}</dt>
            <dd>
              <code>{command}</code>
            </dd>
          </div>
        ))}
      </dl>
      <p>
        Repeat <code>--camera</code> for more than one. They appear here by themselves.
      </p>
    </section>
  );
}
