//! The objects of one kind in one namespace: what one watch tells of.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::Event;
use super::member::{Member, Moment};
use super::{Waited, is_open};
use crate::cluster::{Live, Resource};
use crate::secret::Scrubber;

/// The objects of one kind in one namespace.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) resource: &'a Arc<Resource>,
    pub(super) namespace: Option<&'a str>,
    members: Vec<Member<'a>>,
}

/// What has to be waited for, in groups.
pub(super) fn groups(wanted: &[Waited], now: Timestamp) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(&Arc<Resource>, Option<&str>), Vec<Member>> = BTreeMap::new();
    for (place, wanted) in wanted.iter().enumerate().filter(|(_, wanted)| is_open(wanted, now)) {
        let namespace = wanted.namespace.as_deref().filter(|_| wanted.resource.namespaced);
        groups.entry((&wanted.resource, namespace)).or_default().push(Member::new(wanted, place));
    }
    groups.into_iter().map(|((resource, namespace), members)| Group { resource, namespace, members }).collect()
}

impl<'a> Group<'a> {
    /// Whether nothing is left to wait for.
    pub(super) fn is_over(&self) -> bool {
        self.members.iter().all(Member::is_over)
    }

    pub(super) fn into_members(self) -> Vec<Member<'a>> {
        self.members
    }

    /// The objects that are still waited for.
    pub(super) fn open(&self) -> Vec<&'a Waited> {
        self.members.iter().filter(|member| !member.is_over()).map(Member::wanted).collect()
    }

    /// Takes note of all objects of a LIST; what isn't among them isn't there.
    pub(super) fn see_all(&mut self, items: &[Live], moment: Moment, scrubber: &Scrubber) -> Vec<Event> {
        let mut by_name: BTreeMap<&str, &Live> = items.iter().map(|live| (live.name.as_str(), live)).collect();
        let open = self.members.iter_mut().filter(|member| !member.is_over());
        open.filter_map(|member| {
            let live = by_name.remove(member.wanted().name.as_str());
            member.see(live.map(Live::value), moment, scrubber)
        })
        .collect()
    }

    /// Takes note of the state of one object; `None` if it isn't there.
    pub(super) fn see(&mut self, name: &str, live: Option<&Live>, moment: Moment, scrubber: &Scrubber) -> Option<Event> {
        let member = self.members.iter_mut().find(|member| member.wanted().name == name && !member.is_over())?;
        member.see(live.map(Live::value), moment, scrubber)
    }

    /// Judges again what was seen.
    pub(super) fn look(&mut self, moment: Moment, scrubber: &Scrubber) -> Vec<Event> {
        self.members.iter_mut().filter_map(|member| member.look(moment, scrubber)).collect()
    }

    /// Nothing can be seen for now.
    pub(super) fn unseen(&mut self, why: &str) -> Vec<Event> {
        self.members.iter_mut().filter_map(|member| member.unseen(why)).collect()
    }

    /// Nothing can be seen of these objects, all without a name, and nobody tries again.
    pub(super) fn give_up(&mut self, name: Option<&str>, why: &str) -> Vec<Event> {
        let members = self.members.iter_mut().filter(|member| name.is_none_or(|name| member.wanted().name == name));
        members.filter_map(|member| member.give_up(why)).collect()
    }
}
