import { known, deviceIDs } from "./api";
import { Announcer } from "./components/announcer";
import { Details } from "./components/details";
import { Empty } from "./components/empty";
import { Header } from "./components/header";
import { Notice } from "./components/notice";
import { Wall } from "./components/wall";
import { opened } from "./route";

function Content() {
  if (!known.value) return <p class="waiting">Waiting for the first numbers…</p>;
  return deviceIDs.value.length === 0 ? <Empty /> : <Wall ids={deviceIDs.value} />;
}

export function App() {
  return (
    <>
      <a class="skip" href="#cameras">
        Skip to the cameras
      </a>
      <Header />
      <Notice />
      <main id="cameras" tabIndex={-1}>
        <Content />
      </main>
      {opened.value !== null && <Details key="details" id={opened.value} />}
      <Announcer />
    </>
  );
}
