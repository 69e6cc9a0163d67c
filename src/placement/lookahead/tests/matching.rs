//! Matchings against all assignments there are.

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::{AllowedPlaces, Matching};
use crate::placement::tests::safety::assignments;

const PLACES: usize = 5;

/// The members that are placed: the largest number of them, and of these the earliest.
fn best(all: &[Vec<Option<usize>>]) -> Vec<bool> {
    let placed = |assignment: &Vec<Option<usize>>| -> Vec<bool> { assignment.iter().map(Option::is_some).collect() };
    all.iter().map(placed).max_by_key(|placed| (placed.iter().filter(|is| **is).count(), placed.clone())).unwrap()
}

fn members() -> impl Strategy<Value = Vec<Vec<usize>>> {
    vec(btree_set(0..PLACES, 0..=4).prop_map(|places| places.into_iter().collect()), 1..=6)
}

proptest! {
    #[test]
    fn as_many_as_can_be_placed_are_placed_and_earlier_ones_first(places in members()) {
        let matching = Matching::new(&places, PLACES);
        let taken: Vec<usize> = matching.place_of.iter().flatten().copied().collect();
        prop_assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), taken.len(), "no place is taken twice");
        for (own, place) in places.iter().zip(&matching.place_of) {
            prop_assert!(place.is_none_or(|place| own.contains(&place)));
        }
        let placed: Vec<bool> = matching.place_of.iter().map(Option::is_some).collect();
        prop_assert_eq!(placed, best(&assignments(&places)));
    }

    #[test]
    fn a_member_may_take_exactly_the_places_that_leave_one_to_all_others(places in members(), at in any::<prop::sample::Index>()) {
        let matching = Matching::new(&places, PLACES);
        let member = at.index(places.len());
        let all = assignments(&places);
        let placed = best(&all);
        let same = |assignment: &&Vec<Option<usize>>| assignment.iter().zip(&placed).all(|(place, is)| place.is_some() == *is);
        let right: BTreeSet<usize> = all.iter().filter(same).filter_map(|assignment| assignment[member]).collect();
        let own = places[member].iter().copied();
        let said: BTreeSet<usize> = match matching.allowed_places(&places, member) {
            AllowedPlaces::Any => own.collect(),
            AllowedPlaces::AllBut(needed) => own.filter(|place| !needed.contains(place)).collect(),
            AllowedPlaces::None => BTreeSet::new(),
        };
        prop_assert_eq!(said, right);
    }
}
