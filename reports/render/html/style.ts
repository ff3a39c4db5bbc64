/** Inline style of the page: system fonts, tabular figures, one column; dark and light by preference, and print. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f8;--panel:#fff;--text:#1a1f26;--muted:#586270;--faint:#8a94a0;--line:#dfe3e8;--soft:#eef1f4;--link:#1a56a6;
--pass:#157347;--fail:#b3261e;--inconclusive:#8a5200;--not-run:#5c6672;--pass-bg:#e8f4ed;--fail-bg:#fcebea;--inconclusive-bg:#fbf1e0;--mark:#fff;--ok:#5f8fc7;--window:#f3d9d6;--accent:#1a56a6;
--sans:system-ui,-apple-system,"Segoe UI",Inter,Roboto,"Helvetica Neue",Arial,sans-serif;--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{--bg:#111417;--panel:#191d22;--text:#e4e8ec;--muted:#a3adb8;--faint:#77818d;--line:#2c333b;--soft:#20262c;--link:#8ab8f0;
--pass:#5fc790;--fail:#ff8f85;--inconclusive:#eab558;--not-run:#98a2ae;--pass-bg:#16291f;--fail-bg:#331b1a;--inconclusive-bg:#2f2513;--mark:#111417;--ok:#5b8fc9;--window:#48272a;--accent:#8ab8f0}}
*{box-sizing:border-box}html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.55 var(--sans);font-variant-numeric:tabular-nums}
.page{max-width:1080px;margin:0 auto;padding:0 24px 64px}
a{color:var(--link);text-underline-offset:2px}a:hover{text-decoration-thickness:2px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
h1,h2,h3,h4,h5,p,ul,ol,dl,dd,figure{margin:0;padding:0}ul,ol{list-style:none}
h2{font-size:17px;font-weight:650;margin:40px 0 12px;letter-spacing:-.005em}h2 small{color:var(--muted);font-weight:500;margin-left:4px}
h4{font-size:14px;font-weight:650;margin:22px 0 8px}h5{font-size:13px;font-weight:650;margin:18px 0 8px}h5 small{font-weight:400;color:var(--muted);margin-left:6px}
small{font-size:12.5px}code,pre,.command{font-family:var(--mono);font-size:.87em}code{overflow-wrap:anywhere}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.symbols{position:absolute}.skip{position:absolute;left:-999px;top:8px;background:var(--panel);padding:8px 14px;z-index:2}.skip:focus{left:8px}
.glyph{width:1em;height:1em;flex:none;vertical-align:-.125em}.glyph .mark,symbol .mark{fill:none;stroke:var(--mark);stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round}
.glyph.v-pass,strong.v-pass{color:var(--pass)}.glyph.v-fail,strong.v-fail,b.v-fail{color:var(--fail)}.glyph.v-inconclusive,strong.v-inconclusive,b.v-inconclusive{color:var(--inconclusive)}.glyph.v-not-run{color:var(--not-run)}
.badge{display:inline-flex;align-items:center;gap:6px;font-size:13px;font-weight:600;white-space:nowrap}
.badge.v-pass{color:var(--pass)}.badge.v-fail{color:var(--fail)}.badge.v-inconclusive{color:var(--inconclusive)}.badge.v-not-run{color:var(--not-run)}
.masthead{margin:28px 0 0;background:var(--panel);border:1px solid var(--line);border-top:5px solid var(--inconclusive);border-radius:8px;padding:20px 28px 24px}
.masthead.v-pass{border-top-color:var(--pass)}.masthead.v-fail{border-top-color:var(--fail)}
.brand{color:var(--muted);font-size:13px}.brand span{font-weight:700;color:var(--text);margin-right:8px;letter-spacing:.01em}
.verdict{display:flex;gap:16px;align-items:flex-start;margin:14px 0 20px}.verdict>.glyph{width:36px;height:36px;margin-top:2px}
h1{font-size:27px;line-height:1.3;font-weight:600;letter-spacing:-.012em;text-wrap:pretty;overflow-wrap:anywhere}h1 strong{font-weight:750}
.fractions>svg{display:block;width:100%;height:8px;border-radius:4px}.bar-pass{fill:var(--pass)}.bar-fail{fill:var(--fail)}.bar-inconclusive{fill:var(--inconclusive)}.bar-not-run{fill:var(--line)}
.fractions ul{display:flex;flex-wrap:wrap;gap:4px 26px;margin-top:10px;font-size:14px}.fractions .zero{color:var(--muted)}.fractions .zero .glyph{color:var(--faint)}
.why{font-size:14px;margin:22px 0 6px}.reasons li{padding:3px 0 3px 16px;position:relative;overflow-wrap:anywhere}.reasons li:before,.caveats li:before{content:"";position:absolute;left:2px;top:.85em;width:5px;height:1.5px;background:var(--muted)}
.caveats{background:var(--soft);border-radius:8px;padding:12px 20px}.caveats li{position:relative;padding:4px 0 4px 16px;max-width:92ch;overflow-wrap:anywhere}
.matrix{width:100%;border-collapse:collapse;background:var(--panel);border:1px solid var(--line);border-radius:8px;border-spacing:0}
.matrix th,.matrix td{border-top:1px solid var(--line);padding:10px 14px;text-align:left;vertical-align:top}.matrix tbody tr:first-child>*{border-top:0}
.matrix th{width:210px;font-weight:600}.matrix th small{display:block;color:var(--muted);font-weight:400;padding-left:19px}
.tiles{display:flex;flex-wrap:wrap;gap:6px}.tile{display:flex;gap:7px;padding:4px 10px 4px 8px;border:1px solid var(--line);border-radius:6px;color:var(--text);text-decoration:none;line-height:1.3}
.tile .glyph{margin-top:2px}.tile b{font-weight:600;font-size:13.5px}.tile small{display:block;color:var(--muted);font-size:12px}.tile:hover{border-color:var(--accent)}
.tile.v-fail{background:var(--fail-bg);border-color:var(--fail)}.tile.v-inconclusive{background:var(--inconclusive-bg);border-color:var(--inconclusive)}.tile.v-pass{background:var(--pass-bg)}
.idle .tile{padding-block:2px;border-style:dashed}.idle .tile b{font-weight:500;color:var(--muted)}.idle .tile small{display:none}.idle th{color:var(--muted);font-weight:500}.tile.v-not-run{border-style:dashed}.tile.v-not-run b{font-weight:500;color:var(--muted)}
.tools{display:flex;gap:8px;justify-content:flex-end;margin:24px 0 -44px;position:relative}.tools[hidden]{display:none}
button{font:13px var(--sans);color:var(--text);background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:4px 12px;cursor:pointer}button:hover{border-color:var(--accent)}
.check,.group{background:var(--panel);border:1px solid var(--line);border-left:4px solid var(--line);border-radius:8px;margin:8px 0}.check.v-fail{border-left-color:var(--fail)}.check.v-inconclusive{border-left-color:var(--inconclusive)}.check.v-pass{border-left-color:var(--pass)}
summary{cursor:pointer}.check>summary{display:grid;grid-template-columns:112px minmax(0,1fr) auto;gap:2px 14px;padding:10px 18px 10px 14px;align-items:baseline;list-style:none}
.check>summary::-webkit-details-marker{display:none}.c-title{overflow-wrap:anywhere;font-size:15px;font-weight:400}.c-title b{font-weight:600;margin-right:8px}.c-title code{color:var(--muted)}.c-line{grid-column:2;color:var(--muted);font-size:13.5px;overflow-wrap:anywhere}.c-time{grid-column:3;grid-row:1;color:var(--muted);font-size:13px;white-space:nowrap}
.c-time:after{content:"";display:inline-block;width:7px;height:7px;margin:0 2px 2px 12px;border:solid var(--muted);border-width:0 1.5px 1.5px 0;transform:rotate(45deg)}[open]>summary .c-time:after{transform:rotate(225deg);margin-bottom:-2px}
.check.v-fail .c-line,.check.v-inconclusive .c-line{color:var(--text)}.body{padding:4px 22px 18px 18px;border-top:1px solid var(--line)}
.goal{margin:12px 0}.goal b{font-weight:650;margin-right:6px}.tag{display:inline-block;font-size:12px;padding:0 8px;border-radius:10px;background:var(--soft);color:var(--muted);white-space:nowrap}.tag.assumed,.tag.stub{background:var(--inconclusive-bg);color:var(--inconclusive)}
.compare2{display:grid;grid-template-columns:1fr 1fr;gap:12px}.compare2>div{background:var(--soft);border-radius:6px;padding:8px 14px;min-width:0}dt{color:var(--muted);font-size:12.5px}dd{overflow-wrap:anywhere}.compare2 dd{white-space:pre-line}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:14px 20px;margin:18px 0 6px}.figures dd{font-size:19px;font-weight:600;line-height:1.3;letter-spacing:-.01em}.figures dd small{font-weight:400;color:var(--muted)}.f-goal{display:block;font-size:12.5px;font-weight:400;color:var(--muted);letter-spacing:0}
.figures>div{display:flex;flex-direction:column}.figures .f-text{font-size:14px;font-weight:550;letter-spacing:0;line-height:1.4}
.scroll{overflow-x:auto;max-width:100%}table{border-collapse:collapse;width:100%;font-size:13.5px}.scroll th{font-weight:600;color:var(--muted);font-size:12.5px;text-align:left;border-bottom:1px solid var(--line);padding:4px 14px 4px 0;vertical-align:bottom}
.scroll td{padding:5px 14px 5px 0;border-bottom:1px solid var(--soft);vertical-align:top;min-width:3em}.scroll td,.scroll td code{overflow-wrap:break-word}.scroll td.n,.scroll th.n{text-align:right;white-space:nowrap}.nowrap{white-space:nowrap}.subject{display:inline-block;min-width:16ch}
pre{margin:6px 0;padding:10px 14px;background:var(--soft);border-radius:6px;overflow:auto;max-height:420px;line-height:1.45;white-space:pre-wrap;overflow-wrap:anywhere}
.inner{margin:10px 0}.inner>summary{font-size:13.5px;font-weight:550;color:var(--text);overflow-wrap:anywhere}.inner>summary small{color:var(--muted);font-weight:400}
.steps{margin:6px 0 0 18px;font-size:13.5px;counter-reset:s}.steps li{padding:2px 0;counter-increment:s;display:flow-root}.steps li:before{content:counter(s) ".";color:var(--muted);display:inline-block;width:2em}.steps small{color:var(--muted);float:right}
.rerun{margin-top:18px;display:flex;gap:10px;align-items:baseline;flex-wrap:wrap}.rerun span{color:var(--muted);font-size:13px}.command{background:var(--soft);border-radius:5px;padding:3px 9px}.copy{padding:1px 9px;font-size:12px}.meta,.note{color:var(--muted);font-size:13px;margin-top:6px;overflow-wrap:anywhere}.meta:empty{display:none}
.trial{border-top:1px solid var(--line);margin-top:20px;padding-top:2px}.trial h4{display:flex;gap:10px;align-items:center}.facts{display:flex;flex-wrap:wrap;gap:2px 24px;font-size:13.5px;margin-bottom:14px}.facts b{font-weight:400;color:var(--muted);margin-right:3px}
.budget{margin:10px 0 16px}.budget figcaption{display:flex;justify-content:space-between;font-size:13.5px;gap:12px;flex-wrap:wrap}.budget figcaption span{color:var(--muted)}.budget svg{display:block;width:100%;height:16px}.b-back{fill:var(--soft)}.b-used{fill:var(--ok)}.b-over{fill:var(--fail)}.b-goal{fill:var(--text)}
.timeline{display:block;width:100%;min-width:680px;font-family:var(--sans)}.timeline text{font-size:12.5px;fill:var(--text)}.timeline .t-tick,.timeline .t-note{fill:var(--muted);font-size:11.5px}.timeline .t-strong{font-weight:650}.t-value{font-variant-numeric:tabular-nums}
.s-ok{fill:var(--ok)}.s-bad{fill:var(--fail)}.s-window{fill:var(--window)}.s-line{stroke:var(--faint)}.t-bracket{fill:none;stroke:var(--text);stroke-width:1.2}.t-grid{stroke:var(--line);stroke-dasharray:2 3}.t-zero{stroke:var(--fail);stroke-width:1.2}.t-row{stroke:var(--line);opacity:.7}.t-error{stroke:var(--muted);stroke-width:1.4;fill:none}.t-dot{fill:var(--text);stroke:var(--panel);stroke-width:1.5}.t-far{stroke:var(--muted);fill:none;stroke-width:1.5}
.mini{width:150px;height:22px;display:block}.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(400px,100%),1fr));gap:0 32px}.columns>*{min-width:0}
.sums th,.sums td{border-bottom:1px solid var(--soft)!important;padding:5px 10px 5px 0!important;color:var(--text)!important;font-weight:400!important;font-size:13.5px!important}.sums th{white-space:nowrap;text-align:right}.sums th,.sums td{vertical-align:baseline!important}.sums i{color:var(--muted);font-style:normal}.term{white-space:nowrap;margin-right:2px}.alarm,.alarm b{color:var(--fail)!important}.holds{color:var(--muted)!important;font-size:12.5px!important;white-space:nowrap}
.compare{margin-top:10px;font-size:13.5px}.compare b{font-weight:600}
.missing{margin-bottom:10px}.missing li{padding:3px 0}.lead{color:var(--muted);margin-bottom:10px}.group{padding:8px 18px;border-left-color:var(--line)}.group>summary small{color:var(--muted);margin-left:6px}.group .scroll{margin-top:8px}
.context{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:6px 22px;display:grid;grid-template-columns:1fr 1fr;gap:0 40px;font-size:14px}.context>div{display:grid;grid-template-columns:110px minmax(0,1fr);padding:6px 0}.inline{display:inline-block;margin-left:8px}.inline>summary{color:var(--link);font-size:13px}
footer{margin-top:32px;color:var(--muted);font-size:13px}
@media (max-width:720px){.page{padding:0 12px 40px}.masthead{padding:16px}h1{font-size:21px}.compare2,.context{grid-template-columns:1fr}.check>summary{grid-template-columns:minmax(0,1fr) auto}.c-title,.c-line{grid-column:1/-1}.c-time{grid-column:2}.matrix,.matrix tbody,.matrix tr,.matrix th,.matrix td{display:block;width:auto}.matrix td{border-top:0;padding-top:0}}
@media (forced-colors:active){.glyph{forced-color-adjust:none}}
@media print{@page{margin:14mm}:root{color-scheme:light;--bg:#fff;--panel:#fff;--text:#000;--muted:#444;--line:#ccc;--soft:#f3f3f3;--link:#000;--pass:#157347;--fail:#b3261e;--inconclusive:#8a5200;--not-run:#555;--pass-bg:#fff;--fail-bg:#fff;--inconclusive-bg:#fff;--mark:#fff;--ok:#5f8fc7;--window:#f3d9d6}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{font-size:10.5pt}.page{max-width:none;padding:0}.masthead{margin:0}.tools,.copy,.skip{display:none!important}.check::details-content{content-visibility:visible;block-size:auto}.check>summary,.trial h4,.timeline,.budget,.compare2,h2,h4,h5,.rerun,tr{break-inside:avoid}h2,h4,h5,summary{break-after:avoid}pre{max-height:none}.scroll{overflow:visible}.timeline{min-width:0}a{text-decoration:none}.c-time:after{display:none}.figures{grid-template-columns:repeat(3,1fr)}}
`;
