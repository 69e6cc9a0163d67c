//! Maximum bipartite matching in which earlier members have precedence.

/// An assignment of members to places, with at most one member at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::placement) struct Matching {
    /// The place of each member; `None` for members without a place.
    pub(in crate::placement) place_of: Vec<Option<usize>>,
    /// The member at each place.
    member_at: Vec<Option<usize>>,
}

/// The places that a member may take without leaving another matched member over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AllowedPlaces {
    /// Every place of the member.
    Any,
    /// Every place but these.
    AllBut(Vec<usize>),
    /// No place: earlier members need all of them.
    None,
}

impl Matching {
    /// Matches members in their order. `places[m]` are the places of member `m`, each below `place_count`.
    ///
    /// The matching is maximum, and earlier members have precedence: a member is left over only where no matching has a
    /// place for the member and for all matched members before it. (Augmenting paths, H. W. Kuhn 1955; the sets of
    /// members that can be matched form a matroid, so the greedy order is optimal.)
    pub(in crate::placement) fn new<P: AsRef<[usize]>>(places: &[P], place_count: usize) -> Self {
        let mut matching = Self { place_of: vec![None; places.len()], member_at: vec![None; place_count] };
        for member in 0..places.len() {
            matching.augment(places, member);
        }
        matching
    }

    /// Matches one more member along the shortest augmenting path, found by breadth-first search.
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

    /// Moves every member along the path to a free place by one step.
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

    /// The places that a member may take while all other matched members keep a place.
    pub(super) fn allowed_places<P: AsRef<[usize]>>(&self, places: &[P], member: usize) -> AllowedPlaces {
        let Some(own) = self.place_of.get(member).copied().flatten() else { return AllowedPlaces::None };
        // Backwards from the free places: a member that could move to one of them would free its own place.
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
        if needed.is_empty() { AllowedPlaces::Any } else { AllowedPlaces::AllBut(needed) }
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
