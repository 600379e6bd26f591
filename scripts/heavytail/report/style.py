"""How the page looks: its style sheet, and the themes of its charts."""

from typing import Any

STYLE = """
:root { color-scheme: light dark; --page: #fcfcfb; --text: #1c1c1a; --soft: #5f5f5a; --line:
  #d9d9d3;
  --card: #fff; --accent: #0b5f98; --warn: #fff3d6; }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { --page: #16171a; --text:
  #e8e8e4;
  --soft: #a5a5a0; --line: #3a3b40; --card: #1e1f23; --accent: #7cc0f2; --warn: #4a3a12; } }
:root[data-theme=dark] { color-scheme: dark; --page: #16171a; --text: #e8e8e4; --soft: #a5a5a0;
  --line: #3a3b40; --card: #1e1f23; --accent: #7cc0f2; --warn: #4a3a12; }
:root[data-theme=light] { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-
  serif; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header h1 { margin: 28px 0 4px; font-size: 26px; }
header p, figcaption, .about { color: var(--soft); margin: 4px 0; max-width: 76ch; }
nav { position: sticky; top: 0; z-index: 2; background: var(--page); border-bottom: 1px solid
  var(--line); }
nav > div { max-width: 1180px; margin: 0 auto; padding: 8px 20px; display: flex; flex-wrap: wrap;
  gap: 6px 16px;
  align-items: center; }
nav label { margin-left: auto; }
nav select { max-width: 50vw; }
a { color: var(--accent); }
nav a { text-decoration: none; }
a:focus-visible, button:focus-visible, select:focus-visible, input:focus-visible { outline: 2px
  solid var(--accent);
  outline-offset: 2px; }
button, select, input { font: inherit; color: inherit; background: var(--card); border: 1px solid
  var(--line);
  border-radius: 6px; padding: 3px 9px; max-width: 100%; }
button { cursor: pointer; }
section { scroll-margin-top: 60px; margin: 34px 0; }
section > h2 { font-size: 21px; border-bottom: 2px solid var(--line); padding-bottom: 4px; }
figure, .table { margin: 18px 0; padding: 14px 16px; background: var(--card); border: 1px solid
  var(--line);
  border-radius: 10px; scroll-margin-top: 60px; }
figure h3, .table h3 { margin: 0 0 2px; font-size: 16px; }
.draw { overflow-x: auto; min-height: 120px; margin-top: 10px; width: 100%; }
.draw.vega-embed { display: block; padding-right: 0; }
.draw .chart-wrapper { display: flex; flex-direction: column; align-items: flex-start; }
.draw .vega-bindings { order: -1; display: flex; flex-wrap: wrap; gap: 6px 14px; margin: 4px 0
  12px; }
.vega-bind-name { color: var(--soft); }
.draw.vega-embed summary { background: var(--card); border-color: var(--line); color: var(--text);
  opacity: .55; }
.draw.vega-embed .vega-actions { background: var(--card); border-color: var(--line); }
.draw.vega-embed .vega-actions a { color: var(--text); }
.tools { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0; }
.tools output { color: var(--soft); margin-right: auto; }
.scroll { overflow: auto; max-height: 460px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; width:
  100%; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th { position: sticky; top: 0; background: var(--card); text-align: left; border-bottom: 1px solid
  var(--line); }
th button { border: 0; background: none; font-weight: 600; padding: 4px 8px; white-space: nowrap;
  }
td { padding: 3px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.number { text-align: right; }
td button.record { border: 0; background: none; color: var(--accent); padding: 0; text-decoration:
  underline; }
.warn { background: var(--warn); border-radius: 8px; padding: 10px 14px; }
.empty { color: var(--soft); font-style: italic; }
pre { overflow: auto; max-height: 420px; font-size: 13px; }
dialog { max-width: min(760px, 92vw); max-height: 86vh; color: var(--text); background:
  var(--card);
  border: 1px solid var(--line); border-radius: 12px; }
dialog h2 { font-size: 17px; margin: 0 0 8px; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0 0 14px; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-
  nums; }
footer { color: var(--soft); padding-bottom: 30px; }
@media (max-width: 640px) { header, main, footer, nav > div { padding-left: 10px; padding-right:
  10px; }
  nav label { margin-left: 0; } nav { position: static; } figure, .table { padding: 10px; }
  dl { grid-template-columns: 1fr; } }
@media print { nav, .tools, .vega-bindings, details { display: none !important; } .scroll { max-
  height: none; } }
"""

# Okabe and Ito, which hold without colour vision; what their ground would swallow is replaced.
LIGHT = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9", "#7f7f7f"]
DARK = ["#56b4e9", "#ff8a3d", "#2fd3a4", "#e59cc4", "#f2f2ee", "#f0b429", "#4f8fe0", "#a0a0a0"]
# One less than there are colours: the ninth has the first one's colour and another's symbol.
SYMBOLS = ["circle", "square", "diamond", "cross"]
SYMBOLS += [f"triangle-{side}" for side in ("up", "down", "right")]


def theme(colours: list[str], text: str, soft: str, grid: str) -> dict[str, Any]:
    """A config of Vega-Lite."""
    font = "system-ui, sans-serif"
    axis: dict[str, Any] = {
        "labelColor": text,
        "titleColor": soft,
        "gridColor": grid,
        "domainColor": grid,
    }
    axis |= {"tickColor": grid, "labelFont": font, "titleFont": font, "titleFontWeight": "normal"}
    axis |= {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 260}
    header = {"labelColor": text, "titleColor": soft, "labelFont": font, "labelFontSize": 13}
    legend: dict[str, Any] = {
        "labelColor": text,
        "titleColor": soft,
        "labelFont": font,
        "titleFont": font,
    }
    legend |= {"symbolBaseFillColor": soft, "symbolBaseStrokeColor": soft}
    legend |= {
        "labelFontSize": 12,
        "titleFontWeight": "normal",
        "symbolLimit": 60,
        "labelLimit": 260,
    }
    return {
        "background": None,
        "mark": {"color": colours[0]},
        "point": {"opacity": 0.95},
        "axis": axis,
        "header": header | {"labelFontWeight": "bold"},
        "legend": legend,
        "view": {"stroke": grid},
        "rule": {"color": soft},
        "text": {"font": font},
        "range": {"category": colours, "symbol": SYMBOLS},
    }


THEMES = {
    "light": theme(LIGHT, "#1c1c1a", "#5f5f5a", "#e2e2dc"),
    "dark": theme(DARK, "#e8e8e4", "#a5a5a0", "#3a3b40"),
}
