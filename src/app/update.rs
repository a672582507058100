//! The one place where the model changes: one message in, effects out.

use std::time::Duration;

use crate::app::catalog;
use crate::app::command::{Args, Call};
use crate::app::confirm;
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::keymap::Found;
use crate::app::lookout::Sight;
use crate::app::message::{Fed, Input, Message};
use crate::app::model::{Model, Shared, needs};
use crate::app::need::{Data, Source};
use crate::app::pointer;
use crate::app::popup::Popup;
use crate::app::rows;
use crate::app::screens::{chaos, jobs};
use crate::domain::chaos::report::Missed;
use crate::domain::job::JobId;
use crokey::crossterm::event::KeyCode;

/// A clock that differs by less than this may be a slow answer. `Date` headers have whole seconds.
const SKEW_WORTH_SAYING: Duration = Duration::from_secs(5);

/// Takes one message in.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let effects = take_in(model, message);
    model.screens.get_mut(model.screen).settle(&mut model.shared);
    effects
}

fn take_in(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Tick(now) => {
            model.shared.now = now;
            let wanted = needs(model);
            model.shared.store.forget(now, &wanted);
            vec![]
        }
        Message::Input(Input::Resize(columns, rows)) => {
            model.shared.size = (columns, rows);
            vec![]
        }
        Message::Input(Input::Key(key)) => press(model, key),
        Message::Input(Input::Paste(text)) => paste(model, &text),
        Message::Input(Input::Point(spot, twice)) => pointer::point(model, &spot, twice),
        Message::Input(Input::Wheel(down)) => pointer::wheel(model, down),
        Message::Call(call) => run(model, &call),
        Message::Fed(fed) => fed_with(model, &fed),
        Message::Told(Ok(words)) => model.say(words),
        Message::Told(Err(words)) => model.complain(words),
        Message::Planned(wish, reply) => confirm::planned(model, &wish, reply),
        Message::Submitted(reply) => confirm::submitted(model, reply),
        Message::Controlled(job, control, reply) => confirm::controlled(model, job, control, reply),
        Message::Unlocked(environment, reply) => confirm::unlocked(model, environment, reply),
        Message::Away(missed) => away(model, missed),
    }
}

/// What happened while the operator was away is told first, but not over something that is open already.
fn away(model: &mut Model, missed: Vec<Missed>) -> Vec<Effect> {
    model.away = missed;
    match (model.away.len(), &model.popup) {
        (0, _) => {}
        (_, None) => model.popup = Some(Popup::Away(0)),
        (count, Some(_)) => return model.say(format!("{count} jobs ended while you were away; :away tells")),
    }
    vec![]
}

/// Runs a command by name.
pub fn run(model: &mut Model, call: &Call) -> Vec<Effect> {
    match catalog::find(call.command) {
        Some(command) => (command.run)(model, &call.args),
        None => model.complain(format!("no command is called {:?}", call.command)),
    }
}

/// Takes an answer in, unless it comes from an environment that was left, and rings for what is new in it.
fn fed_with(model: &mut Model, fed: &Fed) -> Vec<Effect> {
    if fed.need.env != model.shared.epoch {
        return vec![];
    }
    let open = open_faults(&model.shared);
    let mut effects = take(&mut model.shared, fed);
    if fed.need.source == Source::Faults && fed.reply.is_ok() {
        tell_ended(model, &open);
    }
    if fed.reply.is_ok() {
        effects.extend(model.alarm.take(&model.shared, &fed.need.source));
    }
    // `--run "dashboard NAME"` comes before any answer.
    if fed.need.source == Source::Dashboards
        && let Some(name) = model.screens.dashboards.wanted.take()
    {
        effects.extend(run(model, &Call::with("dashboard", &name)));
    }
    effects
}

/// The drills whose fault may be on.
fn open_faults(shared: &Shared) -> Vec<JobId> {
    let armed = chaos::faults(shared).iter().filter(|open| open.record.armed);
    armed.map(|open| open.record.undoing.job).collect()
}

/// That a fault is over is told wherever the person is: another may have ended it, or its watchdog.
fn tell_ended(model: &mut Model, before: &[JobId]) {
    let now = open_faults(&model.shared);
    if let Some(job) = before.iter().find(|job| !now.contains(job)) {
        model.say(format!("the fault of drill {job} has ended, and nothing of it is left"));
    }
}

fn take(shared: &mut Shared, fed: &Fed) -> Vec<Effect> {
    shared.now = fed.at;
    if let Some(skew) = fed.skew {
        shared.skew = (skew.unsigned_abs() >= SKEW_WORTH_SAYING.as_millis() as u64).then_some(skew);
    }
    let before = ended(shared);
    shared.store.take(fed);
    if let (Source::Alerts, Ok(data)) = (&fed.need.source, &fed.reply) {
        watch(shared, data);
    }
    if matches!(fed.need.source, Source::Alerts | Source::Rules) {
        shared.rows = rows::gather(shared).into();
    }
    // A job that ended has changed what everything else was told about.
    let changed = fed.need.source == Source::Jobs && before.is_some_and(|before| ended(shared).is_some_and(|now| now > before));
    if changed { vec![Effect::Refresh] } else { vec![] }
}

/// How many jobs have ended, and the newest of them; none before the ledger has answered.
fn ended(shared: &Shared) -> Option<(Option<JobId>, usize)> {
    shared.store.data(&Source::Jobs)?;
    let ended = || jobs::known(shared).iter().filter(|job| !jobs::is_live(job)).map(|job| job.id);
    Some((ended().max(), ended().count()))
}

fn watch(shared: &mut Shared, data: &Data) {
    let Data::Alerts(set) = data else { return };
    let sight = sight(shared);
    shared.lookout.take(set, &sight, shared.now);
}

/// Prometheus can be trusted on what ended while it answers in time, evaluates rules and sends to some Alertmanager.
fn sight(shared: &Shared) -> Sight {
    let rules = shared.store.get(&Source::Rules);
    let answers = rules.is_some_and(|k| k.fault.is_none() && k.freshness(shared.now).is_fresh());
    let evaluates = !matches!(rules.and_then(|k| k.data.as_deref()), Some(Data::Rules(groups)) if groups.is_empty());
    let sends = match shared.store.data(&Source::Receiving) {
        Some(Data::Strings(urls)) => !urls.is_empty(),
        _ => true,
    };
    let active = match rules.and_then(|k| k.data.as_deref()) {
        Some(Data::Rules(groups)) => {
            let alerting = groups.iter().flat_map(|g| &g.rules).filter_map(|r| r.alerting.as_ref());
            alerting.flat_map(|a| a.alerts.iter().map(|a| a.labels.clone())).collect()
        }
        _ => vec![],
    };
    Sight { clear: answers && evaluates && sends, active }
}

/// A key with alt that nothing is bound to is escape and a key, typed faster than the line could carry them apart.
pub fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(behind) = key.behind_escape()
        && !model.shared.setup.keymap.knows(key)
    {
        let mut effects = press(model, Key::escape());
        effects.extend(press(model, behind));
        return effects;
    }
    model.notice = None;
    match model.popup.take() {
        None => press_screen(model, key),
        Some(popup) => press_popup(model, popup, key),
    }
}

/// Walks the keymap: a whole sequence runs its command, the beginning of one waits, anything else is forgotten.
fn press_screen(model: &mut Model, key: Key) -> Vec<Effect> {
    if !model.pending.is_empty() && leaves(model, key) {
        model.pending.clear();
        return vec![];
    }
    model.pending.push(key);
    let contexts = model.screen().contexts();
    match model.shared.setup.keymap.find(contexts, &model.pending) {
        Found::Call(call) => {
            model.pending.clear();
            run(model, &call)
        }
        Found::Begins => vec![],
        Found::Nothing => {
            let keys: Vec<String> = model.pending.drain(..).map(|k| k.to_string()).collect();
            model.say(format!("{} does nothing here; ? shows the keys", keys.join(" ")))
        }
    }
}

/// Whether a key leaves what was begun: Esc, and what the keymap has for it besides letters, which can be typed.
fn leaves(model: &Model, key: Key) -> bool {
    let back = || model.shared.setup.keymap.find(&[], &[key]) == Found::Call(Call { command: "back", args: Args::default() });
    key.code() == KeyCode::Esc || key.typed().is_none() && back()
}

fn press_popup(model: &mut Model, popup: Popup, key: Key) -> Vec<Effect> {
    let key = if leaves(model, key) { Key::escape() } else { key };
    match popup {
        Popup::Help(scroll) => press_text(model, scroll, key, Popup::Help),
        Popup::Away(scroll) => press_text(model, scroll, key, Popup::Away),
        Popup::Confirm(confirm) => confirm::press(model, confirm, key),
        Popup::Picker(mut picker) => match key.code() {
            KeyCode::Esc => vec![],
            KeyCode::Char('c') if key.ctrl() => vec![],
            KeyCode::Enter => match picker.enter() {
                Some(Ok(call)) => run(model, &call),
                Some(Err(words)) => {
                    model.popup = Some(Popup::Picker(picker));
                    model.complain(words)
                }
                None => keep(model, Popup::Picker(picker)),
            },
            _ => {
                picker.press(key);
                keep(model, Popup::Picker(picker))
            }
        },
        Popup::Filter(mut line, before) => {
            match key.code() {
                KeyCode::Enter => return vec![],
                KeyCode::Esc => return set_filter(model, &before),
                _ => line.press(key),
            };
            let text = line.text().to_owned();
            model.popup = Some(Popup::Filter(line, before));
            set_filter(model, &text)
        }
    }
}

/// A text is scrolled; any other key closes it.
fn press_text(model: &mut Model, scroll: usize, key: Key, of: fn(usize) -> Popup) -> Vec<Effect> {
    let scroll = match key.code() {
        KeyCode::Down | KeyCode::Char('j') => scroll + 1,
        KeyCode::Up | KeyCode::Char('k') => scroll.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => scroll + 10,
        KeyCode::PageUp => scroll.saturating_sub(10),
        _ => return vec![],
    };
    keep(model, of(scroll))
}

fn keep(model: &mut Model, popup: Popup) -> Vec<Effect> {
    model.popup = Some(popup);
    vec![]
}

fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.popup {
        Some(Popup::Picker(picker)) => picker.line.insert(text),
        Some(Popup::Confirm(confirm)) => confirm.line.insert(text),
        Some(Popup::Filter(line, _)) => {
            line.insert(text);
            let text = line.text().to_owned();
            return set_filter(model, &text);
        }
        _ => {}
    }
    vec![]
}

/// Sets the filter of the screen that is shown.
pub fn set_filter(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.screen_mut().0.filter() {
        Some(filter) => text.clone_into(filter),
        None => return model.say("nothing to filter here"),
    }
    vec![]
}
