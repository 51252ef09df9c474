import { lazy } from "./components/lazy";
import { devices, known, link } from "./api";
import { Kiosk } from "./wall/kiosk";
import { DeviceView } from "./device/view";
import { kiosk, route } from "./route";
import { mustSignIn, session } from "./session";
import { Announcer } from "./shell/announcer";
import { Header } from "./shell/header";
import { Notice } from "./shell/notice";
import { Empty } from "./wall/empty";
import { Wall } from "./wall/wall";

const Fleet = lazy(() => import("./fleet/view").then((module) => module.Fleet));
const Account = lazy(() => import("./account/view").then((module) => module.Account));
const SignIn = lazy(() => import("./account/sign-in").then((module) => module.SignIn));
const Welcome = lazy(() => import("./account/welcome").then((module) => module.Welcome));

function Waiting() {
  return <p class="waiting">{link.value === "lost" ? "Headway cannot be reached; trying again…" : "Waiting for the first numbers…"}</p>;
}

function Content() {
  const shown = route.value;
  if (shown.view === "welcome" && session.value?.auth !== false) return <Welcome token={shown.token} />;
  if (mustSignIn.value) return <SignIn />;
  switch (shown.view) {
    case "device":
      return <DeviceView key="device" id={shown.id} />;
    case "fleet":
      return <Fleet />;
    case "account":
      return <Account />;
    default:
      if (!known.value) return <Waiting />;
      return devices.order.value.length === 0 ? <Empty /> : <Wall />;
  }
}

export function App() {
  if (kiosk && !mustSignIn.value && route.value.view === "wall") return known.value ? <Kiosk /> : <Waiting />;
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <Header />
      <Notice />
      <main id="main" tabIndex={-1}>
        <Content />
      </main>
      <Announcer />
    </>
  );
}
