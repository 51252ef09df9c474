// A chunk of its own: uPlot and its style.

import plot from "uplot";
import "uplot/dist/uPlot.min.css";

export { plot };
