//! The bad night with controls that answer and databases in trouble.

use std::sync::Arc;

use crate::app::command::Call;
use crate::app::message::Message;
use crate::app::model::Model;
use crate::app::tests::fixtures::services::{chain, instance, log, postgres, redis, stands, tells, wrote};
use crate::app::tests::fixtures::wait;
use crate::app::update::update;
use crate::domain::control::{Instance, Phase};
use crate::domain::triage::Triage;
use crate::ui::tests::night::night;

/// The service `orders`, open at its instances.
pub fn troubled() -> Model {
    let mut model = night();
    let env = &mut Arc::make_mut(&mut model.shared.setup).environments[0];
    for service in env.services.iter_mut().take(5) {
        service.control = Some(format!("docker {}", service.name));
    }
    let stopped = Instance { phase: Phase::Failed, usage: None, detail: Some("exit code 137".into()), ..instance("shop-2", 0.0) };
    stands(&mut model, "orders", vec![instance("orders-1", 100.0)]);
    wait(&mut model, 125);
    stands(&mut model, "orders", vec![instance("orders-1", 100.6)]);
    stands(&mut model, "cache", vec![instance("cache-1", 9.0)]);
    stands(&mut model, "shop", vec![instance("shop-1", 7.0), stopped]);
    update(&mut model, Message::Call(Call::with("service", "orders")));
    tells(&mut model, "orders", Triage::Postgres(Box::new(postgres(chain()))));
    tells(&mut model, "cache", Triage::Redis(Box::new(redis())));
    let ask = model.screens.services.open.as_ref().unwrap().log.ask();
    wrote(&mut model, "orders", ask, log(120));
    model
}
