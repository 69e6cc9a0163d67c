//! Maximum bipartite matching with an order of preference: who gets a place where not all can.

/// An assignment of members to places, so that no place is taken twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::placement) struct Matching {
    /// The place of each member; `None` for those that are left over.
    pub(in crate::placement) place_of: Vec<Option<usize>>,
    /// The member at each place.
    member_at: Vec<Option<usize>>,
}

/// Which places a member may take so that as many members as before find one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Any place that the member may take at all.
    Any,
    /// Any but these.
    AllBut(Vec<usize>),
    /// None: earlier members need all of them.
    None,
}

impl Matching {
    /// Matches members in their order: `places[m]` are those that member `m` may take, each below `of`.
    ///
    /// The matching is a maximum one, and the members that are matched are the earliest possible: a member is left over
    /// only where no matching holds it together with all matched members before it. (Augmenting paths, H. W. Kuhn 1955;
    /// matched members form a matroid, for which the greedy order is right.)
    pub(in crate::placement) fn new<P: AsRef<[usize]>>(places: &[P], of: usize) -> Self {
        let mut matching = Self { place_of: vec![None; places.len()], member_at: vec![None; of] };
        for member in 0..places.len() {
            matching.augment(places, member);
        }
        matching
    }

    /// Finds a place for one more member, moving others where that helps: the shortest way, by breadth.
    fn augment<P: AsRef<[usize]>>(&mut self, places: &[P], member: usize) {
        let mut reached_from: Vec<Option<usize>> = vec![None; self.member_at.len()];
        let mut queue = vec![member];
        let mut next = 0;
        while let Some(current) = queue.get(next).copied() {
            next += 1;
            for &place in places.get(current).map_or(&[][..], AsRef::as_ref) {
                let Some(from @ None) = reached_from.get_mut(place) else { continue };
                *from = Some(current);
                match self.member_at.get(place).copied().flatten() {
                    Some(holder) => queue.push(holder),
                    None => return self.flip(place, &reached_from),
                }
            }
        }
    }

    /// Moves every member along the way to a free place by one.
    fn flip(&mut self, free: usize, reached_from: &[Option<usize>]) {
        let mut place = Some(free);
        while let Some(to) = place
            && let Some(member) = reached_from.get(to).copied().flatten()
        {
            place = self.place_of.get(member).copied().flatten();
            if let Some(slot) = self.place_of.get_mut(member) {
                *slot = Some(to);
            }
            if let Some(slot) = self.member_at.get_mut(to) {
                *slot = Some(member);
            }
        }
    }

    /// What a member may take so that all others that are matched still find a place.
    pub(super) fn choice<P: AsRef<[usize]>>(&self, places: &[P], member: usize) -> Choice {
        let Some(own) = self.place_of.get(member).copied().flatten() else { return Choice::None };
        // Backwards from the free places: a member that could move to one of them gives its own place free.
        let mut can_be_free: Vec<bool> = self.member_at.iter().map(Option::is_none).collect();
        free_up(&mut can_be_free, own);
        let mut others: Vec<usize> = (0..places.len()).filter(|other| *other != member).collect();
        loop {
            let before = others.len();
            others.retain(|other| {
                let Some(held) = self.place_of.get(*other).copied().flatten() else { return false };
                let free = |place: &usize| can_be_free.get(*place).copied().unwrap_or(false);
                let moves = places.get(*other).is_some_and(|own| own.as_ref().iter().any(free));
                if moves {
                    free_up(&mut can_be_free, held);
                }
                !moves
            });
            if others.len() == before {
                break;
            }
        }
        let needed: Vec<usize> =
            can_be_free.iter().enumerate().filter(|(_, free)| !**free).map(|(place, _)| place).collect();
        if needed.is_empty() { Choice::Any } else { Choice::AllBut(needed) }
    }
}

fn free_up(can_be_free: &mut [bool], place: usize) {
    if let Some(slot) = can_be_free.get_mut(place) {
        *slot = true;
    }
}

#[cfg(test)]
#[path = "tests/matching.rs"]
mod tests;
