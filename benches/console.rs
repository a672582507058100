//! What the console's own work costs, without any network: drawing a frame, taking in alerts, reading a dashboard.
//! Run it with `make bench`.

use std::sync::Arc;
use std::time::Duration;

use divan::{Bencher, black_box};
use midwatch::app::keymap::{DEFAULT, Keymap};
use midwatch::app::message::{Fed, Message};
use midwatch::app::model::{Model, needs};
use midwatch::app::need::{DashboardFile, Data, Need, Source};
use midwatch::app::setup::{Environment, Setup};
use midwatch::app::update::update;
use midwatch::app::{catalog, screens};
use midwatch::domain::alert::{Alert, AlertSet, AlertState};
use midwatch::domain::bell::Bell;
use midwatch::domain::guard::Guard;
use midwatch::domain::labels::Labels;
use midwatch::domain::response::Response;
use midwatch::domain::series::{Answer, Sample, Series};
use midwatch::domain::time::{Moment, Stamp};
use midwatch::grafana;
use midwatch::ui::{self, Drawn, theme::Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const DASHBOARD: &str = include_str!("../assets/dashboards/application.json");
const SIZE: (u16, u16) = (200, 50);

fn main() {
    divan::main();
}

fn now() -> Moment {
    Moment { wall: Stamp(1_700_000_000_000), mono: Duration::from_secs(60) }
}

fn model() -> Model {
    let environment = Environment {
        name: "bench".into(),
        colour: None,
        guard: Guard::Open,
        refresh: Duration::from_secs(5),
        prometheus: Some("http://prometheus".into()),
        alertmanagers: 1,
        services: vec![],
        signals: vec![],
        repositories: vec![],
        offers: vec![],
        gamedays: vec![],
    };
    let keymap = Keymap::load(DEFAULT, &[]).unwrap_or_default();
    Model::new(
        Setup {
            demo: false,
            environments: vec![environment],
            keymap,
            bell: Bell::default(),
            shared_ledger: true,
            response: Response::default(),
        },
        0,
        SIZE,
        now(),
    )
}

fn feed(model: &mut Model, source: Source, data: Data) {
    let need = Need { env: model.shared.epoch, source, every: Duration::from_secs(5) };
    update(model, Message::Fed(Fed { need, reply: Ok(Arc::new(data)), at: now(), skew: None }));
}

fn call(model: &mut Model, text: &str) {
    if let Ok(call) = catalog::parse(text) {
        update(model, Message::Call(call));
    }
}

fn alerts(count: usize) -> Data {
    let alert = |n: usize| {
        let name = format!("Alert{}", n % 50);
        let labels: Labels =
            [("alertname", name.as_str()), ("instance", &format!("host-{n}")), ("severity", "warning")].into_iter().collect();
        Alert {
            fingerprint: labels.fingerprint(),
            labels,
            annotations: [("summary", "something is wrong")].into_iter().collect(),
            state: AlertState::Active,
            silenced_by: vec![],
            inhibited_by: vec![],
            receivers: vec!["on-call".into()],
            starts_at: Stamp(1_699_999_000_000),
            updated_at: Stamp(1_700_000_000_000),
            generator_url: String::new(),
            members: vec![],
            dissent: vec![],
        }
    };
    Data::Alerts(AlertSet { alerts: (0..count).map(alert).collect(), members: vec![] })
}

/// Five series over the whole window for every query that is asked.
fn answer() -> Data {
    let wave = |n: usize, k: i64| (k as f64 / 20.0 + n as f64).sin() * 10.0 + 20.0;
    let samples = |n| (0..400).map(|k| Sample { at: Stamp(1_700_000_000_000 - (400 - k) * 9_000), value: wave(n, k) }).collect();
    let series = |n: usize| Series { labels: [("instance", format!("app-{n}"))].into_iter().collect(), samples: samples(n) };
    Data::Answer(Answer { series: (0..5).map(series).collect(), ..Answer::default() })
}

fn board() -> Model {
    let mut model = model();
    let dashboard = grafana::read(DASHBOARD).map(Arc::new).map_err(|e| e.to_string());
    let file = DashboardFile { path: "application.json".into(), dashboard };
    call(&mut model, &format!("screen {}", screens::NAMES[1]));
    feed(&mut model, Source::Dashboards, Data::Dashboards(vec![file]));
    call(&mut model, "dashboard application.json");
    for need in needs(&model) {
        if need.source.expr().is_some() {
            feed(&mut model, need.source, answer());
        }
    }
    model
}

/// A frame of 200×50 with a dashboard of graphs, five series each.
#[divan::bench]
fn draw_dashboard(bencher: Bencher) {
    let (model, look) = (board(), Look::default());
    bencher.bench_local(|| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        ui::view(black_box(&model), &look, &mut Drawn::default(), &mut buffer);
        buffer
    });
}

/// A frame of the alert list.
#[divan::bench(args = [10, 5_000])]
fn draw_alerts(bencher: Bencher, count: usize) {
    let (mut model, look) = (model(), Look::default());
    call(&mut model, "screen alerts");
    feed(&mut model, Source::Alerts, alerts(count));
    bencher.bench_local(|| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        ui::view(black_box(&model), &look, &mut Drawn::default(), &mut buffer);
        buffer
    });
}

/// One movement of the cursor through the alert list, without drawing.
#[divan::bench(args = [10, 5_000])]
fn move_cursor(bencher: Bencher, count: usize) {
    let mut model = model();
    call(&mut model, "screen alerts");
    feed(&mut model, Source::Alerts, alerts(count));
    bencher.bench_local(|| call(&mut model, "down"));
}

/// From Grafana's JSON to panels.
#[divan::bench]
fn read_dashboard() -> bool {
    grafana::read(black_box(DASHBOARD)).is_ok()
}
