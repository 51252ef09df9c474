import { render } from "preact";
import { start } from "./api";
import { App } from "./app";
import "./style/base.css";
import "./style/bar.css";
import "./style/wall.css";
import "./style/picture.css";
import "./style/ailments.css";
import "./style/beside.css";
import "./style/details.css";
import "./style/empty.css";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no #app");
render(<App />, root);
start();
