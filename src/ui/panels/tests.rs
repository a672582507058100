#![allow(clippy::unwrap_used)]
//! Panels as pictures: what stands in the cells and in which style.

pub mod stage;

use super::*;
use crate::grafana::model::{Calc, TimeseriesOptions};
use stage::{Stage, wave};

fn lines(n: usize) -> Stage {
    let mut stage = Stage::new(PanelKind::Timeseries(TimeseriesOptions { legend: true, legend_calcs: Vec::new() }));
    for k in 0..n {
        let name = format!("app-{k}.eu-west-1");
        stage.series(&[("instance", &name)], wave(120, |x| 200.0 + 90.0 * (x / 9.0 + k as f64).sin() + 40.0 * k as f64));
    }
    stage
}

#[test]
fn pictures() {
    if std::env::var_os("PICTURE").is_none() {
        return;
    }
    for (w, h) in [(60, 12), (40, 8), (100, 14), (30, 6), (20, 4)] {
        println!("{}", lines(3).picture(w, h));
    }
    let mut spike = lines(0);
    spike.panel.field.unit = Some(crate::domain::unit::Unit("s".into()));
    spike.panel.field.line.thresholds = true;
    spike.panel.field.thresholds.steps = vec![(None, "green".into()), (Some(0.5), "red".into())];
    spike.series(
        &[("__name__", "latency")],
        wave(500, |x| {
            if x as i32 == 250 {
                0.7
            } else if (300.0..340.0).contains(&x) {
                f64::NAN
            } else {
                0.1 + 0.02 * (x * 7.0).sin()
            }
        }),
    );
    println!("{}", spike.picture(60, 10));
    spike.look.charset = crate::ui::theme::Charset::Ascii;
    println!("{}", spike.picture(60, 10));
    let mut many = lines(14);
    many.panel.field.line.stack = crate::grafana::model::Stack::Normal;
    println!("{}", many.picture(70, 16));
    let mut mono = lines(4);
    mono.look.depth = crate::ui::theme::Depth::Mono;
    mono.crosshair = Some(Stamp(stage::START + 30 * 60_000));
    println!("{}", mono.picture(60, 12));
    let mut calcs = lines(3);
    calcs.panel.kind =
        PanelKind::Timeseries(TimeseriesOptions { legend: true, legend_calcs: vec![Calc::Mean, Calc::Max, Calc::LastNotNull] });
    println!("{}", calcs.picture(60, 16));
    println!("{}", calcs.picture(110, 12));
    let zero = {
        let mut z = lines(0);
        z.series(&[("job", "errors")], wave(60, |_| 0.0));
        z
    };
    println!("{}", zero.picture(40, 8));
}
