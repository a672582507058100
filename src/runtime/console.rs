//! The console: the event loop that joins the core to the terminal and the feeds.

use std::collections::HashMap;
use std::io::{self, Stdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, WrapErr};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::dial::dial;
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::message::{Fed, Input, Message};
use crate::app::model::{self, Model};
use crate::app::spot::Spot;
use crate::app::update::update;
use crate::domain::time::{Moment, Stamp};
use crate::runtime::feeds::{Feeds, Ticket};
use crate::runtime::fetch::World;
use crate::runtime::office::{Errand, Office};
use crate::runtime::painter::Painter;
use crate::runtime::signals::{Asked, Impatience, Signals};
use crate::runtime::terminal::osc::{self, Kind};
use crate::runtime::terminal::parse::{Mouse, Typed};
use crate::runtime::terminal::{self, Hold, input, tmux};
use crate::ui::theme::Look;

/// How often the time goes on for the core, so that ages grow.
const TICK: Duration = Duration::from_secs(1);
/// Messages taken in before the next frame is drawn, so that a flood cannot keep the screen still.
const BATCH: usize = 64;
/// How long a frame waits for the answers that are still under way: drawn together they cost one.
const TOGETHER: Duration = Duration::from_millis(50);
/// Two clicks on one thing within this time are a double one.
const DOUBLE: Duration = Duration::from_millis(400);

/// What a console needs besides its model.
pub struct Shell {
    /// How things look.
    pub look: Look,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// How to reach each environment, in the order of the model's.
    pub worlds: Vec<Arc<World>>,
    /// Where jobs are recorded and plans are made.
    pub office: Option<Arc<dyn Office>>,
}

/// What the screen does not show yet.
#[derive(Clone, Copy, Debug)]
enum Undrawn {
    Nothing,
    /// Answers, since then.
    Answers(Instant),
    /// What is to be seen at once.
    More,
}

/// What reaches the loop from tasks.
enum Arrival {
    Fed(Ticket, Fed),
    Message(Message),
}

/// Runs the console until it is left; returns the exit status.
pub async fn run(model: Model, shell: Shell) -> Result<u8> {
    let mut signals = Signals::listen().wrap_err("cannot listen to signals")?;
    terminal::end_on_panic();
    let impatience = Impatience::begin().wrap_err("cannot listen to signals")?;
    let hold = Hold::take(shell.mouse).wrap_err("cannot take the terminal")?;
    let mut console = Console::new(model, shell)?;
    let status = console.run(&mut signals).await.inspect_err(terminal::end_if_lost);
    drop(hold);
    drop(impatience);
    status
}

struct Console {
    model: Model,
    shell: Shell,
    painter: Painter<Stdout>,
    terminal: Kind,
    /// What was clicked last, and when.
    click: Option<(Duration, Spot)>,
    feeds: Feeds,
    flights: HashMap<Ticket, JoinHandle<()>>,
    arrivals: (mpsc::UnboundedSender<Arrival>, mpsc::UnboundedReceiver<Arrival>),
    began: Instant,
    undrawn: Undrawn,
}

impl Console {
    fn new(mut model: Model, shell: Shell) -> Result<Self> {
        let terminal = Kind::of_process();
        let painter = Painter::new(io::stdout(), shell.look.clone(), terminal.erases_with_ground());
        terminal::ask(&terminal)?;
        model.shared.size = terminal::size()?;
        let arrivals = mpsc::unbounded_channel();
        let began = Instant::now();
        Ok(Self {
            model,
            shell,
            painter,
            terminal,
            click: None,
            feeds: Feeds::default(),
            flights: HashMap::new(),
            arrivals,
            began,
            undrawn: Undrawn::More,
        })
    }

    async fn run(&mut self, signals: &mut Signals) -> Result<u8> {
        let mut input = input::listen();
        self.send(Errand::Away);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            self.follow_size()?;
            self.reconcile();
            let drawn_in = self.draw()?;
            let due = self.feeds.next().map_or(TICK, |due| due.saturating_sub(self.began.elapsed()));
            let left = tokio::select! {
                biased;
                asked = signals.next() => self.asked(asked)?,
                Some(typed) = input.recv() => self.typed(typed)?,
                Some(arrival) = self.arrivals.1.recv() => self.arrived(arrival)?,
                _ = tick.tick() => self.ticked()?,
                () = tokio::time::sleep(due.min(drawn_in)) => None,
            };
            if let Some(status) = left {
                return Ok(status);
            }
        }
    }

    /// Draws what is not shown yet, or says how soon that is to be done.
    fn draw(&mut self) -> Result<Duration> {
        let left = match self.undrawn {
            Undrawn::Nothing => return Ok(TICK),
            Undrawn::Answers(since) if !self.flights.is_empty() => TOGETHER.saturating_sub(since.elapsed()),
            Undrawn::Answers(_) | Undrawn::More => Duration::ZERO,
        };
        if !left.is_zero() {
            return Ok(left);
        }
        self.painter.paint(&self.model)?;
        self.undrawn = Undrawn::Nothing;
        Ok(TICK)
    }

    /// A second went by. Mostly that is nothing to be seen.
    fn ticked(&mut self) -> Result<Option<u8>> {
        let (undrawn, before) = (self.undrawn, dial(&self.model));
        let left = self.take(Message::Tick(self.now()))?;
        if before.is_some() && before == dial(&self.model) {
            self.undrawn = undrawn;
        }
        Ok(left)
    }

    /// The terminal's own word on its size, before each frame: one of another size would be torn.
    fn follow_size(&mut self) -> Result<()> {
        let (columns, rows) = terminal::size()?;
        if (columns, rows) != self.model.shared.size {
            self.take(Message::Input(Input::Resize(columns, rows)))?;
        }
        Ok(())
    }

    fn now(&self) -> Moment {
        let wall = Stamp(jiff::Timestamp::now().as_millisecond());
        Moment { wall, mono: self.began.elapsed() }
    }

    fn typed(&mut self, typed: Typed) -> Result<Option<u8>> {
        let input = match typed {
            Typed::Key(key) => Input::Key(Key::from(key)),
            Typed::Paste(text) => Input::Paste(text),
            Typed::Mode(mode, set) => {
                // Set or not: it is known to the terminal, and may be set.
                self.painter.together(mode == terminal::TOGETHER && matches!(set, 1 | 2));
                return Ok(None);
            }
            Typed::Mouse(Mouse::Press, column, row) => match self.clicked(column, row) {
                Some(input) => input,
                None => return Ok(None),
            },
            Typed::Mouse(wheel, ..) => Input::Wheel(wheel == Mouse::Down),
        };
        self.take(Message::Input(input))
    }

    /// A click on what was drawn last, where anything was that can be pointed at. A command is not run twice by a double one.
    fn clicked(&mut self, column: u16, row: u16) -> Option<Input> {
        let (now, spot) = (self.began.elapsed(), self.painter.at(column, row)?.clone());
        let before = self.click.take();
        let twice = before.is_some_and(|(at, other)| other == spot && now.saturating_sub(at) <= DOUBLE);
        self.click = (!twice).then(|| (now, spot.clone()));
        Some(Input::Point(spot, twice))
    }

    fn asked(&mut self, asked: Asked) -> Result<Option<u8>> {
        match asked {
            Asked::Leave(129) => {
                terminal::give_back();
                std::process::exit(129)
            }
            Asked::Leave(status) => Ok(Some(status)),
            Asked::Suspend => self.suspend().map(|()| None),
            // There and back again is the same size, but not the same screen.
            Asked::Redraw | Asked::Resize => {
                self.painter.forget();
                self.undrawn = Undrawn::More;
                Ok(None)
            }
        }
    }

    /// Takes what arrived, and what else is there already, before the next frame.
    fn arrived(&mut self, first: Arrival) -> Result<Option<u8>> {
        let before = self.undrawn;
        let mut next = Some(first);
        for _ in 0..BATCH {
            let Some(arrival) = next else { break };
            let message = match arrival {
                Arrival::Message(message) => Some(message),
                Arrival::Fed(ticket, fed) => {
                    self.flights.remove(&ticket);
                    self.feeds.done(ticket, fed.reply.is_ok(), self.began.elapsed()).then_some(Message::Fed(fed))
                }
            };
            if let Some(message) = message
                && let Some(status) = self.take(message)?
            {
                return Ok(Some(status));
            }
            next = self.arrivals.1.try_recv().ok();
        }
        self.undrawn = if matches!(before, Undrawn::Nothing) { Undrawn::Answers(Instant::now()) } else { before };
        Ok(None)
    }

    fn take(&mut self, message: Message) -> Result<Option<u8>> {
        self.undrawn = Undrawn::More;
        for effect in update(&mut self.model, message) {
            match effect {
                Effect::Quit => return Ok(Some(0)),
                Effect::Suspend => self.suspend()?,
                Effect::Redraw => self.painter.forget(),
                Effect::Refresh => self.feeds.refresh(self.began.elapsed()),
                Effect::Copy(text) => self.copy(text)?,
                Effect::Ring(words) => self.ring(&words)?,
                Effect::Plan(wish) => self.send(Errand::Plan(self.model.shared.environment().name.clone(), wish)),
                Effect::Submit(plan, confirmation) => self.send(Errand::Submit(plan, confirmation)),
                Effect::Control(job, control) => self.send(Errand::Control(job, control)),
                Effect::Unlock(environment) => self.send(Errand::Unlock(environment)),
            }
        }
        Ok(None)
    }

    /// Has something done beside the loop; what comes of it arrives as a message.
    fn send(&self, errand: Errand) {
        let (office, sender) = (self.shell.office.clone(), self.arrivals.0.clone());
        tokio::spawn(async move {
            let _ = sender.send(Arrival::Message(errand.run(office.as_deref()).await));
        });
    }

    /// Gives the terminal to the shell, stops, and takes it again when continued.
    fn suspend(&mut self) -> Result<()> {
        terminal::give_back();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        std::mem::forget(Hold::take(self.shell.mouse)?);
        self.model.shared.size = terminal::size()?;
        self.painter.forget();
        Ok(())
    }

    /// Puts a text on the clipboard of the person's own terminal, through tmux where that stands between.
    fn copy(&self, text: String) -> Result<()> {
        terminal::say(&osc::copy(&text))?;
        if self.terminal.tmux {
            tokio::spawn(tmux::copy(text));
        }
        Ok(())
    }

    /// Calls for the person as the configuration says, and as this terminal can.
    fn ring(&self, words: &str) -> Result<()> {
        let bell = &self.model.shared.setup.bell;
        let notification = osc::notify(words, bell.notify, &self.terminal);
        terminal::say(&[if bell.sound { "\x07" } else { "" }, &notification.unwrap_or_default()].concat())?;
        Ok(())
    }

    /// Starts what is due and cancels what nobody wants any more.
    fn reconcile(&mut self) {
        let now = self.began.elapsed();
        for ticket in self.feeds.want(model::needs(&self.model), now) {
            if let Some(flight) = self.flights.remove(&ticket) {
                flight.abort();
            }
        }
        let world = &self.shell.worlds[self.model.shared.environment];
        for (ticket, need) in self.feeds.start(now) {
            let (world, sender, began) = (world.clone(), self.arrivals.0.clone(), self.began);
            let flight = tokio::spawn(async move {
                let (reply, skew) = world.fetch(&need.source).await;
                let at = Moment { wall: Stamp(jiff::Timestamp::now().as_millisecond()), mono: began.elapsed() };
                let _ = sender.send(Arrival::Fed(ticket, Fed { need, reply: reply.map(Arc::new), at, skew }));
            });
            self.flights.insert(ticket, flight);
        }
    }
}
