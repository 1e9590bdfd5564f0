/** Draws a bench's figure as SVG text without a browser: lines, bands and points over a numeric axis. */
import * as echarts from "echarts";

const WIDTH_PX = 800;
const HEIGHT_PX = 400;

export type Series = {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly kind?: "line" | "scatter";
};
export type Plot = {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  readonly logarithmic?: boolean;
};

export function drawPlot({ title, x, y, series, logarithmic = false }: Plot): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH_PX, height: HEIGHT_PX });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      title: { text: title, left: "center", textStyle: { fontSize: 14 } },
      legend: { bottom: 0 },
      grid: { left: 70, right: 30, top: 50, bottom: 80 },
      xAxis: { type: "value", name: x, nameLocation: "middle", nameGap: 28, scale: true },
      yAxis: { type: logarithmic ? "log" : "value", name: y, nameLocation: "middle", nameGap: 50, scale: true },
      series: series.map(({ name, points, kind = "line" }) => ({
        name,
        type: kind,
        data: points,
        showSymbol: false,
        symbolSize: 6,
        lineStyle: { width: 1.5 },
      })),
    });
    /** For who does not see it. */
    const named = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return chart.renderToSVGString().replace(/^<svg[^>]*>/, (opening) => `${opening}<title>${named}</title>`);
  } finally {
    chart.dispose();
  }
}
