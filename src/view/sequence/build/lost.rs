//! Arrows that end on the way.

use super::super::{Fate, LaneOf};
use super::Drawing;
use crate::trace::{Event, Leg};
use crate::view::names;
use crate::view::story::Tag;

impl Drawing<'_> {
    pub(super) fn lost(&mut self, event: &Event, leg: Leg) {
        let (producer, place) = (self.of_producer(self.producer), self.place);
        match leg {
            Leg::Request => {
                let newest = self.open.values().next_back().copied();
                let index = self.open.remove(&event.cause).or(newest);
                if let Some(index) = index {
                    self.arrows[index].2.fate = Fate::Lost;
                    self.arrows[index].2.end = event.id;
                    self.arrows[index].2.tag = Tag::Lost;
                }
                self.open.retain(|_, open| Some(*open) != index);
            }
            Leg::Ack => {
                let label = self.ack();
                let arrow = self.arrow(place, producer, event, label);
                arrow.fate = Fate::Lost;
                arrow.answer = true;
            }
            Leg::Delivery => {
                let Some(service) = crate::explain::service_of(&event.kind) else {
                    return;
                };
                let member = self.member.get(&service).copied().unwrap_or(0);
                let label = names::message(self.scenario, self.message);
                let to = LaneOf::Member(service, member);
                let from = self.source(service);
                self.arrow(from, to, event, label).fate = Fate::Lost;
            }
            Leg::Commit | Leg::CommitAck => self.lost_commit(event, leg),
            Leg::Replication | Leg::Control => {
                let lane = self.lane_of(&event.kind);
                self.note(lane, event);
            }
        }
    }

    /// A commit, ack or delete is lost, or the answer to it.
    fn lost_commit(&mut self, event: &Event, leg: Leg) {
        let Some(service) = crate::explain::service_of(&event.kind) else {
            return;
        };
        let sent = self.open.get(&event.cause).copied();
        if let (Leg::Commit, Some(index)) = (leg, sent) {
            let arrow = &mut self.arrows[index].2;
            (arrow.fate, arrow.end, arrow.tag) = (Fate::Lost, event.id, Tag::Lost);
            self.open.remove(&event.cause);
            return;
        }
        let member = self.member.get(&service).copied().unwrap_or(0);
        let (member, place) = (LaneOf::Member(service, member), self.source(service));
        let word = names::commit_word(self.scenario, service);
        let (from, to, label) = match leg {
            Leg::Commit => (member, place, word.to_string()),
            _ => (place, member, format!("answer to the {word}")),
        };
        let arrow = self.arrow(from, to, event, label);
        arrow.fate = Fate::Lost;
        arrow.answer = true;
    }
}
