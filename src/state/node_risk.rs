//! The risk of nodes in a snapshot.

use super::node_state::NodeIndex;
use super::snapshot::Snapshot;
use crate::model::{NodeName, OversubscriptionRisk};
use crate::risk::AddedDemand;

impl Snapshot {
    /// True where some demand is known, so that nodes have a risk by demand.
    #[must_use]
    pub fn knows_demand(&self) -> bool {
        self.nodes.basis().is_some()
    }

    /// The probability that the demand on a node with these PEs passes its allocatable amount at some step of the horizon,
    /// from 0 to 1, corrected by what happened before; `None` where no demand is known.
    #[must_use]
    #[inline]
    pub fn risk_with(&self, added: &AddedDemand, index: NodeIndex) -> Option<f64> {
        let basis = self.nodes.basis()?;
        let place = index.number();
        let on_node = || self.nodes.get(place)?.state.demand.as_deref();
        Some(added.risk_on(self.nodes.demand(place)?, basis, on_node))
    }

    /// The risk of each node as it is, by name; none where no demand is known.
    pub fn node_risks(&self) -> impl Iterator<Item = (&NodeName, f64)> {
        let nothing = AddedDemand::nothing();
        self.nodes().filter_map(move |(index, state, _)| Some((&state.name, self.risk_with(&nothing, index)?)))
    }

    /// The same risk with its parts.
    #[must_use]
    pub fn explain_risk_with(&self, added: &AddedDemand, index: NodeIndex) -> Option<OversubscriptionRisk> {
        let basis = self.nodes.basis()?;
        let slot = self.nodes.get(index.number())?;
        let demand = self.nodes.demand(index.number())?;
        Some(basis.explain(added, demand, &slot.state.name, slot.state.demand.as_deref()))
    }
}
