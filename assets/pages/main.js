// The script of every page. Each page works without it; with it nothing reloads needlessly.

import "htmx.org";
import { comfort } from "./comfort.js";
import { editors } from "./editors.js";
import { following } from "./following.js";
import { palette } from "./palette.js";
import { swapping } from "./swapping.js";

document.documentElement.classList.add("script");
swapping();
comfort();
editors();
following();
palette();
