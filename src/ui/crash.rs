//! Breaking things by hand: the same by a click on the stage and by a button.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::Action;
use crate::scenario::link::Panel;
use crate::view::layout::Hit;

impl Lab {
    /// What a click on the figure does.
    pub fn click(&self, hit: Option<Hit>) {
        match hit {
            Some(Hit::Message(message)) => {
                self.pick(Some(message));
                self.show(Panel::Message);
            }
            Some(_) if self.readonly() => {}
            Some(thing) => crash(*self, thing),
            None => self.pick(None),
        }
    }
}

/// Crashes what was clicked.
pub fn crash(lab: Lab, thing: Hit) {
    let action = match thing {
        Hit::Member(service, instance) => Action::CrashConsumer { service, instance },
        Hit::Broker(broker) => Action::CrashBroker { broker },
        Hit::Producer(producer) => Action::CrashProducer { producer },
        Hit::Message(message) => return lab.pick(Some(message)),
    };
    lab.act(action);
}

/// A button for everything that can be crashed.
#[component]
pub fn Crashes(lab: Lab) -> impl IntoView {
    let things = Memo::new(move |_| {
        lab.scenario.with(|s| {
            let mut all: Vec<(String, Hit)> = Vec::new();
            for (i, service) in s.services.iter().enumerate() {
                for m in 0..service.instances as u16 {
                    let name = format!("{} {}", service.name, m + 1);
                    all.push((name, Hit::Member(i as u16, m)));
                }
            }
            for b in 0..s.cluster.brokers as u16 {
                all.push((format!("broker {b}"), Hit::Broker(b)));
            }
            for (p, producer) in s.producers.iter().enumerate() {
                all.push((producer.name.clone(), Hit::Producer(p as u16)));
            }
            all
        })
    });
    view! {
        <p class="hint">"A click on an instance, a broker or a producer on the stage does the same."</p>
        <div class="crashes">
            {move || {
                things
                    .get()
                    .into_iter()
                    .map(|(name, thing)| {
                        view! {
                            <button type="button" disabled=lab.readonly() on:click=move |_| crash(lab, thing)>
                                "Crash " {name}
                            </button>
                        }
                            .into_any()
                    })
                    .collect_view()
            }}
        </div>
    }
}
